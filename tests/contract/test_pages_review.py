"""The review page: questions with evidence and buttons, what was decided, and whose they are."""

import json
from datetime import timedelta
from html import unescape

import pytest

from integration.conclude import stages
from integration.portal import invalidation
from integration.portal.context import PortalContext
from integration.portal.invalidation import Change
from integration.storage.database import as_json
from integration.storage.mirror import mirror
from tests.contract.conclude_world import Clock, MirrorPortal
from tests.contract.review_world import ASKING, DOUBTING, doubtful_move, namesakes, two_marias
from tests.contract.visiting import HARBOR, ORCHARD, Town, Visitor, hash_of

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}"
HERE = f"/portals/{HARBOR}/review"


@pytest.fixture
def visitor(town: Town) -> Visitor:
    town.visitor().install(ORCHARD)
    visitor = town.visitor()
    visitor.install()
    for portal_id in (HARBOR, ORCHARD):
        with town.runtime.database.portal(portal_id) as tx:
            tx.run("UPDATE import_run SET state = 'done', finished_at = clock_timestamp()")
            tx.run("UPDATE settings_version SET body = jsonb_set(body, '{policy}', CAST(:policy AS jsonb))",
                   policy=as_json({**ASKING, **DOUBTING}))  # fmt: skip
    return visitor


def mirror_of(town: Town, portal_id: int = HARBOR) -> MirrorPortal:
    """The portal's mirror, to be written by hand; its clock is the test world's."""
    return MirrorPortal(Clock(town.runtime.database), portal_id)


def question(town: Town, kind: str = "identity", portal_id: int = HARBOR) -> int:
    rows = mirror_of(town, portal_id).kept("review", kind=kind)
    return int(rows[0]["review_id"])


def conclude_all(town: Town, portal_id: int = HARBOR) -> None:
    while stages.conclude_page(PortalContext(town.runtime, portal_id), None):
        pass


def test_an_empty_list_says_what_will_come(town: Town, visitor: Visitor) -> None:
    page = visitor.get(HERE)

    assert page.status_code == 200
    assert "Nothing to decide" in page.text
    assert "Nothing was decided yet" in visitor.get(f"{HERE}/decided").text


def test_a_question_shows_who_why_and_how_much(town: Town, visitor: Visitor) -> None:
    portal = mirror_of(town)
    namesakes(portal)
    for deal in (5, 9):
        portal.change("deal", deal, deal_currency_code=town.harbor.currency)
    portal.settle()

    page = visitor.get(HERE).text

    assert "Are Priya Raman (Acme) and Priya Raman (Zenit) the same person?" in page
    assert "50,000.00 at stake" in page
    assert f'href="/portals/{HARBOR}/contact/33"' in page
    assert 'value="same"' in page
    assert 'aria-current="page">Review' in page


def test_pressing_same_joins_the_records_and_is_told_in_the_history(
    town: Town, visitor: Visitor
) -> None:
    portal = mirror_of(town)
    namesakes(portal)
    portal.settle()

    done = visitor.press(
        f"{HERE}/{question(town)}", {"verb": "same", "reason": "she told me", "kind": "identity"}
    )

    assert (done.status_code, done.headers["Location"]) == (
        303,
        f"{HERE}?kind=identity&said=decided",
    )
    conclude_all(town)
    assert portal.persons() == {12: 12, 33: 12}
    history = visitor.get(f"{HERE}/decided").text
    assert "she told me" in history
    assert "<td><bdi>you</bdi>" in history
    assert "Nothing to decide of this kind" in visitor.get(f"{HERE}?kind=identity").text
    about = visitor.get(f"/portals/{HARBOR}/contact/33").text
    assert "What people decided" in about
    assert "she told me" in about
    (row,) = portal.decisions()
    assert row["author"].startswith("user:")


