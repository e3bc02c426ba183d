"""With and without: deals that had a customer behind them beside deals that had none.

A comparison says how deals of two kinds went, never why: customers may speak for what would have
been bought anyway. So each figure has its interval and the number of deals it rests on, and two
sides are held against each other only where both are large enough and of one size.
"""

import math
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final, TypeVar

FEWEST: Final = 30
"""Deals, or customers, that a side needs before it is compared."""
_DRAWS: Final = 2000
# Any number does; it must only stay the same, so that a figure is the same each time.
_SEED: Final = 20_260
# The normal distribution's quantile of a 95% interval.
_Z: Final = 1.959964
# Means closer than this are of one size: the bounds within which medicines count as alike.
_ALIKE_FROM, _ALIKE_TO = 0.8, 1.25

T = TypeVar("T")


class SelectionWarning(StrEnum):
    """Why two sides are not held against each other."""

    TOO_FEW = "too_few"
    OTHER_SIZE = "other_size"


@dataclass(frozen=True, slots=True)
class ComparedDeal:
    """A closed deal: `minor` is its amount in the account's smallest unit, None when unknown.

    `has_customer`: at least one source was found, of whatever kind.
    """

    deal_id: int
    has_customer: bool
    is_won: bool
    created_on: date
    closed_on: date
    minor: int | None = None
    pipeline: str = ""

    @property
    def days_to_close(self) -> int:
        """Days from creation to close; a close that was entered before the creation is 0."""
        return max((self.closed_on - self.created_on).days, 0)


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its 95% interval by Wilson; without anything to share, 0 to 1 and no value."""

    part: int
    of: int

    @property
    def value(self) -> float | None:
        """The share, 0 to 1."""
        return self.part / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float]:
        """From and to (Wilson 1927, the score interval without correction)."""
        if not self.of:
            return 0.0, 1.0
        share, spread = self.part / self.of, _Z * _Z / self.of
        middle = share + spread / 2
        reach = _Z * math.sqrt(share * (1 - share) / self.of + spread / self.of / 4)
        low, high = (middle - reach) / (1 + spread), (middle + reach) / (1 + spread)
        # At the ends the formula gives exactly 0 and 1, and rounding nearly so.
        return (low if self.part else 0.0), (high if self.part < self.of else 1.0)


@dataclass(frozen=True, slots=True)
class Median:
    """A median with its 95% bootstrap interval, all None without values."""

    count: int
    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """How the deals of one kind went; sizes and days are those of the won ones."""

    deals: int
    win_rate: Rate
    days_to_close: Median
    size: Median
    mean_size: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sides, and why they cannot be compared; empty when they can."""

    with_customer: Side
    without: Side
    warnings: tuple[SelectionWarning, ...] = ()

    @property
    def is_comparable(self) -> bool:
        """Whether the difference may be read at all."""
        return not self.warnings


def compare(deals: Iterable[ComparedDeal]) -> Comparison:
    """Describe the deals with a customer behind them, and the others."""
    sides: dict[bool, list[ComparedDeal]] = {True: [], False: []}
    for deal in deals:
        sides[deal.has_customer].append(deal)
    with_customer, without = _side(sides[True]), _side(sides[False])
    return Comparison(with_customer, without, _warnings(with_customer, without))


def matched(deals: Iterable[ComparedDeal]) -> list[ComparedDeal]:
    """Of each group of alike deals as many from one side as from the other, drawn by lot.

    Alike are deals of one pipeline, one quarter of creation and one band of size: those between two
    powers of two, those without an amount apart. What has nobody alike on the other side is left
    out. The lot is the same each time.
    """
    ordered = sorted(deals, key=lambda deal: deal.deal_id)
    return evened((_likeness(deal), deal.has_customer, deal) for deal in ordered)


def evened(items: Iterable[tuple[object, bool, T]]) -> list[T]:
    """Of each group as many items of one side as of the other; the same for the same order.

    An item comes with what makes it alike to others, and its side.
    """
    groups: dict[object, dict[bool, list[T]]] = defaultdict(lambda: {True: [], False: []})
    for likeness, side, item in items:
        groups[likeness][side].append(item)
    lot = random.Random(_SEED)  # the same lot each time
    chosen: list[T] = []
    for sides in groups.values():
        pairs = min(len(items) for items in sides.values())
        for side_items in sides.values():
            chosen += lot.sample(side_items, pairs)
    return chosen


def median(values: Iterable[float]) -> Median:
    """The median with the interval that 2,000 samples of the same size, put back, would give.

    The middle of n draws is the draw whose rank is Beta distributed, so that one number is drawn
    for each sample instead of n (order statistics of uniform draws; David and Nagaraja 2003, 2.1).
    """
    ordered = sorted(values)
    count = len(ordered)
    if not count:
        return Median(0)
    lot = random.Random(_SEED)
    drawn = sorted(_middle_of_sample(ordered, lot) for _ in range(_DRAWS))
    low, high = drawn[round(_DRAWS * 0.025)], drawn[round(_DRAWS * 0.975) - 1]
    middle = (ordered[(count - 1) // 2] + ordered[count // 2]) / 2
    return Median(count, middle, low, high)


def _middle_of_sample(ordered: Sequence[float], lot: random.Random) -> float:
    count = len(ordered)
    lower = (count + 1) // 2
    rank = lot.betavariate(lower, count - lower + 1)
    value = _at(ordered, rank)
    if count % 2:
        return value
    # Of the draws above that one, the lowest: the other of the two in the middle.
    above = rank + (1 - rank) * lot.betavariate(1, count - lower)
    return (value + _at(ordered, above)) / 2


def _at(ordered: Sequence[float], rank: float) -> float:
    return ordered[min(int(rank * len(ordered)), len(ordered) - 1)]


def _side(deals: Sequence[ComparedDeal]) -> Side:
    won = [deal for deal in deals if deal.is_won]
    sizes = [deal.minor for deal in won if deal.minor is not None and deal.minor > 0]
    return Side(
        deals=len(deals),
        win_rate=Rate(len(won), len(deals)),
        days_to_close=median(deal.days_to_close for deal in won),
        size=median(sizes),
        mean_size=sum(sizes) / len(sizes) if sizes else None,
    )


def _warnings(with_customer: Side, without: Side) -> tuple[SelectionWarning, ...]:
    sizes = with_customer.mean_size, without.mean_size
    return warnings(min(with_customer.deals, without.deals), sizes)


def warnings(
    smaller: int, mean_sizes: tuple[float | None, float | None]
) -> tuple[SelectionWarning, ...]:
    """Why two sides are not held against each other: the smaller is too small, or sizes differ."""
    if smaller < FEWEST:
        return (SelectionWarning.TOO_FEW,)
    one, other = mean_sizes
    if one and other and not _ALIKE_FROM <= one / other <= _ALIKE_TO:
        return (SelectionWarning.OTHER_SIZE,)
    return ()


def _likeness(deal: ComparedDeal) -> object:
    return deal.pipeline, *quarter_and_band(deal.created_on, deal.minor)


def quarter_and_band(day: date, minor: int | None) -> tuple[object, ...]:
    """A day's quarter, and the powers of two that a size lies between; None for no size."""
    band = minor.bit_length() if minor is not None and minor > 0 else None
    return day.year, (day.month - 1) // 3, band
