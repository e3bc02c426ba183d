"""Frequencies: what record linkage has to know of the whole portal to weigh one pair."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from mappings.rules.facts import ContactFacts, Directory
from mappings.rules.text import job_titles, places
from mappings.rules.text.names import NameStats

CITY, STATE, COUNTRY, TITLE = "city", "state", "country", "title"
# A value that one record in eight has says nothing, one in 1,024 is rare: halvings of the portal.
_EVERYBODYS: Final = 3.0
_RAREST: Final = 10.0
# Fewer records cannot tell what is rare: there each value counts half, whoever comes or goes.
_TELLING: Final = 2_000
_HALF: Final = 0.5
_HANDFUL: Final = 7
"""Records that have a value at least: fewer are chance."""


@dataclass(frozen=True, slots=True)
class Frequencies:
    """The portal as far as record linkage depends on it.

    `phone_holders` counts the differently named persons of a number, `counts` the records that
    have a value (see `values_of`); `decisions` are people's answers (True same, False different) by
    pair of contact ids, the lower first. `oversized` are block keys that too many records of the
    portal share, of which only some may be given.
    """

    companies: Directory = field(default_factory=Directory)
    names: NameStats = field(default_factory=NameStats)
    phone_holders: Mapping[str, int] = field(default_factory=dict)
    decisions: Mapping[tuple[int, int], bool] = field(default_factory=dict)
    oversized: frozenset[str] = frozenset()
    counts: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def rarity(self, kind: str, value: str) -> float:
        """How rare a value is: 1 where one record in 1,024 or fewer has it, 0 where one in 8 has.

        Between, by the logarithm of its share; in a small portal a half, whatever its share.
        """
        if self.names.total < _TELLING:
            return _HALF
        count = max(_HANDFUL, self.counts.get((kind, value), 0))
        halvings = math.log2(self.names.total / count)
        level = (halvings - _EVERYBODYS) / (_RAREST - _EVERYBODYS)
        return min(max(level, 0.0), 1.0)


def values_of(contact: ContactFacts) -> frozenset[tuple[str, str]]:
    """Where a record lives and works, as (kind, value) in the form that compares."""
    values = (
        (CITY, places.city(contact.city)),
        (STATE, places.state(contact.state)),
        (COUNTRY, places.country(contact.country)),
        (TITLE, job_titles.plain(contact.job_title)),
    )
    return frozenset((kind, value) for kind, value in values if value)
