"""The survey's texts: whole in five languages, with the same places to fill, and nothing of markup."""

import dataclasses
import string

import pytest

from integration.pages.survey_texts import TEXTS, SurveyTexts

FIELDS = [field.name for field in dataclasses.fields(SurveyTexts)]
# Words that two languages share.
ALIKE = {"optional"}


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_the_survey_speaks_five_languages() -> None:
    assert set(TEXTS) == {"en", "de", "es", "fr", "pt"}
    assert len({texts.name for texts in TEXTS.values()}) == 5


@pytest.mark.parametrize("code", [code for code in TEXTS if code != "en"])
@pytest.mark.parametrize("name", FIELDS)
def test_every_text_is_translated_and_has_the_same_places(code: str, name: str) -> None:
    english, text = getattr(TEXTS["en"], name), getattr(TEXTS[code], name)

    assert text.strip() == text != ""
    assert places(text) == places(english)
    assert "<" not in text
    assert text != english or name in ALIKE
