"""Name variants: the full names of a record, by its name fields, profile and e-mail addresses."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from mappings.rules.facts import ContactFacts
from mappings.rules.text.address_kinds import CONTRACTOR_MARKS, is_role, local_of
from mappings.rules.text.names import Parts, tokens

_ADDRESSES = 3  # of one record are read; more are a merged heap
_SHORTEST = 3  # letters of an unspaced address that can be a name
_MOST = 5  # variants of one record
_SHORTEST_FAMILY = 3  # letters of a surname that an address can be said to hold


@dataclass(frozen=True, slots=True)
class NameVariant:
    """A full name in folded words; `how` is written, profile or address, the strongest first."""

    given: Parts
    family: Parts
    how: str = "written"


class Named(NamedTuple):
    """The part of a contact that its name variants come from."""

    first_name: str
    last_name: str
    profile: str
    emails: tuple[str, ...]


def name_variants(contact: ContactFacts | Named) -> tuple[NameVariant, ...]:
    """The names of a record, that of its name fields first; empty when it has none."""
    return _variants(
        contact.first_name, contact.last_name, contact.profile, contact.emails[:_ADDRESSES]
    )


@lru_cache(maxsize=1 << 15)
def _variants(
    first: str, last: str, profile: str, emails: tuple[str, ...]
) -> tuple[NameVariant, ...]:
    given, family = tokens(first), tokens(last)
    by_words: dict[Parts, NameVariant] = {}
    for name in _all(given, family, profile, emails):
        by_words.setdefault(tuple(sorted(name.given + name.family)), name)
    return tuple(by_words.values())[:_MOST]


def _all(given: Parts, family: Parts, profile: str, emails: Sequence[str]) -> Iterator[NameVariant]:
    if given and family:
        yield NameVariant(given, family)
    slug = _slug(profile)
    if len(slug) > 1 and _fits(slug, given, family):
        yield NameVariant(slug[:1], slug[1:], "profile")
    for email in emails:
        if email and not is_role(email):
            yield from _of_address(_pieces(email), given, family)


def _slug(profile: str) -> Parts:
    """The words at the end of a profile address, without the code that makes it unique."""
    words = re.split(r"[-_.]+", profile.rpartition("/")[2])
    while words and any(sign.isdigit() for sign in words[-1]):
        words.pop()
    return tuple(chain.from_iterable(map(tokens, words))) if len(words) > 1 else ()


def _fits(slug: Parts, given: Parts, family: Parts) -> bool:
    """Whether a profile's words can be this person's: one is in the fields, or these are empty."""
    known = set(given + family)
    return not known or not known.isdisjoint(slug) or any(len(word) == 1 for word in known)


@lru_cache(maxsize=1 << 15)
def _pieces(email: str) -> Parts:
    """The words before the @ of an address."""
    words = re.split(r"[^a-z]+", re.sub(r"\d+", "", local_of(email)))
    return tuple(word for word in words if word and word not in CONTRACTOR_MARKS)


def _of_address(pieces: Parts, given: Parts, family: Parts) -> Iterator[NameVariant]:
    if len(pieces) > 1:
        yield from _of_words(pieces, given, family)
    elif pieces and len(pieces[0]) >= _SHORTEST:
        yield from _of_word(pieces[0], given, family)


def _of_words(pieces: Parts, given: Parts, family: Parts) -> Iterator[NameVariant]:
    """A whole name (`priya.nair`), or the rest of one in the fields (`p.nair`, `priya.n`)."""
    head, tail = pieces[0], pieces[1:]
    if len(head) > 1 and len(tail[-1]) > 1:
        yield NameVariant((head,), tail, "address")
    elif len(head) > 1:
        if family and tail[-1][0] == family[0][0]:
            yield NameVariant((head,), family, "address")
    elif len(tail[-1]) > 1:
        if not given:
            yield NameVariant((head,), tail, "address")
        elif head[0] == given[0][0]:
            yield NameVariant(given, tail, "address")


def _of_word(local: str, given: Parts, family: Parts) -> Iterator[NameVariant]:
    """One unspaced word: the missing name, or another given name beside the surname."""
    if given and family:
        if not _is_built_of(local, given, family):
            yield NameVariant((local,), family, "address")
    elif given:
        if rest := _beside(local, "".join(given)) or _behind_initial(local, given[0]):
            yield NameVariant(given, (rest,), "address")
    elif family:
        rest = _beside(local, "".join(family), least=1)
        yield NameVariant((rest or local,), family, "address")


def _behind_initial(local: str, given: str) -> str:
    return local[1:] if local[0] == given[0] and local != given else ""


def _beside(local: str, name: str, *, least: int = 2) -> str:
    """The letters in an address before or after a name; "" when there are fewer than *least*."""
    for rest in (local.removeprefix(name), local.removesuffix(name)):
        if rest != local and len(rest) >= least:
            return rest
    return ""


def _is_built_of(local: str, given: Parts, family: Parts) -> bool:
    """Whether an address only repeats the fields: jsmith, smithj, johnsmith, john."""
    first, last = "".join(given), "".join(family)
    if local in {first, given[0], last} or last in local:
        return True
    return any(word in local for word in family if len(word) >= _SHORTEST_FAMILY)


def unspaced(contact: ContactFacts | Named) -> str:
    """The unspaced address of a record without a name ("pnair"), or ""."""
    if tokens(contact.first_name) or tokens(contact.last_name):
        return ""
    if not contact.emails or is_role(contact.emails[0]):
        return ""
    pieces = _pieces(contact.emails[0])
    return pieces[0] if len(pieces) == 1 and len(pieces[0]) > _SHORTEST else ""


def spells_out(local: str, name: NameVariant) -> str:
    """How an unspaced address spells a name: "whole" (johnsmith), "part" (jsmith), or ""."""
    first, last = "".join(name.given), "".join(name.family)
    if local in {first + last, last + first}:
        return "whole"
    return "part" if local in {first[0] + last, last + first[0], first + last[0]} else ""
