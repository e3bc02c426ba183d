"""Whom to ask, as concluded: a win opens the moment, a gate closes it, and both are said on records."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from integration.portal import feeds, invalidation
from integration.portal.invalidation import Change
from integration.storage.success import approach_rows, do_not_ask_rows
from mappings.records.portal_map import PortalMap
from mappings.rules.success.contact_cap import Approach, ApproachKind
from tests.contract.conclude_world import HARBOR, NOW, ORCHARD, Clock, MirrorPortal, day
from tests.contract.test_conclude_touches import happen, read_activities

ACME, ANA, BO, CY, DEAL = 1, 12, 13, 14, 5
MAP = PortalMap(home_currency="USD", milestone_property="reached", renewal_date_property="renews")


def a_customer(portal: MirrorPortal) -> MirrorPortal:
    """Acme bought long ago. Ana and Bo were on the deal; Ana met us and answered 10, Cy is a name."""
    portal.install(MAP)
    with portal.clock.database.service() as tx:
        tx.run(
            "UPDATE portal SET scopes = '{oauth,tickets}' WHERE portal_id = :id",
            id=portal.portal_id,
        )
    portal.imported()
    portal.put(
        "company",
        ACME,
        name="Acme",
        domain="acme-tools.com",
        reached=[(3, day(3).date().isoformat())],
        renews=[(600, (NOW + timedelta(300)).isoformat())],
    )
    for contact_id, first in ((ANA, "Ana"), (BO, "Bo"), (CY, "Cy")):
        email = f"{first.lower()}@acme-tools.com"
        portal.contact(contact_id, ACME, firstname=first, lastname="Berg", email=email)
    portal.change(
        "contact",
        ANA,
        hs_feedback_last_nps_rating_number="10",
        hs_feedback_last_survey_date=day(100).isoformat(),
    )
    portal.deal(DEAL, ACME, ANA, BO, created=800, won=(300, "10000.00"))
    portal.put("ticket", 70, createdate=day(200).isoformat(), closed_date=day(190).isoformat())
    portal.link("ticket", 70, "company", ACME)
    happen(portal, "meeting", 1, 10, [ANA])
    read_activities(portal)
    with portal.clock.database.portal(portal.portal_id) as tx:
        feeds.found_again(tx, portal.clock.at)
    portal.settle()
    return portal


@pytest.fixture
def acme(clock: Clock) -> MirrorPortal:
    return a_customer(MirrorPortal(clock, HARBOR))


def ask(portal: MirrorPortal, kind: str, record_id: int) -> str:
    return portal.said(kind, record_id).get("second_order_ask", "")


def because(portal: MirrorPortal, contact_id: int) -> str:
    return portal.said("contact", contact_id).get("second_order_ask_because", "")


def a_day_on(portal: MirrorPortal, days: int) -> None:
    portal.clock.at = NOW + timedelta(days)
    with portal.database.portal(portal.portal_id) as tx:
        invalidation.record(tx, Change.DAY_PASSED)
    portal.settle()


def approached(portal: MirrorPortal, contact_id: int, at: datetime, key: str = "one") -> None:
    with portal.database.portal(portal.portal_id) as tx:
        approach_rows.note(
            tx, Approach(contact_id, ApproachKind.ASK, at, key, company_id=ACME), by="user:7"
        )
        invalidation.record(tx, Change.PERSON_APPROACHED, contacts=[contact_id])
    portal.settle()


def test_a_milestone_reached_by_a_happy_customer_is_the_moment_to_ask(
    acme: MirrorPortal, orchard: MirrorPortal
) -> None:
    orchard.settle()

    assert ask(acme, "contact", ANA) == "ask_now"
    assert because(acme, ANA) == (
        "What went well: Milestone reached (27 June 2026). Known of them: they answered 10 on"
        " 22 March 2026, their company's health is healthy, they are in touch with us."
    )
    assert ask(acme, "company", ACME) == "ask_now"
    # Who was on the deal and never heard of since is known; a mere name is not.
    assert ask(acme, "contact", BO) == "ask_now"
    assert "second_order_ask" not in acme.said("contact", CY)
    assert orchard.kept("readiness") == []


def test_an_urgent_ticket_makes_everybody_wait_until_it_is_closed(acme: MirrorPortal) -> None:
    acme.put("ticket", 71, created=day(2), hs_ticket_priority="URGENT")
    acme.link("ticket", 71, "company", ACME)
    acme.settle()

    assert ask(acme, "contact", ANA) == ask(acme, "company", ACME) == "wait"
    assert because(acme, ANA) == ("Not now: a ticket of high priority is open since 28 June 2026.")

    acme.change("ticket", 71, closed_date=day(0).isoformat())
    acme.settle()
    assert ask(acme, "contact", ANA) == "ask_now"


def test_after_a_price_rise_nobody_is_asked_for_two_weeks(acme: MirrorPortal) -> None:
    acme.install(replace(MAP, recurring_property="arr"))
    pays(acme, "1050")

    assert ask(acme, "contact", ANA) == "wait"
    assert "price" in because(acme, ANA)

    # A larger rise is more that they buy.
    pays(acme, "1500")
    assert ask(acme, "contact", ANA) == "ask_now"


def pays(portal: MirrorPortal, now: str) -> None:
    """Acme paid 1,000 a year, and since the anniversary of five days ago another amount."""
    reached = [(3, day(3).date().isoformat())]
    arr = [(370, "1000"), (5, now)]
    portal.put("company", ACME, name="Acme", reached=reached, arr=arr)
    portal.settle()


def test_who_was_asked_rests_with_their_colleagues_and_it_is_said_until_when(
    acme: MirrorPortal,
) -> None:
    approached(acme, ANA, NOW)

    assert ask(acme, "contact", ANA) == ask(acme, "contact", BO) == "resting"
    assert because(acme, ANA) == (
        "Not now: they were asked on 30 June 2026. Again from 28 September 2026."
    )
    assert because(acme, BO) == (
        "Not now: somebody at their company was asked on 30 June 2026. Again from 30 July 2026."
    )
    assert ask(acme, "company", ACME) == "resting"


def test_a_win_fades_by_itself_and_its_reason_is_written_once(acme: MirrorPortal) -> None:
    acme.written()
    acme.settle()
    days: list[Sequence[str]] = []
    for number in range(1, 25):
        a_day_on(acme, number)
        days.append([ask(acme, "contact", ANA), because(acme, ANA)])

    states = [state for state, _ in days]
    assert states == sorted(states)  # ask_now, then wait, and never back
    assert states[-1] == "wait"
    assert 2 <= len({reason for _, reason in days}) <= 3
    assert days[-1][1].startswith("Nothing went well for them lately.")


def test_who_may_not_be_asked_never_is_and_may_be_again_when_that_is_taken_back(
    acme: MirrorPortal,
) -> None:
    acme.change("contact", BO, hs_email_optout="true")
    with acme.database.portal(HARBOR) as tx:
        do_not_ask_rows.note(tx, ANA, NOW, by="user:7")
        invalidation.record(tx, Change.PERSON_APPROACHED, contacts=[ANA])
    acme.settle()

    assert ask(acme, "contact", ANA) == ask(acme, "contact", BO) == "never"
    assert because(acme, ANA) == 'Not now: "do not ask" was noted on 30 June 2026.'
    assert ask(acme, "company", ACME) == "never"

    acme.change("contact", BO, hs_email_optout="")
    with acme.database.portal(HARBOR) as tx:
        do_not_ask_rows.withdraw(tx, [ANA], NOW, by="user:7")
        invalidation.record(tx, Change.PERSON_APPROACHED, contacts=[ANA])
    acme.settle()
    assert ask(acme, "contact", ANA) == ask(acme, "contact", BO) == "ask_now"


def test_a_customer_who_stopped_buying_is_asked_for_nothing(acme: MirrorPortal) -> None:
    a_day_on(acme, 99)
    assert ask(acme, "contact", ANA) == "wait"

    a_day_on(acme, 101)
    assert "second_order_ask" not in acme.said("contact", ANA)
    assert "second_order_ask" not in acme.said("company", ACME)
    assert acme.kept("readiness") == []


def test_what_was_lived_through_is_what_an_install_of_today_concludes(
    acme: MirrorPortal, clock: Clock
) -> None:
    acme.put("ticket", 71, created=day(2), hs_ticket_priority="URGENT")
    acme.link("ticket", 71, "company", ACME)
    acme.settle()
    acme.change("ticket", 71, closed_date=day(0).isoformat())
    acme.settle()
    a_day_on(acme, 1)
    a_day_on(acme, 2)
    lived = [acme.kept("readiness"), acme.said("contact", ANA), acme.said("company", ACME)]

    with acme.database.portal(HARBOR) as tx:
        tx.run("DELETE FROM readiness")
        invalidation.record(tx, Change.SETTINGS_CHANGED)
    acme.settle()
    assert [acme.kept("readiness"), acme.said("contact", ANA), acme.said("company", ACME)] == lived

    fresh = a_customer(MirrorPortal(clock, ORCHARD))
    assert [{**row, "portal_id": HARBOR} for row in fresh.kept("readiness")] == lived[0]


def test_concluding_a_page_again_writes_nothing(acme: MirrorPortal) -> None:
    before = acme.rows("SELECT xmin::text, contact_id FROM readiness ORDER BY contact_id")
    with acme.database.portal(HARBOR) as tx:
        invalidation.record(tx, Change.SETTINGS_CHANGED)
    acme.settle()

    assert acme.rows("SELECT xmin::text, contact_id FROM readiness ORDER BY contact_id") == before
