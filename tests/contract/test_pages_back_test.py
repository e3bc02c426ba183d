"""The back-test: a year ago, judged by what was so then, against what became of it; and its page."""

from datetime import datetime, timedelta

import pytest

from integration.conclude.fields import back_testing
from integration.portal.context import open_portal
from integration.reports import back_test_report
from integration.storage.success import back_test_rows
from mappings.records.portal_map import PortalMap
from mappings.rules.success.back_test import Share, Verdict
from tests.contract.conclude_world import HARBOR, ORCHARD, Clock, MirrorPortal
from tests.contract.record_world import Desk, desk, written_by_hand

__all__ = ["desk"]  # a fixture

PAGE = f"/portals/{HARBOR}/back-test"
MAP = PortalMap(home_currency="USD", recurring_property="arr", usage_property="seats")
POLICY = {"coverage_at": 30, "churn_factors": 1, "healthy_factors": 1}


def a_portal(clock: Clock, portal_id: int) -> MirrorPortal:
    portal = MirrorPortal(clock, portal_id)
    portal.install(MAP, POLICY)
    portal.imported()
    return portal


def sell(portal: MirrorPortal, first: int, count: int, *, seats: str, gone: int) -> None:
    """Customers who used it so much 500 days ago; *gone* of them stopped paying 100 days ago."""
    for company in range(first, first + count):
        paid = [(900, "1000"), (100, "0")] if company < first + gone else [(900, "1000")]
        portal.put("company", company, name=f"C{company}", seats=[(500, seats)], arr=paid)
        portal.deal(company, company, created=910, won=(900, "1000.00"))


@pytest.fixture
def harbor(clock: Clock) -> MirrorPortal:
    portal = a_portal(clock, HARBOR)
    sell(portal, 100, 32, seats="100", gone=1)
    sell(portal, 200, 32, seats="0", gone=20)
    portal.settle()
    return portal


def test_bands_of_a_year_ago_are_held_against_what_came(harbor: MirrorPortal, clock: Clock) -> None:
    orchard = a_portal(clock, ORCHARD)
    orchard.settle()

    found = back_test_report.of(harbor.context)

    healthy, watch, at_risk, _ = found.bands
    assert (healthy.churned, watch.churned) == (Share(1, 32), Share(20, 32))
    assert at_risk.customers == 0
    assert found.bands_told == Verdict.TOLD
    assert found.referrals_told == Verdict.DID_NOT_TELL
    assert found.customers == 64
    assert back_test_report.of(orchard.context).customers == 0


def test_what_the_night_keeps_is_what_is_worked_out_at_once(harbor: MirrorPortal) -> None:
    at_once = back_test_report.of(harbor.context)

    assert back_testing.renew(harbor.context)
    kept = back_test_report.of(harbor.context)

    assert kept == at_once
    assert not back_testing.renew(harbor.context)  # a week is not over
    harbor.clock.at += timedelta(days=8)
    assert back_testing.renew(harbor.context)


def test_nothing_that_came_later_is_known_a_year_ago(harbor: MirrorPortal) -> None:
    day = harbor.clock.at - back_testing.YEAR
    before = list(back_testing.said_on(harbor.context, day))

    harbor.put(
        "company",
        131,
        name="C131",
        seats=[(500, "100"), (200, "1")],
        arr=[(900, "1000"), (300, "0")],
    )
    harbor.settle()

    assert list(back_testing.said_on(harbor.context, day)) == before


def test_renewals_and_referrals_are_counted_by_band(harbor: MirrorPortal) -> None:
    harbor.deal(901, 105, created=100, won=(90, "10.00"), dealtype="renewal")
    harbor.deal(
        902, 106, created=100, dealtype="renewal", amount="10.00", hs_is_closed="true",
        hs_is_closed_lost="true", closedate=_day(harbor, 80),
    )  # fmt: skip
    harbor.settle()

    healthy = back_test_report.of(harbor.context).bands[0]

    assert healthy.renewed == Share(1, 2)


def _day(portal: MirrorPortal, before: float) -> str:
    day: datetime = portal.clock.at - timedelta(days=before)
    return day.isoformat()


def test_the_page_says_that_there_was_nobody_a_year_ago(desk: Desk) -> None:
    written_by_hand(desk, HARBOR)

    page = desk.get(PAGE)

    assert page.status_code == 200
    assert "No customers a year ago" in page.text


def test_the_page_shows_rates_only_where_enough_customers_were(desk: Desk) -> None:
    harbor = written_by_hand(desk, HARBOR)
    now = desk.runtime.now()
    with harbor.database.portal(HARBOR) as tx:
        said = [
            back_test_rows.SaidThen(
                company, "healthy" if company < 40 else "at_risk", 700, 50_000 * (1 + company % 3)
            )
            for company in range(1, 60)
        ]
        back_test_rows.replace(tx, now - back_testing.YEAR, said)
        tx.run(
            """INSERT INTO customer_spell (portal_id, company_id, since, until, ending)
               SELECT :portal, id, :since, CASE WHEN id % 5 = 0 THEN CAST(:until AS timestamptz) END,
                 CASE WHEN id % 5 = 0 THEN 'value_ended' END FROM generate_series(1, 59) AS id""",
            since=now - timedelta(days=800),
            until=now - timedelta(days=100),
        )

    page = desk.get(PAGE).text

    assert "7 of 39" in page
    assert "4 of 20, too few for a rate" in page
    assert "Too few customers to say whether the bands told anything" in page
    assert "Starting values" in page


def test_another_accounts_visitor_sees_nothing(desk: Desk) -> None:
    written_by_hand(desk, ORCHARD)

    assert desk.get(f"/portals/{ORCHARD}/back-test").status_code in {302, 401, 403, 404}
    with open_portal(desk.runtime, ORCHARD) as portal:
        assert back_test_report.of(portal).customers == 0
