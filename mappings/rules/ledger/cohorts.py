"""Retention by cohort: of the customers that began in a quarter, who is still one, year by year."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from mappings.rules.ledger.comparison import FEWEST, Rate

ACTIVE_DAYS: Final = 400
"""A customer whose last won deal is older counts as gone, unless its recurring value says other."""
_YEAR: Final = 365

Quarter = date
"""A quarter, by its first day."""


@dataclass(frozen=True, slots=True)
class CohortCustomer:
    """A customer by the days of its won deals, the earliest first; there is at least one.

    `came_by_customer`: its first won deal had a customer behind it. `has_recurring_value`: what it
    pays regularly is above zero today, so that it never left.
    """

    company_id: int
    came_by_customer: bool
    won_on: tuple[date, ...]
    has_recurring_value: bool = False

    @property
    def quarter(self) -> Quarter:
        """The quarter in which it became a customer."""
        first = self.won_on[0]
        return date(first.year, first.month - (first.month - 1) % 3, 1)

    def is_kept(self, year: int) -> bool:
        """Whether it was an active customer *year* years after its first deal.

        Looked at on the day after the first deal's 400 days, and each year after that: what it
        bought in the 400 days before keeps it.
        """
        return year in self.kept_years(year)

    def kept_years(self, lived: int) -> set[int]:
        """The years of the first *lived* ones in which it was an active customer."""
        if self.has_recurring_value:
            return set(range(1, lived + 1))
        kept: set[int] = set()
        first = self.won_on[0]
        for bought_on in self.won_on[1:]:
            # Year y is looked at after 401 + 365 (y - 1) days, and sees the 400 days before.
            days = (bought_on - first).days
            earliest = max(-((ACTIVE_DAYS + 1 - days) // _YEAR) + 1, 1)
            kept.update(range(earliest, min((days - 1) // _YEAR + 1, lived) + 1))
        return kept

    def lived_years(self, today: date) -> int:
        """How many times it has been looked at until *today*."""
        return max(((today - self.won_on[0]).days - ACTIVE_DAYS - 1) // _YEAR + 1, 0)


@dataclass(frozen=True, slots=True)
class Cohort:
    """Customers that began in one quarter, in one way: how many, and what share is kept by year.

    `kept` holds a rate for each year that all of them have lived through; years begin at 1.
    """

    quarter: Quarter
    came_by_customer: bool
    customers: int
    kept: tuple[Rate, ...]


@dataclass(frozen=True, slots=True)
class Retention:
    """All cohorts, the newest first, and for each way all of them together.

    `overall` has, by year, everybody who has been looked at so late; `is_comparable` says whether
    both ways have 30 such customers in the first year.
    """

    cohorts: tuple[Cohort, ...]
    overall: Mapping[bool, tuple[Rate, ...]]

    @property
    def is_comparable(self) -> bool:
        """Whether the two ways may be held against each other."""
        first_years = [rates[0].of if rates else 0 for rates in self.overall.values()]
        return min(first_years, default=0) >= FEWEST


def retention(customers: Iterable[CohortCustomer], today: date) -> Retention:
    """Follow customers from their first won deal until *today*."""
    groups: dict[tuple[Quarter, bool], _Tally] = defaultdict(_Tally)
    ways = {True: _Tally(), False: _Tally()}
    for customer in customers:
        lived = customer.lived_years(today)
        kept = customer.kept_years(lived)
        groups[customer.quarter, customer.came_by_customer].add(lived, kept)
        ways[customer.came_by_customer].add(lived, kept)
    cohorts = [
        Cohort(quarter, way, tally.customers, tally.rates_of_all())
        for (quarter, way), tally in groups.items()
    ]
    cohorts.sort(key=lambda cohort: (cohort.quarter, cohort.came_by_customer), reverse=True)
    return Retention(tuple(cohorts), {way: tally.rates() for way, tally in ways.items()})


class _Tally:
    """Customers of one kind, counted by the years they lived through and were kept in."""

    def __init__(self) -> None:
        self.customers = 0
        self.lived: Counter[int] = Counter()
        self.kept: Counter[int] = Counter()

    def add(self, lived: int, kept: Iterable[int]) -> None:
        """Count one more."""
        self.customers += 1
        self.lived[lived] += 1
        self.kept.update(kept)

    def rates(self) -> tuple[Rate, ...]:
        """The rate of each year, of those who have lived through it."""
        rates = []
        seen = self.customers - self.lived[0]
        for year in range(1, max(self.lived, default=0) + 1):
            rates.append(Rate(self.kept[year], seen))
            seen -= self.lived[year]
        return tuple(rates)

    def rates_of_all(self) -> tuple[Rate, ...]:
        """The rates of the years that all have lived through."""
        return tuple(rate for rate in self.rates() if rate.of == self.customers)
