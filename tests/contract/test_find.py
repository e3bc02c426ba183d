"""Finding records: half a name in any order and script, a slip, an address, a number; nobody else's."""

import re
from html import unescape

import pytest
from werkzeug.test import TestResponse

from integration.ingest import merges, unlisted
from integration.portal import forgotten
from integration.portal.context import open_portal
from integration.storage.mirror import mirror
from integration.storage.mirror.mirror import MirroredRecord
from tests.contract.visiting import HARBOR, ORCHARD, Town, Visitor

HOSTILE = "<script>alert(1)</script>"
RECORDS = (
    ("contact", 11, {"firstname": "María José", "lastname": "López", "email": "mj.lopez@acme.example"}),
    ("contact", 12, {"firstname": "Bo", "lastname": "O'Brien", "email": "bo@gmail.com", "company": "Acme GmbH"}),
    ("contact", 13, {"firstname": "Анна", "lastname": "Петрова", "email": "anna@corp.example"}),
    ("contact", 14, {"firstname": "王伟", "email": "wei@corp.example"}),
    ("contact", 15, {"firstname": HOSTILE, "lastname": "Hostile", "email": "x@corp.example"}),
    ("contact", 16, {"firstname": "Maria", "lastname": "Lund", "email": "ml@mail.bolt.co.uk",
                     "hs_additional_emails": "old.name@former.example"}),
    ("company", 21, {"name": "Acme GmbH", "domain": "acme.example"}),
    ("company", 22, {"name": "Müller & Söhne", "domain": "mueller.example"}),
    ("deal", 31, {"dealname": "Acme renewal 2026"}),
)  # fmt: skip


@pytest.fixture
def visitor(town: Town) -> Visitor:
    town.visitor().install(ORCHARD)
    visitor = town.visitor()
    visitor.install()
    store(town, HARBOR, *RECORDS)
    store(town, ORCHARD, ("contact", 91, {"firstname": "Maria", "lastname": "Orchard"}))
    return visitor


def store(town: Town, portal_id: int, *records: tuple[str, int, dict[str, str]]) -> None:
    with town.runtime.database.portal(portal_id) as tx:
        mirror.store(tx, [MirroredRecord(*record, {}) for record in records])


def asked(visitor: Visitor, text: str) -> TestResponse:
    query = {"q": text}
    return visitor.client.get(
        f"/portals/{HARBOR}/find", base_url=visitor.town.origin, query_string=query
    )


def found(visitor: Visitor, text: str) -> set[tuple[str, int]]:
    page = asked(visitor, text)
    assert page.status_code == 200, (text, page.status_code)
    links = re.findall(rf'href="/portals/{HARBOR}/(contact|company|deal)/(\d+)"', page.text)
    return {(kind, int(number)) for kind, number in links}


WANTED = (
    ("lopez", ("contact", 11)),
    ("LÓPEZ maria", ("contact", 11)),
    ("jos lop", ("contact", 11)),
    ("mj.lopez@acme.example", ("contact", 11)),
    ("mj.lopez@acm", ("contact", 11)),
    ("o'brien", ("contact", 12)),
    ("obrien", ("contact", 12)),
    ("bo@gmail.com", ("contact", 12)),
    ("bo acme", ("contact", 12)),
    ("петр", ("contact", 13)),
    ("petrova anna", ("contact", 13)),
    ("王", ("contact", 14)),
    ("alert hostile", ("contact", 15)),
    ("bolt.co.uk", ("contact", 16)),
    ("old.name@former.example", ("contact", 16)),
    ("acme.example", ("company", 21)),
    ("www.acme.example", ("company", 21)),
    ("sohne muller", ("company", 22)),
    ("renew acme", ("deal", 31)),
    ("2026", ("deal", 31)),
)


def test_half_a_name_an_address_or_a_domain_finds_in_any_order_and_script(visitor: Visitor) -> None:
    for text, wanted in WANTED:
        assert wanted in found(visitor, text), text


def test_one_slip_of_the_keyboard_a_word_is_forgiven_and_two_are_not(visitor: Visitor) -> None:
    for text in ("lopze", "marai lopez", "lopezz", "lopz maria"):
        assert found(visitor, text) == {("contact", 11)}, text
    assert found(visitor, "petorva") == {("contact", 13)}
    assert found(visitor, "ptorvaa") == set()


