"""Blocks: keys under which records that can be one human meet, so that no others are ever compared."""

from collections.abc import Iterable, Iterator
from itertools import combinations

from mappings.rules import names, readings
from mappings.rules.facts import ContactFacts
from mappings.rules.lives import all_emails, is_role_record
from mappings.rules.names import Parts

WIDEST = 60
"""A key that more records share says nothing about any two of them; without this, blocks grow with the square."""


def block_keys(contact: ContactFacts) -> frozenset[str]:
    """Keys under which records are worth comparing; records without a common key are never compared."""
    if is_role_record(contact):
        return frozenset()
    keys = {f"mail:{email}" for email in all_emails(contact)}
    keys |= {f"phone:{number}" for number in contact.mobiles}
    if contact.profile:
        keys.add(f"profile:{contact.profile}")
    keys |= {f"record:{one}" for one in (contact.id, *contact.merged_ids)}
    for name in readings.readings(contact):
        keys.update(_name_keys(name.given, name.family))
    return frozenset(keys.union(_guesses(readings.unspaced(contact))))


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


def candidate_pairs(contacts: Iterable[ContactFacts], crowded: frozenset[str] = frozenset()) -> set[tuple[int, int]]:
    """Pairs of ids that share a block which is not too wide, here or, being *crowded*, in the portal."""
    blocks: dict[str, list[int]] = {}
    for contact in contacts:
        for key in block_keys(contact) - crowded:
            blocks.setdefault(key, []).append(contact.id)
    return {
        pair
        for ids in blocks.values()
        if 1 < len(ids) <= WIDEST
        for pair in combinations(sorted(ids), 2)
    }  # fmt: skip
