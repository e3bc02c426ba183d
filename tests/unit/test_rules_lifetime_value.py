"""Lifetime value and acquisition cost: the book's examples, others by hand, what always holds."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.rules.policy import DEFAULT
from mappings.rules.success import lifetime_value as rules
from mappings.rules.success.lifetime_value import (
    Acquisition,
    Cost,
    CostGap,
    CostPart,
    MonthlyChurn,
    SourcedCustomer,
)

JANUARY, FEBRUARY = date(2026, 1, 1), date(2026, 2, 1)
CONFIRMED = replace(DEFAULT, gross_margin_confirmed=True)
MARGIN = Fraction(80, 100)


@pytest.mark.parametrize(
    ("churn", "horizon", "expected"),
    [("0.02", 60, 28_097_87), ("0.02", 48, 24_832_58), ("0", 60, 48_000_00), ("1", 60, 800_00)],
    ids=["the cap of 60 months", "a cap of 48", "no churn is no infinity", "all leave at once"],
)
def test_a_thousand_a_month_at_four_fifths(churn: str, horizon: int, expected: int) -> None:
    value = rules.lifetime_value(Fraction(100_000), MARGIN, Fraction(churn), horizon)

    assert value == expected


def test_without_a_cap_it_would_be_forty_thousand() -> None:
    assert rules.lifetime_value(Fraction(100_000), MARGIN, Fraction(2, 100), 5000) == 40_000_00


def test_one_who_left_in_sixty_months_is_shrunk_to_the_prior() -> None:
    churn = MonthlyChurn(Fraction(1), Fraction(60))

    assert round(float(churn.raw or 0) * 100, 2) == 1.67
    assert round(float(churn.shrunk(DEFAULT)) * 100, 2) == 1.82
    assert MonthlyChurn(Fraction(0), Fraction(0)).shrunk(DEFAULT) == Fraction(2, 100)


@given(
    month=st.integers(0, 10**9),
    churn=st.fractions(0, 1, max_denominator=1000),
    horizon=st.integers(1, 120),
)
def test_nobody_is_worth_more_than_the_horizon_nor_less_than_a_month(
    month: int, churn: Fraction, horizon: int
) -> None:
    months = rules.lifetime_months(churn, horizon)

    assert 1 <= months <= horizon
    assert rules.lifetime_value(Fraction(month), Fraction(1), churn, horizon) <= month * horizon


def test_the_margin_counts_once_an_admin_confirmed_it() -> None:
    assert rules.margin_of(DEFAULT) == 1
    assert rules.margin_of(CONFIRMED) == MARGIN


def test_each_source_has_its_part_of_a_customer() -> None:
    half = Fraction(1, 2)
    customers = [
        SourcedCustomer(
            1, {"referral": half, "first_order": half}, 1_200_000, Fraction(30), has_left=False
        ),
        SourcedCustomer(2, {"first_order": Fraction(1)}, 600_000, Fraction(20), has_left=True),
    ]

    found = rules.values(customers, CONFIRMED)

    assert found["referral"].customers == half
    assert found["referral"].year_minor == 1_200_000
    assert found["referral"].churn == MonthlyChurn(Fraction(0), Fraction(15))
    assert found["first_order"].year_minor == 800_000
    assert found["first_order"].churn == MonthlyChurn(Fraction(1), Fraction(35))
    assert found[""].customers == 2
    assert found[""].year_minor == 900_000
    assert all(value.minor for value in found.values())


def test_who_pays_nothing_that_recurs_has_no_lifetime_value() -> None:
    customers = [SourcedCustomer(1, {"referral": Fraction(1)}, 0, Fraction(0), has_left=False)]

    assert rules.values(customers, DEFAULT)["referral"].minor is None


def spent(source: str, part: CostPart, minor: int, month: date = JANUARY) -> Cost:
    return Cost(month, source, part, minor)


def by_source(found: list[Acquisition]) -> dict[str, Acquisition]:
    return {one.source: one for one in found}


def test_the_books_costs_by_source() -> None:
    customers = {
        "paid": Fraction("12.4"), "outbound": Fraction("9.1"),
        "referral": Fraction("5.5"), "moved_champion": Fraction(3),
    }  # fmt: skip
    costs = [
        spent("paid", CostPart.MARKET, 60_000_00),
        spent("outbound", CostPart.CONVERT, 90_000_00),
        spent("referral", CostPart.PROGRAM, 12_000_00),
        spent("referral", CostPart.PEOPLE, 8_000_00),
        spent("moved_champion", CostPart.PEOPLE, 9_000_00),
    ]
    worth = {"paid": 20_000, "outbound": 26_000, "referral": 30_000, "moved_champion": 34_000}

    found = by_source(rules.acquisitions(customers, costs, [JANUARY], DEFAULT))

    whole = {source: round((one.one_minor or 0) / 100) for source, one in found.items()}
    assert whole == {
        "paid": 4839, "outbound": 9890, "referral": 3636, "moved_champion": 3000, "": 5967,
    }  # fmt: skip
    ratios = {
        source: round(float(rules.ratio(minor * 100, found[source].one_minor) or 0), 1)
        for source, minor in worth.items()
    }
    assert ratios == {"paid": 4.1, "outbound": 2.6, "referral": 8.3, "moved_champion": 11.3}


def test_the_seeds_ratio_and_that_of_a_second_order_customer() -> None:
    """6 / (1 + 1) = 3.0; at 0.10 to market and 0.60 to convert 8.6."""
    customers = {"paid": Fraction(3), "referral": Fraction(3)}
    costs = [
        spent("paid", CostPart.MARKET, 300), spent("paid", CostPart.CONVERT, 300),
        spent("referral", CostPart.MARKET, 30), spent("referral", CostPart.CONVERT, 180),
    ]  # fmt: skip

    found = by_source(rules.acquisitions(customers, costs, [JANUARY], DEFAULT))

    assert rules.ratio(600, found["paid"].one_minor) == 3
    assert round(float(rules.ratio(600, found["referral"].one_minor) or 0), 1) == 8.6
    assert found["paid"].by_part == {"market": 300, "convert": 300}


def test_under_three_customers_nothing_is_told() -> None:
    costs = [spent("referral", CostPart.PROGRAM, 100)]
    customers = {"referral": Fraction("2.99")}

    found = rules.acquisitions(customers, costs, [JANUARY], DEFAULT)

    assert [one.one_minor for one in found] == [None, None]
    assert found[0].gaps == (CostGap.NOT_ENOUGH,)


def test_a_month_without_an_entry_is_missing_and_never_zero() -> None:
    costs = [
        spent("referral", CostPart.PROGRAM, 100),
        spent("referral", CostPart.REWARDS, 5, FEBRUARY),
    ]
    customers = {"referral": Fraction(5)}

    found = by_source(rules.acquisitions(customers, costs, [JANUARY, FEBRUARY], DEFAULT))

    assert found["referral"].missing == (FEBRUARY,), "rewards are no entry of somebody's"
    assert found["referral"].one_minor is None
    assert found[""].one_minor is None


def test_nothing_spent_is_told_with_a_warning() -> None:
    costs = [spent("word_of_mouth", CostPart.MARKET, 0)]

    found = rules.acquisitions({"word_of_mouth": Fraction(5)}, costs, [JANUARY], DEFAULT)

    assert found[0].gaps == (CostGap.ZERO,)
    assert found[0].one_minor == 0
    assert rules.ratio(1000, found[0].one_minor) is None


def test_shared_costs_go_by_the_share_of_new_customers() -> None:
    costs = [spent("shared", CostPart.PEOPLE, 1000)]
    customers = {"referral": Fraction(3), "first_order": Fraction(7)}

    found = by_source(rules.acquisitions(customers, costs, [JANUARY], DEFAULT))

    assert {source: one.minor for source, one in found.items()} == {
        "referral": 300, "first_order": 700, "": 1000,
    }  # fmt: skip


def test_parts_that_settings_leave_out_do_not_count() -> None:
    parts = MappingProxyType({**DEFAULT.cost_parts, "people": 0})
    costs = [spent("referral", CostPart.PEOPLE, 800), spent("referral", CostPart.PROGRAM, 300)]

    found = rules.acquisitions(
        {"referral": Fraction(3)}, costs, [JANUARY], replace(DEFAULT, cost_parts=parts)
    )

    assert found[0].one_minor == 100


@given(
    customers=st.dictionaries(
        st.sampled_from(["referral", "first_order", "moved_champion"]),
        st.fractions(0, 50, max_denominator=100),
        min_size=1,
    ),
    amounts=st.lists(
        st.tuples(st.sampled_from(["referral", "first_order", "shared"]), st.integers(0, 10**10))
    ),
)
def test_no_cost_is_lost_or_counted_twice(
    customers: dict[str, Fraction], amounts: list[tuple[str, int]]
) -> None:
    costs = [spent(source, CostPart.MARKET, minor) for source, minor in amounts]

    *each, together = rules.acquisitions(customers, costs, [JANUARY], DEFAULT)

    assert together.minor == sum(minor for _, minor in amounts)
    if sum(customers.values()):
        assert sum(one.minor for one in each) == together.minor