def test_a_slip_is_said_to_be_one(visitor: Visitor) -> None:
    page = visitor.get(f"/portals/{HARBOR}/find?q=petorva").text
    assert "Nothing is called “petorva”. This comes close:" in unescape(page)


def test_a_number_or_an_address_leads_to_its_record(visitor: Visitor) -> None:
    for text in ("11", " 11 ", f"https://app.hubspot.com/contacts/{HARBOR}/record/0-1/11"):
        answer = asked(visitor, text)
        assert answer.status_code == 303, text
        assert answer.headers["Location"].endswith(f"/portals/{HARBOR}/contact/11")


ODD = (
    "", " ", "%", "_", "'", '"', "\x00", "\\", "*", "(", "maria\x00lopez", "ü" * 5000, "9" * 20, "9" * 19,
    "https://app.hubspot.com/contacts/1/record/0-1/11", "💥", "a" * 300, "0", "-1", "ß@", "@", "@.", "a@b@c",
)  # fmt: skip


def test_whatever_is_typed_has_an_answer(visitor: Visitor) -> None:
    for text in ODD:
        assert asked(visitor, text).status_code == 200, text


def test_nothing_found_says_what_was_looked_for_and_what_to_try(visitor: Visitor) -> None:
    page = unescape(visitor.get(f"/portals/{HARBOR}/find?q=zzzyyy").text)
    assert "Nothing found for “zzzyyy”" in page
    assert "e-mail addresses" in page
    assert "Try fewer words" in page


def test_names_are_shown_as_text_and_other_accounts_are_not_found(visitor: Visitor) -> None:
    page = visitor.get(f"/portals/{HARBOR}/find?q=hostile").text
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page
    assert found(visitor, "orchard") == set()
    assert visitor.get(f"/portals/{ORCHARD}/find?q=maria").status_code == 404


def test_a_record_is_found_by_its_new_name_and_no_longer_by_its_old_one(
    town: Town, visitor: Visitor
) -> None:
    store(town, HARBOR, ("contact", 11, {"firstname": "Mia", "lastname": "Vale"}))
    assert found(visitor, "vale") == {("contact", 11)}
    assert found(visitor, "lopez") == set()


def test_a_merged_record_leads_to_its_survivor_and_is_not_found_itself(
    town: Town, visitor: Visitor
) -> None:
    with town.runtime.database.portal(HARBOR) as tx:
        merges.follow(tx, {("contact", 12): 16}, {})
    assert found(visitor, "obrien") == set()
    answer = visitor.get(f"/portals/{HARBOR}/find?q=12")
    assert answer.headers["Location"].endswith("/contact/16")


def test_a_deleted_record_is_not_found_until_it_is_restored(town: Town, visitor: Visitor) -> None:
    with town.runtime.database.portal(HARBOR) as tx:
        mirror.retire(tx, "contact", [13], mirror.DELETED)
    assert found(visitor, "petrova") == set()
    store(town, HARBOR, RECORDS[2])
    assert found(visitor, "petrova") == {("contact", 13)}


def test_nobody_finds_a_person_who_was_forgotten(town: Town, visitor: Visitor) -> None:
    with open_portal(town.runtime, HARBOR) as portal:
        forgotten.forget(portal, 13)
    assert found(visitor, "petrova") == set()
    assert found(visitor, "anna@corp.example") == set()


def test_records_of_an_older_version_become_findable_a_slice_at_a_time(
    town: Town, visitor: Visitor
) -> None:
    with town.runtime.database.portal(HARBOR) as tx:
        tx.run("DELETE FROM search_word")
        tx.run("INSERT INTO unlisted SELECT :portal, unnest(ARRAY['deal', 'company', 'contact'])")
    page = visitor.get(f"/portals/{HARBOR}/find?q=lopez").text
    assert "not all are found yet" in page
    with open_portal(town.runtime, HARBOR) as portal:
        assert unlisted.advance(portal, None, seconds=60) is False
    assert found(visitor, "lopez") == {("contact", 11)}
    assert found(visitor, "acme") >= {("company", 21), ("deal", 31)}
    assert "not all are found yet" not in visitor.get(f"/portals/{HARBOR}/find?q=lopez").text
