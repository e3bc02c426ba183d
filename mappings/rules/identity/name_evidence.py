"""Name evidence: how well the names of two records agree, in bits, with reasons."""

from collections.abc import Iterator
from itertools import product

from mappings.rules.facts import ContactFacts
from mappings.rules.findings import Reason
from mappings.rules.identity.circumstances import Evidence
from mappings.rules.identity.frequencies import Frequencies
from mappings.rules.identity.name_rarity import given_name_bits, name_bits, namesakes
from mappings.rules.identity.name_variants import NameVariant, name_variants, spells_out, unspaced
from mappings.rules.policy import Policy
from mappings.rules.text import names
from mappings.rules.text.names import spoken

GIVEN_NAME = "same_given_name"
"""The code of a given name without the surname, which may have changed or be missing."""


def name_evidence(
    old: ContactFacts, new: ContactFacts, portal: Frequencies, policy: Policy
) -> Iterator[Evidence]:
    """The best agreement between the name variants of two records, else half a name."""
    old_names, new_names = name_variants(old), name_variants(new)
    agreements = [
        *_agreements(old, new, portal, policy),
        *_spelled(unspaced(old), new_names, portal, policy),
        *_spelled(unspaced(new), old_names, portal, policy),
    ]
    if agreements:
        bits, how = max(agreements)
        yield bits, _name_reason(how, old, new)
        return
    one, two = names.tokens(old.first_name), names.tokens(new.first_name)
    if one == two:
        yield from _given_name_evidence(new, portal, policy)
    elif _is_written(old) and _is_written(new) and one[0] != two[0]:
        yield policy.other_name_bits, Reason("other_name", "the records bear two different names")


def _agreements(
    old: ContactFacts, new: ContactFacts, portal: Frequencies, policy: Policy
) -> Iterator[tuple[float, str]]:
    """Bits and kind of each agreement between two name variants."""
    for a, b in product(name_variants(old), name_variants(new)):
        if _one_source(a, b, old, new):
            continue
        how = names.agreement(a.given, a.family, b.given, b.family)
        if how:
            yield _agreed(how, a, b, portal, policy), how


def _given_name_evidence(
    contact: ContactFacts, portal: Frequencies, policy: Policy
) -> Iterator[Evidence]:
    given = " ".join(names.tokens(contact.first_name))
    if len(given) > 1:
        text = f"both have the given name {spoken(contact.first_name)}"
        yield given_name_bits(given, portal.names, policy), Reason(GIVEN_NAME, text)


def _is_written(contact: ContactFacts) -> bool:
    """Whether both fields of the name are filled in."""
    return bool(names.tokens(contact.first_name) and names.tokens(contact.last_name))


def _one_source(a: NameVariant, b: NameVariant, old: ContactFacts, new: ContactFacts) -> bool:
    """Whether two variants come from one shared profile or address, which counts on its own."""
    if a.how != b.how or a.how == "written":
        return False
    if a.how == "profile":
        return old.profile == new.profile
    return not set(old.emails).isdisjoint(new.emails)


def _name_reason(how: str, old: ContactFacts, new: ContactFacts) -> Reason:
    one, two = spoken(old.name), spoken(new.name)
    if not (one and two):
        return Reason(f"name_{how}", f"{one or two} fits the other record's address")
    if how != "exact":
        return Reason(f"name_{how}", f"{one} and {two} can be one name")
    text = f"both are called {two}" if one == two else f"{one} and {two} are one name"
    return Reason("same_name", text)


def _agreed(how: str, a: NameVariant, b: NameVariant, portal: Frequencies, policy: Policy) -> float:
    """Bits of two names that agree, with the deductions for how, and for where they come from."""
    chance = namesakes(how, a, b, portal.names)
    less = {
        "exact": 0.0,
        "middle": policy.middle_name_bits,
        "nickname": policy.nickname_bits,
        "short": policy.short_name_bits,
        "typo": policy.typo_bits,
        "compound": policy.compound_bits,
        "initial": policy.initial_bits,
    }
    far = {"written": 0.0, "profile": policy.profile_name_bits, "address": policy.address_name_bits}
    return name_bits(chance, policy) + less[how] + far[a.how] + far[b.how]


def _spelled(
    local: str, others: tuple[NameVariant, ...], portal: Frequencies, policy: Policy
) -> Iterator[tuple[float, str]]:
    """Bits of a nameless record's unspaced address that spells the other record's name."""
    for name in others if local else ():
        if spelled := spells_out(local, name):
            how = "initial" if spelled == "part" else "exact"
            less = policy.address_name_bits + (policy.initial_bits if how == "initial" else 0.0)
            chance = namesakes(how, name, name, portal.names)
            yield name_bits(chance, policy) + less, "spelled"
