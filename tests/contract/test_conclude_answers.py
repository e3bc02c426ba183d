"""Whose answers make a company's mood: those given as its people, whoever is on the page and wherever they went."""

import pytest

from integration.portal import invalidation
from integration.portal.invalidation import Change
from integration.storage.mirror import inbound_items, survey_answers
from tests.contract.conclude_world import HARBOR, ORCHARD, Clock, MirrorPortal, day

ACME, ZENIT, PRIYA = 1, 2, 12


@pytest.fixture
def portals(clock: Clock) -> tuple[MirrorPortal, MirrorPortal]:
    """Priya answered as one of Acme's people, and is with Zenit now, by no move; only in harbor. Both firms bought."""
    both = MirrorPortal(clock, HARBOR), MirrorPortal(clock, ORCHARD)
    for portal in both:
        portal.install()
        portal.company(ACME, "Acme", "acme-tools.com")
        portal.company(ZENIT, "Zenit", "zenit-labs.com")
        for number, company in ((5, ACME), (6, ZENIT)):
            portal.deal(number, company, created=800, won=(700, "10000.00"))
    harbor = both[0]
    harbor.put(
        "contact",
        PRIYA,
        firstname="Priya",
        associatedcompanyid=[(900, str(ACME)), (60, "")],
        hs_feedback_last_nps_rating_number=[(100, "2")],
    )
    harbor.link("contact", PRIYA, "company", ZENIT, type_id=279)
    for portal in both:
        portal.imported()
    return both


def counted(portal: MirrorPortal, company: int) -> str:
    return portal.said("company", company).get("second_order_nps_answers", "")


def mood(portal: MirrorPortal, company: int) -> int:
    """What its answers add to or take from a company's health, in tenths."""
    (row,) = portal.rows(f"SELECT reasons FROM conclusion WHERE record_id = {company}")
    (told,) = [reason["health"] for reason in row["reasons"]["reasons"] if "health" in reason]
    parts = {part["name"]: part["tenths"] for part in told["health"]["contributions"]}
    return int(parts["sentiment"])


@pytest.mark.parametrize("limit", [1, None], ids=["one by one", "on one page"])
def test_an_answer_stays_with_the_company_of_its_day_whoever_is_on_the_page(
    portals: tuple[MirrorPortal, MirrorPortal], limit: int | None
) -> None:
    """It was found only when the next employer happened to be summed up on the same page."""
    harbor, orchard = portals
    for portal in portals:
        portal.settle(limit=limit)

    assert (counted(harbor, ACME), counted(harbor, ZENIT)) == ("1", "")
    assert (counted(orchard, ACME), counted(orchard, ZENIT)) == ("", "")


def test_who_changes_an_old_answer_changes_the_company_it_was_given_for(
    portals: tuple[MirrorPortal, MirrorPortal],
) -> None:
    harbor, _ = portals
    harbor.settle()
    before = mood(harbor, ACME)

    harbor.put(
        "contact",
        PRIYA,
        firstname="Priya",
        associatedcompanyid=[(900, str(ACME)), (60, "")],
        hs_feedback_last_nps_rating_number=[(100, "10")],
    )
    harbor.settle()

    assert (before, mood(harbor, ACME)) == (-250, 250)
    assert_nothing_to_heal(harbor)


def test_a_person_who_is_deleted_takes_the_answer_from_the_company_they_had_left(
    portals: tuple[MirrorPortal, MirrorPortal],
) -> None:
    harbor, _ = portals
    harbor.settle()
    assert counted(harbor, ACME) == "1"

    harbor.retire("contact", PRIYA)
    harbor.settle()

    assert counted(harbor, ACME) == ""
    assert_nothing_to_heal(harbor)


def test_an_answer_follows_its_company_into_a_merge(
    portals: tuple[MirrorPortal, MirrorPortal],
) -> None:
    harbor, orchard = portals
    for portal in portals:
        portal.company(3, "Acme Holding", "acme-holding.com")
        portal.deal(7, 3, created=800, won=(700, "10000.00"))
        portal.settle()
        portal.merge("company", (ACME,), 3)
        portal.settle(limit=1)

    assert (counted(harbor, 3), counted(orchard, 3)) == ("1", "")
    assert_nothing_to_heal(harbor)


