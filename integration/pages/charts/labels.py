"""Labels of a chart: any text of an account's, made short and safe to draw."""

import unicodedata
from typing import Final

_ELLIPSIS: Final = "\N{HORIZONTAL ELLIPSIS}"
# What XML cannot hold, and what would turn or break the text around it.
_NOT_DRAWN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_RIGHT_TO_LEFT_MARK: Final = "\N{RIGHT-TO-LEFT MARK}"
_JOINER: Final = "\N{ZERO WIDTH JOINER}"  # inside of emoji and of Indic and Persian words
_NO_CHARACTERS: Final = frozenset({"\ufffe", "\uffff"})
_WIDE: Final = frozenset({"W", "F"})


def clean(text: str) -> str:
    """The text in one line, without what cannot be drawn."""
    drawn = "".join(letter if _is_drawn(letter) else " " for letter in text)
    return " ".join(drawn.split())


def _is_drawn(letter: str) -> bool:
    if letter == _JOINER:
        return True
    return letter not in _NO_CHARACTERS and unicodedata.category(letter) not in _NOT_DRAWN


def shortened(text: str, columns: int) -> str:
    """The text cut to so many columns; a Chinese character takes two, an accent none.

    What is cut off stands in the table beside the chart.
    """
    line = clean(text)
    if columns_of(line) <= columns:
        return line
    kept, left = "", columns - 1
    for letter in line:
        left -= _columns(letter)
        if left < 0:
            break
        kept += letter
    # The mark keeps the ellipsis at the end of a text that runs to the left.
    mark = _RIGHT_TO_LEFT_MARK if unicodedata.bidirectional(kept[-1:] or " ") in {"R", "AL"} else ""
    return kept.rstrip() + _ELLIPSIS + mark


def columns_of(text: str) -> int:
    """How many columns a text takes."""
    return sum(map(_columns, text))


def _columns(letter: str) -> int:
    if unicodedata.combining(letter) or unicodedata.category(letter) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(letter) in _WIDE else 1
