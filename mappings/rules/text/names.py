"""Names of people: how two of them agree, and how many namesakes a portal has."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from string import ascii_lowercase

from mappings.caching import cached
from mappings.rules.text.folding import LONGEST, fold, fold_name, spoken, words
from mappings.rules.text.nicknames import given_forms, is_nickname, is_short

__all__ = [
    "ANY_END",
    "LONGEST",
    "NameStats",
    "agreement",
    "compare",
    "fold",
    "fold_name",
    "full_key",
    "given_forms",
    "is_nickname",
    "near",
    "share",
    "slips",
    "spoken",
    "tokens",
    "words",
]

HONORIFICS = words("mr mrs ms miss dr prof sir herr frau mme mlle jr sr ii iii iv phd md")

Parts = tuple[str, ...]


@cached(1 << 15)
def tokens(text: str) -> Parts:
    """The words of a name, folded, without titles."""
    return tuple(word for word in fold_name(text).split() if word not in HONORIFICS)


ANY_END = "*"


@dataclass(frozen=True, slots=True)
class NameStats:
    """How often folded names occur among a portal's persons, so that rare agreement weighs more.

    A name that ends in `ANY_END` stands for all that begin so.
    """

    total: int = 0
    first: Mapping[str, int] = field(default_factory=dict)
    last: Mapping[str, int] = field(default_factory=dict)


_UNSEEN = 2000
"""Records added in thought, so that a small portal does not take every name for a frequent one."""


def share(total: int, holders: int) -> float:
    """The share of a portal's records that hold a value; one that nobody holds counts as held."""
    return max(1, holders) / (total + _UNSEEN)


def full_key(first: str, last: str) -> str:
    """The folded full name in an order that does not depend on which slot a name was typed into."""
    return " ".join(sorted((*tokens(first), *tokens(last))))


# Letters a name needs before a slip is believed: two short names differ by one letter too often,
# by swapped neighbours a little less often.
_SHORTEST_SWAPPED = 4
_SHORTEST_MISTYPED = 5


def near(a: str, b: str) -> bool:
    """Whether two names are one slip of the keyboard apart.

    A letter is changed, missing or doubled (5 letters and more), or neighbours are swapped (4 and
    more).
    """
    if a == b or min(len(a), len(b)) < _SHORTEST_SWAPPED or abs(len(a) - len(b)) > 1:
        return False
    # Two slips at least: by far the most names end here.
    if a[-1] != b[-1] and a[:2] != b[:2]:
        return False
    return _is_one_slip(b, a) if len(a) > len(b) else _is_one_slip(a, b)


@cached(1 << 12)
def slips(name: str) -> frozenset[str]:
    """All words that are one slip of the keyboard away from a name (see `near`)."""
    found: set[str] = set()
    for at in range(len(name) + 1):
        found |= _mistyped(name[:at], name[at:])
    return frozenset(word for word in found if near(name, word))


def _mistyped(head: str, tail: str) -> set[str]:
    """A letter left out, two swapped, one added or one changed, where *tail* begins."""
    words = {head + tail[1:]}
    if len(tail) > 1:
        words.add(head + tail[1] + tail[0] + tail[2:])
    for letter in ascii_lowercase:
        words.add(head + letter + tail)
        words.add(head + letter + tail[1:])
    return words


def _is_one_slip(short: str, long: str) -> bool:
    """Whether a name becomes another, which is as long or one letter longer, by one slip."""
    letters = enumerate(zip(short, long, strict=False))
    at = next((place for place, (x, y) in letters if x != y), len(short))
    if len(short) < len(long):
        return len(long) >= _SHORTEST_MISTYPED and short[at:] == long[at + 1 :]
    if short[at : at + 2] == long[at : at + 2][::-1] and short[at + 2 :] == long[at + 2 :]:
        return True
    return len(long) >= _SHORTEST_MISTYPED and short[at + 1 :] == long[at + 1 :]


def compare(first_a: str, last_a: str, first_b: str, last_b: str) -> str:
    """How two names as written agree (see `agreement`); half a name agrees with none."""
    return agreement(tokens(first_a), tokens(last_a), tokens(first_b), tokens(last_b))


@lru_cache(maxsize=1 << 15)
def agreement(given_a: Parts, family_a: Parts, given_b: Parts, family_b: Parts) -> str:
    """How two names agree, with slots that may be swapped; "" when they do not.

    The kinds are exact, middle, nickname, short, initial, typo and compound.
    """
    if not (given_a and family_a and given_b and family_b):
        return ""
    if "".join(given_a + family_a) in {"".join(given_b + family_b), "".join(family_b + given_b)}:
        return "exact"
    return (
        _compare_slots(given_a, family_a, given_b, family_b)
        or _compare_slots(given_a, family_a, family_b, given_b)
        or _compare_slots(family_a, given_a, given_b, family_b)
    )


def _compare_slots(given_a: Parts, family_a: Parts, given_b: Parts, family_b: Parts) -> str:
    if family_a == family_b or _is_respaced(family_a, family_b):
        return _compare_given(given_a, given_b)
    if given_a == given_b and (set(family_a) < set(family_b) or set(family_b) < set(family_a)):
        return "compound"
    is_same_given = given_a == given_b or _is_middle(given_a, given_b)
    if is_same_given and near(" ".join(family_a), " ".join(family_b)):
        return "typo"
    return ""


def _is_respaced(a: Parts, b: Parts) -> bool:
    """Whether two names are the same letters, parted differently: "van den berg", "vandenberg"."""
    return (len(a) > 1 or len(b) > 1) and "".join(a) == "".join(b)


def _compare_given(a: Parts, b: Parts) -> str:
    if "".join(a) == "".join(b) or _is_middle(a, b):
        return "middle"
    if near("".join(a), "".join(b)):
        return "typo"
    # Two different middle names are two people, whatever the first names are short for.
    if len(a) > 1 and len(b) > 1 and a[1:] != b[1:]:
        return ""
    return _compare_first(a[0], b[0])


def _compare_first(a: str, b: str) -> str:
    if is_nickname(a, b):
        return "nickname"
    if (len(a) == 1 or len(b) == 1) and a[0] == b[0]:
        return "initial"
    return "short" if is_short(a, b) else ""


def _is_middle(a: Parts, b: Parts) -> bool:
    """Whether one given name is the other with a middle name or initial added."""
    return a[0] == b[0] and all(
        x[0] == y[0] and min(len(x), len(y)) == 1 for x, y in zip(a[1:], b[1:], strict=False)
    )
