"""Retention by cohort: of the customers that began in a quarter, who is still one, year by year."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
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
        if self.has_recurring_value:
            return True
        on = looked_at(self.won_on[0], year)
        since = on - timedelta(ACTIVE_DAYS)
        return any(since <= bought_on <= on for bought_on in self.won_on[1:])


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


def looked_at(first_on: date, year: int) -> date:
    """The day on which a customer that began on *first_on* is looked at for this year."""
    return first_on + timedelta(ACTIVE_DAYS + 1 + _YEAR * (year - 1))


def retention(customers: Iterable[CohortCustomer], today: date) -> Retention:
    """Follow customers from their first won deal until *today*."""
    groups: dict[tuple[Quarter, bool], list[CohortCustomer]] = defaultdict(list)
    ways: dict[bool, list[CohortCustomer]] = {True: [], False: []}
    for customer in customers:
        groups[customer.quarter, customer.came_by_customer].append(customer)
        ways[customer.came_by_customer].append(customer)
    cohorts = [
        Cohort(quarter, way, len(group), _all_lived(group, today))
        for (quarter, way), group in groups.items()
    ]
    cohorts.sort(key=lambda cohort: (cohort.quarter, cohort.came_by_customer), reverse=True)
    overall = {way: _by_year(group, today) for way, group in ways.items()}
    return Retention(tuple(cohorts), overall)


def _by_year(customers: Sequence[CohortCustomer], today: date) -> tuple[Rate, ...]:
    """The rate of each year, of those who have lived through it."""
    rates: list[Rate] = []
    while True:
        year = len(rates) + 1
        seen = [customer for customer in customers if looked_at(customer.won_on[0], year) <= today]
        if not seen:
            return tuple(rates)
        rates.append(Rate(sum(customer.is_kept(year) for customer in seen), len(seen)))


def _all_lived(cohort: Sequence[CohortCustomer], today: date) -> tuple[Rate, ...]:
    """The rates of the years that all of a cohort have lived through."""
    return tuple(rate for rate in _by_year(cohort, today) if rate.of == len(cohort))
