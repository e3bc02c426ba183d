"""Plain text of one line: what came along with a copied value and is none of it."""

import unicodedata

# Control, format and separator signs, and bytes that were no text: a byte-order mark, a zero-width
# space, a line's end.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"})
_QUOTES = ('"', "'", "`")


def is_unseen(sign: str) -> bool:
    """Whether a sign leaves no mark on paper."""
    return unicodedata.category(sign) in _UNSEEN


def trimmed(text: str) -> str:
    """Return *text* without unseen signs at either end."""
    seen = [place for place, sign in enumerate(text) if not is_unseen(sign)]
    return text[seen[0] : seen[-1] + 1] if seen else ""


def is_quoted(text: str) -> bool:
    """Whether a shell's or a file's quotes were copied along with the value."""
    return len(text) > 1 and text[0] == text[-1] and text[0] in _QUOTES


def items(text: str) -> tuple[str, ...]:
    """Return what commas separate, each item trimmed; empty ones are left out."""
    parts = (trimmed(part) for part in text.split(","))
    return tuple(part for part in parts if part)
