"""Customers as the board's numbers take them: what they paid over a year, and how they came."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Final

from integration.storage.success.board_rows import FirstPurchase
from mappings.rules.findings import SHARE_ONE
from mappings.rules.ledger.derived_measures import HALF, KeptCustomer
from mappings.rules.ledger.periods import Calendar
from mappings.rules.ledger.report_period import Period
from mappings.rules.success import kept_revenue
from mappings.rules.success.kept_revenue import CohortMember, NewCustomer
from mappings.rules.success.lifetime_value import EVERYTHING_ELSE, SourcedCustomer
from mappings.rules.success.recurring_value import ValueSpan, ValueTag, value_at

Spans = Mapping[int, Sequence[ValueSpan]]
"""What companies pay over time, by company."""
Shares = Mapping[str, Fraction]
"""The parts that kinds of sources have in a customer; they add up to 1."""
EVER: Final = timedelta(days=365 * 20)
"""Longer than any CRM knows of."""
_NOBODY: Final[Shares] = {EVERYTHING_ELSE: Fraction(1)}
A_MOMENT: Final = timedelta(microseconds=1)
"""What lies between a time and the last moment before it."""


@dataclass(frozen=True, slots=True)
class Times:
    """The moments that figures are of: the period, and the year up to its end."""

    since: datetime
    end: datetime
    year_start: datetime


def times_of(period: Period, calendar: Calendar, now: datetime) -> Times:
    """The moments of a period; of one that still runs what has passed of it."""
    since, until = period.bounds(calendar)
    end = min(until or now, now)
    year_start = calendar.start_of_day(_a_year_before(calendar.day_of(end)))
    return Times(min(since, end) if since else end - EVER, end, year_start)


def _a_year_before(day: date) -> date:
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if is_leap_day else day.day)


def by_source(all_shares: Iterable[Shares]) -> dict[str, Fraction]:
    """Fractional customers by source."""
    found: dict[str, Fraction] = {}
    for shares in all_shares:
        for kind, share in shares.items():
            found[kind] = found.get(kind, Fraction(0)) + share
    return found


@dataclass(frozen=True, slots=True)
class Customers:
    """All customers: what they pay over the year, and their first purchases with who led to them.

    Some pay without a won deal: nobody is known to have led to them.
    """

    spans: Spans
    purchases: Mapping[int, FirstPurchase]
    shares: Mapping[int, Shares]
    times: Times

    @classmethod
    def of(cls, spans: Spans, purchases: Iterable[FirstPurchase], times: Times) -> "Customers":
        """Customers by company."""
        by_company = {purchase.company_id: purchase for purchase in purchases}
        shares = {company_id: _shares(purchase) for company_id, purchase in by_company.items()}
        return cls(spans, by_company, shares, times)

    def derived(self, company_id: int) -> Fraction:
        """The part of a customer that customers led to."""
        return 1 - self.shares.get(company_id, _NOBODY).get(EVERYTHING_ELSE, Fraction(0))

    def new(self) -> Iterator[FirstPurchase]:
        """Customers that first bought within the period."""
        return self._bought(self.times.since)

    def new_in_year(self) -> Iterator[FirstPurchase]:
        """Customers that first bought within the year."""
        return self._bought(self.times.year_start)

    def _bought(self, since: datetime) -> Iterator[FirstPurchase]:
        for purchase in self.purchases.values():
            if since <= purchase.won_at < self.times.end:
                yield purchase

    def members(self) -> Iterator[CohortMember]:
        """The companies that paid something at the year's start."""
        for company_id, spans in self.spans.items():
            found = kept_revenue.member(company_id, spans, self.times.year_start, self.times.end)
            if found is not None:
                yield found

    def came(self) -> Iterator[NewCustomer]:
        """Customers that began within the year, with what they pay at its end.

        One that never won a deal began when it began to pay, and nobody is known to have led to it.
        """
        for company_id, spans in self.spans.items():
            minor = value_at(spans, self.times.end)
            is_new = minor > 0 and value_at(spans, self.times.year_start) <= 0
            if is_new and not self._is_old(company_id):
                yield NewCustomer(company_id, minor, self.derived(company_id))

    def won_back(self) -> int:
        """How many customers of old paid nothing at the year's start and pay at its end."""
        return sum(
            self._is_old(company_id)
            and value_at(spans, self.times.year_start) <= 0
            and value_at(spans, self.times.end) > 0
            for company_id, spans in self.spans.items()
        )

    def _is_old(self, company_id: int) -> bool:
        bought = self.purchases.get(company_id)
        return bought is not None and bought.won_at < self.times.year_start

    def paying(self) -> int:
        """How many pay something at the end."""
        return sum(value_at(spans, self.times.end) > 0 for spans in self.spans.values())

    def unpriced(self) -> int:
        """How many pay at the end in a currency without a rate."""
        return sum(
            any(span.home_minor is None and span.covers(self.times.end) for span in spans)
            for spans in self.spans.values()
        )

    def assumed_terms(self) -> int:
        """How many contracts that run at the end do not say for how long."""
        running = (
            span for spans in self.spans.values() for span in spans if span.covers(self.times.end)
        )
        return sum(ValueTag.TERM_ASSUMED in span.tags for span in running)

    def sourced(self) -> Iterator[SourcedCustomer]:
        """Customers that paid within the year: what, for how long, and how they came."""
        for company_id, spans in self.spans.items():
            exposed = kept_revenue.exposure(
                company_id, spans, self.times.year_start, self.times.end
            )
            if exposed is not None:
                yield SourcedCustomer(
                    company_id,
                    self.shares.get(company_id, _NOBODY),
                    self._last_value(spans),
                    exposed.months,
                    exposed.has_left,
                )

    def _last_value(self, spans: Sequence[ValueSpan]) -> int:
        """What a customer pays a year at the end, or paid last before it."""
        end = self.times.end
        last = max(min(span.until or end, end) for span in spans if span.year_minor > 0)
        return value_at(spans, last) or value_at(spans, last - A_MOMENT)

    def compared(self, members: Iterable[CohortMember]) -> Iterator[KeptCustomer]:
        """The cohort's companies with how each came; whoever never bought is on no side."""
        for one in members:
            purchase = self.purchases.get(one.company_id)
            if purchase is not None:
                yield KeptCustomer(
                    one.company_id,
                    is_derived=self.derived(one.company_id) >= HALF,
                    is_kept=one.end_minor > 0,
                    since=purchase.won_at.date(),
                    minor=one.start_minor,
                )


def _shares(purchase: FirstPurchase) -> dict[str, Fraction]:
    """The parts of a purchase's sources, and what nobody is known to have led to."""
    found = {kind: Fraction(share, SHARE_ONE) for kind, share in purchase.shares.items()}
    rest = 1 - sum(found.values(), Fraction(0))
    return {**found, EVERYTHING_ELSE: rest} if rest > 0 else found
