"""Does asking work? People who were ready and held back at random, beside those who were not.

Who is held back is decided by lot, so a difference between the two sides is made by asking, within
its interval. Everybody counts on the side on which the lot put them, whether or not they were asked
(intention to treat): who could not be reached would else be missing on one side only.
"""

import hashlib
import hmac
import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from mappings.rules.facts import PPM
from mappings.rules.ledger.comparison import FEWEST, Rate

OFFERED_SHARE: Final = 100_000
"""The share that is offered (ppm): a tenth costs little and shows an effect in a year or two."""
LARGEST_SHARE: Final = 500_000
"""Of more than half, holding back others would cost more than it can tell."""
FOLLOWED: Final = timedelta(days=180)
"""For so long after becoming ready a person's referrals count, as for promoters."""
_DRAWS: Final = 2000
# Any number does; it must only stay the same, so that a figure is the same each time.
_SEED: Final = 20_260
_Z: Final = 1.959964  # of a 95% interval
_Z_POWER: Final = 0.841621  # of 80% power


class Arm(StrEnum):
    """The side on which the lot puts a person."""

    ASKED = "asked"
    HELD_BACK = "held_back"


def arm(seed: str, person_id: int, share: int) -> Arm:
    """On which side a person is: the same each time, and without order among people.

    *person_id* is the lowest number that any record of the person ever had, so that no merge draws
    the lot again. *share* (ppm) is held back.
    """
    drawn = hmac.digest(seed.encode(), str(person_id).encode(), hashlib.sha256)
    return Arm.HELD_BACK if int.from_bytes(drawn[:8]) * PPM < share << 64 else Arm.ASKED


@dataclass(frozen=True, slots=True)
class TrialPerson:
    """Somebody who became ready, and what came of it in the 180 days after.

    `won_minor` is booked credit and `pipeline_minor` weighted open credit of the deals that they
    brought then, in the smallest unit of the account's currency.
    """

    person_id: int
    arm: Arm
    ready_at: datetime
    referrals: int = 0
    won_minor: int = 0
    pipeline_minor: int = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """How much more one side has than the other, with its 95% interval."""

    value: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out zero: that both sides are alike would be odd."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class HoldOut:
    """What asking made: rates and money of both sides, and the differences once they are enough.

    `waiting` people are not followed for 180 days yet, and count nowhere.
    """

    asked: Rate
    held_back: Rate
    asked_won: float
    held_back_won: float
    asked_pipeline: float
    held_back_pipeline: float
    waiting: int
    rate: Difference | None = None
    won: Difference | None = None
    pipeline: Difference | None = None

    @property
    def is_enough(self) -> bool:
        """Whether both sides have so many people that they may be compared."""
        return min(self.asked.of, self.held_back.of) >= FEWEST


def compare(people: Iterable[TrialPerson], now: datetime) -> HoldOut:
    """Hold the two sides against each other, of people who were followed to the end."""
    everybody = sorted(people, key=lambda person: person.person_id)
    followed = [person for person in everybody if person.ready_at + FOLLOWED <= now]
    asked = [person for person in followed if person.arm is Arm.ASKED]
    held = [person for person in followed if person.arm is Arm.HELD_BACK]
    found = HoldOut(
        asked=_rate(asked),
        held_back=_rate(held),
        asked_won=_mean(_won(asked)),
        held_back_won=_mean(_won(held)),
        asked_pipeline=_mean(_pipeline(asked)),
        held_back_pipeline=_mean(_pipeline(held)),
        waiting=len(everybody) - len(followed),
    )
    if not found.is_enough:
        return found
    return HoldOut(
        **{name: getattr(found, name) for name in _SIDES},
        rate=rate_difference(found.asked, found.held_back),
        won=_money_difference(_won(asked), _won(held)),
        pipeline=_money_difference(_pipeline(asked), _pipeline(held)),
    )


_SIDES: Final = (
    "asked",
    "held_back",
    "asked_won",
    "held_back_won",
    "asked_pipeline",
    "held_back_pipeline",
    "waiting",
)


def _rate(people: Sequence[TrialPerson]) -> Rate:
    return Rate(sum(person.referrals > 0 for person in people), len(people))


def _won(people: Sequence[TrialPerson]) -> list[int]:
    return [person.won_minor for person in people]


def _pipeline(people: Sequence[TrialPerson]) -> list[int]:
    return [person.pipeline_minor for person in people]


def _mean(values: Sequence[int]) -> float:
    return sum(values) / len(values) if values else 0.0


