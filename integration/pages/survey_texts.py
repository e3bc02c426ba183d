"""Texts of our survey's page in the languages of customers, who are more than the app's users.

They stand in ``survey_languages``, a file a language, and not in the catalogues of pages: those
speak the languages of the app's users. A file that lacks a text does not load.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Final

import orjson


@dataclass(frozen=True, slots=True)
class SurveyTexts:
    """All that the page says in one language; `{asker}`, `{owner}` and `{until}` are put in."""

    name: str
    skip: str
    title: str
    question: str
    question_of_nobody: str
    lowest: str
    highest: str
    comment: str
    optional: str
    send: str
    what_happens: str
    what_happens_at_nobody: str
    privacy: str
    language: str
    choose: str
    too_long: str
    may_change: str
    answered: str
    thanks: str
    saved: str
    promoter: str
    passive: str
    detractor: str
    detractor_owner: str
    offer: str
    nobody_title: str
    nobody: str
    often_title: str
    often: str


ENGLISH: Final = "en"
_CODES = (ENGLISH, "de", "es", "fr", "pt")


def _read(code: str) -> SurveyTexts:
    file = resources.files("integration.pages") / "survey_languages" / f"{code}.json"
    return SurveyTexts(**orjson.loads(file.read_bytes()))


TEXTS: Final[Mapping[str, SurveyTexts]] = {code: _read(code) for code in _CODES}
"""The texts by language code, as browsers ask for it."""
