"""Causes: why booked credit of one period differs from another's, to the last unit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mappings.kinds import Cause, EntryOccasion

BY_OCCASION: Mapping[EntryOccasion, tuple[Cause, Cause]] = {
    EntryOccasion.WON: (Cause.WINS, Cause.REFUNDS),
    EntryOccasion.REWON: (Cause.WINS, Cause.REFUNDS),
    EntryOccasion.RESTORED: (Cause.WINS, Cause.REFUNDS),
    EntryOccasion.AMOUNT: (Cause.RAISED, Cause.REFUNDS),
    EntryOccasion.LOST: (Cause.LOST, Cause.LOST),
    EntryOccasion.REOPENED: (Cause.LOST, Cause.LOST),
    EntryOccasion.DELETED: (Cause.REMOVED, Cause.REMOVED),
    EntryOccasion.EXCLUDED: (Cause.REMOVED, Cause.REMOVED),
    EntryOccasion.MERGED: (Cause.MERGED, Cause.MERGED),
    EntryOccasion.EVIDENCE: (Cause.EVIDENCE, Cause.EVIDENCE),
    EntryOccasion.ORDERED: (Cause.ORDERED, Cause.ORDERED),
    EntryOccasion.SETTINGS: (Cause.SETTINGS, Cause.SETTINGS),
    EntryOccasion.CLOSE_DATE: (Cause.CLOSE_DATE, Cause.CLOSE_DATE),
    EntryOccasion.CURRENCY: (Cause.CURRENCY, Cause.CURRENCY),
    EntryOccasion.HOME: (Cause.CURRENCY, Cause.CURRENCY),
}
"""What an occasion that made entries is a cause of, as it added to a deal's credit or took from it.

A win of less than nothing is a credit note. What a later version wrote is `Cause.OTHER`.
"""


@dataclass(frozen=True, slots=True)
class Part:
    """What one cause brought to one period: money, number of deals, and the largest of them."""

    minor: int = 0
    deals: int = 0
    largest: tuple[tuple[int, int], ...] = ()  # deal and its money


@dataclass(frozen=True, slots=True)
class CausedPart:
    """The part of a cause; `is_earlier`: in the period before. `version` is of the settings."""

    cause: Cause
    part: Part
    is_earlier: bool = False
    version: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """What one cause adds to the difference between two periods."""

    cause: Cause
    version: str = ""
    now: Part = field(default_factory=Part)
    earlier: Part = field(default_factory=Part)

    @property
    def minor(self) -> int:
        """What it adds."""
        return self.now.minor - self.earlier.minor


def differences(parts: Iterable[CausedPart]) -> tuple[Difference, ...]:
    """The causes, each with its part of both periods, in the order of :class:`Cause`.

    Their money adds up to what the parts do, the earlier ones taken off.
    """
    by_cause: dict[tuple[Cause, str], dict[bool, Part]] = {}
    for line in parts:
        by_cause.setdefault((line.cause, line.version), {})[line.is_earlier] = line.part
    order = list(Cause)
    ordered = sorted(by_cause, key=lambda key: (order.index(key[0]), key[1]))
    return tuple(
        Difference(*key, by_cause[key].get(False, Part()), by_cause[key].get(True, Part()))
        for key in ordered
    )
