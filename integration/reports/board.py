"""The board's numbers of a portal: what customers keep paying, cost, are worth, and bring.

Rules: `success/kept_revenue.py`, `success/lifetime_value.py` and `ledger/derived_measures.py`.
The number of queries is fixed, however large the portal is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Final

from integration.portal import settings
from integration.portal.context import PortalContext
from integration.portal.settings import PortalSettings
from integration.reports import board_costs, board_customers, first_values, revenue_total
from integration.reports.board_costs import CostBasis
from integration.reports.board_customers import A_MOMENT, EVER, Customers, Times
from integration.reports.first_values import AccountTimeToValue
from integration.storage.database import Transaction
from integration.storage.findings import recurring_rows
from integration.storage.ledger import period_rows
from integration.storage.success import board_rows
from integration.storage.success.board_rows import Worth
from mappings.kinds import SourceKind
from mappings.rules.ledger import derived_measures
from mappings.rules.ledger.comparison import Rate
from mappings.rules.ledger.derived_measures import (
    FOLLOWED,
    KeptComparison,
    MovedChampion,
    Promoted,
    WordOfMouth,
)
from mappings.rules.ledger.measurement import Measurement
from mappings.rules.ledger.periods import Calendar
from mappings.rules.ledger.report_period import Period
from mappings.rules.success import kept_revenue, lifetime_value
from mappings.rules.success.kept_revenue import CohortMember, EarnedGrowth, RevenueRetention
from mappings.rules.success.lifetime_value import EVERYTHING_ELSE, Acquisition, SourceValue

KINDS: Final = (
    SourceKind.MOVED_CHAMPION.value,
    SourceKind.REFERRAL.value,
    SourceKind.WORD_OF_MOUTH.value,
    EVERYTHING_ELSE,
)
"""How customers can come, in the order in which they are told."""


@dataclass(frozen=True, slots=True)
class RecurringFigures:
    """What is paid regularly, over the year up to the period's end.

    `came` are customers that began within the year and pay at its end, `won_back` those that had
    left before it. `unpriced` pay in a currency without a rate. `assumed_terms` are contracts that
    do not say how long they run.
    """

    retention: RevenueRetention
    earned: EarnedGrowth | None
    customers: int
    came: int
    won_back: int
    unpriced: int
    assumed_terms: int


@dataclass(frozen=True, slots=True)
class CostFigures:
    """What customers are worth and cost, by source; all together under an empty name."""

    values: Mapping[str, SourceValue]
    acquisitions: Mapping[str, Acquisition]
    basis: CostBasis
    is_margin_confirmed: bool

    def value_by_cost(self, source: str) -> Fraction | None:
        """LTV by CAC of a source; None where one of them is not told."""
        value, cost = self.values.get(source), self.acquisitions.get(source)
        if value is None or cost is None:
            return None
        return lifetime_value.ratio(value.minor, cost.one_minor)


@dataclass(frozen=True, slots=True)
class Observed:
    """What the plan assumes, as it was in the year: by customers at its start, None without any."""

    moved: Fraction | None
    told: Fraction | None


@dataclass(frozen=True, slots=True)
class BringingFigures:
    """Customers who bring customers; `promoters_since` is when the first answer that counts was."""

    word_of_mouth: WordOfMouth
    promoters: Rate
    promoters_since: datetime
    returning: Rate
    kept: KeptComparison
    kept_matched: KeptComparison
    worth: Worth
    observed: Observed


@dataclass(frozen=True, slots=True)
class Board:
    """All figures of a period up to `end`; those of a year look at the one before `end`."""

    currency: str
    settings_version: int
    calendar: Calendar
    period: Period
    since: datetime
    end: datetime
    year_start: datetime
    measurement: Measurement
    active_customers: int
    recurring: RecurringFigures
    costs: CostFigures
    bringing: BringingFigures
    waiting: AccountTimeToValue

    def first_day(self, since: datetime) -> date:
        """The account's day that a time begins with."""
        return self.calendar.day_of(since)

    def last_day(self, until: datetime) -> date:
        """The account's last day of a time: *until* itself is no part of it."""
        return self.calendar.day_of(until - A_MOMENT)


