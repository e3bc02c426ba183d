"""Given names and what people call them, as the files have it."""

from pathlib import Path

import pytest

from mappings.rules.text import nicknames
from mappings.rules.text.folding import fold
from mappings.rules.text.phrases import tables

FOLDER = Path(nicknames.__file__).parents[2] / "given_names"
FILES = sorted(file for file in FOLDER.glob("*.txt") if file.name != "README.txt")


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("peggy", "margaret"),
        ("bill", "william"),
        ("hannes", "johannes"),
        ("pepe", "jose"),
        ("sasha", "aleksandr"),
        ("gosia", "malgorzata"),
        ("katie", "katherine"),
    ],
)
def test_a_short_form_and_its_full_name_can_be_one_persons(short: str, full: str) -> None:
    assert nicknames.is_nickname(short, full)


def test_two_full_names_are_two() -> None:
    assert not nicknames.is_nickname("margaret", "william")


def test_names_without_short_forms_are_names_too_and_stand_for_nobody_else() -> None:
    assert {"aaron", "margaret", "peggy"} <= nicknames.known_names()
    assert nicknames.given_forms("aaron") == {"aaron"}


def test_answers_are_read_with_the_same_names() -> None:
    assert tables().given == nicknames.known_names()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_of_names_says_where_it_comes_from_and_is_in_order(file: Path) -> None:
    lines = file.read_text("utf-8").splitlines()
    fulls = [fold(line.split()[0]) for line in lines if not line.startswith("#")]

    assert any("Source: " in line for line in lines if line.startswith("#"))
    assert fulls == sorted(set(fulls))
