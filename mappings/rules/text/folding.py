"""Folding: texts of any script as small letters that compare, and as words in a sentence."""

import unicodedata
from functools import lru_cache

from anyascii import anyascii

from mappings.caching import cached

_INSIDE = "'\u2019`"  # marks that belong to a word, as in O'Brien
_LETTERS = str.maketrans(
    {
        "ß": "ss",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "ł": "l",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        "\u0131": "i",
    }
)


def words(text: str) -> frozenset[str]:
    """A word list written as text."""
    return frozenset(text.split())


@lru_cache(maxsize=200_000)
def fold(text: str) -> str:
    """Lower case without accents or punctuation; other scripts transliterated to Latin letters."""
    plain = text.casefold()
    if not plain.isascii():
        spread = unicodedata.normalize("NFKD", plain.translate(_LETTERS))
        bare = "".join(sign for sign in spread if not unicodedata.combining(sign))
        plain = bare.casefold() if bare.isascii() else _latin(bare)
    signs = (sign if sign.isalnum() else " " for sign in plain if sign not in _INSIDE)
    return " ".join("".join(signs).split())


def _latin(text: str) -> str:
    """Letters and digits only, since signs and emoji have names that nobody bears."""
    whole = unicodedata.normalize("NFC", text)
    signs = (sign if sign.isalnum() or sign in _INSIDE else " " for sign in whole)
    return anyascii("".join(signs)).casefold()


LONGEST = 200
"""Characters of a name that count: what is longer is no name, and would be no usable key either."""


def fold_name(text: str) -> str:
    """A folded name of at most `LONGEST` characters."""
    # Cut twice: folding can make one sign eighteen.
    return fold(text[:LONGEST])[:LONGEST]


_SPOKEN = 100
# Marks that would change the direction of the text around a name.
_TURNING = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
)
_BREAKS = frozenset({"Cc", "Zl", "Zp"})  # Unicode's categories of controls and line ends


@cached(1 << 13)
def spoken(text: str) -> str:
    """A text as it can stand in a sentence: one line, at most 100 letters, no direction marks."""
    # Twice as much is read, so that what is dropped leaves enough; joiners inside emoji and words
    # stay.
    kept = map(_in_line, text[: 2 * _SPOKEN])
    plain = " ".join("".join(kept).split())
    return plain if len(plain) <= _SPOKEN else f"{plain[: _SPOKEN - 1].rstrip()}…"


def _in_line(sign: str) -> str:
    if sign in _TURNING:
        return ""
    return " " if unicodedata.category(sign) in _BREAKS else sign
