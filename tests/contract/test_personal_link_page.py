"""Who follows a personal link comes to the account's own site; nothing is set, and little is kept."""

from dataclasses import replace
from typing import Any

import pytest
from werkzeug.test import TestResponse

from integration.admin import program_settings
from integration.admin.program_settings import ProgramWish
from integration.core.errors import Refused
from integration.portal.context import open_portal
from integration.storage.mirror import mirror
from integration.storage.program import code_rows, program_row
from integration.storage.program.program_row import Program
from integration.storage.service import portals
from tests.contract.visiting import HARBOR, ORCHARD, Town, hash_of

SITE, OFFER = "https://www.harbor.example/demo", "https://www.harbor.example/offer"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like"
    " Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)
ANA, BO = 11, 12
NOTHING = "no-such-code"


@pytest.fixture
def town(town: Town) -> Town:
    """Both accounts have the program and two contacts of the same numbers, Ana and Bo."""
    with town.runtime.database.service() as tx:
        for portal_id in (HARBOR, ORCHARD):
            portals.install(tx, portal_id, scopes=[], account={}, user_id=1)
    for portal_id in (HARBOR, ORCHARD):
        with town.runtime.database.portal(portal_id) as tx:
            at = tx.clock()
            people = [mirror.MirroredRecord("contact", one, {}, {}, at, at) for one in (ANA, BO)]
            mirror.store(tx, people)
        keep(town, portal_id)
    return town


PROGRAM = Program(
    is_on=True, targets=(SITE, OFFER), campaign="spring", link_base="https://app.example/r/"
)


def keep(town: Town, portal_id: int = HARBOR, **more: Any) -> None:  # noqa: ANN401 - a setting's value
    """As an admin saved the program; that is tried with HubSpot elsewhere."""
    with town.runtime.database.portal(portal_id) as tx:
        program_row.save(tx, replace(PROGRAM, **more), by="test")


def a_code(town: Town, portal_id: int = HARBOR, *, target: str = "") -> str:
    """A code of Ana's."""
    with open_portal(town.runtime, portal_id) as portal:
        return program_settings.give(portal, [ANA], target=target, actor="user:88")[ANA]


def revoke(town: Town, code: str) -> None:
    with open_portal(town.runtime, HARBOR) as portal:
        program_settings.revoke(portal, code, actor="user:88")


def follow(town: Town, code: str, **headers: str) -> TestResponse:
    return town.visitor().get(f"/r/{code}", **{"User-Agent": IPHONE, **headers})


def visits(town: Town, code: str, portal_id: int = HARBOR) -> int:
    with town.runtime.database.portal(portal_id) as tx:
        found = code_rows.find(tx, code)
        by_day = code_rows.visits_by_day(tx, [code])
    assert found is not None
    assert found.visits == sum(row["visits"] for row in by_day)
    return found.visits


def test_a_link_leads_to_the_accounts_site_with_the_code_in_its_address(town: Town) -> None:
    code = a_code(town)

    answer = follow(town, code)

    assert answer.status_code == 302
    assert answer.headers["Location"] == (
        f"{SITE}?utm_source=referral&utm_medium=customer&utm_campaign=spring"
        f"&utm_content={code}&referral_code={code}"
    )
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert visits(town, code) == 1
    assert follow(town, code.upper()).status_code == 302
    assert visits(town, code) == 2


def test_nobody_who_follows_a_link_chooses_where_it_leads(town: Town) -> None:
    code = a_code(town, target=OFFER)

    answer = town.visitor().get(
        f"/r/{code}?to=https://evil.example&url=//evil.example&target=https://evil.example",
        **{"User-Agent": IPHONE, "X-Forwarded-Host": "evil.example"},
    )

    assert answer.headers["Location"].startswith(f"{OFFER}?")
    assert "evil" not in answer.headers["Location"]


def test_a_link_whose_address_left_the_list_leads_to_the_usual_one(town: Town) -> None:
    code = a_code(town, target=OFFER)
    assert follow(town, code).headers["Location"].startswith(f"{OFFER}?")

    keep(town, targets=(SITE,))

    assert follow(town, code).headers["Location"].startswith(f"{SITE}?")


def test_unknown_revoked_and_switched_off_links_are_the_same_plain_page(town: Town) -> None:
    revoked = a_code(town)
    revoke(town, revoked)
    living, other = a_code(town), a_code(town, ORCHARD)
    keep(town, is_on=False)

    pages = [
        follow(town, code)
        for code in (living, revoked, NOTHING, living[:-1], f"{living}x", "'; DROP TABLE x;--")
    ]

    assert {page.status_code for page in pages} == {404}
    assert len({page.text for page in pages}) == 1
    assert "Ana" not in pages[0].text
    assert str(HARBOR) not in pages[0].text
    assert all("noindex" in page.headers["X-Robots-Tag"] for page in pages)
    assert visits(town, living) == visits(town, revoked) == 0
    assert follow(town, other).status_code == 302


