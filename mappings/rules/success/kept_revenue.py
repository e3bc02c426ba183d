"""Retention of revenue: NRR and GRR of a closed cohort, and growth that customers earned.

The cohort are the companies that paid something at the start. Who came later is no part of it, and
who had left before is none. NRR is what the cohort pays at the end by what it paid; GRR counts of
each company no more than it paid at the start, so that it never passes 100%.
Docs: rules.md#retention-of-revenue. Earned growth: Reichheld and Bain.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Final, TypeVar

from mappings.rules.success.recurring_value import ValueSpan, ValueTag

FEWEST_FOR_INTERVAL: Final = 10
"""Companies below which drawing them again says nothing of chance."""
_DRAWS: Final = 2000
# Any number does; it must only stay the same, so that a figure is the same each time.
_SEED: Final = 20_260
# More companies are drawn in so many lots: as wide an interval, in a fraction of the time.
_LOTS: Final = 400

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CohortMember:
    """What one company of the cohort paid a year at the start and pays at the end.

    Other currencies count at the rate of the start. `came_back`: it paid nothing in between, and
    again at the end. `is_paused`: it pays nothing while its contract runs. `is_escalator`: more,
    since its contract foresaw a rise. `sources` say how it is known.
    """

    company_id: int
    start_minor: int
    end_minor: int
    came_back: bool = False
    is_paused: bool = False
    is_escalator: bool = False
    sources: frozenset[str] = frozenset()


def member(
    company_id: int, spans: Sequence[ValueSpan], start: datetime, end: datetime
) -> CohortMember | None:
    """A company as a member of the cohort; None for one that paid nothing at the start."""
    first = [span for span in spans if span.covers(start)]
    last = [span for span in spans if span.covers(end)]
    start_minor = sum(span.home_minor or 0 for span in first)
    if start_minor <= 0:
        return None
    end_minor = _at_rates_of(first, last)
    tags = {tag for span in last for tag in span.tags}
    return CohortMember(
        company_id,
        start_minor,
        end_minor,
        came_back=end_minor > 0 and _has_gap(spans, start, end),
        is_paused=end_minor == 0 and ValueTag.PAUSED in tags,
        is_escalator=end_minor > start_minor and ValueTag.ESCALATOR in tags,
        sources=frozenset(str(span.source) for span in (*first, *last)),
    )


def _at_rates_of(first: Iterable[ValueSpan], last: Iterable[ValueSpan]) -> int:
    """What the *last* spans pay in home currency, at the rates that the *first* have."""
    own: dict[str, int] = defaultdict(int)
    home: dict[str, int] = defaultdict(int)
    for span in first:
        if span.home_minor is not None:
            own[span.currency] += span.year_minor
            home[span.currency] += span.home_minor
    total = Fraction(0)
    for span in last:
        if own[span.currency]:
            total += Fraction(span.year_minor * home[span.currency], own[span.currency])
        else:
            total += span.home_minor or 0
    return round(total)


def _has_gap(spans: Sequence[ValueSpan], start: datetime, end: datetime) -> bool:
    """Whether there was a time between with nothing paid, and no pause either."""
    ends = [span.until for span in spans if span.until is not None and start < span.until < end]
    return any(not any(span.covers(at) for span in spans) for at in ends)


@dataclass(frozen=True, slots=True)
class Ratio:
    """A share of money with the companies it rests on and its 95% interval.

    `value` None: nothing to divide by. `interval` None: too few companies to tell it.
    """

    value: Fraction | None
    companies: int
    interval: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class RevenueRetention:
    """A closed cohort between two moments, in what is paid a year.

    `start_minor` + `expansion_minor` - `contraction_minor` - `lost_minor` = `end_minor`. Of the
    expansion `escalator_minor` is at companies whose contract foresaw a rise. What is paused is
    part of what was lost.
    """

    start_minor: int
    end_minor: int
    expansion_minor: int
    contraction_minor: int
    lost_minor: int
    escalator_minor: int
    paused_minor: int
    net: Ratio
    gross: Ratio
    logos: tuple[int, int]
    came_back: tuple[int, ...]
    by_source: Mapping[str, int]

    @property
    def companies(self) -> int:
        """The size of the cohort."""
        return self.net.companies


def retention(members: Iterable[CohortMember]) -> RevenueRetention:
    """Add up a cohort; members that paid nothing at the start are no part of it."""
    cohort = sorted((one for one in members if one.start_minor > 0), key=lambda one: one.company_id)
    start = sum(one.start_minor for one in cohort)
    end = sum(one.end_minor for one in cohort)
    kept = sum(min(one.start_minor, one.end_minor) for one in cohort)
    lost = sum(one.start_minor for one in cohort if one.end_minor <= 0)
    net, gross = _intervals(cohort)
    return RevenueRetention(
        start_minor=start,
        end_minor=end,
        expansion_minor=end - kept,
        contraction_minor=start - kept - lost,
        lost_minor=lost,
        escalator_minor=sum(one.end_minor - one.start_minor for one in cohort if one.is_escalator),
        paused_minor=sum(one.start_minor for one in cohort if one.is_paused),
        net=Ratio(Fraction(end, start) if start else None, len(cohort), net),
        gross=Ratio(Fraction(kept, start) if start else None, len(cohort), gross),
        logos=(sum(one.end_minor > 0 for one in cohort), len(cohort)),
        came_back=tuple(one.company_id for one in cohort if one.came_back),
        by_source=_by_source(cohort),
    )


def _by_source(cohort: Iterable[CohortMember]) -> dict[str, int]:
    counted: dict[str, int] = defaultdict(int)
    for one in cohort:
        for source in one.sources:
            counted[source] += 1
    return dict(sorted(counted.items()))


def _intervals(
    cohort: Sequence[CohortMember],
) -> tuple[tuple[float, float] | None, tuple[float, float] | None]:
    sums = [(one.start_minor, one.end_minor, min(one.start_minor, one.end_minor)) for one in cohort]
    net = bootstrap(sums, lambda drawn: _ratio(drawn, 1))
    gross = bootstrap(sums, lambda drawn: _ratio(drawn, 2))
    return net, gross


def _ratio(drawn: Sequence[tuple[int, ...]], place: int) -> float:
    return sum(sums[place] for sums in drawn) / sum(sums[0] for sums in drawn)


def bootstrap(
    sums: Sequence[tuple[int, ...]], figure: Callable[[Sequence[tuple[int, ...]]], float]
) -> tuple[float, float] | None:
    """The 95% interval of a figure of sums, by drawing companies 2,000 times with a fixed seed.

    None below ten companies. Of more than 400 companies lots of them are drawn, made at random.
    """
    if len(sums) < FEWEST_FOR_INTERVAL:
        return None
    lot = random.Random(_SEED)
    units = _lots(sums, lot)
    drawn = sorted(figure(lot.choices(units, k=len(units))) for _ in range(_DRAWS))
    return drawn[round(_DRAWS * 0.025)], drawn[round(_DRAWS * 0.975) - 1]


def _lots(sums: Sequence[tuple[int, ...]], lot: random.Random) -> Sequence[tuple[int, ...]]:
    if len(sums) <= _LOTS:
        return sums
    shuffled = list(sums)
    lot.shuffle(shuffled)
    groups = (shuffled[place::_LOTS] for place in range(_LOTS))
    return [tuple(map(sum, zip(*group, strict=True))) for group in groups]


# Growth that customers earned.


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """What a new customer pays a year at the end, and the share of it that customers led to."""

    company_id: int
    minor: int
    derived_share: Fraction


@dataclass(frozen=True, slots=True)
class EarnedGrowth:
    """Growth by what customers did, and by what was bought, as shares of the revenue before.

    `earned_new` is new revenue that customers led to, `bought_new` the rest of the new revenue.
    `rate` is what the customers that were there keep and add, plus `earned_new`, less 100%.
    """

    net_retention: Fraction
    earned_new: Fraction
    bought_new: Fraction

    @property
    def rate(self) -> Fraction:
        """The earned growth rate."""
        return self.net_retention + self.earned_new - 1

    @property
    def total(self) -> Fraction:
        """All growth."""
        return self.rate + self.bought_new

    @property
    def ratio(self) -> Fraction | None:
        """The earned part of all growth; None where there was none."""
        return self.rate / self.total if self.total > 0 else None


def earned_growth(
    previous_minor: int, net_retention: Fraction, new: Iterable[NewCustomer]
) -> EarnedGrowth | None:
    """Split growth into earned and bought; None without revenue before."""
    if previous_minor <= 0:
        return None
    earned = bought = Fraction(0)
    for customer in new:
        earned += customer.minor * customer.derived_share
        bought += customer.minor * (1 - customer.derived_share)
    return EarnedGrowth(net_retention, earned / previous_minor, bought / previous_minor)


# What a customer's time as one says of leaving.


@dataclass(frozen=True, slots=True)
class Exposure:
    """How long a company paid within a window, in account-months, and whether it left.

    It left if it paid within the window and pays nothing, and is not paused, at its end.
    """

    company_id: int
    months: Fraction
    has_left: bool


_DAYS_A_MONTH: Final = Fraction(36525, 1200)


def exposure(
    company_id: int, spans: Sequence[ValueSpan], start: datetime, end: datetime
) -> Exposure | None:
    """A company's time as a paying customer between two moments; None if it never paid then."""
    paid = [span for span in spans if span.year_minor > 0]
    stretches = list(_united(paid, start, end))
    if not stretches:
        return None
    seconds = sum(int((last - first).total_seconds()) for first, last in stretches)
    is_there = any(span.covers(end) for span in spans)
    return Exposure(company_id, Fraction(seconds, 86_400) / _DAYS_A_MONTH, not is_there)


def _united(
    spans: Iterable[ValueSpan], start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """The times that any span covers within a window, without overlaps."""
    held: tuple[datetime, datetime] | None = None
    for span in sorted(spans, key=lambda span: span.since):
        since, until = max(span.since, start), min(span.until or end, end)
        if since >= until:
            continue
        if held is not None and since <= held[1]:
            held = (held[0], max(held[1], until))
            continue
        if held is not None:
            yield held
        held = (since, until)
    if held is not None:
        yield held
