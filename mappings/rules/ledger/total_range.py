"""The total: booked second-order revenue of a period, with the range that its certainty leaves."""

from collections.abc import Iterable
from dataclasses import dataclass

from mappings.rules.attribution import credit
from mappings.rules.facts import PPM
from mappings.rules.findings import Source
from mappings.rules.policy import Policy

RATE_BASIS = "at the rates frozen when each deal closed"
"""By which rates amounts in other currencies are part of a total."""


@dataclass(frozen=True, slots=True)
class DerivedDeal:
    """A won deal with credit: all that is booked of it, what of that customers brought, and why.

    `sources` are None where what they weighed was erased with a person.
    """

    booked_minor: int
    derived_minor: int
    sources: tuple[Source, ...] | None


@dataclass(frozen=True, slots=True)
class Range:
    """Second-order revenue when only sure sources count, as booked, and when all are certain."""

    low: int = 0
    expected: int = 0
    high: int = 0

    def __add__(self, other: "Range") -> "Range":
        return Range(self.low + other.low, self.expected + other.expected, self.high + other.high)


def range_of(deals: Iterable[DerivedDeal], policy: Policy) -> Range:
    """Add up the ranges of deals, each rounded to its cent."""
    return sum((_range(deal, policy) for deal in deals), Range())


def _range(deal: DerivedDeal, policy: Policy) -> Range:
    expected = deal.derived_minor
    if not deal.sources:
        return Range(expected, expected, expected)
    low, high = credit.share_range(deal.sources, policy)
    # What is booked can lie outside: its shares are frozen, the policy is today's. By size, since
    # a credit note takes back at each end what its deal has there.
    return Range(
        min(_part(deal.booked_minor, low), expected, key=abs),
        expected,
        max(_part(deal.booked_minor, high), expected, key=abs),
    )


def _part(minor: int, ppm: int) -> int:
    """Rounded to the nearest unit, halves away from zero: so PostgreSQL rounds it, too."""
    part = (abs(minor) * ppm + PPM // 2) // PPM
    return part if minor >= 0 else -part
