"""The rule book: its examples are true, every paragraph has one, and no rule is left out."""

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RULES = ROOT / "mappings" / "rules"
BOOK = ROOT / "docs" / "rules.md"
TEXT = BOOK.read_text()
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL))


def test_the_examples_of_the_rule_book_are_true() -> None:
    result = doctest.testfile(str(BOOK), module_relative=False, optionflags=doctest.ELLIPSIS)

    assert result.attempted > 80
    assert result.failed == 0


@pytest.mark.parametrize("title", [one for one in SECTIONS if not one.startswith("Where")])
def test_every_rule_has_an_example_that_runs(title: str) -> None:
    assert ">>> " in SECTIONS[title]


@pytest.mark.parametrize(
    ("paragraph", "title"),
    [
        ("D1", "Customer and won"), ("D2", "Same human"), ("D3", "Moves"), ("D4", "Referrals"), ("D5", "Word of mouth"),
        ("D6", "Shares and credit"), ("D7", "Orders and all-in value"), ("D8", "Classic models"), ("D16", "Ledger"),
        ("D17", "Merges"), ("D18", "Removed persons"), ("D19", "Currencies"),
    ],
)  # fmt: skip
def test_every_paragraph_has_a_section(paragraph: str, title: str) -> None:
    assert any(one.startswith(title) for one in SECTIONS), paragraph


@pytest.mark.parametrize(
    "module",
    sorted(
        path.relative_to(RULES).as_posix()
        for path in RULES.rglob("*.py")
        if path.name != "__init__.py"
    ),
)
def test_every_module_of_rules_is_in_the_rule_book(module: str) -> None:
    assert f"`{module}`" in TEXT


def test_the_rule_book_names_no_module_that_is_gone() -> None:
    named = re.findall(r"`([\w/]+\.py)`", TEXT)
    places = (RULES, ROOT)

    assert len(named) > 30
    assert [path for path in named if not any((place / path).exists() for place in places)] == []