def test_the_second_of_two_people_is_told_and_can_still_change_it(
    town: Town, visitor: Visitor
) -> None:
    portal = mirror_of(town)
    namesakes(portal)
    portal.settle()
    number = question(town)
    visitor.press(f"{HERE}/{number}", {"verb": "same", "reason": "she told me"})

    late = visitor.press(f"{HERE}/{number}", {"verb": "different", "reason": "no"})
    assert late.status_code == 409
    assert "answered this already" in late.text

    page = visitor.get(f"{HERE}/{number}").text
    assert "she told me" in page
    seen = page.split('name="seen" value="')[1].split('"')[0]
    again = visitor.press(f"{HERE}/{number}", {"verb": "different", "reason": "no", "seen": seen})
    assert again.status_code == 303
    conclude_all(town)
    assert portal.persons() == {12: 12, 33: 33}


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"verb": "confirm", "reason": "x"}, "takes same, different"),
        ({"verb": "same", "reason": ""}, "needs its reason"),
        ({"verb": "same", "reason": "x", "until": "soon"}, "soon is no date"),
        ({"verb": "same", "reason": "x", "until": "2020-01-01"}, "is over"),
        ({}, "takes same, different"),
    ],
)
def test_a_wrong_form_changes_nothing_and_says_why(
    town: Town, visitor: Visitor, form: dict[str, str], says: str
) -> None:
    portal = mirror_of(town)
    namesakes(portal)
    portal.settle()

    answer = visitor.press(f"{HERE}/{question(town)}", form)

    assert answer.status_code == 422
    assert says in answer.text
    assert portal.decisions() == []


def test_a_form_from_elsewhere_is_refused(town: Town, visitor: Visitor) -> None:
    portal = mirror_of(town)
    namesakes(portal)
    portal.settle()
    path, form = f"{HERE}/{question(town)}", {"verb": "same", "reason": "x"}

    assert visitor.press(path, form, csrf="wrong").status_code == 400
    assert visitor.press(path, form, headers={"Origin": "https://evil.example"}).status_code == 403
    assert portal.decisions() == []


def test_a_candidate_is_picked_with_a_button(town: Town, visitor: Visitor) -> None:
    portal = mirror_of(town)
    with town.runtime.database.portal(HARBOR) as tx:
        tx.run(
            "UPDATE settings_version SET body = jsonb_set(body, '{map,referred_by_property}', '\"referred_by\"')"
        )
    two_marias(portal)
    portal.settle()
    page = visitor.get(f"{HERE}?kind=referral").text
    assert 'value="pick:12">Maria Lopez (Beta)' in page

    visitor.press(
        f"{HERE}/{question(town, 'referral')}", {"verb": "pick:12", "reason": "Bo said so"}
    )

    conclude_all(town)
    rows = portal.kept("referral")
    assert [(row["referrer_contact_id"], row["status"]) for row in rows] == [(12, "auto")]


def test_a_move_is_corrected_with_the_form(town: Town, visitor: Visitor) -> None:
    portal = mirror_of(town)
    doubtful_move(portal)
    portal.settle()
    told = {"verb": "confirm", "reason": "her profile", "date": "2026-01-15", "company": ""}

    assert visitor.press(f"{HERE}/{question(town, 'move')}", told).status_code == 303

    conclude_all(town)
    (row,) = portal.rows("SELECT status, body ->> 'moved_at' AS at FROM move")
    assert (row["status"], row["at"][:10]) == ("confirmed", "2026-01-15")


CORRECTIONS = {
    "a word": ("12abc", "No company here is called “12abc”"),
    "a number of nobody": ("99", "There is no company 99 in this account"),
    "another account's": ("2001", "There is no company 2001 in this account"),
    "a person": ("12", "12 is the contact Priya Raman"),
    "a deleted company": ("5", "Company 5 (Gone Ltd) was deleted in HubSpot"),
    "the old company": ("1", "cannot lead to the company it came from"),
    "its address elsewhere": (
        "https://app.hubspot.com/contacts/4712/record/0-2/2001",
        "That address is of account 4712",
    ),
    "a person's address": (
        "https://app.hubspot.com/contacts/4711/record/0-1/12",
        "That address is not of a company",
    ),
    "a part of a name": ("quartz mill", "No company is called “quartz mill” exactly"),
    "a name of two": ("Twin", "“Twin” may be several companies: Twin (6), Twin (7)"),
    "a number beyond all": ("9" * 19, "There is no company 9999999999999999999"),
    "a sign that no database holds": ("\x00", "No company here is called"),
}


def a_doubted_move(town: Town) -> MirrorPortal:
    portal = mirror_of(town)
    doubtful_move(portal)
    portal.company(4, "Quartz Mills GmbH", "quartz-mills.com")
    portal.company(5, "Gone Ltd", "gone.example")
    portal.company(6, "Twin", "twin-one.example")
    portal.company(7, "Twin", "twin-two.example")
    mirror_of(town, ORCHARD).company(2001, "Orchard's own", "orchard.example")
    portal.settle()
    portal.rows(
        "UPDATE record SET gone_at = now(), gone_why = 'deleted' WHERE record_id = 5 RETURNING 1"
    )
    return portal


