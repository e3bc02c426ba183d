"""Blocking: keys that records of one human share; records without a common key are not compared."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations, filterfalse

from mappings.rules.facts import ContactFacts
from mappings.rules.identity import name_variants, screening
from mappings.rules.identity.circumstances import whereabouts
from mappings.rules.identity.record_profile import all_emails, is_role_record
from mappings.rules.text import names
from mappings.rules.text.names import Parts

WIDEST = 60
"""Records in a block at most: what more share is no evidence, and pairs grow with the square."""

STRONG = ("mail", "phone", "profile", "record", "name", "given")
"""Kinds of keys that are evidence themselves: records that share one are compared."""
WEAK = ("nick", "initial", "near")
"""Kinds of keys of names that may agree; most of those that share one do not."""
# Letters of a surname at least: every unspaced address ends in two letters of some name.
_SHORTEST_FAMILY = 3


def is_weak(key: str) -> bool:
    """Whether a key is evidence only together with names that agree."""
    return key.partition(":")[0] in WEAK


def block_keys(contact: ContactFacts) -> frozenset[str]:
    """The blocking keys of a record, each "kind:value"; a shared mailbox has none."""
    if is_role_record(contact):
        return frozenset()
    keys = {f"mail:{email}" for email in all_emails(contact)}
    keys.update(f"phone:{number}" for number in contact.mobiles)
    if contact.profile:
        keys.add(f"profile:{contact.profile}")
    keys.update(f"record:{contact_id}" for contact_id in (contact.id, *contact.merged_ids))
    for name in name_variants.name_variants(contact):
        keys.update(_name_keys(name.given, name.family))
    keys.update(_given_name_keys(contact))
    return frozenset(keys.union(_guesses(name_variants.unspaced(contact))))


def _given_name_keys(contact: ContactFacts) -> Iterator[str]:
    """The given name beside city and title: surnames change or are missing."""
    given, where = " ".join(names.tokens(contact.first_name)), whereabouts(contact)
    if len(given) > 1 and where:
        yield f"given:{given}, {where}"


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
    """Keys of a nameless record's unspaced address: each split into a surname and an initial."""
    for at in range(1, len(local)):
        head, tail = local[:at], local[at:]
        if len(tail) >= _SHORTEST_FAMILY:
            yield f"initial:{tail} {head[0]}"
        if len(head) >= _SHORTEST_FAMILY:
            yield f"initial:{head} {tail[0]}"


def candidate_pairs(
    contacts: Iterable[ContactFacts],
    oversized: frozenset[str] = frozenset(),
    *,
    alike_only: bool = False,
) -> set[tuple[int, int]]:
    """Pairs of contact ids that share a block, the lower id first.

    Blocks of more than `WIDEST` records are left out, and so are those of *oversized* keys, which
    more records of the portal share than are given. With *alike_only* a pair that shares only weak
    keys is left out where the names do not agree.
    """
    by_id = {contact.id: contact for contact in contacts}
    keys = {contact_id: block_keys(contact) for contact_id, contact in by_id.items()}
    pairs = _pairs(keys, oversized)
    if not alike_only:
        return pairs
    strong = {contact_id: frozenset(filterfalse(is_weak, own)) for contact_id, own in keys.items()}
    forms = {contact_id: screening.name_forms(contact) for contact_id, contact in by_id.items()}
    return {
        (a, b)
        for a, b in pairs
        if not strong[a].isdisjoint(strong[b]) or screening.alike(forms[a], forms[b])
    }


def _pairs(keys: Mapping[int, frozenset[str]], oversized: frozenset[str]) -> set[tuple[int, int]]:
    blocks: defaultdict[str, list[int]] = defaultdict(list)
    for contact_id, own in keys.items():
        for key in own - oversized:
            blocks[key].append(contact_id)
    pairs: set[tuple[int, int]] = set()
    for contact_ids in blocks.values():
        if len(contact_ids) <= WIDEST:
            pairs.update(combinations(sorted(contact_ids), 2))
    return pairs