def test_a_revoked_link_stays_ended_and_the_person_may_get_another(town: Town) -> None:
    first = a_code(town)
    revoke(town, first)
    with pytest.raises(Refused, match="ended already"):
        revoke(town, first)
    second = a_code(town)
    assert a_code(town) == second, "one link a person"

    assert second != first
    assert follow(town, first).status_code == 404
    assert follow(town, second).status_code == 302


LOOKS_AHEAD = (
    {"User-Agent": "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"},
    {"User-Agent": "WhatsApp/2.23.20.0"},
    {"User-Agent": ""},
    {"Sec-Purpose": "prefetch;prerender"},
    {"Purpose": "prefetch"},
)


def test_programs_that_look_ahead_are_led_on_and_not_counted(town: Town) -> None:
    code = a_code(town)

    assert {follow(town, code, **headers).status_code for headers in LOOKS_AHEAD} == {302}
    assert town.visitor().client.head(f"/r/{code}", headers={"User-Agent": IPHONE}).location
    assert visits(town, code) == 0


def test_of_a_visit_nothing_is_kept_but_its_day(town: Town) -> None:
    code = a_code(town)
    follow(town, code, **{"X-Forwarded-For": "203.0.113.77", "Referer": "https://mail.example/x"})

    with town.runtime.database.portal(HARBOR) as tx:
        (row,) = tx.rows(
            "SELECT * FROM referral_visit WHERE portal_id = :portal AND code = :code", code=code
        )
    assert set(row) == {"portal_id", "code", "day", "visits"}


def test_looking_at_a_link_that_leads_nowhere_changes_nothing(town: Town) -> None:
    before = hash_of(town)

    follow(town, NOTHING)

    assert hash_of(town) == before


def test_one_address_cannot_guess_codes_without_end(town: Town) -> None:
    guesses = [
        follow(town, f"7vbb{'k' * 8}{first}{second}", **{"X-Forwarded-For": "203.0.113.9"})
        for first in "bcdfghjkmnpq"
        for second in "bcdfghjkmnpq"
    ]
    other = follow(town, "7vbbkkkkkkkkkk", **{"X-Forwarded-For": "203.0.113.10"})

    assert [page.status_code for page in guesses].count(404) == 120
    assert guesses[-1].status_code == 429
    assert guesses[-1].headers["Retry-After"] == "60"
    assert other.status_code == 404


def test_one_address_cannot_open_one_link_without_end(town: Town) -> None:
    code = a_code(town)

    answers = [follow(town, code).status_code for _ in range(40)]

    assert answers == [302] * 30 + [429] * 10
    assert visits(town, code) == 30


def wish(**more: object) -> ProgramWish:
    usual = {
        "is_on": True,
        "targets": (SITE, OFFER),
        "campaign": "spring",
        "parameter": "referral_code",
        "gives_champions": False,
    }
    return ProgramWish(**{**usual, **more})  # type: ignore[arg-type]


WRONG: tuple[tuple[dict[str, object], str], ...] = (
    ({"targets": ()}, "at least one address"),
    ({"targets": ("http://www.harbor.example",)}, "https"),
    ({"targets": ("https://10.0.0.1/",)}, "public web"),
    ({"targets": tuple(f"{SITE}/{n}" for n in range(21))}, "more than 20"),
    ({"campaign": " "}, "campaign"),
    ({"campaign": "x" * 101}, "campaign"),
    ({"parameter": "utm_source"}, "something else"),
    ({"parameter": "a b"}, "no name of a field"),
)


def test_a_program_that_cannot_work_is_refused_by_name(town: Town) -> None:
    before = hash_of(town)
    with open_portal(town.runtime, HARBOR) as portal:
        for wrong, why in WRONG:
            with pytest.raises(Refused, match=why):
                program_settings.change(portal, wish(**wrong), actor="user:88")

    assert hash_of(town) == before


def test_nobody_gets_a_link_to_an_address_that_is_not_in_the_list(town: Town) -> None:
    with open_portal(town.runtime, HARBOR) as portal:
        with pytest.raises(Refused, match="not in the program's list"):
            program_settings.give(portal, [BO], target="https://evil.example", actor="user:88")
        with pytest.raises(Refused, match="No contact"):
            program_settings.give(portal, [999], actor="user:88")
        keep(town, is_on=False)
        with pytest.raises(Refused, match="program is off"):
            program_settings.give(portal, [BO], actor="user:88")


def test_an_account_that_uninstalled_has_no_links(town: Town) -> None:
    code = a_code(town)
    with town.runtime.database.service() as tx:
        portals.uninstall(tx, HARBOR)

    assert follow(town, code).status_code == 404
