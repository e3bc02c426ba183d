"""Churn: when a company was a customer, when it stopped, and whether anybody can tell.

Silence is no churn: where neither a recurring value nor purchases are known, nothing is said.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from mappings.rules.facts import PPM
from mappings.rules.policy import Policy


class Ending(StrEnum):
    """How somebody knows that a company was no customer any more."""

    VALUE_ENDED = "value_ended"  # its recurring value fell to nothing
    STOPPED_BUYING = "stopped_buying"  # it pays nothing regularly, and did not buy again in time
    UNKNOWN = "unknown"  # nobody knows what it pays since: it is no customer to count, and no churn


@dataclass(frozen=True, slots=True)
class Paid:
    """A time in which something recurring was paid, or a contract ran; `until` is no part of it."""

    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Renewing:
    """A renewal that was open from `since` until it was closed; None while it is open."""

    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class CustomerSpell:
    """A time as a customer. `until` is None while it goes on; `ending` says how it ended."""

    since: datetime
    until: datetime | None = None
    ending: Ending | None = None

    def covers(self, at: datetime) -> bool:
        """Whether the company was a customer at a moment."""
        return self.since <= at and (self.until is None or at < self.until)


def spells(
    paid: Sequence[Paid],
    purchases: Iterable[datetime],
    renewals: Sequence[Renewing],
    now: datetime,
    policy: Policy,
    *,
    unknown_since: datetime | None = None,
) -> tuple[CustomerSpell, ...]:
    """When a company was a customer, the earliest time first; nothing where nobody can tell.

    What is *paid* regularly decides where anything is known of it, and *purchases* only where it is
    not. *unknown_since* is the day on which somebody emptied the field that says what is paid. A
    customer that came back has two times.
    """
    if paid:
        return tuple(_of_values(paid, now, unknown_since))
    return tuple(_of_purchases(sorted(purchases), renewals, now, policy))


def _of_values(
    paid: Iterable[Paid], now: datetime, unknown_since: datetime | None
) -> Iterable[CustomerSpell]:
    for span in _joined(paid):
        if span.since > now:
            continue
        if span.until is None or span.until > now:
            yield CustomerSpell(span.since)
        elif span.until == unknown_since:
            yield CustomerSpell(span.since, span.until, Ending.UNKNOWN)
        else:
            yield CustomerSpell(span.since, span.until, Ending.VALUE_ENDED)


def _joined(paid: Iterable[Paid]) -> list[Paid]:
    """The times of several contracts as one, where they touch or overlap."""
    joined: list[Paid] = []
    for span in sorted(paid, key=lambda span: span.since):
        before = joined[-1] if joined else None
        if before is None or (before.until is not None and before.until < span.since):
            joined.append(span)
            continue
        is_open = before.until is None or span.until is None
        until = None if is_open else max(before.until or span.since, span.until or span.since)
        joined[-1] = Paid(before.since, until)
    return joined


def _of_purchases(
    purchases: Sequence[datetime], renewals: Sequence[Renewing], now: datetime, policy: Policy
) -> Iterable[CustomerSpell]:
    """Each purchase makes a customer for some time; an open renewal makes it longer."""
    past = [at for at in purchases if at <= now]
    since: datetime | None = None
    for at, following in zip(past, [*past[1:], None], strict=False):
        since = since or at
        end = _kept_until(at + timedelta(policy.active_days), renewals, now)
        if following is not None and following <= end:
            continue
        is_over = end < now
        yield CustomerSpell(since, end, Ending.STOPPED_BUYING) if is_over else CustomerSpell(since)
        since = None


def _kept_until(end: datetime, renewals: Iterable[Renewing], now: datetime) -> datetime:
    """The end, or the close of the last renewal that was open then; *now* while one is."""
    for renewal in sorted(renewals, key=lambda renewal: renewal.since):
        closed_at = renewal.until or now
        if renewal.since <= end < closed_at:
            end = closed_at
    return end


@dataclass(frozen=True, slots=True)
class Cohort:
    """Customers at a moment, and what became of them by another.

    `churned` are those that were none at the end. `returned` stopped in between and came back, and
    are not among them. `unknown` ended without anybody knowing how, and are in neither.
    """

    customers: int = 0
    churned: int = 0
    returned: int = 0
    unknown: int = 0


def cohort(companies: Iterable[Sequence[CustomerSpell]], start: datetime, end: datetime) -> Cohort:
    """Follow the customers of *start* until *end*: what counts is whether they are one then."""
    customers = churned = returned = unknown = 0
    for own in companies:
        fate = fate_of(own, start, end)
        if fate is None:
            continue
        if fate is Fate.UNKNOWN:
            unknown += 1
            continue
        customers += 1
        churned += fate is Fate.CHURNED
        returned += fate is Fate.RETURNED
    return Cohort(customers, churned, returned, unknown)


class Fate(StrEnum):
    """What became of a customer within a time."""

    STAYED = "stayed"
    CHURNED = "churned"
    RETURNED = "returned"
    UNKNOWN = "unknown"


def fate_of(own: Sequence[CustomerSpell], start: datetime, end: datetime) -> Fate | None:
    """What became of a company from *start* to *end*; None if it was no customer at the start."""
    spell = next((spell for spell in own if spell.covers(start)), None)
    if spell is None:
        return None
    if spell.until is None or spell.until > end:
        return Fate.STAYED
    if any(other.covers(end) for other in own):
        return Fate.RETURNED
    return Fate.UNKNOWN if spell.ending is Ending.UNKNOWN else Fate.CHURNED


_COUNTED_EXACTLY: Final = 1_000
_STEP: Final = 1_000  # ppm


def steady_rate(counted: Cohort) -> int:
    """The base rate, to a tenth of a percent where there are a thousand customers or more.

    One churn more does not change the risk of thousands.
    """
    rate = base_rate(counted)
    if counted.customers < _COUNTED_EXACTLY:
        return rate
    return max(_STEP, round(rate / _STEP) * _STEP)


_ADDED_CHURNED: Final = 2
_ADDED_CUSTOMERS: Final = 20


def base_rate(counted: Cohort) -> int:
    """The share of customers that churned, in ppm, drawn towards one in ten while few are known.

    (churned + 2) / (customers + 20).
    """
    customers = counted.customers + _ADDED_CUSTOMERS
    return round((counted.churned + _ADDED_CHURNED) * PPM / customers)