def rate_difference(one: Rate, other: Rate) -> Difference:
    """How much larger one share is, by the intervals of both (Newcombe 1998, method 10).

    Raises ValueError for a side without anybody.
    """
    if one.value is None or other.value is None:
        raise ValueError("a side without anybody has no rate")
    value = one.value - other.value
    (one_low, one_high), (other_low, other_high) = one.interval, other.interval
    down = math.hypot(one.value - one_low, other_high - other.value)
    up = math.hypot(one_high - one.value, other.value - other_low)
    return Difference(value, value - down, value + up)


def _money_difference(one: Sequence[int], other: Sequence[int]) -> Difference | None:
    """None where nobody brought anything: that the difference is surely nothing is not known."""
    return mean_difference(one, other) if any(one) or any(other) else None


def mean_difference(one: Sequence[int], other: Sequence[int]) -> Difference:
    """How much larger one mean is, with the wider of two 95% intervals, end by end.

    One is what 2,000 pairs of samples, put back, would give. Where little money came of few people
    it is too narrow (simulated: an effect is told where there is none in a tenth of trials). The
    other is what 2,000 lots drawn anew would give if asking made no difference.
    """
    lot = random.Random(_SEED)  # the same lot each time
    value = _mean(one) - _mean(other)
    sampled = _ends(_mean_of_sample(one, lot) - _mean_of_sample(other, lot) for _ in range(_DRAWS))
    hits = [amount for amount in (*one, *other) if amount]
    redrawn = _ends(_redrawn(hits, len(one), len(other), lot) for _ in range(_DRAWS))
    low, high = min(sampled[0], value - redrawn[1]), max(sampled[1], value - redrawn[0])
    return Difference(value, low, high)


def _ends(drawn: Iterable[float]) -> tuple[float, float]:
    """What 2.5% of draws fall below, and above, counting what was found as one draw more.

    So a lot drawn anew tells of an effect where there is none in no more than 5% of trials
    (Davison and Hinkley 1997, 4.2).
    """
    ordered = sorted(drawn)
    beyond = int((_DRAWS + 1) * 0.025)
    return ordered[beyond - 1], ordered[-beyond]


def _redrawn(hits: Sequence[int], ones: int, others: int, lot: random.Random) -> float:
    """The difference of means if the same people were drawn to sides of the same sizes anew."""
    left, left_of_others, of_others = ones + others, others, 0
    for amount in hits:
        if lot.random() * left < left_of_others:
            of_others += amount
            left_of_others -= 1
        left -= 1
    return (sum(hits) - of_others) / ones - of_others / others


def _mean_of_sample(values: Sequence[int], lot: random.Random) -> float:
    """The mean of as many draws as there are values; only those above nothing are drawn by name.

    Of most people nothing came. How many draws hit somebody else is what is drawn first.
    """
    hits = [value for value in values if value]
    count = _hits_of_sample(len(values), len(hits), lot)
    return sum(lot.choices(hits, k=count)) / len(values) if count else 0.0


def _hits_of_sample(size: int, hits: int, lot: random.Random) -> int:
    """How many of *size* draws hit one of *hits* among as many: draws between hits are skipped."""
    if hits in {0, size}:
        return hits
    log_miss = math.log1p(-hits / size)
    count, place = 0, 0
    while True:
        place += 1 + int(math.log(1.0 - lot.random()) / log_miss)
        if place > size:
            return count
        count += 1


def people_needed(usual: float, effect: float, share: int) -> int | None:
    """How many must become ready, so that an effect shows in four of five trials.

    *usual* is the share of people who refer unasked, *effect* what asking adds to it, *share* (ppm)
    who are held back. Two-sided at 95%, sides of unequal size (Fleiss, Levin and Paik 2003, 4.3,
    without the correction for continuity, which the interval has not either). None for an effect
    or a share that cannot be.
    """
    asked = usual + effect
    if not (0 <= usual <= 1 and 0 <= asked <= 1) or not effect or not 0 < share <= LARGEST_SHARE:
        return None
    times = (PPM - share) / share  # as many are asked as are held back
    both = (usual + times * asked) / (1 + times)
    alike = _Z * math.sqrt((times + 1) * both * (1 - both))
    apart = _Z_POWER * math.sqrt(times * usual * (1 - usual) + asked * (1 - asked))
    held_back = (alike + apart) ** 2 / (times * effect**2)
    return math.ceil(max(math.ceil(held_back), FEWEST) * PPM / share)