@pytest.mark.parametrize("kind", CORRECTIONS)
def test_a_correction_that_means_no_company_is_refused_by_name_and_nothing_is_kept(
    town: Town, visitor: Visitor, kind: str
) -> None:
    portal = a_doubted_move(town)
    company, says = CORRECTIONS[kind]
    typed = {"verb": "confirm", "reason": "her profile", "date": "2026-01-15", "company": company}

    answer = visitor.press(f"{HERE}/{question(town, 'move')}", typed)

    assert answer.status_code == 422
    assert says in unescape(answer.text)
    assert portal.decisions() == []
    # Nobody types it again.
    assert 'value="her profile"' in answer.text
    assert 'value="2026-01-15"' in answer.text
    assert "<details open>" in answer.text


@pytest.mark.parametrize(
    "company",
    [
        "Quartz Mills GmbH",
        " quartz  mills GMBH ",
        "quartz-mills.com",
        "4",
        "Quartz Mills GmbH (4)",
        "https://app.hubspot.com/contacts/4711/record/0-2/4",
        "https://app-eu1.hubspot.com/contacts/4711/company/4/?a=b",
        "http://127.0.0.1:8000/portals/4711/company/4",
        "19",
    ],
)
def test_a_company_is_corrected_by_its_name_domain_number_or_address(
    town: Town, visitor: Visitor, company: str
) -> None:
    portal = a_doubted_move(town)
    with town.runtime.database.portal(HARBOR) as tx:
        mirror.alias(tx, "company", [19], 4, at=None)
    typed = {"verb": "confirm", "reason": "her profile", "company": company}

    assert visitor.press(f"{HERE}/{question(town, 'move')}", typed).status_code == 303

    conclude_all(town)
    (row,) = portal.rows("SELECT status, (body ->> 'new_company_id')::bigint AS id FROM move")
    assert (row["status"], row["id"]) == ("confirmed", 4)


def test_of_several_companies_one_is_chosen_and_then_counts(town: Town, visitor: Visitor) -> None:
    portal = a_doubted_move(town)
    address = f"{HERE}/{question(town, 'move')}"
    typed = {"verb": "confirm", "reason": "her profile", "company": "Twin"}
    asked = visitor.press(address, typed).text
    assert "twin-two.example" in asked
    assert 'name="company_choice" value="7"' in asked

    chosen = {"company_asked": "Twin", "company_choice": "7"}
    other_text = {**typed, **chosen, "company": "12abc"}
    assert visitor.press(address, other_text).status_code == 422
    assert visitor.press(address, {**typed, **chosen}).status_code == 303

    conclude_all(town)
    (row,) = portal.rows("SELECT (body ->> 'new_company_id')::bigint AS id FROM move")
    assert row["id"] == 7


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"verb": "reject", "company": "4"}, "Only a job change that happened can be corrected"),
        ({"verb": "reject", "date": "2026-01-15"}, "Only a job change that happened"),
        ({"verb": "confirm", "date": "2999-01-15"}, "2999-01-15 is yet to come"),
        ({"verb": "confirm", "date": "15.1.2026"}, "15.1.2026 is no date"),
    ],
)
def test_a_correction_is_never_dropped_in_silence(
    town: Town, visitor: Visitor, form: dict[str, str], says: str
) -> None:
    portal = a_doubted_move(town)

    answer = visitor.press(f"{HERE}/{question(town, 'move')}", {"reason": "x", **form})

    assert (answer.status_code, says in answer.text) == (422, True)
    assert portal.decisions() == []


def test_the_picker_offers_companies_by_name_and_never_another_accounts(
    town: Town, visitor: Visitor
) -> None:
    a_doubted_move(town)
    offered = f"/portals/{HARBOR}/records.json?type=company&text="

    assert json.loads(visitor.get(f"{offered}quartz").data) == [
        {"id": 4, "name": "Quartz Mills GmbH", "note": "quartz-mills.com"}
    ]
    assert [row["id"] for row in json.loads(visitor.get(f"{offered}twin").data)] == [6, 7]
    for nothing in ("orchard", "gone", "", "%00", "12abc"):
        assert json.loads(visitor.get(f"{offered}{nothing}").data) == [], nothing
    assert json.loads(visitor.get(offered.replace("company", "ticket") + "a").data) == []
    assert town.visitor().get(f"{offered}quartz").status_code == 404


