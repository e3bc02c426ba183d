"""Deals with a customer behind them beside the others: intervals, alike deals, and warnings."""

import random
import statistics
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.rules.ledger.comparison import (
    ComparedDeal,
    Rate,
    SelectionWarning,
    compare,
    matched,
    median,
)

START = date(2025, 1, 6)


def a_deal(number: int, *, has_customer: bool = True, **more: object) -> ComparedDeal:
    """A deal that was won in 40 days, for 1,000.00, unless told otherwise."""
    facts: dict[str, object] = {
        "is_won": True,
        "created_on": START,
        "closed_on": START + timedelta(days=40),
        "minor": 1_000_00,
        "pipeline": "sales",
    }
    return ComparedDeal(number, has_customer, **{**facts, **more})  # type: ignore[arg-type]


def both_sides(each: int, **more: object) -> list[ComparedDeal]:
    """So many deals on each side."""
    return [a_deal(number, has_customer=number % 2 == 0, **more) for number in range(2 * each)]


@pytest.mark.parametrize(
    ("part", "of", "low", "high"),
    [
        pytest.param(8, 10, 0.4902, 0.9433, id="eight of ten"),
        pytest.param(0, 20, 0.0, 0.1611, id="none of twenty"),
        pytest.param(20, 20, 0.8389, 1.0, id="all of twenty"),
        pytest.param(81, 263, 0.2553, 0.3662, id="the example of Newcombe 1998"),
    ],
)
def test_a_rate_has_the_interval_of_published_tables(
    part: int, of: int, low: float, high: float
) -> None:
    assert Rate(part, of).interval == pytest.approx((low, high), abs=5e-5)


def test_a_rate_of_nothing_is_unknown_and_could_be_anything() -> None:
    assert Rate(0, 0).value is None
    assert Rate(0, 0).interval == (0.0, 1.0)


@given(of=st.integers(1, 10_000), data=st.data())
def test_an_interval_holds_its_rate(of: int, data: st.DataObject) -> None:
    rate = Rate(data.draw(st.integers(0, of)), of)

    low, high = rate.interval

    assert 0 <= low <= (rate.value or 0) <= high <= 1


@pytest.mark.parametrize("count", [31, 32, 200])
def test_the_interval_of_a_median_is_that_of_samples_drawn_one_by_one(count: int) -> None:
    source = random.Random(count)
    values = [source.lognormvariate(3, 1) for _ in range(count)]
    samples = [statistics.median(source.choices(values, k=count)) for _ in range(20_000)]
    low, *_, high = statistics.quantiles(samples, n=40)

    found = median(values)

    assert found.value == statistics.median(values)
    # Both are drawn by lot: they may differ by a neighbour among the ordered values.
    ordered = sorted(values)
    for drawn, expected in ((found.low, low), (found.high, high)):
        assert abs(_place(ordered, drawn) - _place(ordered, expected)) <= max(1, count // 50)


def _place(ordered: list[float], value: float | None) -> int:
    assert value is not None
    return sum(other < value for other in ordered)


def test_a_median_is_the_same_each_time_and_of_one_value_certain() -> None:
    assert median([3, 1, 2, 8]) == median([8, 2, 1, 3])
    assert (median([7]).low, median([7]).value, median([7]).high) == (7, 7, 7)
    assert median([]).value is None


def test_each_side_counts_its_own_deals() -> None:
    lost_on = START + timedelta(days=9)
    lost = [a_deal(100 + number, is_won=False, closed_on=lost_on) for number in range(10)]
    deals = [*both_sides(40), *lost]

    found = compare(deals)

    assert (found.with_customer.win_rate.part, found.with_customer.win_rate.of) == (40, 50)
    assert found.without.win_rate.value == 1
    assert found.with_customer.days_to_close.value == 40
    assert found.with_customer.size.count == 40
    assert found.is_comparable


def test_fewer_than_thirty_deals_on_a_side_are_not_compared() -> None:
    assert compare(both_sides(30)).warnings == ()
    assert compare(both_sides(29)).warnings == (SelectionWarning.TOO_FEW,)
    assert compare([]).warnings == (SelectionWarning.TOO_FEW,)


def test_sides_of_another_mean_size_are_not_compared() -> None:
    small = [a_deal(number, has_customer=False) for number in range(40)]
    large = [a_deal(100 + number, minor=1_260_00) for number in range(40)]
    alike = [a_deal(100 + number, minor=1_240_00) for number in range(40)]

    assert compare([*small, *large]).warnings == (SelectionWarning.OTHER_SIZE,)
    assert compare([*small, *alike]).warnings == ()


def test_matching_takes_as_many_alike_deals_from_either_side() -> None:
    with_customer = [a_deal(number) for number in range(50)]
    without = [a_deal(100 + number, has_customer=False) for number in range(35)]
    of_other_quarter = [
        a_deal(200 + number, has_customer=False, created_on=START + timedelta(days=90))
        for number in range(20)
    ]
    of_other_pipeline = [a_deal(300, has_customer=False, pipeline="partners")]
    of_other_size = [a_deal(301, has_customer=False, minor=9_000_00)]

    chosen = matched(
        [*with_customer, *without, *of_other_quarter, *of_other_pipeline, *of_other_size]
    )

    assert sum(deal.has_customer for deal in chosen) == 35
    assert {deal.deal_id for deal in chosen if not deal.has_customer} == set(range(100, 135))


def test_matching_draws_the_same_deals_in_whatever_order_they_come() -> None:
    deals = [*both_sides(50), *(a_deal(200 + number) for number in range(50))]

    assert matched(deals) == matched(deals[::-1])
    assert len(matched(deals)) == 100


def test_a_close_that_was_entered_before_the_creation_took_no_days() -> None:
    deals = both_sides(30, closed_on=START - timedelta(days=3))

    assert compare(deals).without.days_to_close.value == 0


def test_refunds_and_deals_without_an_amount_have_no_size() -> None:
    deals = [*both_sides(30), a_deal(900, minor=None), a_deal(902, minor=0), a_deal(904, minor=-5)]

    assert compare(deals).with_customer.size.count == 30
    assert compare(deals).with_customer.deals == 33
