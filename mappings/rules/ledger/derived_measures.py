"""Small measures of customers who bring customers, and a plan of what they could bring.

Each is a count of so many, with its interval. The plan multiplies what somebody assumes; it is no
finding, and stands beside what was observed. Docs: rules.md#small-derived-measures.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Final

from mappings.rules.facts import PPM
from mappings.rules.ledger.comparison import (
    Rate,
    SelectionWarning,
    evened,
    quarter_and_band,
    warnings,
)

FOLLOWED: Final = timedelta(days=180)
"""How long after an answer a referral counts as the promoter's; younger answers do not count."""
RETURN_AFTER: Final = timedelta(days=365)
"""How old a move must be before it is asked whether the champion bought again."""
RETURN_REFERENCE: Final = Fraction(9, 100)
"""A vendor's share of contacts who left and come back as customers unaided."""
HALF: Final = Fraction(1, 2)
"""A new customer with this derived share or more came by word of customers."""


@dataclass(frozen=True, slots=True)
class Promoted:
    """A promoter's answer: whose, when."""

    person_id: int
    at: datetime


def promoters_who_refer(
    answers: Iterable[Promoted], referrals: Mapping[int, Sequence[datetime]], now: datetime
) -> Rate:
    """Of the promoters followed for 180 days, those with a referral in them.

    Each person counts once, by the first answer given; *referrals* are moments by person.
    """
    first: dict[int, datetime] = {}
    for answer in answers:
        if answer.at + FOLLOWED <= now:
            first[answer.person_id] = min(answer.at, first.get(answer.person_id, answer.at))
    referring = 0
    for person_id, at in first.items():
        made = referrals.get(person_id, ())
        referring += any(at <= moment <= at + FOLLOWED for moment in made)
    return Rate(referring, len(first))


@dataclass(frozen=True, slots=True)
class WordOfMouth:
    """New customers that customers brought, by all who could have brought one or been brought."""

    brought: int
    active_at_start: int
    other_new: int

    @property
    def coefficient(self) -> Fraction | None:
        """The coefficient; None without anybody."""
        others = self.active_at_start + self.other_new
        return Fraction(self.brought, others) if others else None


def word_of_mouth(derived_shares: Iterable[Fraction], active_at_start: int) -> WordOfMouth:
    """The B2B word-of-mouth coefficient of a period, by the derived share of each new customer."""
    shares = list(derived_shares)
    brought = sum(share >= HALF for share in shares)
    return WordOfMouth(brought, active_at_start, len(shares) - brought)


@dataclass(frozen=True, slots=True)
class MovedChampion:
    """A champion's move, and whether a deal came of it at the new company."""

    moved_at: datetime
    has_deal: bool


def returning(moves: Iterable[MovedChampion], now: datetime) -> Rate:
    """Of the champions who moved more than a year ago, those with a deal at their new company."""
    old = [move for move in moves if move.moved_at + RETURN_AFTER <= now]
    return Rate(sum(move.has_deal for move in old), len(old))


@dataclass(frozen=True, slots=True)
class KeptCustomer:
    """A customer of the cohort: by its derived share, what it paid at the start, and since when."""

    company_id: int
    is_derived: bool
    is_kept: bool
    since: date
    minor: int


@dataclass(frozen=True, slots=True)
class KeptComparison:
    """How many customers of both kinds stayed, and why they may not be held against each other."""

    derived: Rate
    others: Rate
    warnings: tuple[SelectionWarning, ...]


def compare_kept(customers: Iterable[KeptCustomer]) -> KeptComparison:
    """Derived customers beside the others."""
    sides: dict[bool, list[KeptCustomer]] = {True: [], False: []}
    for customer in customers:
        sides[customer.is_derived].append(customer)
    derived, others = sides[True], sides[False]
    smaller = min(len(derived), len(others))
    return KeptComparison(
        _kept(derived), _kept(others), warnings(smaller, (_mean(derived), _mean(others)))
    )


def matched_kept(customers: Iterable[KeptCustomer]) -> list[KeptCustomer]:
    """As many derived customers as others that began in the same quarter with as much, by lot."""
    ordered = sorted(customers, key=lambda customer: customer.company_id)
    return evened(
        (quarter_and_band(customer.since, customer.minor), customer.is_derived, customer)
        for customer in ordered
    )


def _kept(customers: Sequence[KeptCustomer]) -> Rate:
    return Rate(sum(customer.is_kept for customer in customers), len(customers))


def _mean(customers: Sequence[KeptCustomer]) -> float | None:
    if not customers:
        return None
    return sum(customer.minor for customer in customers) / len(customers)


@dataclass(frozen=True, slots=True)
class Plan:
    """Assumptions of a plan, rates in parts per million: nobody observed them.

    `move_rate`: the part of customers whose champion moves and buys again in a year.
    `friend_rate`: the part of them who tell a friend that buys.
    """

    move_rate: int = 100_000
    years: int = 2
    friend_rate: int = 333_333

    def value(self, direct_minor: int) -> int:
        """What a customer would be worth in all, by these assumptions, half even."""
        return round(self.with_moves(direct_minor) * (1 + Fraction(self.friend_rate, PPM)))

    def with_moves(self, direct_minor: int) -> Fraction:
        """The same with moved champions alone."""
        return direct_minor * (1 + Fraction(self.move_rate, PPM)) ** self.years