@pytest.mark.parametrize("act", ["split", "doubt"])
@pytest.mark.parametrize(
    ("contact", "says"),
    [
        ("12abc", "No contact here is called “12abc”"),
        ("1", "1 is the company Acme"),
        ("Priya Raman", "“Priya Raman” may be several contacts"),
    ],
)
def test_a_contact_that_cannot_be_read_is_refused_by_name(
    town: Town, visitor: Visitor, act: str, contact: str, says: str
) -> None:
    portal = mirror_of(town)
    namesakes(portal)
    portal.settle()

    answer = visitor.press(f"{HERE}/{act}", {"contact": contact, "reason": "x"})

    assert (answer.status_code, says in answer.text) == (422, True)
    assert (
        f'name="contact" autocomplete="off" maxlength="300" placeholder="Name, e-mail or record ID" data-find="contact" value="{contact}"'
        in answer.text
    )
    assert portal.decisions() == []


def test_records_are_separated_with_a_form(town: Town, visitor: Visitor) -> None:
    portal = mirror_of(town)
    namesakes(portal)
    for contact in (12, 33):
        portal.change("contact", contact, hs_linkedin_url="linkedin.com/in/priya")
        portal.change("contact", contact, mobilephone="+14155550123")
    portal.settle()
    assert portal.persons() == {12: 12, 33: 12}

    assert (
        visitor.press(f"{HERE}/split", {"contact": "33", "reason": "her daughter"}).status_code
        == 303
    )
    refused = visitor.press(f"{HERE}/split", {"contact": "999", "reason": "x"})

    conclude_all(town)
    assert portal.persons() == {12: 12, 33: 33}
    assert (refused.status_code, "There is no contact 999" in refused.text) == (422, True)


def test_what_counts_as_sure_is_doubted_with_a_form(town: Town, visitor: Visitor) -> None:
    portal = mirror_of(town)
    doubtful_move(portal)
    portal.settle()
    with town.runtime.database.portal(HARBOR) as tx:
        tx.run("UPDATE settings_version SET body = jsonb_set(body, '{policy}', '{}')")
        invalidation.record(tx, Change.SETTINGS_CHANGED)
    conclude_all(town)
    assert "Nothing to decide" in visitor.get(HERE).text

    assert visitor.press(f"{HERE}/doubt", {"contact": "12"}).status_code == 303
    assert "Did Priya Raman (Zenit) leave Acme for Zenit" in visitor.get(HERE).text
    assert visitor.press(f"{HERE}/doubt", {"contact": "999"}).status_code == 422


def test_names_and_reasons_are_never_markup(town: Town, visitor: Visitor) -> None:
    portal = mirror_of(town)
    namesakes(portal)
    portal.change("company", 1, name=HOSTILE)
    portal.settle()
    number = question(town)
    visitor.press(f"{HERE}/{number}", {"verb": "same", "reason": HOSTILE, "until": "2999-12-31"})

    for path in (HERE, f"{HERE}/decided", f"{HERE}/{number}"):
        page = visitor.get(path)
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert "49" not in page.text.split("7*7")[0][-3:]


def test_orchard_sees_nothing_of_harbor_by_any_address(town: Town, visitor: Visitor) -> None:
    for portal_id in (HARBOR, ORCHARD):
        portal = mirror_of(town, portal_id)
        namesakes(portal)
        portal.settle()
    harbors, orchards = question(town), question(town, portal_id=ORCHARD)
    other = town.visitor()
    other.sign_in(ORCHARD)

    for path in (
        "review",
        "review.json",
        "review/decided",
        "review/decided.json",
        f"review/{harbors}",
    ):
        assert other.get(f"/portals/{HARBOR}/{path}").status_code == 404
    assert other.get(f"/portals/{ORCHARD}/review/{harbors}").status_code == 404
    form = {"verb": "same", "reason": "mine"}
    assert other.press(f"/portals/{HARBOR}/review/{harbors}", form).status_code == 404
    assert other.press(f"/portals/{ORCHARD}/review/{harbors}", form).status_code == 422
    assert other.press(f"/portals/{ORCHARD}/review/{orchards}", form).status_code == 303
    conclude_all(town, ORCHARD)
    conclude_all(town)
    assert mirror_of(town).persons() == {12: 12, 33: 33}
    assert mirror_of(town, ORCHARD).persons() == {12: 12, 33: 12}
    assert mirror_of(town).decisions() == []


def test_without_a_session_there_is_nothing(town: Town, visitor: Visitor) -> None:
    stranger = town.visitor()
    for path in ("review", "review.json", "review/decided", "review/1"):
        assert stranger.get(f"/portals/{HARBOR}/{path}").status_code == 404


