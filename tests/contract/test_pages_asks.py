"""The page of whom to ask: why, what for, what to write; noted by one click, by whom it concerns."""

import re
from collections.abc import Mapping

import pytest
from werkzeug.test import TestResponse

from integration.storage.mirror import owner_rows
from mappings.kinds import Role
from mappings.records.owners import Owner
from tests.contract.conclude_world import HARBOR, ORCHARD, Clock, MirrorPortal, day
from tests.contract.record_world import Desk, Shown, desk
from tests.contract.test_conclude_asks import ACME, ANA, BO, a_customer
from tests.contract.test_conclude_touches import happen

__all__ = ["desk"]  # a fixture

PAGE = f"/portals/{HARBOR}/asks"
PAT, ZENIT, ROLLOUT, OWNER, USER = 40, 4, 9, 77, 88
EVIL = '<b onclick="x()">Zenit</b>'


@pytest.fixture
def acme(desk: Desk) -> MirrorPortal:
    portal = a_customer(MirrorPortal(Clock(desk.runtime.database), HARBOR))
    portal.company(ZENIT, EVIL, "zenit-labs.com")
    portal.contact(PAT, ZENIT, firstname="Pat", lastname="Li", email="pat@zenit-labs.com")
    portal.deal(ROLLOUT, ZENIT, PAT, created=20, amount="5000.00")
    happen(portal, "meeting", 8, 30, [ANA, PAT])
    portal.change("company", ACME, hubspot_owner_id=str(OWNER))
    portal.settle()
    return portal


def press(desk: Desk, path: str, **fields: str) -> TestResponse:
    found = re.search(r'name="csrf" value="([^"]+)"', desk.get(PAGE).text)
    assert found
    return desk.client.post(
        f"{PAGE}{path}",
        base_url="http://127.0.0.1:8000",
        data={**fields, "csrf": found[1]},
        headers={"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"},
    )


ASKED: Mapping[str, str] = {
    "contact": str(ANA),
    "company": str(ACME),
    "kind": "introduction",
    "target": str(PAT),
}


def become(desk: Desk, role: Role, owner_id: int | None = None) -> None:
    with desk.runtime.database.portal(HARBOR) as tx:
        tx.run("UPDATE portal_user SET role = :role WHERE portal_id = :portal", role=role.value)
        user_id = USER if owner_id else 99
        owner_rows.replace(tx, [Owner(OWNER, user_id, "sam@harbor.example", "Sam", "Holt")])


def test_records_say_whether_to_ask_to_those_who_ask_people(desk: Desk, acme: MirrorPortal) -> None:
    for path in (f"contact/{ANA}", f"company/{ACME}"):
        said = " ".join(Shown.of(desk, f"/portals/{HARBOR}/{path}").text.split())
        assert "Ask now . What went well: Milestone reached (27 June 2026)." in said
    become(desk, Role.MARKETER)
    assert 'id="ask"' not in desk.get(f"/portals/{HARBOR}/contact/{ANA}").text


def test_the_page_says_whom_to_ask_for_what_why_now_and_what_to_write(
    desk: Desk, acme: MirrorPortal
) -> None:
    page = Shown.of(desk, PAGE)
    said = " ".join(page.text.split())

    assert "Introduction to a person : Pat Li" in said
    assert "Milestone reached, 27 June 2026" in said
    assert "$5,000.00 of the open deal" in said
    assert "never asked before" in said
    assert "1 more person for whom the moment is good" in said
    assert "you reached a milestone on 27 June 2026. Congratulations!" in page.html
    assert "May I ask you to introduce us to Pat Li?" in page.html
    assert "<b onclick" not in page.html


def test_the_message_is_there_in_german_and_for_whoever_lives_there(
    desk: Desk, acme: MirrorPortal
) -> None:
    german, english = (re.compile(f'<textarea[^>]* lang="{code}"') for code in ("de", "en"))
    assert german.search(desk.get(f"{PAGE}?in=de").text)
    assert english.search(desk.get(PAGE).text)

    acme.change("contact", ANA, country="Germany")
    acme.settle()
    page = desk.get(PAGE).text
    assert german.search(page)
    assert "Whom to ask" in page  # the page itself is in its reader's language


def test_one_click_notes_the_ask_and_one_more_what_became_of_it(
    desk: Desk, acme: MirrorPortal
) -> None:
    assert press(desk, "", **ASKED).status_code == 303
    acme.settle()
    page = Shown.of(desk, f"{PAGE}?said=asked")
    assert "Noted. They rest now" in page.text
    assert "Waiting for an answer" in page.part("asked").text
    (number,) = acme.values("ask", "ask_id")

    assert press(desk, f"/{number}", outcome="introduced", contact="Pat Li").status_code == 303
    acme.settle()
    assert "Introduced somebody" in Shown.of(desk, PAGE).part("asked").text
    assert acme.values("ask", "introduced_contact_id") == [PAT]

    assert press(desk, f"/{number}/back").status_code == 303
    assert press(desk, f"/{number}/back").status_code == 303
    assert acme.kept("ask") == []


