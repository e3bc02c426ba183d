"""Texts of templates that no catalogue can translate: English outside of ``_()`` and ``trans``."""

import re
from collections.abc import Iterator

from jinja2 import Environment, nodes

# Names and units, which are the same in every language.
NAMES = (
    "CSV", "Enter", "HubSpot", "JSON", "ms", "PNG", "POST", "Second Order", "second-order", "SVG",
    "XLSX",
)  # fmt: skip
_NAME = re.compile(rf"\b(?:{'|'.join(map(re.escape, NAMES))})\b")
_WORD = re.compile(r"[^\W\d_]{2,}")
_ENTITY = re.compile(r"&#?\w+;")
_TAG = re.compile(r"<[^>]*>")
_READ_ATTRIBUTE = re.compile(
    r"\b(?:aria-label|aria-description|placeholder|title|alt|data-head)\s*="
    r"""\s*(?:"([^"]*)"|'([^']*)')"""
)
# A macro may write attributes of a tag that another one opens.
_ATTRIBUTE = re.compile(r"""[\w:-]+=("[^"]*"|'[^']*')""")
_ADDRESS = re.compile(r"/[a-z/-]+/")
_NOT_READ = re.compile(
    r"<(script|style|svg|code|textarea)\b.*?</\1\s*>|<!--.*?-->|<!doctype[^>]*>",
    re.DOTALL | re.IGNORECASE,
)
_TRANSLATED = re.compile(r"\{%-?\s*trans\b.*?\{%-?\s*endtrans\s*-?%\}", re.DOTALL)
_JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_GETTEXT = frozenset({"_", "gettext", "ngettext"})
# What reads like words, and not like a key, a path or a class: a capital first, or a space.
_LIKE_WORDS = re.compile(r"^[A-Z][a-z]+|[^\W\d_],? [^\W\d_]")
_JINJA_PIECE = "\x00"
_ENVIRONMENT = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)


def untranslated(source: str) -> Iterator[str]:
    """Yield the texts of a template that stand outside of what is translated."""
    yield from _in_html(source)
    yield from _in_expressions(source)


def _in_html(source: str) -> Iterator[str]:
    html = _JINJA.sub(_JINJA_PIECE, _TRANSLATED.sub(_JINJA_PIECE, source))
    html = _NOT_READ.sub(_JINJA_PIECE, html)
    for attribute in _READ_ATTRIBUTE.finditer(html):
        if _has_words(attribute[1] or attribute[2] or ""):
            yield attribute[0]
    for piece in _TAG.split(html):
        if _has_words(_ADDRESS.sub("", _ATTRIBUTE.sub("", piece))):
            yield " ".join(piece.replace(_JINJA_PIECE, "…").split())


def _in_expressions(source: str) -> Iterator[str]:
    """Strings in code that read like words: "Try all again", and no keys, names or addresses."""
    tree = _ENVIRONMENT.parse(source)
    translated = {
        id(text)
        for node in tree.find_all((nodes.Call, nodes.Compare))
        if isinstance(node, nodes.Compare) or _translates(node)
        for text in node.find_all(nodes.Const)
    }
    for text in tree.find_all(nodes.Const):
        if isinstance(text.value, str) and id(text) not in translated and _reads(text.value):
            yield f"{text.value!r} in line {text.lineno}"


def _translates(call: nodes.Node) -> bool:
    name = getattr(call, "node", None)
    return isinstance(name, nodes.Name) and name.name in _GETTEXT


def _reads(text: str) -> bool:
    return bool(_LIKE_WORDS.search(text.strip())) and _has_words(text)


def _has_words(text: str) -> bool:
    return bool(_WORD.search(_NAME.sub("", _ENTITY.sub("", text))))
