"""How invented people and companies are called, and how others type that."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Mapping, Sequence
from typing import TypeVar

from tests.sandbox import town_rates as rates
from tests.sandbox import town_words as words

Choice = TypeVar("Choice", str, int)
_RARE = len(words.SURNAME_STARTS) * len(words.SURNAME_ENDS)
_NICKNAMES = dict(words.FIRST_NAMES)
# Letters that do not come apart into a plain one and an accent.
_LETTERS = str.maketrans("\u00f8\u00d8\u0142\u0141\u0131", "oOlLi")


def weighted(dice: random.Random, shares: Mapping[Choice, float]) -> Choice:
    """One key, as often as its share says."""
    return dice.choices(list(shares), weights=list(shares.values()))[0]


def by_deciles(dice: random.Random, deciles: Sequence[float]) -> float:
    """A number spread as the nine *deciles* say; the ends go a third beyond the outer ones."""
    edges = [deciles[0] * 0.34, *deciles, deciles[-1] * 1.34]
    place = dice.randrange(10)
    return edges[place] + dice.random() * (edges[place + 1] - edges[place])


def ascii_only(text: str) -> str:
    """Without accents, as addresses and hurried people write."""
    plain = text.translate(_LETTERS)
    return unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()


def slug(text: str) -> str:
    """Letters and digits with hyphens between words."""
    kept = "".join(letter if letter.isalnum() else " " for letter in ascii_only(text).lower())
    return "-".join(kept.split())


def person_name(dice: random.Random) -> tuple[str, str]:
    """A first name and a surname; rare surnames are put together from halves."""
    first = dice.choice(words.FIRST_NAMES)[0]
    if dice.random() < 0.5:
        last = dice.choice(words.COMMON_SURNAMES)
    else:
        place = dice.randrange(_RARE)
        last = (
            words.SURNAME_STARTS[place // len(words.SURNAME_ENDS)]
            + words.SURNAME_ENDS[place % len(words.SURNAME_ENDS)]
        )
    chance = dice.random()
    if chance < 0.02:
        last = f"{dice.choice(words.PARTICLES)} {last}"
    elif chance < 0.035:
        last = f"{last}-{dice.choice(words.COMMON_SURNAMES)}"
    return first, last


def company_name(dice: random.Random, taken: set[str]) -> str:
    """A company name nobody in the portal has yet."""
    while True:
        name = dice.choice(words.COMPANY_STARTS)
        if dice.random() < 0.7:
            name += dice.choice(words.COMPANY_MIDDLES)
        name = f"{name} {dice.choice(words.COMPANY_TRADES)}"
        if slug(name) not in taken:
            taken.add(slug(name))
            return name


def legal_name(dice: random.Random, name: str) -> str:
    """The name with a legal form, sometimes."""
    return f"{name} {dice.choice(words.LEGAL_FORMS)}" if dice.random() < 0.25 else name


def company_text(dice: random.Random, name: str) -> str:
    """The company as people type it into a form."""
    chance = dice.random()
    if chance < 0.70:
        return name
    if chance < 0.80:
        return name.lower()
    if chance < 0.90:
        return f"{name} {dice.choice(words.LEGAL_FORMS)}"
    return name.partition(" ")[0] if chance < 0.95 else name.upper()


def _typo(dice: random.Random, text: str) -> str:
    if len(text) < 4:
        return text
    place = dice.randrange(1, len(text) - 1)
    kind = dice.randrange(3)
    if kind == 0:
        return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    if kind == 1:
        return text[:place] + text[place + 1 :]
    return text[:place] + text[place] + text[place:]


def written(dice: random.Random, first: str, last: str, email: str) -> tuple[str, str, str]:
    """A name as somebody wrote it down: first, last, and which form it is."""
    form = weighted(dice, rates.NAME_FORMS)
    others = _NICKNAMES.get(first, ())
    if form == "nickname" and others:
        return dice.choice(others), last, form
    if form == "surname_change":
        return first, dice.choice(words.COMMON_SURNAMES), form
    if form == "diacritics" and ascii_only(first + last) != first + last:
        return ascii_only(first), ascii_only(last), form
    shapes = {
        "initial": (f"{first[0]}.", last),
        "case": (first.upper(), last.upper())
        if dice.random() < 0.4
        else (first.lower(), last.lower()),
        "swapped": (last, first),
        "missing_last": (first, ""),
        "missing_both": ("", ""),
        "middle": (f"{first} {dice.choice('ABCDEFGHJKLMNPRST')}.", last),
        "pasted": (f'"{first} {last}" <{email}>', ""),
    }
    if form == "typo":
        return (
            (first, _typo(dice, last), form)
            if dice.random() < 0.6
            else (_typo(dice, first), last, form)
        )
    return (*shapes[form], form) if form in shapes else (first, last, "exact")


PATTERNS: dict[str, float] = {
    "first.last": 0.45,
    "flast": 0.22,
    "first": 0.13,
    "firstlast": 0.12,
    "last.first": 0.08,
}


def local_part(pattern: str, first: str, last: str) -> str:
    """The part before the @."""
    one, two = slug(first).replace("-", ""), slug(last).replace("-", "")
    return {
        "first.last": f"{one}.{two}",
        "flast": f"{one[:1]}{two}",
        "first": one,
        "firstlast": f"{one}{two}",
        "last.first": f"{two}.{one}",
    }[pattern]


def free_address(dice: random.Random, first: str, last: str, taken: set[str]) -> str:
    """A private address that nobody else has."""
    pattern = weighted(dice, PATTERNS)
    host = weighted(dice, rates.FREE_HOSTS)
    while True:
        digits = str(dice.randrange(1, 9999)) if dice.random() < 0.6 else ""
        address = f"{local_part(pattern, first, last)}{digits}@{host}"
        if address not in taken:
            taken.add(address)
            return address
        pattern = "first.last" if pattern == "first" else pattern
