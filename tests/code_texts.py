"""Texts in the Python of pages that no catalogue can translate: English outside of ``_()``."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

# What is said by these is translated, or read by nobody who uses a page.
_DONE = frozenset({"_", "gettext", "lazy_gettext", "marked", "ngettext", "compile", "TypeVar"})
_LOGS = "_log"
_LIKE_WORDS = re.compile(r"^[A-Z][a-z]+\b|[^\W\d_]{2,}[,.:;]? [^\W\d_]{2,}")


@dataclass(frozen=True, slots=True)
class Text:
    """A text and the line it stands in."""

    text: str
    line: int


def untranslated(source: str) -> Iterator[Text]:
    """Yield the texts of a module that stand outside of what is translated."""
    tree = ast.parse(source)
    passed_over = _docstrings(tree) | _within(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in passed_over:
            continue
        if isinstance(node.value, str) and _LIKE_WORDS.search(node.value):
            yield Text(node.value, node.lineno)


def _docstrings(tree: ast.Module) -> set[int]:
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def _within(tree: ast.Module) -> set[int]:
    """Everything inside calls that translate or log, and header names and keys."""
    inside: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_done(node.func):
            inside |= {id(part) for part in ast.walk(node)}
        if isinstance(node, ast.Subscript):
            inside |= {id(part) for part in ast.walk(node.slice)}
    return inside


def _is_done(function: ast.expr) -> bool:
    if isinstance(function, ast.Attribute):
        owner = function.value
        is_log = isinstance(owner, ast.Name) and owner.id == _LOGS
        return is_log or function.attr in _DONE
    return isinstance(function, ast.Name) and function.id in _DONE
