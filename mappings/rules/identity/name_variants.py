"""Readings: every full name a record can be read as, from its name fields, its profile address and its e-mail."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from mappings.rules.facts import ContactFacts
from mappings.rules.text.address_kinds import CONTRACTOR_MARKS, is_role, local_of
from mappings.rules.text.names import Parts, tokens

_ADDRESSES = 3  # of one record are read; more are a merged heap
_SHORTEST = 3  # letters of an unspaced address that can be a name
_MOST = 5  # readings of one record


@dataclass(frozen=True, slots=True)
class NameVariant:
    """One full name in folded words; `how` is written, profile or address: the further, the less it proves."""

    given: Parts
    family: Parts
    how: str = "written"


class Named(NamedTuple):
    """As much of a contact as its name is read from."""

    first_name: str
    last_name: str
    profile: str
    emails: tuple[str, ...]


def name_variants(contact: ContactFacts | Named) -> tuple[NameVariant, ...]:
    """The names of a record, the one that stands in its name fields first; empty when nothing tells."""
    return _readings(
        contact.first_name, contact.last_name, contact.profile, contact.emails[:_ADDRESSES]
    )


@lru_cache(maxsize=1 << 15)
def _readings(
    first: str, last: str, profile: str, emails: tuple[str, ...]
) -> tuple[NameVariant, ...]:
    given, family = tokens(first), tokens(last)
    found: dict[tuple[str, ...], NameVariant] = {}
    for one in _all(given, family, profile, emails):
        found.setdefault(tuple(sorted(one.given + one.family)), one)
    return tuple(found.values())[:_MOST]


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
    """The words at the end of a profile address, without what makes it unique."""
    words = re.split(r"[-_.]+", profile.rpartition("/")[2])
    while words and any(c.isdigit() for c in words[-1]):
        words.pop()
    return tuple(word for text in words for word in tokens(text)) if len(words) > 1 else ()


def _fits(slug: Parts, given: Parts, family: Parts) -> bool:
    """Whether a profile's words can be this person's: they share a name, or the fields are empty."""
    known = set(given + family)
    return not known or not known.isdisjoint(slug) or any(len(one) == 1 for one in known)


@lru_cache(maxsize=1 << 15)
def _pieces(email: str) -> Parts:
    text = re.sub(r"\d+", "", local_of(email))
    return tuple(one for one in re.split(r"[^a-z]+", text) if one and one not in CONTRACTOR_MARKS)


def _of_address(pieces: Parts, given: Parts, family: Parts) -> Iterator[NameVariant]:
    if len(pieces) > 1:
        yield from _of_words(pieces, given, family)
    elif pieces and len(pieces[0]) >= _SHORTEST:
        yield from _of_word(pieces[0], given, family)


def _of_words(pieces: Parts, given: Parts, family: Parts) -> Iterator[NameVariant]:
    """A whole name (`priya.nair`), or what adds to the fields (`p.nair`, `priya.n`)."""
    head, tail = pieces[0], pieces[1:]
    if len(head) > 1 and len(tail[-1]) > 1:
        yield NameVariant((head,), tail, "address")
    elif len(head) > 1 and family and tail[-1][0] == family[0][0]:
        yield NameVariant((head,), family, "address")
    elif len(tail[-1]) > 1 and given and head[0] == given[0][0]:
        yield NameVariant(given, tail, "address")
    elif len(tail[-1]) > 1 and not given:
        yield NameVariant((head,), tail, "address")


def _of_word(local: str, given: Parts, family: Parts) -> Iterator[NameVariant]:
    """One unspaced word: it completes a missing name, or is a given name beside the family name in the field."""
    if given and not family:
        if rest := _beside(local, "".join(given)):
            yield NameVariant(given, (rest,), "address")
        elif local[0] == given[0][0] and local != given[0]:
            yield NameVariant(given, (local[1:],), "address")
    elif family and not given:
        rest = _beside(local, "".join(family), least=1)
        yield NameVariant((rest or local,), family, "address")
    elif given and family and not _is_built_of(local, given, family):
        yield NameVariant((local,), family, "address")


def _beside(local: str, name: str, *, least: int = 2) -> str:
    """What stands in an address before or after a name."""
    for rest in (local.removeprefix(name), local.removesuffix(name)):
        if rest != local and len(rest) >= least:
            return rest
    return ""


def _is_built_of(local: str, given: Parts, family: Parts) -> bool:
    """Whether an address only repeats the fields: jsmith, smithj, johnsmith, john."""
    first, last = "".join(given), "".join(family)
    return (
        local in {first, given[0], last}
        or last in local
        or any(one in local for one in family if len(one) > 2)  # noqa: PLR2004
    )


def unspaced(contact: ContactFacts | Named) -> str:
    """The only word that a nameless record has: its unspaced address ("pnair"), or ""."""
    if (
        tokens(contact.first_name)
        or tokens(contact.last_name)
        or not contact.emails
        or is_role(contact.emails[0])
    ):
        return ""
    pieces = _pieces(contact.emails[0])
    return pieces[0] if len(pieces) == 1 and len(pieces[0]) > _SHORTEST else ""


def spells_out(local: str, name: NameVariant) -> str:
    """How an unspaced address spells a name: "whole" (johnsmith, smithjohn), "part" (jsmith, smithj), or ""."""
    first, last = "".join(name.given), "".join(name.family)
    if local in {first + last, last + first}:
        return "whole"
    return "part" if local in {first[0] + last, last + first[0], first + last[0]} else ""
