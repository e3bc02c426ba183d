"""Time-to-value: how many days from a contract to the first value, while some still wait.

Kaplan and Meier (1958): whoever still waits counts for as long as they were watched. Dropping them
would make slow starts look quick.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

LOOKED_AT: Final = (30, 60, 90)
"""Days after the contract at which the share that reached value is told."""
_ROUNDING: Final = 1e-9  # a product of shares that is a half may be a hair more
_Z: Final = 1.959964  # of a 95% interval


@dataclass(frozen=True, slots=True)
class Start:
    """One start of a customer: its contract, and the day on which it first got value, if it did.

    `group` is what is told apart: a product, or that somebody who knew the product came along.
    """

    company_id: int
    contracted_on: date
    first_value_on: date | None = None
    group: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A day on which somebody reached value: how many were still waiting, and how many reached."""

    day: int
    waiting: int
    reached: int
    survival: float
    variance: float  # Greenwood's sum: of the logarithm of the survival


@dataclass(frozen=True, slots=True)
class ShareReached:
    """The share that reached value within so many days, with its 95% interval.

    `share` is None where nobody was watched for so long. The interval is None while nobody, or
    everybody, reached it: Greenwood's formula says nothing there.
    """

    days: int
    share: float | None
    interval: tuple[float, float] | None
    still_watched: int


@dataclass(frozen=True, slots=True)
class TimeToValue:
    """The days to first value of a group of starts.

    `median` is None while less than half are known to have reached value; so is an end of its
    interval that lies beyond what was watched. `before_purchase` had value before the contract, as
    from a trial, and count with 0 days.
    """

    group: str
    starts: int
    reached: int
    still_waiting: int
    before_purchase: int
    median: int | None
    interval: tuple[int | None, int | None]
    shares: tuple[ShareReached, ...]
    steps: tuple[Step, ...]


def by_group(starts: Iterable[Start], today: date) -> dict[str, TimeToValue]:
    """Time-to-value of each group, by its name."""
    groups: dict[str, list[Start]] = {}
    for start in starts:
        groups.setdefault(start.group, []).append(start)
    return {group: of_starts(groups[group], today) for group in sorted(groups)}


def of_starts(starts: Iterable[Start], today: date) -> TimeToValue:
    """Time-to-value of these starts as of a day; contracts still to come are left out."""
    begun = [start for start in starts if start.contracted_on <= today]
    watched = [_watched(start, today) for start in begun]
    reaching = [days for days, is_reached in watched if is_reached]
    waiting = [days for days, is_reached in watched if not is_reached]
    steps = survival(reaching, waiting)
    longest = max((days for days, _ in watched), default=-1)
    return TimeToValue(
        group=begun[0].group if begun else "",
        starts=len(begun),
        reached=len(reaching),
        still_waiting=len(waiting),
        before_purchase=sum(_is_before_purchase(start, today) for start in begun),
        median=_first_day(steps, lambda step: step.survival),
        interval=(
            _first_day(steps, lambda step: _band(step)[0]),
            _first_day(steps, lambda step: _band(step)[1]),
        ),
        shares=tuple(_share(watched, steps, days, longest) for days in LOOKED_AT),
        steps=steps,
    )


def survival(reached: Sequence[int], waiting: Sequence[int]) -> tuple[Step, ...]:
    """The share still waiting after each day on which somebody reached value.

    Of those who are watched until a day and those who reach value on it, the latter come first.
    """
    counts: dict[int, int] = {}
    for days in reached:
        counts[days] = counts.get(days, 0) + 1
    everybody = sorted([*reached, *waiting])
    steps: list[Step] = []
    share, total, gone = 1.0, 0.0, 0
    for day in sorted(counts):
        while gone < len(everybody) and everybody[gone] < day:
            gone += 1
        at_risk, events = len(everybody) - gone, counts[day]
        share *= 1 - events / at_risk
        total += events / (at_risk * (at_risk - events)) if events < at_risk else math.inf
        steps.append(Step(day, at_risk, events, share if events < at_risk else 0.0, total))
    return tuple(steps)


def _watched(start: Start, today: date) -> tuple[int, bool]:
    """For how many days a start was watched, and whether it reached value at their end."""
    if start.first_value_on is None or start.first_value_on > today:
        return (today - start.contracted_on).days, False
    return max(0, (start.first_value_on - start.contracted_on).days), True


def _is_before_purchase(start: Start, today: date) -> bool:
    on = start.first_value_on
    return on is not None and on <= today and on < start.contracted_on


def _band(step: Step) -> tuple[float, float]:
    """The 95% interval of a survival by the logarithm of its logarithm, after Greenwood."""
    if not 0 < step.survival < 1:
        return step.survival, step.survival
    log = math.log(step.survival)
    width = _Z * math.sqrt(step.variance) / abs(log)
    return math.exp(log * math.exp(width)), math.exp(log * math.exp(-width))


def _first_day(steps: Iterable[Step], survival_of: Callable[[Step], float]) -> int | None:
    """The first day on which no more than half still wait."""
    half = 0.5 + _ROUNDING
    return next((step.day for step in steps if survival_of(step) <= half), None)


def _share(
    watched: Sequence[tuple[int, bool]], steps: Sequence[Step], days: int, longest: int
) -> ShareReached:
    still_watched = sum(watched_days >= days for watched_days, _ in watched)
    until = [step for step in steps if step.day <= days]
    survival = until[-1].survival if until else 1.0
    if longest < days and survival > 0:
        return ShareReached(days, None, None, still_watched)
    if not 0 < survival < 1:
        return ShareReached(days, 1 - survival, None, still_watched)
    low, high = _band(until[-1])
    return ShareReached(days, 1 - survival, (1 - high, 1 - low), still_watched)
