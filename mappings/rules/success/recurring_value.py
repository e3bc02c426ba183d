"""Recurring value of a customer over time: what it pays a year, since when, and how that is known.

A mapped property says it best; without one recurring line items do, then deals with a term. A
company is read by one of these and never by two, so that a change of source is no change of value.
One-off deals are no part of it. Docs: rules.md#recurring-value.
"""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import MAXYEAR, UTC, datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Final

from mappings.rules.facts import Reading
from mappings.rules.policy import Policy

MONTHS: Final = 12
# A renewal is signed at most so long before the contract ends that it goes on from.
_SIGNED_EARLY: Final = timedelta(days=400)
_NEAR_ANNIVERSARY: Final = 31  # days
_LONGEST_TERM: Final = 1200  # months; a longer one is a typing mistake
_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)  # of a value without a day: before any customer
_PROPERTY: Final = "property"


class ValueSource(StrEnum):
    """How a recurring value is known, the best first."""

    PROPERTY = "property"
    LINE_ITEMS = "line_items"
    TERM = "term"


class ValueTag(StrEnum):
    """What must be known beside a value."""

    PAUSED = "paused"  # nothing is paid while the contract runs
    ESCALATOR = "escalator"  # a rise that the contract foresaw: expansion, and no new business
    TERM_ASSUMED = "term_assumed"  # nothing says how long the contract runs
    AWAITING_RENEWAL = "awaiting_renewal"  # the term ended, and the grace has not passed
    SINCE_UNKNOWN = "since_unknown"  # the CRM does not say since when
    MERGED = "merged"  # of a company that was merged into this one


@dataclass(frozen=True, slots=True)
class Contract:
    """A won deal that recurs: `year_minor` is what it brings in a year, in its own currency.

    `home_minor` is the same in the account's currency at the rate of the close, None where no rate
    is known. `months` None: nothing says how long it runs.
    """

    deal_id: int
    at: datetime
    year_minor: int
    currency: str
    home_minor: int | None
    source: ValueSource
    months: int | None = None
    is_renewal: bool = False
    is_replaced: bool = False


@dataclass(frozen=True, slots=True)
class ValueSpan:
    """What one contract or property brings in a year from `since` until `until`, which is no part.

    `until` None: it goes on. `key` says what it comes from: `property`, or `deal:ID`.
    """

    key: str
    since: datetime
    until: datetime | None
    year_minor: int
    currency: str
    home_minor: int | None
    source: ValueSource
    tags: tuple[ValueTag, ...] = ()

    def covers(self, at: datetime) -> bool:
        """Whether it counts at a moment."""
        return self.since <= at and (self.until is None or at < self.until)


def a_year(amount_minor: int, months: int) -> int:
    """What an amount for so many months is in a year, half even: a prepaid year is no spike."""
    return round(Fraction(amount_minor * MONTHS, months))


def a_month(year_minor: int) -> int:
    """A twelfth of a year's value, half even."""
    return round(Fraction(year_minor, MONTHS))


def usable_term(months: int | None) -> int | None:
    """A term that a contract can have, in months; None for what is none."""
    return months if months is not None and 0 < months <= _LONGEST_TERM else None


def value_at(spans: Iterable[ValueSpan], at: datetime) -> int:
    """What a company pays a year at a moment, in the account's currency.

    What is known in another currency only, without a rate, is no part of it.
    """
    return sum(span.home_minor or 0 for span in spans if span.covers(at))


def last_price_rise(spans: Iterable[ValueSpan]) -> datetime | None:
    """When a company's price last rose: a small rise that a contract foresees."""
    rises = (span.since for span in spans if ValueTag.ESCALATOR in span.tags)
    return max(rises, default=None)


def spans(
    readings: Sequence[Reading[int]],
    renewals: Sequence[Reading[datetime]],
    contracts: Iterable[Contract],
    *,
    currency: str,
    customer_since: datetime,
    now: datetime,
    policy: Policy,
) -> tuple[ValueSpan, ...]:
    """A company's recurring value over time, by the first source that says anything of it.

    *readings* are the mapped property's, a year's value each, *renewals* the days on which the
    contract ends. Before *customer_since* nothing counts: a value then was a hope.
    """
    if any(reading.value is not None for reading in readings):
        found = _of_property(readings, renewals, currency, policy)
        return tuple(_within(found, customer_since))
    best = _of_best_source(contracts)
    return tuple(_within(_of_contracts(best, now, policy), customer_since))


def until_merged(found: Iterable[ValueSpan], company_id: int, at: datetime) -> list[ValueSpan]:
    """The spans of a company that was merged into another, up to that moment."""
    return [
        replace(
            span,
            key=f"{span.key}:{company_id}",
            until=min(span.until or at, at),
            tags=(*span.tags, ValueTag.MERGED),
        )
        for span in found
        if span.since < at
    ]


def _within(found: Iterable[ValueSpan], since: datetime) -> Iterable[ValueSpan]:
    for span in found:
        if span.until is None or span.until > max(since, span.since):
            yield replace(span, since=max(span.since, since))


# A property.


@dataclass(frozen=True, slots=True)
class _Change:
    """A new value of the property; None: it has none since."""

    at: datetime
    minor: int | None
    is_dated: bool


