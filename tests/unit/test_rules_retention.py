"""NRR, GRR and earned growth: the book's examples, others by hand, and what always holds."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.rules.success import kept_revenue as rules
from mappings.rules.success.kept_revenue import CohortMember, NewCustomer
from mappings.rules.success.recurring_value import ValueSource, ValueSpan, ValueTag

START = datetime(2025, 1, 1, tzinfo=UTC)
END = datetime(2026, 1, 1, tzinfo=UTC)


def at(month: int, year: int = 2025) -> datetime:
    return datetime(year, month, 1, tzinfo=UTC)


def span(
    minor: int,
    since: datetime = START,
    until: datetime | None = None,
    *,
    currency: str = "EUR",
    home: int | None = None,
    tags: tuple[ValueTag, ...] = (),
) -> ValueSpan:
    worth = minor if home is None else home
    return ValueSpan("x", since, until, minor, currency, worth, ValueSource.TERM, tags)


def members(*pairs: tuple[int, int]) -> list[CohortMember]:
    return [CohortMember(number, start, end) for number, (start, end) in enumerate(pairs)]


def figures(*pairs: tuple[int, int]) -> tuple[float, float]:
    found = rules.retention(members(*pairs))
    assert found.net.value is not None
    assert found.gross.value is not None
    return round(float(found.net.value) * 100, 1), round(float(found.gross.value) * 100, 1)


def test_the_books_cohort_of_three() -> None:
    """A 10 to 12, B 20 to 15, C 8 to 0; D came later and does not count."""
    assert figures((10, 12), (20, 15), (8, 0), (0, 9)) == (71.1, 65.8)


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([(10, 10)], (100.0, 100.0)),
        ([(10, 30)], (300.0, 100.0)),
        ([(10, 0)], (0.0, 0.0)),
        ([(100, 110), (100, 90)], (100.0, 95.0)),
        ([(1, 2), (999, 999)], (100.1, 100.0)),
    ],
    ids=["nothing changed", "one tripled", "one left", "as much more as less", "a small one"],
)
def test_other_cohorts(pairs: list[tuple[int, int]], expected: tuple[float, float]) -> None:
    assert figures(*pairs) == expected


def test_without_anybody_at_the_start_there_is_no_figure() -> None:
    found = rules.retention(members((0, 9)))

    assert (found.net.value, found.gross.value, found.companies) == (None, None, 0)


def test_a_company_that_came_back_counts_by_its_end_and_is_named() -> None:
    spans = [span(10, until=at(3)), span(12, at(6))]

    found = rules.member(1, spans, START, END)

    assert found == CohortMember(1, 10, 12, came_back=True, sources=frozenset({"term"}))
    assert rules.retention([found]).came_back == (1,)


def test_a_pause_is_nothing_paid_and_no_return() -> None:
    paused = span(0, at(3), tags=(ValueTag.PAUSED,))
    back = [span(10, until=at(3)), span(0, at(3), at(6), tags=(ValueTag.PAUSED,)), span(10, at(6))]

    still = rules.member(1, [span(10, until=at(3)), paused], START, END)
    again = rules.member(1, back, START, END)

    assert still is not None
    assert (still.end_minor, still.is_paused) == (0, True)
    assert again is not None
    assert not again.came_back


def test_an_escalator_is_expansion_and_is_told_apart() -> None:
    spans = [span(10, until=at(6)), span(11, at(6), tags=(ValueTag.ESCALATOR,))]
    grown = rules.member(1, spans, START, END)
    assert grown is not None

    found = rules.retention([grown, CohortMember(2, 10, 15)])

    assert (found.expansion_minor, found.escalator_minor) == (6, 1)


def test_other_money_counts_at_the_rate_of_the_start() -> None:
    """1,000 euros at 1.10, then 1,000 at 1.20: nothing grew."""
    first = span(1000, until=at(6), home=1100)
    same = span(1000, at(6), home=1200)
    new_currency = span(500, at(6), currency="CHF", home=510)

    assert rules.member(1, [first, same], START, END) == CohortMember(
        1, 1100, 1100, sources=frozenset({"term"})
    )
    found = rules.member(1, [first, same, new_currency], START, END)
    assert found is not None
    assert found.end_minor == 1100 + 510, "a currency without a start has its own rate"


def test_two_customers_that_became_one_are_added_up() -> None:
    merged = [
        span(10, until=at(6), tags=(ValueTag.MERGED,)),
        span(20, until=at(6)),
        span(33, at(6)),
    ]

    found = rules.member(1, merged, START, END)

    assert found is not None
    assert (found.start_minor, found.end_minor) == (30, 33)


PAIRS = st.lists(st.tuples(st.integers(1, 10**12), st.integers(0, 10**12)), min_size=1)


@given(pairs=PAIRS)
def test_gross_never_passes_all_nor_net_and_the_parts_add_up(pairs: list[tuple[int, int]]) -> None:
    found = rules.retention(members(*pairs))

    assert found.net.value is not None
    assert found.gross.value is not None
    assert 0 <= found.gross.value <= min(Fraction(1), found.net.value)
    parts = found.expansion_minor - found.contraction_minor - found.lost_minor
    assert found.start_minor + parts == found.end_minor


@given(pairs=PAIRS, more=st.integers(1, 10**9))
def test_new_customers_never_change_a_closed_cohort(
    pairs: list[tuple[int, int]], more: int
) -> None:
    assert rules.retention(members(*pairs)) == rules.retention(members(*pairs, (0, more)))


def test_an_interval_holds_the_figure_and_is_the_same_each_time() -> None:
    pairs = [(100 + n, 90 + 2 * n) for n in range(40)]
    found = rules.retention(members(*pairs))

    assert found.net.interval is not None
    low, high = found.net.interval
    assert low < float(found.net.value or 0) < high
    assert rules.retention(reversed(members(*pairs))) == found
    assert rules.retention(members(*pairs[:9])).net.interval is None, "nine say nothing of chance"


def test_an_interval_of_lots_is_as_wide_as_one_of_companies() -> None:
    """By the delta method the error of NRR is sqrt(sum (end - nrr start)^2) / sum start."""
    pairs = [(100 + n % 37, (90 + n % 53) * (n % 5 > 0)) for n in range(5000)]
    found = rules.retention(members(*pairs))
    assert found.net.interval is not None
    nrr = float(found.net.value or 0)
    error = sum((end - nrr * start) ** 2 for start, end in pairs) ** 0.5 / found.start_minor

    low, high = found.net.interval

    assert (high - low) / (2 * 1.96 * error) == pytest.approx(1, abs=0.1)


def test_earned_growth_of_the_book() -> None:
    """Previous 500,000, NRR 95%; four new deals with their derived shares."""
    new = [
        NewCustomer(1, 40_000, Fraction(9603, 10_000)),
        NewCustomer(2, 30_000, Fraction(0)),
        NewCustomer(3, 50_000, Fraction(45, 100)),
        NewCustomer(4, 20_000, Fraction(60, 100)),
    ]

    found = rules.earned_growth(500_000, Fraction(95, 100), new)

    assert found is not None
    percents = [round(float(part) * 100, 2) for part in (found.earned_new, found.bought_new)]
    assert percents == [14.58, 13.42]
    assert round(float(found.rate) * 100, 2) == 9.58
    assert round(float(found.total) * 100, 1) == 23.0
    assert round(float(found.ratio or 0) * 100, 1) == 41.7


def test_earned_growth_of_bains_book() -> None:
    """85% kept and 25% earned: 10%."""
    found = rules.earned_growth(100, Fraction(85, 100), [NewCustomer(1, 25, Fraction(1))])

    assert found is not None
    assert found.rate == Fraction(10, 100)


def test_without_revenue_before_there_is_no_growth_rate() -> None:
    assert rules.earned_growth(0, Fraction(0), [NewCustomer(1, 25, Fraction(1))]) is None


@given(
    previous=st.integers(1, 10**12),
    new=st.lists(st.tuples(st.integers(0, 10**12), st.integers(0, 100))),
)
def test_growth_is_earned_or_bought(previous: int, new: list[tuple[int, int]]) -> None:
    customers = [NewCustomer(n, minor, Fraction(s, 100)) for n, (minor, s) in enumerate(new)]

    found = rules.earned_growth(previous, Fraction(1), customers)

    assert found is not None
    assert found.total == Fraction(sum(minor for minor, _ in new), previous)


def test_time_as_a_customer_is_counted_once_and_ends_with_leaving() -> None:
    overlapping = [span(10, until=at(7)), span(5, at(4), at(10))]

    left = rules.exposure(1, overlapping, START, END)
    stays = rules.exposure(1, [span(10)], START, END)

    assert left is not None
    assert left.has_left
    assert round(float(left.months), 2) == 8.97, "273 days"
    assert stays is not None
    assert not stays.has_left
    assert round(float(stays.months), 2) == 11.99
    assert rules.exposure(1, [span(10, END)], START, END) is None


def test_a_pause_counts_no_time_and_is_no_leaving() -> None:
    paused = [span(10, until=at(7)), span(0, at(7), tags=(ValueTag.PAUSED,))]

    found = rules.exposure(1, paused, START, END)

    assert found is not None
    assert not found.has_left
    assert found.months < 6


@given(
    days=st.lists(st.tuples(st.integers(-400, 800), st.integers(1, 400)), min_size=1, max_size=6)
)
def test_nobody_is_a_customer_for_longer_than_the_window(days: list[tuple[int, int]]) -> None:
    spans = [
        span(1, START + timedelta(days=first), START + timedelta(days=first + length))
        for first, length in days
    ]

    found = rules.exposure(1, spans, START, END)

    assert found is None or 0 < found.months <= Fraction(365 * 1200, 36525)
