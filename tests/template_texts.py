"""Texts of templates that no catalogue can translate: English outside of ``_()`` and ``trans``."""

import re
from collections.abc import Iterator

from jinja2 import Environment, nodes

# Names, which are the same in every language, and units.
NAMES = (
    "Second Order",
    "second-order",
    "HubSpot",
    "Enter",
    "ms",
    "POST",
    "CSV",
    "XLSX",
    "SVG",
    "PNG",
    "JSON",
)
_WORD = re.compile(r"[^\W\d_]{2,}")
_ENTITY = re.compile(r"&#?\w+;")
_READ_ATTRIBUTE = re.compile(
    r"""(?:aria-label|aria-description|placeholder|title|alt|data-head)\s*=\s*(?:"([^"]*)"|'([^']*)')"""
)
_NOT_READ = re.compile(
    r"<(script|style|svg|code|textarea)\b.*?</\1\s*>|<!--.*?-->|<!doctype[^>]*>", re.S | re.I
)
_TRANSLATED = re.compile(r"\{%-?\s*trans\b.*?\{%-?\s*endtrans\s*-?%\}", re.S)
_JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.S)
_GETTEXT = frozenset({"_", "gettext", "ngettext", "pgettext", "npgettext"})
_SAYS_SOMETHING = re.compile(r"^[A-Z][a-z]+|[a-z,’'] [a-zA-Z]|^[a-z]+ | [a-z]+$")
ENVIRONMENT = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)


def untranslated(source: str) -> Iterator[str]:
    """Yield the texts of a template that stand outside of what is translated."""
    yield from _in_html(source)
    yield from _in_expressions(source)


def _in_html(source: str) -> Iterator[str]:
    html = _JINJA.sub(_blank, _TRANSLATED.sub(_blank, source))
    html = _NOT_READ.sub("\x00", html)
    for found in _READ_ATTRIBUTE.finditer(html):
        if _has_words(found[1] or found[2] or ""):
            yield found[0]
    for piece in re.split(r"<[^>]*>", html):
        if _has_words(piece):
            yield re.sub(r"\s+", " ", piece.replace("\x00", "…")).strip()


def _blank(found: re.Match[str]) -> str:
    return "\x00"


def _has_words(text: str) -> bool:
    text = _ENTITY.sub("", text)
    for name in NAMES:
        text = re.sub(rf"\b{re.escape(name)}\b", "", text)
    return bool(_WORD.search(text))


def _in_expressions(source: str) -> Iterator[str]:
    """Strings in code that read like words: "Try all again", and no keys, names or addresses."""
    tree = ENVIRONMENT.parse(source)
    done = {
        id(text)
        for call in tree.find_all(nodes.Call)
        if _translates(call)
        for text in call.find_all(nodes.Const)
    }
    compared = {
        id(text)
        for node in tree.find_all((nodes.Compare, nodes.Getitem))
        for text in node.find_all(nodes.Const)
    }
    for text in tree.find_all(nodes.Const):
        if not isinstance(text.value, str) or id(text) in done:
            continue
        if _SAYS_SOMETHING.search(text.value.strip()) and _has_words(text.value):
            yield f"{text.value!r} in line {text.lineno}"


def _translates(call: nodes.Call) -> bool:
    return isinstance(call.node, nodes.Name) and call.node.name in _GETTEXT
