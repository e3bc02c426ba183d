"""What customers pay over time, concluded from a mirror and kept as rows."""

from dataclasses import replace
from datetime import timedelta

import pytest

from integration.portal import invalidation
from integration.portal.invalidation import Change
from integration.storage.findings import recurring_rows
from mappings.records.portal_map import PortalMap
from tests.contract.conclude_world import HARBOR, NOW, ORCHARD, Clock, MirrorPortal, day

ACME, BOLT = 1, 2
MAP = PortalMap(
    home_currency="USD",
    recurring_property="arr",
    renewal_date_property="renews",
    term_months_property="term",
)


@pytest.fixture
def harbor(clock: Clock) -> MirrorPortal:
    portal = MirrorPortal(clock, HARBOR)
    portal.install(MAP)
    portal.imported()
    portal.put("company", ACME, name="Acme", arr=[(600, "1000"), (100, "1500.50")])
    portal.deal(5, ACME, created=800, won=(700, "10000.00"))
    portal.put("company", BOLT, name="Bolt")
    portal.deal(6, BOLT, created=500, won=(400, "2400.00"), term="24")
    portal.settle()
    return portal


def worth(portal: MirrorPortal, *days: float) -> list[dict[int, int]]:
    with portal.context.transaction() as tx:
        return [recurring_rows.values_at(tx, day(before_now)) for before_now in days]


def test_a_customers_value_is_known_as_of_any_day_and_says_how(harbor: MirrorPortal) -> None:
    assert worth(harbor, 650, 500, 0) == [{}, {ACME: 100_000}, {ACME: 150_050, BOLT: 120_000}]
    assert harbor.values("recurring_value", "source", company_id=ACME) == ["property"] * 2
    assert harbor.values("recurring_value", "source", company_id=BOLT) == ["term"]


def test_nobody_elses_values_are_seen(harbor: MirrorPortal) -> None:
    orchard = MirrorPortal(harbor.clock, ORCHARD)
    orchard.install(MAP)

    assert worth(orchard, 0) == [{}]


def test_a_property_of_months_is_worth_twelve_of_them(harbor: MirrorPortal) -> None:
    harbor.install(replace(MAP, recurring_per="month"))
    harbor.put("company", ACME, name="Acme", arr=[(600, "1000"), (100, "1500.50")])
    harbor.settle()

    assert worth(harbor, 0)[0][ACME] == 1_800_600


def test_the_name_of_a_property_says_whether_it_is_a_months() -> None:
    names = ("arr", "mrr", "hs_mrr", "monatlicher_umsatz", "annual_value", "mesa")
    per_year = [PortalMap(recurring_property=name).recurs_in_a_year for name in names]

    assert per_year == [1, 12, 12, 12, 1, 1]


def test_line_items_count_where_no_property_says_more(harbor: MirrorPortal) -> None:
    harbor.change("deal", 6, hs_arr="700.00")
    harbor.settle()

    assert worth(harbor, 0)[0][BOLT] == 70_000
    assert harbor.values("recurring_value", "source", company_id=BOLT) == ["line_items"]


def test_a_recurring_value_may_stand_on_deals(harbor: MirrorPortal) -> None:
    harbor.install(replace(MAP, recurring_property="deal_mrr", recurring_on="deal"))
    harbor.change("deal", 6, deal_mrr="10")
    harbor.change("company", BOLT, name="Bolt")
    harbor.settle()

    assert worth(harbor, 0)[0][BOLT] == 12_000
    assert harbor.values("recurring_value", "source", company_id=BOLT) == ["property"]


def test_a_deal_that_must_say_that_it_recurs_and_does_not_is_a_one_off(
    harbor: MirrorPortal,
) -> None:
    harbor.install(replace(MAP, recurring_deal_property="recurs"))
    harbor.change("deal", 6, recurs="false")
    harbor.settle()
    assert worth(harbor, 0)[0].keys() == {ACME}

    harbor.change("deal", 6, recurs="true")
    harbor.settle()
    assert worth(harbor, 0)[0].keys() == {ACME, BOLT}


def test_other_money_is_worth_what_it_was_at_the_close(harbor: MirrorPortal) -> None:
    harbor.change(
        "deal", 6, deal_currency_code="EUR", hs_exchange_rate="1.10",
        amount_in_home_currency="2640.00",
    )  # fmt: skip
    harbor.settle()

    (row,) = harbor.kept("recurring_value", company_id=BOLT)
    assert (row["year_minor"], row["currency"], row["home_minor"]) == (120_000, "EUR", 132_000)


def test_a_contract_that_was_not_renewed_is_over_when_the_grace_has_passed(
    harbor: MirrorPortal,
) -> None:
    ends = NOW + timedelta(days=332)  # 24 months after the close
    harbor.clock.at = ends + timedelta(days=10)
    a_night(harbor)
    assert "awaiting_renewal" in harbor.values("recurring_value", "tags", company_id=BOLT)[0]

    harbor.clock.at = ends + timedelta(days=40)
    a_night(harbor)
    assert worth(harbor, -330, -335)[1].keys() == {ACME}
    assert harbor.values("recurring_value", "tags", company_id=BOLT) == [[]]


def a_night(portal: MirrorPortal) -> None:
    with portal.context.transaction() as tx:
        invalidation.record(tx, Change.DAY_PASSED)
    portal.settle()


def test_a_merged_customer_counts_with_the_survivor(harbor: MirrorPortal) -> None:
    harbor.put("company", BOLT, name="Bolt", arr=[(390, "300")])
    harbor.settle()
    assert worth(harbor, 300)[0] == {ACME: 100_000, BOLT: 30_000}

    harbor.merge("company", (BOLT,), ACME)
    harbor.settle()

    assert worth(harbor, 300) == [{ACME: 130_000}]
    assert worth(harbor, -1) == [{ACME: 150_050}], "from the merge on the survivor says it all"


def test_who_was_deleted_or_lost_its_deal_pays_nothing(harbor: MirrorPortal) -> None:
    harbor.retire("company", ACME)
    harbor.retire("deal", 6)
    harbor.settle()

    assert harbor.kept("recurring_value") == []


def test_concluding_again_changes_nothing(harbor: MirrorPortal) -> None:
    before = harbor.kept("recurring_value")
    harbor.change("company", ACME, city="Ghent")
    harbor.settle()

    assert harbor.kept("recurring_value") == before