def _of_property(
    readings: Sequence[Reading[int]],
    renewals: Sequence[Reading[datetime]],
    currency: str,
    policy: Policy,
) -> list[ValueSpan]:
    changes = _changes(readings)
    first = next((change.at for change in changes if change.minor), _EVER)
    ends = [change.at for change in changes[1:]]
    found: list[ValueSpan] = []
    before = 0
    for change, until in zip(changes, [*ends, None], strict=True):
        is_escalator = _is_escalator(before, change.minor or 0, policy) and _near(first, change.at)
        before = change.minor or 0
        if change.minor is None or (change.minor == 0 and not _is_paused(renewals, change.at)):
            continue
        tags = (*_tags(change), ValueTag.ESCALATOR) if is_escalator else _tags(change)
        money = (change.minor, currency, change.minor)
        found.append(ValueSpan(_PROPERTY, change.at, until, *money, ValueSource.PROPERTY, tags))
    return found


def _changes(readings: Sequence[Reading[int]]) -> list[_Change]:
    """Each change of the value with its moment; one below zero is no value."""
    changes: list[_Change] = []
    for reading in readings:
        is_value = reading.value is not None and reading.value >= 0
        value = reading.value if is_value else None
        if not changes or changes[-1].minor != value:
            changes.append(_Change(reading.at or _EVER, value, reading.at is not None))
    return changes


def _tags(change: _Change) -> tuple[ValueTag, ...]:
    if change.minor == 0:
        return (ValueTag.PAUSED,)
    return () if change.is_dated else (ValueTag.SINCE_UNKNOWN,)


def _is_paused(renewals: Sequence[Reading[datetime]], at: datetime) -> bool:
    """Whether a contract still ran: its end, as known then, was to come."""
    known = [reading.value for reading in renewals if reading.at is None or reading.at <= at]
    return bool(known and known[-1] is not None and known[-1] > at)


def _is_escalator(before: int, now: int, policy: Policy) -> bool:
    return 0 < now - before <= Fraction(before * policy.escalator_percent, 100)


def _near(first: datetime, at: datetime) -> bool:
    """Whether a moment lies within a month of an anniversary of the first value."""
    years = round((at - first).days / 365.25)
    if years < 1:
        return False
    return abs((at - _later(first, years * MONTHS)).days) <= _NEAR_ANNIVERSARY


# Deals.


def _of_best_source(contracts: Iterable[Contract]) -> list[Contract]:
    usable = [contract for contract in contracts if contract.year_minor > 0]
    for source in ValueSource:
        if any(contract.source is source for contract in usable):
            chosen = [contract for contract in usable if contract.source is source]
            return sorted(chosen, key=lambda contract: (contract.at, contract.deal_id))
    return []


@dataclass(slots=True)
class _Run:
    """A contract as it runs: `ends` by its term, until a renewal or another takes its place."""

    contract: Contract
    since: datetime
    ends: datetime
    tags: list[ValueTag]
    is_renewed: bool = False


def _of_contracts(contracts: Sequence[Contract], now: datetime, policy: Policy) -> list[ValueSpan]:
    runs: list[_Run] = []
    for contract in contracts:
        runs.append(_run(contract, runs, policy))
    _replace(runs)
    return [_span(run, now, policy) for run in runs if run.since < run.ends]


def _run(contract: Contract, runs: Sequence[_Run], policy: Policy) -> _Run:
    """How a contract runs: a renewal goes on from the end of the contract that it renews."""
    since, tags = contract.at, [] if contract.months else [ValueTag.TERM_ASSUMED]
    renewed = _renewed(contract, runs, policy) if contract.is_renewal else None
    if renewed is not None:
        # Signed late it closes the gap, signed early it waits for the end.
        since, renewed.is_renewed = renewed.ends, True
        before = renewed.contract
        is_same_money = before.currency == contract.currency
        if is_same_money and _is_escalator(before.year_minor, contract.year_minor, policy):
            tags.append(ValueTag.ESCALATOR)
    months = contract.months or policy.recurring_term_months
    return _Run(contract, since, _later(since, months), tags)


def _renewed(contract: Contract, runs: Sequence[_Run], policy: Policy) -> _Run | None:
    """The contract whose end is nearest to the signing; None where none is about to end."""
    grace = timedelta(days=policy.contract_grace_days)
    near = [
        run
        for run in runs
        if not run.is_renewed and -grace <= run.ends - contract.at <= _SIGNED_EARLY
    ]
    return min(near, key=lambda run: abs(run.ends - contract.at), default=None)


def _replace(runs: Sequence[_Run]) -> None:
    """End each replaced contract where the next one that was signed begins."""
    for place, run in enumerate(runs):
        later = (other.since for other in runs[place + 1 :])
        if run.contract.is_replaced:
            run.ends = min(run.ends, next(later, run.ends))
            run.is_renewed = True


def _span(run: _Run, now: datetime, policy: Policy) -> ValueSpan:
    contract, ends, tags = run.contract, run.ends, list(run.tags)
    graced = ends + timedelta(days=policy.contract_grace_days)
    if not run.is_renewed and ends <= now < graced:
        # Nobody knows yet: most renewals are signed late. It ends with its term when none comes.
        ends = graced
        tags.append(ValueTag.AWAITING_RENEWAL)
    return ValueSpan(
        f"deal:{contract.deal_id}",
        run.since,
        ends,
        contract.year_minor,
        contract.currency,
        contract.home_minor,
        contract.source,
        tuple(tags),
    )


def _later(at: datetime, months: int) -> datetime:
    """The same day so many months later; where that month is shorter, its last day."""
    count = at.year * MONTHS + at.month - 1 + months
    year, month = divmod(count, MONTHS)
    year = min(year, MAXYEAR)
    return at.replace(year=year, month=month + 1, day=min(at.day, monthrange(year, month + 1)[1]))
