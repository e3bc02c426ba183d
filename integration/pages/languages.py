"""Languages that pages speak, and their catalogues of texts in ``translations``.

English stands in the code and is the key; each other language is one catalogue, like ``de.po``.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import resources
from io import BytesIO
from typing import Final

import flask_babel
from babel import Locale
from babel.messages import mofile, pofile
from babel.support import NullTranslations, Translations
from flask import Flask, request

ENGLISH: Final = "en"
LANGUAGES: Final[Mapping[str, str]] = {ENGLISH: "English", "de": "Deutsch"}
"""The languages that pages speak, each by its own name."""
RECOGNISED: Final = "recognised"
"""Stands in a catalogue beside a text that rules or use cases make, and pages recognise."""
COOKIE: Final = "language"
COOKIE_DAYS: Final = 365


class _Catalogues(flask_babel.Domain):  # type: ignore[misc]  # the library has no types
    """Reads catalogues as translators keep them: no compiled copy could be older than its text."""

    def get_translations(self) -> NullTranslations:
        """Return the texts of the reader's language."""
        return catalogue(language()).translations


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A language's texts: their translations, and the English of those made by rules."""

    translations: NullTranslations
    recognised: tuple[str, ...] = ()


@cache
def catalogue(code: str) -> Catalogue:
    """Return a language's texts; English has none, because its texts are the keys."""
    if code == ENGLISH:
        return Catalogue(NullTranslations())
    path = resources.files("integration.pages") / "translations" / f"{code}.po"
    with path.open("rb") as file:
        kept = pofile.read_po(file, locale=code)
    compiled = BytesIO()
    mofile.write_mo(compiled, kept)
    compiled.seek(0)
    recognised = tuple(
        message.id
        for message in kept
        if isinstance(message.id, str) and RECOGNISED in message.auto_comments
    )
    return Catalogue(Translations(compiled), recognised)


def register(app: Flask, chosen: Callable[[], str | None]) -> None:
    """Speak the language that the reader has *chosen*, else the best that the browser asks for."""
    babel = flask_babel.Babel(app, locale_selector=lambda: _language_of(chosen()))
    babel.domain_instance = _Catalogues()
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    for code in LANGUAGES:
        catalogue(code)  # read now, so that no reader waits for it


def _language_of(chosen: str | None) -> str:
    if chosen is not None and chosen in LANGUAGES:
        return chosen
    return request.accept_languages.best_match(LANGUAGES, ENGLISH) or ENGLISH


def language() -> str:
    """Return the code of the reader's language; English where no page is made."""
    locale: Locale | None = flask_babel.get_locale()
    return locale.language if locale else ENGLISH


def gettext(text: str, /, **parts: object) -> str:
    """Say *text* in the reader's language, with *parts* in the places that it names."""
    said: str = flask_babel.gettext(text)
    return said % parts if parts else said


def direction() -> str:
    """Return which way the reader's language runs: ltr or rtl."""
    return Locale.parse(language()).text_direction


@contextmanager
def in_language(code: str) -> Iterator[None]:
    """Speak *code* for a while, as in a mail to somebody; needs a context of the app."""
    with flask_babel.force_locale(code if code in LANGUAGES else ENGLISH):
        yield
