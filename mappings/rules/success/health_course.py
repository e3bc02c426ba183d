"""Health in the course of time: the band of today, and the change against 30 days ago.

Both are worked out from dated facts alone: an account installed today says the same as one that was
watched all the time.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mappings.rules.policy import Policy
from mappings.rules.success.health import UNKNOWN_BAND, Contribution, Health, bands_near

LOOKED_BACK = timedelta(days=30)
_DAY = timedelta(days=1)
# Scores that sway about an edge for longer than this begin with the band of their first day.
_MOST_DAYS = 30
FURTHEST = max(LOOKED_BACK, _DAY * (_MOST_DAYS + 1))
"""How far back a day is judged."""

HealthAt = Callable[[datetime], Health]
"""The health of an account as of a moment, without hesitation."""
HealthBefore = Callable[[int], Health]
"""The health of an account so many days before a day, without hesitation."""


@dataclass(frozen=True, slots=True)
class HealthChange:
    """By how much a score rose or fell, in tenths, and each factor's part; the parts add up."""

    tenths: int
    parts: tuple[Contribution, ...]

    @property
    def points(self) -> float:
        """The change in points."""
        return self.tenths / 10

    @property
    def because(self) -> str:
        """The change in words, the largest part first."""
        moved = [part for part in self.parts if part.tenths]
        ordered = sorted(moved, key=lambda part: (-abs(part.tenths), part.name))
        if not ordered:
            return f"As {LOOKED_BACK.days} days ago."
        words = ", ".join(part.words for part in ordered)
        return f"Against {LOOKED_BACK.days} days ago {self.points:+.1f}: {words}."


def today(health_at: HealthAt, now: datetime, policy: Policy) -> Health:
    """The health of today with its band: see :func:`of_day`."""
    return of_day(lambda days: health_at(now - _DAY * days), policy)


def of_day(before: HealthBefore, policy: Policy) -> Health:
    """The health of a day with its band: it follows the score late where it may only sway.

    Earlier days are looked at only as long as they decide.
    """
    days = [before(0)]
    while len(days) <= _MOST_DAYS and not _is_clear(days[-1], policy):
        earlier = before(len(days))
        if earlier.raw_band == days[-1].raw_band:
            break  # two daily runs agree
        days.append(earlier)
    steady = days.pop()
    for day in reversed(days):
        steady = replace(day, band=band_after(steady, day, policy))
    return steady


def band_after(before: Health, day: Health, policy: Policy) -> str:
    """The band of the day after another: it changes beyond a margin, or when two days agree."""
    if UNKNOWN_BAND in {day.raw_band, before.band}:
        return day.raw_band
    if day.raw_band in {before.band, before.raw_band}:
        return day.raw_band
    return before.band if before.band in bands_near(day.tenths, policy) else day.raw_band


def _is_clear(day: Health, policy: Policy) -> bool:
    """Whether no earlier day can change this one's band."""
    return day.raw_band == UNKNOWN_BAND or bands_near(day.tenths, policy) == {day.raw_band}


def change(now: Health, then: Health) -> HealthChange | None:
    """The change from *then* to *now*; None where the same factors were not known at both times.

    Else it would tell what we learnt, and not what became of the customer.
    """
    if not (now.is_known and then.is_known) or _unknown(now) != _unknown(then):
        return None
    before = {part.name: part.tenths for part in then.contributions}
    after = {part.name: part for part in now.contributions}
    parts = [
        Contribution(name, _tenths_of(after.get(name)) - before.get(name, 0))
        for name in sorted({*before, *after})
    ]
    return HealthChange(now.tenths - then.tenths, tuple(parts))


def _unknown(day: Health) -> frozenset[str]:
    return frozenset(gap.name for gap in day.missing)


def _tenths_of(part: Contribution | None) -> int:
    return part.tenths if part else 0
