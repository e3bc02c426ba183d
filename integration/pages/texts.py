"""Texts of pages in the reader's language: what their Python says by ``_()`` and ``ngettext()``.

Templates have the same two, ``{% trans %}``, and the filters ``translated`` for labels out of
tables and ``sentence`` for what rules and use cases say. A text that is chosen when a module is
loaded takes ``lazy_gettext``.
"""

from collections.abc import Callable, Mapping

from flask import Flask
from flask_babel import get_translations, lazy_gettext
from jinja2 import pass_context, pass_eval_context
from jinja2.nodes import EvalContext
from jinja2.runtime import Context
from markupsafe import Markup

from integration.pages import figures, languages, recognition
from integration.pages.languages import gettext

__all__ = [
    "add_filters",
    "gettext",
    "lazy_gettext",
    "marked",
    "ngettext",
    "register",
    "said",
    "translated",
]


def register(app: Flask) -> None:
    """Give the templates their ways of translating."""
    add_filters(app, {"translated": translated, "sentence": sentence})
    app.jinja_env.globals.update(
        ngettext=_ngettext_in_templates,
        language=languages.language,
        languages=languages.LANGUAGES,
        direction=languages.direction,
    )


def add_filters(app: Flask, filters: Mapping[str, Callable[..., object]]) -> None:
    """Give the templates filters whose answer depends on the reader.

    Jinja filters a constant once, when it reads a template, unless the filter takes a context.
    """
    app.jinja_env.filters.update({name: _for_each(write) for name, write in filters.items()})


def _for_each(write: Callable[..., object]) -> Callable[..., object]:
    @pass_context
    def filtered(_context: Context, *values: object, **options: object) -> object:
        return write(*values, **options)

    return filtered


def ngettext(one: str, several: str, number: int, /, **parts: object) -> str:
    """Say something of a number: ``ngettext("%(num)s deal", "%(num)s deals", 2_579)``."""
    return _plural(one, several, number) % {"num": figures.count(number), **parts}


@pass_eval_context
def _ngettext_in_templates(
    context: EvalContext, one: str, several: str, number: int, /, **parts: object
) -> str:
    """The same, where what is put into the text is escaped and the text itself is not."""
    text = _plural(one, several, number)
    safe = Markup(text) if context.autoescape else text  # noqa: S704 - written by us
    return safe % {"num": figures.count(number), **parts}


def _plural(one: str, several: str, number: int) -> str:
    text: str = get_translations().ungettext(one, several, number)
    return text


def translated(text: str) -> str:
    """Translate a text that was made or stands elsewhere: a label, a sentence of a use case.

    What no catalogue has stays as it is.
    """
    if languages.language() == languages.ENGLISH or not text:
        return text
    return recognition.recognised(str(text)) or text


def sentence(text: str) -> str:
    """The same for a sentence that may have no translation: it is marked as English then."""
    if languages.language() == languages.ENGLISH or not text:
        return text
    known = recognition.recognised(str(text))
    return Markup('<span lang="en">{}</span>').format(text) if known is None else known


def marked(text: str) -> str:
    """Return *text* as it is, for catalogues to collect: what shows it translates it."""
    return text


def said(error: Exception) -> str:
    """Return what an error of ours says, in the reader's language."""
    first = error.args[0] if error.args else ""
    return translated(first) if isinstance(first, str) else str(error)
