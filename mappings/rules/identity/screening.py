"""Screening: whether the names of two records can agree at all, before a pair is weighed."""

from dataclasses import dataclass
from itertools import product

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
    """A record's name variants, the sorted words of each, and a nameless one's unspaced address."""

    variants: tuple[NameVariant, ...]
    words: frozenset[Parts]
    unspaced: str


def name_forms(contact: ContactFacts | Named) -> NameForms:
    """The name forms of a record."""
    variants = name_variants(contact)
    words = frozenset(tuple(sorted(name.given + name.family)) for name in variants)
    return NameForms(variants, words, unspaced(contact))


def alike(a: NameForms, b: NameForms) -> bool:
    """Whether any two name variants agree. Where none do, no name is evidence for one human.

    A profile or address that both variants come from is not left out here, though it is when the
    pair is weighed: a pair may be alike and have no agreement.
    """
    if not a.words.isdisjoint(b.words):
        return True
    for name, other in product(a.variants, b.variants):
        if names.agreement(name.given, name.family, other.given, other.family):
            return True
    return _spells(a.unspaced, b) or _spells(b.unspaced, a)


def _spells(local: str, other: NameForms) -> bool:
    return bool(local) and any(spells_out(local, name) for name in other.variants)