def of(portal: PortalContext, period: Period) -> Board:
    """Work out the figures of a period; what is still to come of it is not waited for."""
    with portal.transaction() as tx:
        known = settings.read(tx)
        calendar = period_rows.read(tx).calendar
        times = board_customers.times_of(period, calendar, portal.runtime.now())
        spans = recurring_rows.between(tx, times.year_start, times.end)
        customers = Customers.of(spans, board_rows.first_purchases(tx), times)
        members = list(customers.members())
        return Board(
            currency=known.map.home_currency,
            settings_version=known.version,
            calendar=calendar,
            period=period,
            since=times.since,
            end=times.end,
            year_start=times.year_start,
            measurement=revenue_total.within(tx, period).measurement,
            active_customers=board_rows.active(tx, times.end, days=known.policy.active_days),
            recurring=_recurring(customers, members),
            costs=_costs(tx, known, customers, board_costs.basis(calendar, period, customers)),
            bringing=_bringing(tx, known, customers, members),
            waiting=first_values.as_of(tx, times.end - A_MOMENT, calendar),
        )


def _recurring(customers: Customers, members: Sequence[CohortMember]) -> RecurringFigures:
    kept = kept_revenue.retention(members)
    came = list(customers.came())
    earned = None
    if kept.net.value is not None:
        earned = kept_revenue.earned_growth(kept.start_minor, kept.net.value, came)
    return RecurringFigures(
        retention=kept,
        earned=earned,
        customers=customers.paying(),
        came=len(came),
        won_back=customers.won_back(),
        unpriced=customers.unpriced(),
        assumed_terms=customers.assumed_terms(),
    )


def _costs(
    tx: Transaction, known: PortalSettings, customers: Customers, basis: CostBasis
) -> CostFigures:
    costs, other = board_costs.read(tx, basis, known.map.home_currency)
    new = board_customers.by_source(customers.shares[one.company_id] for one in customers.new())
    found = lifetime_value.acquisitions(new, costs, basis.months, known.policy)
    return CostFigures(
        values=lifetime_value.values(customers.sourced(), known.policy),
        acquisitions={one.source: one for one in found},
        basis=basis.with_other_currency(other),
        is_margin_confirmed=known.policy.gross_margin_confirmed,
    )


# Customers who bring customers.


def _bringing(
    tx: Transaction, known: PortalSettings, customers: Customers, members: Sequence[CohortMember]
) -> BringingFigures:
    times = customers.times
    derived = [customers.derived(one.company_id) for one in customers.new()]
    active = board_rows.active(tx, times.since, days=known.policy.active_days)
    # As many days of answers as a year has, each followed for as long as counts.
    since = times.year_start - FOLLOWED
    compared = list(customers.compared(members))
    return BringingFigures(
        word_of_mouth=derived_measures.word_of_mouth(derived, active),
        promoters=_promoters(tx, since, times),
        promoters_since=since,
        returning=_returning(tx, known, times),
        kept=derived_measures.compare_kept(compared),
        kept_matched=derived_measures.compare_kept(derived_measures.matched_kept(compared)),
        worth=board_rows.worth(tx),
        observed=_observed(customers, len(members)),
    )


def _promoters(tx: Transaction, since: datetime, times: Times) -> Rate:
    answers = [Promoted(*row) for row in board_rows.promoters(tx, since, times.end - FOLLOWED)]
    referrals = board_rows.referrals(tx, since, times.end)
    return derived_measures.promoters_who_refer(answers, referrals, times.end)


def _returning(tx: Transaction, known: PortalSettings, times: Times) -> Rate:
    strength = known.policy.champion_at
    rows = board_rows.champions_moved(tx, times.end - EVER, times.end, strength=strength)
    return derived_measures.returning((MovedChampion(*row) for row in rows), times.end)


def _observed(customers: Customers, at_start: int) -> Observed:
    if not at_start:
        return Observed(None, None)
    year = board_customers.by_source(
        customers.shares[one.company_id] for one in customers.new_in_year()
    )
    moved = year.get(SourceKind.MOVED_CHAMPION.value, Fraction(0))
    told = year.get(SourceKind.REFERRAL.value, Fraction(0))
    told += year.get(SourceKind.WORD_OF_MOUTH.value, Fraction(0))
    return Observed(moved / at_start, told / at_start)
