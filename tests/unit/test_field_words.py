"""Field words: names of properties, options and labels mean the same in every language that answers are read in."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.records.detection.wishes import wishes
from mappings.rules.job_changes.departures import says_left
from mappings.rules.text import field_words
from mappings.rules.text.phrases import lines_by_heading, parse

MAPPINGS = Path(__file__).parents[2] / "mappings"


def languages(folder: str) -> set[str]:
    return {file.stem for file in (MAPPINGS / folder).glob("*.txt")} - {"README"}


def headings(language: str) -> dict[str, list[str]]:
    return lines_by_heading((MAPPINGS / "field_words" / f"{language}.txt").read_text())


def test_every_language_of_answers_has_its_field_words() -> None:
    assert languages("field_words") == languages("phrases")


@pytest.mark.parametrize("language", sorted(languages("field_words")))
def test_every_language_has_every_heading(language: str) -> None:
    assert headings(language).keys() >= headings("en").keys()


@pytest.mark.parametrize("language", sorted(languages("field_words")))
def test_every_line_is_a_phrase(language: str) -> None:
    for heading, lines in headings(language).items():
        assert [parse(line, heading) for line in lines]


def test_what_a_setting_asks_has_words() -> None:
    asked = {wish.guess.asks for wish in wishes()}

    assert {asks for asks in asked if f"asks {asks}" not in headings("en")} == set()


@pytest.mark.parametrize(
    ("name", "heading"),
    [
        ("A quitté l'entreprise", "asks left"),
        ("Code d\u2019invitation", "asks code"),
        ("referred_by", "asks referred_by"),
        ("WIE HABEN SIE VON UNS ERFAHREN???", "asks heard_from"),
    ],
)
def test_names_are_read_as_people_and_apis_write_them(name: str, heading: str) -> None:
    assert field_words.says_clearly(heading, name)


@given(st.text(max_size=300), st.text(max_size=60), st.booleans())
def test_no_text_is_too_odd(said: str, question: str, is_option: bool) -> None:
    assert says_left(said, question, is_option=is_option) in {True, False}