def test_a_name_that_several_have_is_asked_back_and_nothing_is_noted(
    desk: Desk, acme: MirrorPortal
) -> None:
    acme.contact(41, ZENIT, firstname="Pat", lastname="Li", email="pat.li@other.com")
    acme.settle()
    press(desk, "", **ASKED)
    (number,) = acme.values("ask", "ask_id")

    answer = press(desk, f"/{number}", outcome="introduced", contact="Pat Li")
    assert answer.status_code == 422
    assert "Which one?" in answer.text
    chosen = {"contact": "Pat Li", "contact_asked": "Pat Li", "contact_choice": "41"}
    assert press(desk, f"/{number}", outcome="introduced", **chosen).status_code == 303
    assert acme.values("ask", "introduced_contact_id") == [41]


def test_what_cannot_be_noted_is_said_in_words(desk: Desk, acme: MirrorPortal) -> None:
    assert press(desk, "", **ASKED).status_code == 303
    again = press(desk, "", **{**ASKED, "contact": str(BO)})
    assert again.status_code == 422
    assert "Nothing was noted: somebody at their company was asked on" in again.text
    assert press(desk, "", contact="x", company="1", kind="review").status_code == 422
    assert press(desk, "/999", outcome="declined").status_code == 422
    (number,) = acme.values("ask", "ask_id")
    assert press(desk, f"/{number}", outcome="nonsense").status_code == 422
    assert press(desk, f"/{number}", outcome="agreed").status_code == 303
    assert press(desk, f"/{number}", outcome="declined").status_code == 409


def test_do_not_ask_moves_somebody_to_never_and_back(desk: Desk, acme: MirrorPortal) -> None:
    assert press(desk, f"/people/{ANA}/leave").status_code == 303
    acme.settle()
    never = Shown.of(desk, f"{PAGE}?state=never")
    assert "do not ask" in never.rows()[0][3]
    assert "May be asked again" in never.rows()[0][5]

    assert press(desk, f"/people/{ANA}/again").status_code == 303
    acme.settle()
    assert "Nobody is in this state" in Shown.of(desk, f"{PAGE}?state=never").text


def test_those_who_wait_are_listed_with_their_reasons_and_filtered_by_them(
    desk: Desk, acme: MirrorPortal
) -> None:
    acme.put("ticket", 71, created=day(2), hs_ticket_priority="URGENT")
    acme.link("ticket", 71, "company", ACME)
    acme.settle()

    page = Shown.of(desk, f"{PAGE}?state=wait")
    assert [row[0].split(" ")[0] for row in page.rows()] == ["Ana", "Bo"]
    assert page.rows()[0][3].startswith("Not now: a ticket of high priority is open since")
    assert len(Shown.of(desk, f"{PAGE}?state=wait&gate=ticket").rows()) == 2
    assert Shown.of(desk, f"{PAGE}?state=wait&gate=renewal").rows() == []
    assert "Nobody to ask just now" in Shown.of(desk, PAGE).text


def test_sellers_see_and_note_asks_of_their_own_customers_only(
    desk: Desk, acme: MirrorPortal
) -> None:
    become(desk, Role.SELLER, OWNER)
    assert "Ana Berg" in desk.get(PAGE).text
    assert press(desk, "", **ASKED).status_code == 303
    (number,) = acme.values("ask", "ask_id")

    become(desk, Role.SELLER)
    assert "Ana Berg" not in desk.get(PAGE).text
    assert desk.get(f"{PAGE}?owner={OWNER}").text.count("Ana Berg") == 0
    for path in (f"/{number}/back", f"/people/{ANA}/leave", f"/people/{ANA}/again"):
        assert press(desk, path).status_code == 403
    assert press(desk, "", **ASKED).status_code == 403
    assert press(desk, f"/{number}", outcome="declined").status_code == 403
    assert acme.values("ask", "outcome") == [None]


def test_somebody_who_is_not_there_is_nobodys_customer(desk: Desk, acme: MirrorPortal) -> None:
    become(desk, Role.SELLER, OWNER)

    assert press(desk, "/people/999/leave").status_code == 422
    assert press(desk, "/people/999/again").status_code == 422
    assert acme.kept("do_not_ask") == []


def test_marketers_ask_nobody(desk: Desk, acme: MirrorPortal) -> None:
    become(desk, Role.MARKETER)

    assert desk.get(PAGE).status_code == 403
    assert "Whom to ask" not in desk.get(f"/portals/{HARBOR}/sentiment").text


def test_the_file_has_a_line_for_each_person_and_runs_no_formulas(
    desk: Desk, acme: MirrorPortal
) -> None:
    acme.change("contact", ANA, firstname="=HYPERLINK(1)")
    acme.settle()

    answer = desk.get(f"{PAGE}/people.csv")
    lines = answer.text.lstrip("\ufeff").splitlines()
    assert answer.mimetype == "text/csv"
    assert lines[0].startswith("Company,Company ID,Person")
    assert lines[1].startswith("Acme,1,'=HYPERLINK(1) Berg,12,")
    assert lines[1].endswith(",USD,yes")
    assert ",5000.00," in lines[1]
    assert len(lines) == 2


def test_another_account_has_its_own_list(desk: Desk, acme: MirrorPortal) -> None:
    assert desk.get(f"/portals/{ORCHARD}/asks").status_code in {302, 401, 403, 404}
