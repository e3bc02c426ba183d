"""The overview: booked second-order revenue of a period, what made it differ, and what is new.

What is told of the period adds up to the one total (:mod:`integration.reports.revenue_total`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import chain
from typing import Any

from integration.portal import record_names, settings
from integration.portal.context import PortalContext
from integration.portal.occurrence import refs
from integration.reports import portal_figures, revenue_total
from integration.reports.revenue_total import Total
from integration.review import reading
from integration.storage.database import Row, Transaction
from integration.storage.findings import move_rows
from integration.storage.ledger import overview_rows, period_rows
from integration.storage.ledger.total_rows import Wins
from mappings.kinds import Cause, ObjectType, Status
from mappings.records.rows import RefPair
from mappings.rules.facts import PPM
from mappings.rules.findings import SHARE_ONE
from mappings.rules.ledger import causes, periods, report_period
from mappings.rules.ledger.causes import BY_OCCASION, CausedPart, Difference, Part
from mappings.rules.ledger.periods import Calendar
from mappings.rules.ledger.report_period import Period

Json = dict[str, Any]
_LEAST_STEPS = 12
_NEWEST = 5
_QUESTIONS = 3
_CAUSES = {cause.value: cause for cause in Cause}


@dataclass(frozen=True, slots=True)
class Step:
    """Booked credit of one step of the trend, by kind in minor units."""

    period: Period
    by_kind: Mapping[str, int]
    is_inside: bool  # whether the overview's own period has a part of it

    @property
    def minor(self) -> int:
        """All of it."""
        return sum(self.by_kind.values())


@dataclass(frozen=True, slots=True)
class OpenDeals:
    """Open deals with credit whose stage has one probability; money in minor units."""

    probability: Fraction
    deals: int
    credit: Fraction

    @property
    def minor(self) -> int:
        """Their credit if all of them were won."""
        return round(self.credit)

    @property
    def weighted(self) -> Fraction:
        """The same by their probability, not rounded."""
        return self.credit * self.probability


@dataclass(frozen=True, slots=True)
class Overview:
    """What people see of a period first.

    `earlier` is what it is compared with, None where it has no beginning or no end. `names` has
    what the records are called that are told of.
    """

    period: Period
    today: date
    total: Total
    earlier: Period | None
    differences: tuple[Difference, ...]
    trend: tuple[Step, ...]
    pipeline: tuple[OpenDeals, ...]
    leaders: Json
    wins: Sequence[Row]
    moves: Sequence[Row]
    questions: Json
    names: Mapping[RefPair, str]

    @property
    def difference(self) -> int:
        """By how much the period differs from the one before, in minor units."""
        return sum(line.minor for line in self.differences)

    @property
    def expected(self) -> int:
        """The open pipeline's credit by the probability of its stages; rounded once."""
        return round(sum((line.weighted for line in self.pipeline), Fraction(0)))


def today(portal: PortalContext) -> date:
    """Return what day it is for the account."""
    with portal.transaction() as tx:
        return period_rows.read(tx).calendar.day_of(portal.runtime.now())


def of(portal: PortalContext, period: Period) -> Overview:
    """Return the overview of a period; a fixed number of queries, however large the portal is."""
    with portal.transaction() as tx:
        calendar = period_rows.read(tx).calendar
        day = calendar.day_of(portal.runtime.now())
        home = settings.read(tx).map.home_currency
        wins = Wins(*period.bounds(calendar))
        earlier = report_period.before(period, day)
        differences = _differences(tx, home, wins, earlier, calendar)
        newest_wins = overview_rows.newest_wins(tx, home, limit=_NEWEST)
        newest_moves = move_rows.newest(tx, (Status.AUTO,), limit=_NEWEST)
        told = _records(differences, newest_wins, newest_moves)
        return Overview(
            period=period,
            today=day,
            total=revenue_total.within(tx, period),
            earlier=earlier,
            differences=differences,
            trend=_trend(tx, home, period, day, calendar),
            pipeline=_pipeline(tx, home),
            leaders=portal_figures.leaders(tx, home, wins),
            wins=newest_wins,
            moves=newest_moves,
            questions=reading.most_at_stake(tx, portal.runtime.now(), limit=_QUESTIONS),
            names=record_names.shown(tx, told),
        )


def _differences(
    tx: Transaction, home: str, wins: Wins, earlier: Period | None, calendar: Calendar
) -> tuple[Difference, ...]:
    """The causes of the difference; without a period before, none."""
    if earlier is None:
        return ()
    before = Wins(*earlier.bounds(calendar))
    rows = overview_rows.causes(tx, home, wins, before, BY_OCCASION)
    return causes.differences(_caused_part(row) for row in rows)


def _caused_part(row: Row) -> CausedPart:
    largest = tuple(zip(row["largest"], row["money"], strict=True))
    part = Part(row["minor"], row["deals"], largest)
    return CausedPart(_CAUSES[row["cause"]], part, row["is_earlier"], row["version"])


def _trend(
    tx: Transaction, home: str, period: Period, day: date, calendar: Calendar
) -> tuple[Step, ...]:
    """The months up to the period's last, at least a year of them; of many, the years."""
    first_win = overview_rows.first_win(tx)
    if first_win is None:
        return ()
    last = min(period.last or day, day).replace(day=1)
    first = max(period.first or calendar.day_of(first_win), calendar.day_of(first_win))
    first = min(first.replace(day=1), _months_before(last, _LEAST_STEPS - 1))
    steps = report_period.steps(first, last)
    bounds = [step.bounds(calendar) for step in steps]
    starts = [since for since, _ in bounds if since is not None]
    until = bounds[-1][1]
    if until is None:
        return ()
    minors = overview_rows.by_step(tx, home, starts, until)
    return tuple(
        Step(step, _of_step(minors, number), _overlaps(step, period))
        for number, step in enumerate(steps)
    )


def _months_before(month: periods.Month, count: int) -> periods.Month:
    for _ in range(count):
        month = periods.before(month)
    return month


def _of_step(minors: Mapping[tuple[int, str], int], number: int) -> dict[str, int]:
    return {kind: minor for (step, kind), minor in minors.items() if step == number}


def _overlaps(step: Period, period: Period) -> bool:
    begins_in_time = period.last is None or step.first is None or step.first <= period.last
    ends_in_time = period.first is None or step.last is None or step.last >= period.first
    return begins_in_time and ends_in_time


def _pipeline(tx: Transaction, home: str) -> tuple[OpenDeals, ...]:
    return tuple(
        OpenDeals(
            Fraction(row["probability"], PPM),
            row["deals"],
            Fraction(int(row["credit"]), SHARE_ONE),
        )
        for row in overview_rows.pipeline(tx, home)
    )


def _records(
    differences: Sequence[Difference], wins: Sequence[Row], moves: Sequence[Row]
) -> set[RefPair]:
    """The records that are told of by name."""
    parts = chain.from_iterable((line.now, line.earlier) for line in differences)
    deal_ids = {deal_id for part in parts for deal_id, _ in part.largest}
    deal_ids |= {row["deal_id"] for row in wins}
    contact_ids = {row["new_contact_id"] for row in moves}
    company_ids = set(
        chain.from_iterable((row["former_company_id"], row["new_company_id"]) for row in moves)
    )
    return (
        refs(ObjectType.DEAL, deal_ids)
        | refs(ObjectType.CONTACT, contact_ids)
        | refs(ObjectType.COMPANY, company_ids - {None})
    )