def test_the_same_as_json(town: Town, visitor: Visitor) -> None:
    portal = mirror_of(town)
    namesakes(portal)
    portal.settle()

    told = json.loads(visitor.get(f"{HERE}.json?kind=identity").data)
    (one,) = told["questions"]
    assert (one["kind"], one["verbs"], told["open"]["identity"], told["next"]) == (
        "identity", ["same", "different"], 1, None,
    )  # fmt: skip
    visitor.press(f"{HERE}/{one['id']}", {"verb": "same", "reason": "x"})
    (decided,) = json.loads(visitor.get(f"{HERE}/decided.json").data)["decisions"]
    assert (decided["verb"], decided["reason"]) == ("same", "x")


def test_looking_changes_nothing_and_a_wrong_place_is_refused(town: Town, visitor: Visitor) -> None:
    portal = mirror_of(town)
    namesakes(portal)
    portal.settle()
    before = hash_of(town)

    for path in (
        "",
        "?kind=move",
        "?kind=nonsense",
        ".json",
        "/decided",
        f"/{question(town)}",
        "?after=1.2.3",
    ):
        assert visitor.get(f"{HERE}{path}").status_code == 200, path
    assert visitor.get(f"{HERE}?after=nonsense").status_code == 400
    assert visitor.get(f"{HERE}/99999999999999999999999").status_code == 404

    assert hash_of(town) == before


def test_many_questions_are_shown_in_pages(town: Town, visitor: Visitor) -> None:
    with town.runtime.database.portal(HARBOR) as tx:
        tx.run(
            """INSERT INTO review (portal_id, kind, question, confidence, stake_minor, stake_currency, body)
               SELECT :portal, 'identity', n || ':' || n + 1, 800000, n * 100, 'EUR',
                 jsonb_build_object('contacts', jsonb_build_array(n, n + 1), 'reasons', '[]'::jsonb)
               FROM generate_series(1, 120) AS n"""
        )

    first = visitor.get(HERE).text
    assert "120 questions open" in first
    assert first.count("<article") == 50
    assert "€120.00 at stake" in first
    further = first.split('">Next questions')[0].split('href="')[-1]
    second = visitor.get(further.replace("&amp;", "&")).text
    assert "€70.00 at stake" in second
    assert "€71.00 at stake" not in second
    assert "First page" in second


def test_a_question_that_is_gone_says_so(town: Town, visitor: Visitor) -> None:
    page = visitor.get(f"{HERE}/77")

    assert page.status_code == 404
    assert "No such question" in page.text
    assert visitor.press(f"{HERE}/77", {"verb": "same", "reason": "x"}).status_code == 422


def test_a_day_later_the_ended_answer_is_asked_again(town: Town, visitor: Visitor) -> None:
    portal = mirror_of(town)
    namesakes(portal)
    portal.settle()
    today = town.runtime.now().date()
    visitor.press(
        f"{HERE}/{question(town)}", {"verb": "same", "reason": "x", "until": today.isoformat()}
    )
    assert "Nothing to decide" in visitor.get(HERE).text

    with town.runtime.database.portal(HARBOR) as tx:
        tx.run("UPDATE review SET reopens_at = :at", at=town.runtime.now() - timedelta(seconds=1))

    assert "the same person?" in visitor.get(HERE).text


@pytest.mark.parametrize(
    "body",
    [
        "'[]'",
        "body || '{\"of_tomorrow\": 1}'",
        "body - 'because' - 'reasons' - 'strength' - 'contacts' - 'kind' - 'p'",
    ],
)
def test_pages_of_rows_that_other_code_wrote_are_shown(
    town: Town, visitor: Visitor, body: str
) -> None:
    portal = mirror_of(town)
    two_marias(portal)
    doubtful_move(portal, contact=13)
    portal.settle()
    for table in ("source", "move", "referral", "review"):
        portal.rows(f"UPDATE {table} SET body = CAST({body} AS jsonb) RETURNING 1")

    for kind, number in (("deal", 9), ("contact", 13), ("contact", 22), ("company", 1)):
        page = visitor.get(f"/portals/{HARBOR}/{kind}/{number}")
        assert page.status_code == 200, (kind, number)
    page = visitor.get(HERE)
    assert page.status_code == 200
    assert "Did Priya Raman (Zenit) leave Acme for Zenit" in page.text
    assert visitor.get(f"/portals/{HARBOR}/").status_code == 200
