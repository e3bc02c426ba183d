"""The pulse: how the owner of a customer says that it goes, from 1 to 5, once a month.

Beside it stands what the customer says: sentiment from 0 to 100 in five equal steps, the lower
bound included. Who sees a customer two steps better or worse than it sees itself is asked why.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from mappings.rules.policy import Policy

LOWEST: Final = 1
HIGHEST: Final = 5
_STEP = 20


@dataclass(frozen=True, slots=True)
class Pulse:
    """What was said of a company in one month; the last word of a month counts for it."""

    company_id: int
    month: date
    value: int
    at: datetime
    words: str = ""
    user_id: int | None = None


def newest(pulses: Iterable[Pulse], at: datetime) -> Pulse | None:
    """The last pulse that had been given by then, however old."""
    given = [pulse for pulse in pulses if pulse.at <= at]
    return max(given, key=lambda pulse: (pulse.month, pulse.at), default=None)


def is_of_late(pulse: Pulse, at: datetime, policy: Policy) -> bool:
    """Whether a pulse still says how it goes: who says nothing for months says nothing."""
    return at - pulse.at <= timedelta(policy.pulse_window_days)


def step(sentiment: float) -> int:
    """Sentiment from 0 to 100 on the scale of the pulse: 0 up to 20 is 1, 80 to 100 is 5."""
    if not 0 <= sentiment <= HIGHEST * _STEP:
        raise ValueError(f"{sentiment} is no sentiment from 0 to 100")
    return min(HIGHEST, LOWEST + int(sentiment // _STEP))


def value(pulse: Pulse) -> float:
    """A pulse from 0 to 100: 1 is 0, 3 is 50, 5 is 100."""
    return 100 * (pulse.value - LOWEST) / (HIGHEST - LOWEST)


def gap(pulse: Pulse, sentiment: float, policy: Policy) -> int:
    """By how many steps the owner is more hopeful than the customer; 0 below a gap that counts."""
    steps = pulse.value - step(sentiment)
    return steps if abs(steps) >= policy.pulse_gap_steps else 0
