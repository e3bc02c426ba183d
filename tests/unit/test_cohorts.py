"""Customers by the quarter in which they began: who is still one, year by year."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mappings.rules.ledger.cohorts import CohortCustomer, retention
from mappings.rules.ledger.comparison import Rate

START = date(2023, 2, 10)
TODAY = date(2026, 1, 1)


def a_customer(number: int = 1, *later: int, by: bool = True, **more: object) -> CohortCustomer:
    """A customer that bought again so many days after its first deal."""
    days = tuple(START + timedelta(days) for days in (0, *later))
    return CohortCustomer(number, by, days, **more)  # type: ignore[arg-type]


def test_a_deal_in_the_400_days_before_keeps_a_customer() -> None:
    assert not a_customer().is_kept(1)  # its first deal alone is 401 days old
    assert a_customer(1, 1).is_kept(1)
    assert a_customer(1, 401).is_kept(1)
    assert not a_customer(1, 402).is_kept(1)
    assert a_customer(1, 402).is_kept(2)
    assert not a_customer(1, 365).is_kept(2)


def test_who_pays_regularly_today_never_left() -> None:
    paying = a_customer(has_recurring_value=True)

    assert paying.is_kept(1)
    assert paying.is_kept(3)


def test_customers_are_counted_by_quarter_and_by_how_they_came() -> None:
    customers = [a_customer(1, 300), a_customer(2), a_customer(3, 300, 700, by=False)]

    found = retention(customers, TODAY)

    without, with_customer = sorted(found.cohorts, key=lambda cohort: cohort.came_by_customer)
    assert with_customer.quarter == without.quarter == date(2023, 1, 1)
    assert with_customer.customers == 2
    assert with_customer.kept == (Rate(1, 2), Rate(0, 2))
    assert without.kept == (Rate(1, 1), Rate(1, 1))
    assert found.overall == {True: (Rate(1, 2), Rate(0, 2)), False: (Rate(1, 1), Rate(1, 1))}


def test_a_year_that_some_have_not_lived_through_is_told_of_the_others_only() -> None:
    old = a_customer(1, 300)
    young = CohortCustomer(2, came_by_customer=True, won_on=(TODAY - timedelta(days=401),))
    younger = CohortCustomer(3, came_by_customer=True, won_on=(TODAY - timedelta(days=400),))

    found = retention([old, young, younger], TODAY)

    assert found.overall[True] == (Rate(1, 2), Rate(0, 1))
    newest = found.cohorts[0]
    assert (newest.customers, newest.kept) == (2, ())


def test_fewer_than_thirty_customers_of_a_kind_are_not_compared() -> None:
    thirty = [a_customer(number) for number in range(30)]
    others = [a_customer(100 + number, by=False) for number in range(30)]

    assert retention([*thirty, *others], TODAY).is_comparable
    assert not retention([*thirty, *others[1:]], TODAY).is_comparable
    assert not retention([], TODAY).is_comparable


@given(days=st.lists(st.integers(0, 2200), max_size=6), lived=st.integers(0, 6))
def test_years_are_kept_by_what_was_bought_in_the_400_days_before_each(
    days: list[int], lived: int
) -> None:
    customer = a_customer(1, *sorted(days))

    kept = customer.kept_years(lived)

    looked_at = {year: 401 + 365 * (year - 1) for year in range(1, lived + 1)}
    assert kept == {
        year
        for year, day in looked_at.items()
        if any(day - 400 <= bought <= day for bought in days)
    }
