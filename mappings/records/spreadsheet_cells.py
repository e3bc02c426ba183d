"""Cells of a spreadsheet: text that a spreadsheet would run as a formula is kept text."""

import re
import unicodedata

_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_BEGINS_FORMULA = frozenset("=+-@\N{MINUS SIGN}")
# Spreadsheets drop some of these, or show what follows as if they were not there: control, format
# and separating signs, marks without a letter, and letters without a shape.
_UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs", "Mn", "Me"})
_SHAPELESS = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def guarded(text: str) -> str:
    """Return a cell's text, behind an apostrophe where it would be run; numbers stay numbers."""
    if _NUMBER.fullmatch(text):  # a negative number begins like a formula, and must be added up
        return text
    return f"'{text}" if _may_run(text) else text


def _may_run(text: str) -> bool:
    """Whether a formula begins here, in any width, behind whatever is not seen."""
    if text[:1] and unicodedata.category(text[0]) == "Cc":
        return True  # a tab or a line's end moves what follows into a cell of its own
    first = next((sign for sign in text if not _is_unseen(sign)), "")
    return unicodedata.normalize("NFKC", first)[:1] in _BEGINS_FORMULA


def _is_unseen(sign: str) -> bool:
    return sign in _SHAPELESS or unicodedata.category(sign) in _UNSEEN
