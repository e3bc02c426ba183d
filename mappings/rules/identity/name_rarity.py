"""Name rarity: how many others of a portal would agree with a name in the same way, by chance.

What counts is the chance of all names that would agree in that way, not of the name as written:
every given name that begins with K for an initial, all that a short form stands for, all that are
one slip away. So the same agreement says less as a portal grows.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product

from mappings.rules.facts import ContactFacts
from mappings.rules.identity.name_variants import NameVariant, spells_out
from mappings.rules.identity.screening import NameForms, name_forms
from mappings.rules.policy import Policy
from mappings.rules.text import names, nicknames
from mappings.rules.text.names import NameStats

# Namesakes that chance would put into the portal, as powers of two: 1/64, 1/16, 1 and 16. From 16
# on each doubling takes a bit.
_SINGULAR, _RARE, _COMMON, _CROWD = -6.0, -4.0, 0.0, 4.0
# The share of names that go on with a certain letter, where nobody counted.
_SHARE_OF_LETTER = 1 / 13


@dataclass(frozen=True, slots=True)
class NamesToCount:
    """The given names and surnames whose bearers in the portal are counted.

    One that ends in `names.ANY_END` stands for all that begin so.
    """

    first: set[str] = field(default_factory=set)
    last: set[str] = field(default_factory=set)

    def _add(self, how: str, a: NameVariant, b: NameVariant) -> None:
        self.first.update(_given_names(how, a, b))
        self.last.update(_family_names(how, a, b))

    def add_pair(self, one: NameForms, two: NameForms) -> None:
        """Have everything counted that agrees with the names of two records as these do.

        Their own names are in any case: in a group each is compared with everybody.
        """
        for name in (*one.variants, *two.variants):
            self._add("exact", name, name)
        for a, b in product(one.variants, two.variants):
            if how := names.agreement(a.given, a.family, b.given, b.family):
                self._add(how, a, b)
        for local, others in ((one.unspaced, two.variants), (two.unspaced, one.variants)):
            for name in others if local else ():
                if spells_out(local, name):
                    self._add("initial", name, name)
                    self._add("exact", name, name)


def to_count(
    contacts: Mapping[int, ContactFacts], pairs: Iterable[tuple[int, int]]
) -> NamesToCount:
    """The names by which the rarity of what these pairs of contacts have in common is judged."""
    wanted = NamesToCount()
    for a, b in pairs:
        wanted.first.update(" ".join(names.tokens(contacts[id_].first_name)) for id_ in (a, b))
        wanted.add_pair(name_forms(contacts[a]), name_forms(contacts[b]))
    return wanted


def namesakes(how: str, a: NameVariant, b: NameVariant, stats: NameStats) -> float:
    """How many other people chance would put into the portal whose names agree in this way."""
    given = _share(stats.total, stats.first, _given_names(how, a, b))
    return stats.total * given * _share(stats.total, stats.last, _family_names(how, a, b))


def bearers(given: str, stats: NameStats) -> float:
    """How many people of the portal chance would give this given name."""
    return stats.total * names.share(stats.total, stats.first.get(given, 0))


def _share(total: int, counts: Mapping[str, int], wanted: frozenset[str]) -> float:
    """The share of a portal's records that bear one of these names."""
    beginning = next((name for name in wanted if name.endswith(names.ANY_END)), "")
    if beginning and beginning not in counts:
        return _SHARE_OF_LETTER ** len(beginning.removesuffix(names.ANY_END))
    # Of all that are one slip away hardly any occurs: their sets are compared, not each looked up.
    return names.share(total, sum(counts[name] for name in counts.keys() & wanted))


def _given_names(how: str, a: NameVariant, b: NameVariant) -> frozenset[str]:
    """All given names that agree in this way with one of the two."""
    given, other = a.given, _in_slots_of(a, b).given
    both = frozenset({" ".join(given), " ".join(other)})
    if how == "initial":
        return frozenset({given[0][0] + names.ANY_END})
    if how == "short":
        return frozenset({given[0][: nicknames.SHORTEST] + names.ANY_END})
    if how == "nickname":
        return both | nicknames.kin(given[0]) | nicknames.kin(other[0])
    if how == "typo" and given != other:
        return both.union(*map(names.slips, both))
    return both


def _family_names(how: str, a: NameVariant, b: NameVariant) -> frozenset[str]:
    """All surnames that agree in this way with one of the two."""
    family, other = a.family, _in_slots_of(a, b).family
    both = frozenset({" ".join(family), " ".join(other)})
    if how == "typo" and family != other:
        return both.union(*map(names.slips, both))
    return both


def _in_slots_of(a: NameVariant, b: NameVariant) -> NameVariant:
    """The second name, with its slots swapped where only so it agrees with the first."""
    if a.family == b.family or a.given == b.given:
        return b
    is_swapped = a.family == b.given or a.given == b.family
    return NameVariant(b.family, b.given, b.how) if is_swapped else b


def name_bits(chance: float, policy: Policy) -> float:
    """Bits of an equal full name, by the namesakes that chance alone would put into this portal.

    From 1/64 namesakes down the name is singular, at one it is common, with 1/16 between; on the
    logarithm of *chance* the bits are interpolated linearly. More than 16 namesakes take a bit
    for each doubling, down to no evidence at all.
    """
    level = max(math.log2(chance), _SINGULAR) if chance > 0 else _SINGULAR
    if level > _COMMON:
        return max(0.0, policy.common_name_bits - max(0.0, level - _CROWD))
    corners = (
        (_SINGULAR, policy.singular_name_bits),
        (_RARE, policy.rare_name_bits),
        (_COMMON, policy.common_name_bits),
    )
    (x0, y0), (x1, y1) = corners[:2] if level <= _RARE else corners[1:]
    return y0 + (y1 - y0) * (level - x0) / (x1 - x0)


def given_name_bits(given: str, stats: NameStats, policy: Policy) -> float:
    """Bits of an equal given name alone: each doubling of its bearers takes one, down to none."""
    doublings = math.log2(max(1.0, bearers(given, stats)))
    return max(0.0, policy.given_name_bits - doublings)
