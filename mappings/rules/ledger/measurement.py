"""Measurement coverage: how much of the won revenue could have shown a customer's part at all.

What nobody could see is not absent. So each total tells the share of it that could be judged, and
what would raise that share most.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from mappings.kinds import Gap, Ground


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in the account's minor units, and the number of deals that it is of."""

    minor: int = 0
    deals: int = 0

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + other.minor, self.deals + other.deals)


@dataclass(frozen=True, slots=True)
class AlikeDeals:
    """Won deals with the same traces.

    `employer`: a contact on them has a known employer, on this or another record of the person.
    `answer`: they or a contact on them say how they heard of us. `activity`: something was read
    that happened before they opened. `found`: a customer has credit of them. What no question
    depends on any more may be left False: an answer, where the employer is known.
    """

    money: Money
    contacts: bool = False
    employer: bool = False
    answer: bool = False
    activity: bool = False
    found: bool = False

    @property
    def ground(self) -> Ground | None:
        """Why these deals could show a customer's part; None where nothing could."""
        held = {
            Ground.EMPLOYER: self.contacts and self.employer,
            Ground.ANSWER: self.answer,
            Ground.ACTIVITY: self.activity,
            Ground.FOUND: self.found,
        }
        return next((ground for ground, holds in held.items() if holds), None)


@dataclass(frozen=True, slots=True)
class Reading:
    """What an account lets us read.

    `asks`: a property holds the answers to "how did you hear about us". `hindered` is what keeps us
    from reading more of any deal: NOT_ALLOWED, NOT_READ, STILL_READ or OPEN_QUESTION.
    """

    asks: bool = True
    hindered: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class Measurement:
    """Won revenue by what could show a customer's part in it, and by what is lacking.

    `by_ground` and `unjudged` add up to `won`. `gaps` overlap: each is the money of the deals that
    closing this one could let be judged, the largest first.
    """

    won: Money
    by_ground: Mapping[Ground, Money]
    unjudged: Money
    gaps: tuple[tuple[Gap, Money], ...]

    @property
    def judged(self) -> Money:
        """What could be judged."""
        return sum(self.by_ground.values(), Money())

    @property
    def coverage(self) -> Fraction | None:
        """The share of the won amount that could be judged; None where nothing positive was won."""
        if self.won.minor <= 0:
            return None
        return min(max(Fraction(self.judged.minor, self.won.minor), Fraction(0)), Fraction(1))

    @property
    def percent(self) -> int | None:
        """The same in whole percent, rounded down: only all of it is 100."""
        return None if self.coverage is None else int(self.coverage * 100)


def measure(deals: Iterable[AlikeDeals], reading: Reading) -> Measurement:
    """Say how much of what these deals won could be judged, and what would raise it most."""
    by_ground = dict.fromkeys(Ground, Money())
    by_gap = dict.fromkeys(Gap, Money())
    unjudged = Money()
    for alike in deals:
        if alike.ground is not None:
            by_ground[alike.ground] += alike.money
            continue
        unjudged += alike.money
        for gap in _gaps(alike, reading):
            by_gap[gap] += alike.money
    gaps = [(gap, money) for gap, money in by_gap.items() if money.deals]
    gaps.sort(key=lambda line: -line[1].minor)
    judged = sum(by_ground.values(), Money())
    return Measurement(judged + unjudged, by_ground, unjudged, tuple(gaps))


def _gaps(alike: AlikeDeals, reading: Reading) -> Iterable[Gap]:
    """What is lacking at deals that cannot be judged."""
    yield Gap.NO_COMPANY if alike.contacts else Gap.NO_CONTACTS
    yield Gap.UNANSWERED if reading.asks else Gap.NO_QUESTION
    yield from reading.hindered
