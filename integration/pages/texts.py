"""Texts of pages in the reader's language: what their Python says by ``_()`` and ``ngettext()``.

Templates have the same two, ``{% trans %}`` and the filter ``translated``. A text that is chosen
when a module is loaded takes ``lazy_gettext``, or stands in a table and is translated where it
is shown.
"""

from flask import Flask
from flask_babel import get_translations, lazy_gettext
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

from integration.pages import figures, languages
from integration.pages.languages import gettext
from mappings.sentences import Figure, Sentence

__all__ = ["gettext", "lazy_gettext", "marked", "ngettext", "register", "said", "translated"]


def register(app: Flask) -> None:
    """Give the templates their ways of translating."""
    app.jinja_env.filters["translated"] = translated
    app.jinja_env.globals.update(
        ngettext=_ngettext_in_templates,
        language=languages.language,
        languages=languages.LANGUAGES,
        direction=languages.direction,
    )


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

    A text that no catalogue has stays as it is.
    """
    if not text:
        return ""
    if not isinstance(text, Sentence):
        return gettext(text)
    parts = {name: _part(part) for name, part in text.parts.items()}
    pattern = gettext(text.pattern)
    return pattern % parts if parts else pattern


def marked(text: str) -> str:
    """Return *text* as it is, for catalogues to collect: what shows it translates it."""
    return text


def said(error: Exception) -> str:
    """Return what an error of ours says, in the reader's language."""
    first = error.args[0] if error.args else ""
    return translated(first) if isinstance(first, str) else str(error)


def _part(part: object) -> object:
    if isinstance(part, Figure):
        return getattr(figures, part.write.__name__)(*part.values)
    return translated(part) if isinstance(part, Sentence) else part
