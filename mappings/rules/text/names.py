"""Names of people: how two of them agree, with nicknames and initials known, and how rare each is in a portal."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mappings.caching import cached
from mappings.rules.text.folding import LONGEST, fold, fold_name, spoken, words
from mappings.rules.text.nicknames import given_forms, is_nickname, is_short

__all__ = [
    "LONGEST",
    "NameStats",
    "agreement",
    "compare",
    "fold",
    "fold_name",
    "full_key",
    "given_forms",
    "is_nickname",
    "namesakes",
    "near",
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


@dataclass(frozen=True, slots=True)
class NameStats:
    """How often folded names occur among a portal's persons, so that rare agreement weighs more."""

    total: int = 0
    first: Mapping[str, int] = field(default_factory=dict)
    last: Mapping[str, int] = field(default_factory=dict)


_UNSEEN = 2000
"""Records added in thought, so that a small portal does not take every name for a frequent one."""


def namesakes(stats: NameStats, first: str, last: str) -> float:
    """How many other people of this name chance would put into the portal, from its folded first and last names."""
    given, family = max(1, stats.first.get(first, 0)), max(1, stats.last.get(last, 0))
    return stats.total * given * family / (stats.total + _UNSEEN) ** 2


def full_key(first: str, last: str) -> str:
    """The folded full name in an order that does not depend on which slot a name was typed into."""
    return " ".join(sorted((*tokens(first), *tokens(last))))


def near(a: str, b: str) -> bool:
    """One slip of the keyboard apart: a letter changed, missing or doubled (5+ letters), or neighbours swapped (4+)."""
    if a == b or min(len(a), len(b)) < 4 or abs(len(a) - len(b)) > 1:  # noqa: PLR2004 - short names differ by one letter too often
        return False
    if a[-1] != b[-1] and a[:2] != b[:2]:  # two slips at least, and by far the most names
        return False
    if len(a) > len(b):
        a, b = b, a
    at = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), len(a))
    if len(a) == len(b) and a[at : at + 2] == b[at : at + 2][::-1] and a[at + 2 :] == b[at + 2 :]:
        return True
    if len(b) < 5:  # noqa: PLR2004 - as above
        return False
    return a[at:] == b[at + 1 :] if len(a) < len(b) else a[at + 1 :] == b[at + 1 :]


def compare(first_a: str, last_a: str, first_b: str, last_b: str) -> str:
    """How two names as written agree (see `agreement`); a missing first or last name never agrees with anything."""
    return agreement(tokens(first_a), tokens(last_a), tokens(first_b), tokens(last_b))


def agreement(given_a: Parts, family_a: Parts, given_b: Parts, family_b: Parts) -> str:
    """How two names agree: exact, middle, nickname, short, initial, typo, compound, or "" when they do not.

    Slots may be swapped.
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
    if family_a == family_b or (
        len(family_a) + len(family_b) > 2 and "".join(family_a) == "".join(family_b)  # noqa: PLR2004 - one word each
    ):
        return _compare_given(given_a, given_b)
    if given_a == given_b and (set(family_a) < set(family_b) or set(family_b) < set(family_a)):
        return "compound"
    if (given_a == given_b or _is_middle(given_a, given_b)) and near(
        " ".join(family_a), " ".join(family_b)
    ):
        return "typo"
    return ""


def _compare_given(a: Parts, b: Parts) -> str:
    if "".join(a) == "".join(b) or _is_middle(a, b):
        return "middle"
    if near("".join(a), "".join(b)):
        return "typo"
    if len(a) > 1 and len(b) > 1 and a[1:] != b[1:]:
        return ""
    if is_nickname(a[0], b[0]):
        return "nickname"
    if (len(a[0]) == 1 or len(b[0]) == 1) and a[0][0] == b[0][0]:
        return "initial"
    return "short" if is_short(a[0], b[0]) else ""


def _is_middle(a: Parts, b: Parts) -> bool:
    """Whether one given name is the other with a middle name or initial added; two different ones are two people."""
    return a[0] == b[0] and all(
        x[0] == y[0] and min(len(x), len(y)) == 1 for x, y in zip(a[1:], b[1:], strict=False)
    )
