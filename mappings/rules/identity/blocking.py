"""Blocks: keys under which records that can be one human meet, so that no others are ever compared."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations

from mappings.rules.facts import ContactFacts
from mappings.rules.identity import name_variants, screening
from mappings.rules.identity.record_profile import all_emails, is_role_record
from mappings.rules.text import names
from mappings.rules.text.names import Parts

WIDEST = 60
"""A key that more records share says nothing about any two of them; without this, blocks grow with the square."""

STRONG = ("mail", "phone", "profile", "record", "name")
"""Kinds of keys that are evidence themselves: whoever shares one is compared."""
WEAK = ("nick", "initial", "near")
"""Kinds of keys by which only names that may agree meet; most that share one do not agree."""


def is_weak(key: str) -> bool:
    """Whether a key says nothing beyond that two names may agree."""
    return key.partition(":")[0] in WEAK


def block_keys(contact: ContactFacts) -> frozenset[str]:
    """Keys under which records are worth comparing; records without a common key are never compared."""
    if is_role_record(contact):
        return frozenset()
    keys = {f"mail:{email}" for email in all_emails(contact)}
    keys |= {f"phone:{number}" for number in contact.mobiles}
    if contact.profile:
        keys.add(f"profile:{contact.profile}")
    keys |= {f"record:{one}" for one in (contact.id, *contact.merged_ids)}
    for name in name_variants.name_variants(contact):
        keys.update(_name_keys(name.given, name.family))
    return frozenset(keys.union(_guesses(name_variants.unspaced(contact))))


def _name_keys(first: Parts, last: Parts) -> Iterator[str]:
    yield "name:" + " ".join(sorted(first + last))
    for given, family in ((first, last), (last, first)):
        yield f"initial:{family[-1]} {given[0][0]}"
        yield f"initial:{family[0]} {given[0][0]}"
        if len(family) > 1:
            yield f"initial:{''.join(family)} {given[0][0]}"
        for form in names.given_forms(given[0]):
            yield f"nick:{' '.join(family)} {form}"
        yield f"near:{given[0]} {family[-1][:2]}"


def _guesses(local: str) -> Iterator[str]:
    """Where a nameless record's unspaced address may belong: every way to part it into a surname and an initial."""
    for at in range(1, len(local)):
        head, tail = local[:at], local[at:]
        if len(tail) > 2:  # noqa: PLR2004 - no surname is shorter, and everything ends in two letters
            yield f"initial:{tail} {head[0]}"
        if len(head) > 2:  # noqa: PLR2004 - as above
            yield f"initial:{head} {tail[0]}"


def candidate_pairs(
    contacts: Iterable[ContactFacts],
    crowded: frozenset[str] = frozenset(),
    *,
    alike_only: bool = False,
) -> set[tuple[int, int]]:
    """Pairs of ids that share a block which is not too wide, here or, being *crowded*, in the portal.

    With *alike_only* pairs that share no more than weak keys are left out where the names do not
    agree.
    """
    here = {contact.id: contact for contact in contacts}
    keys = {one: block_keys(contact) for one, contact in here.items()}
    if not alike_only:
        return _pairs(keys, crowded)
    strong = {
        one: frozenset(key for key in found if not is_weak(key)) for one, found in keys.items()
    }
    called = {one: screening.name_forms(contact) for one, contact in here.items()}
    return {
        (a, b)
        for a, b in _pairs(keys, crowded)
        if not strong[a].isdisjoint(strong[b]) or screening.alike(called[a], called[b])
    }


def _pairs(keys: Mapping[int, frozenset[str]], crowded: frozenset[str]) -> set[tuple[int, int]]:
    blocks: defaultdict[str, list[int]] = defaultdict(list)
    for one, found in keys.items():
        for key in found - crowded:
            blocks[key].append(one)
    return {
        pair
        for ids in blocks.values()
        if 1 < len(ids) <= WIDEST
        for pair in combinations(sorted(ids), 2)
    }  # fmt: skip