def test_a_survey_that_was_linked_to_a_company_counts_there(
    portals: tuple[MirrorPortal, MirrorPortal],
) -> None:
    harbor, orchard = portals
    harbor.settle()
    for portal in portals:
        portal.put(
            "feedback_submission",
            70,
            hs_survey_type="NPS",
            hs_value=9,
            hs_submission_timestamp=day(20).isoformat(),
        )
        portal.link("feedback_submission", 70, "company", ACME)
    harbor.contact(13, ZENIT, firstname="Bo", email="bo@zenit-labs.com")
    harbor.link("feedback_submission", 70, "contact", 13)
    for portal in portals:
        portal.settle(limit=1)

    assert (counted(harbor, ACME), counted(orchard, ACME)) == ("2", "")
    assert_nothing_to_heal(harbor)


def keep(portal: MirrorPortal, contact: int, *, days: float, score: int) -> None:
    """As a survey tool's answer comes in."""
    said = {
        "contact_id": contact,
        "key": f"{contact}:{days}",
        "email": None,
        "score": score,
        "comment": "",
    }
    with portal.clock.database.portal(portal.portal_id) as tx:
        inbound_items.keep_answer(tx, "delighted", {**said, "at": day(days).isoformat()})
        invalidation.record(tx, Change.RECORD_CHANGED, records={("contact", contact)})


def test_an_answer_from_another_tool_belongs_to_the_employer_of_its_day(
    portals: tuple[MirrorPortal, MirrorPortal],
) -> None:
    """It went with the person to the next employer."""
    harbor, orchard = portals
    harbor.put(
        "contact", 13, firstname="Bo", associatedcompanyid=[(900, str(ACME)), (60, str(ZENIT))]
    )
    harbor.link("contact", 13, "company", ZENIT, type_id=1)
    keep(harbor, 13, days=90, score=9)
    for portal in portals:
        portal.settle()

    assert (counted(harbor, ACME), counted(harbor, ZENIT)) == ("2", "")
    assert (counted(orchard, ACME), counted(orchard, ZENIT)) == ("", "")
    assert_nothing_to_heal(harbor)


def test_an_answer_from_another_tool_is_not_lost_in_a_merge(
    portals: tuple[MirrorPortal, MirrorPortal],
) -> None:
    """It stayed with the record that is gone."""
    harbor, orchard = portals
    for number in (13, 14):
        harbor.contact(
            number, ZENIT, firstname="Bo", lastname="Berg", email=f"bo{number}@zenit-labs.com"
        )
    keep(harbor, 13, days=20, score=9)
    for portal in portals:
        portal.settle()
    assert harbor.said("contact", 13)["second_order_nps"] == "9"

    harbor.merge("contact", (13,), 14)
    harbor.settle()

    assert harbor.said("contact", 14)["second_order_nps"] == "9"
    assert (counted(harbor, ZENIT), counted(orchard, ZENIT)) == ("1", "")
    assert_nothing_to_heal(harbor)


def test_who_may_have_answered_for_whom_is_the_same_question_either_way(
    portals: tuple[MirrorPortal, MirrorPortal],
) -> None:
    harbor, orchard = portals
    for portal in portals:
        portal.settle()
    with harbor.clock.database.portal(HARBOR) as tx:
        assert survey_answers.givers(tx, [ACME, ZENIT]) == {(PRIYA, ACME), (PRIYA, ZENIT)}
        assert survey_answers.companies_of(tx, [PRIYA]) == {ACME, ZENIT}
    with orchard.clock.database.portal(ORCHARD) as tx:
        assert survey_answers.givers(tx, [ACME, ZENIT]) == set()
        assert survey_answers.companies_of(tx, [PRIYA]) == set()


def assert_nothing_to_heal(portal: MirrorPortal) -> None:
    """Concluding everything anew, on whole pages, says what was said."""
    query = "SELECT object_type, record_id, desired - 'second_order_updated_at' AS said FROM conclusion ORDER BY 1, 2"
    before = portal.rows(query)
    with portal.clock.database.portal(portal.portal_id) as tx:
        invalidation.record(tx, Change.SETTINGS_CHANGED)
    portal.settle()
    assert portal.rows(query) == before
