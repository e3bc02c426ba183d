"""Wins are rows that follow from what is known of customers, the same however they were concluded."""

from dataclasses import replace
from typing import Any

import pytest

from integration.portal import invalidation
from integration.portal.invalidation import Change
from integration.storage.service import erasure
from tests.contract.conclude_world import HARBOR, ORCHARD, WORDS, Clock, MirrorPortal

ACME, ZENIT, PRIYA = 1, 2, 12
LIVE = replace(
    WORDS,
    milestone_property="went_live",
    goal_date_property="goal_on",
    onboarding_date_property="set_up_on",
    ticket_rating_property="csat",
    ticket_good_ratings=("good", "5"),
)


@pytest.fixture
def portals(clock: Clock) -> tuple[MirrorPortal, MirrorPortal]:
    """Acme bought, expanded, renewed, went live, and Priya of it is a promoter; only in harbor."""
    both = MirrorPortal(clock, HARBOR), MirrorPortal(clock, ORCHARD)
    for portal in both:
        portal.install(LIVE)
        portal.company(ACME, "Acme", "acme-tools.com")
        portal.company(ZENIT, "Zenit", "zenit-labs.com")
    harbor = both[0]
    harbor.put(
        "company", ACME, name="Acme", domain="acme-tools.com", went_live=[(600, "2024-10-01")]
    )
    harbor.deal(5, ACME, created=800, won=(700, "10000.00"))
    harbor.deal(6, ACME, created=300, won=(200, "4000.00"), dealname="More seats")
    harbor.deal(7, ACME, created=100, won=(20, "10000.00"), dealtype="renewal")
    harbor.contact(PRIYA, ACME, hs_feedback_last_nps_rating_number=[(3, "10")])
    for portal in both:
        portal.imported()
    return both


def wins(portal: MirrorPortal) -> list[tuple[int, str, int | None, str]]:
    rows = portal.rows("SELECT company_id, kind, contact_id, words FROM win ORDER BY at")
    return [(row["company_id"], row["kind"], row["contact_id"], row["words"]) for row in rows]


def test_purchases_milestones_and_promoters_are_wins_of_their_own_portal(
    portals: tuple[MirrorPortal, MirrorPortal],
) -> None:
    harbor, orchard = portals
    for portal in portals:
        portal.settle()

    assert wins(harbor) == [
        (ACME, "milestone", None, "Milestone reached"),
        (ACME, "expansion", None, 'Deal "More seats" won'),
        (ACME, "renewal", None, 'Deal "deal 7" won'),
        (ACME, "promoter", PRIYA, "Answered 10 of 10"),
    ]
    assert wins(orchard) == []


def went_live(portal: MirrorPortal, *said: tuple[float, str]) -> None:
    """Say on which day Acme went live, by days before now."""
    portal.put("company", ACME, name="Acme", domain="acme-tools.com", went_live=list(said))


def test_what_is_taken_back_in_the_crm_is_no_win_any_more(
    portals: tuple[MirrorPortal, MirrorPortal],
) -> None:
    harbor, _ = portals
    harbor.settle()

    went_live(harbor, (600, "2024-10-01"), (1, ""))
    harbor.change("deal", 6, hs_is_closed_won="false", hs_is_closed="false")
    harbor.change("deal", 7, amount="-1")
    harbor.retire("contact", PRIYA)
    harbor.settle()

    assert wins(harbor) == []


def test_a_company_that_is_deleted_has_no_wins(
    portals: tuple[MirrorPortal, MirrorPortal],
) -> None:
    harbor, _ = portals
    harbor.settle()

    harbor.retire("company", ACME)
    harbor.settle()

    assert wins(harbor) == []


def test_a_person_who_is_forgotten_takes_their_wins_along(
    portals: tuple[MirrorPortal, MirrorPortal],
) -> None:
    harbor, _ = portals
    harbor.settle()

    with harbor.database.portal(HARBOR) as tx:
        erasure.contact(tx, PRIYA)

    assert {contact for _, _, contact, _ in wins(harbor)} == {None}


def test_goals_and_onboarding_are_read_from_the_accounts_own_dates(
    portals: tuple[MirrorPortal, MirrorPortal],
) -> None:
    harbor, _ = portals
    harbor.put(
        "company",
        ACME,
        name="Acme",
        domain="acme-tools.com",
        goal_on=[(9, "2026-06-20"), (2, "2026-06-28")],
        set_up_on=[(500, "2025-01-10"), (400, "")],
    )
    harbor.settle()

    named = [(kind, words) for _, kind, _, words in wins(harbor)]
    assert [one for one in named if one[0] == "goal"] == [("goal", "Goal reached")] * 2
    assert [one for one in named if one[0] == "onboarding"] == []


@pytest.mark.parametrize(
    ("changed", "is_win"),
    [
        ({}, True),
        ({"hs_ticket_priority": "URGENT", "csat": "5"}, True),
        ({"hs_ticket_priority": "MEDIUM"}, False),
        ({"hs_ticket_priority": ""}, False),
        ({"csat": "bad"}, False),
        ({"csat": ""}, False),
        ({"closed_date": ""}, False),
    ],
    ids=str,
)
def test_a_hard_ticket_that_was_solved_and_rated_well_is_a_win(
    portals: tuple[MirrorPortal, MirrorPortal], changed: dict[str, str], is_win: bool
) -> None:
    harbor, _ = portals
    said: dict[str, Any] = {
        "hs_ticket_priority": "HIGH",
        "csat": "good",
        "closed_date": "2026-06-25T09:00:00Z",
    }
    harbor.put("ticket", 71, **{**said, **changed})
    harbor.link("ticket", 71, "company", ACME, type_id=26)
    harbor.link("ticket", 71, "contact", PRIYA, type_id=16)
    harbor.settle()

    rating = {**said, **changed}["csat"]
    expected = [(ACME, "ticket", PRIYA, f'Ticket 71 solved, rated "{rating}"')] if is_win else []
    assert [win for win in wins(harbor) if win[1] == "ticket"] == expected


def test_wins_are_the_same_when_they_are_concluded_anew(
    portals: tuple[MirrorPortal, MirrorPortal],
) -> None:
    harbor, _ = portals
    harbor.settle()
    lived = harbor.kept("win")
    harbor.rows("DELETE FROM win RETURNING 1")

    with harbor.database.portal(HARBOR) as tx:
        invalidation.record(tx, Change.RECORD_CHANGED, records={("company", ACME)})
    harbor.settle()

    assert harbor.kept("win") == lived
