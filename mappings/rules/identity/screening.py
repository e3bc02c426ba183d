"""Resemblance: whether two records can be called alike, told from their names before anything is weighed."""

from dataclasses import dataclass

from mappings.rules.facts import ContactFacts
from mappings.rules.identity.name_variants import (
    Named,
    NameVariant,
    name_variants,
    spells_out,
    unspaced,
)
from mappings.rules.text import names
from mappings.rules.text.names import Parts


@dataclass(frozen=True, slots=True)
class NameForms:
    """What a record can be called: its readings, their words in order, and a nameless one's unspaced address."""

    readings: tuple[NameVariant, ...]
    words: frozenset[Parts]
    unspaced: str


def name_forms(contact: ContactFacts | Named) -> NameForms:
    """What a record can be called."""
    found = name_variants(contact)
    return NameForms(
        found, frozenset(tuple(sorted(one.given + one.family)) for one in found), unspaced(contact)
    )


def alike(a: NameForms, b: NameForms) -> bool:
    """Whether any two readings agree. Where none do, no name is evidence for one human.

    What the two share as a source is not looked at: it counts on its own, and more may be alike
    here than there.
    """
    if not a.words.isdisjoint(b.words):
        return True
    for one in a.readings:
        for other in b.readings:
            if names.agreement(one.given, one.family, other.given, other.family):
                return True
    return bool(a.unspaced and _spells(a.unspaced, b)) or bool(
        b.unspaced and _spells(b.unspaced, a)
    )


def _spells(local: str, other: NameForms) -> bool:
    return any(spells_out(local, one) for one in other.readings)
