"""A run's figures are written under the headings of a document, and nothing else of it changes."""

from pathlib import Path

import pytest

from tests.accuracy import paper
from tests.accuracy.tables import Aim, Grid, Report

PAGE = (
    "# Page\n\n## What a new admin gets\n\nold line\n\n## Who is scored\n\nWords.\n\n"
    "## Figures\n\nold\n\n### Old table\n"
)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    made = tmp_path / "page.md"
    made.write_text(PAGE, encoding="utf-8")
    return made


def told(first: Grid | None) -> Report:
    report = Report(first)
    report.add(Grid("Moves", ("rule", "precision"), (("ours", 0.5), ("a|b", None)), ("A note.",)), aims=[
        Aim("recall", 0.9, 0.92), Aim("off by", 0.01, 0.03, at_most=True)])  # fmt: skip
    return report


def test_figures_replace_what_stood_under_the_heading(page: Path) -> None:
    paper.rewrite(page, told(None).to_json(), "make accuracy")

    text = page.read_text(encoding="utf-8")
    assert text.startswith(PAGE.partition("## Figures")[0])
    assert "## Figures\n\nWritten by `make accuracy`." in text
    assert "### Old table" not in text
    assert "| recall | 0.9000 | ≥ 0.92 | **missed** |\n| off by | 0.0100 | ≤ 0.03 | met |" in text
    assert (
        "### Moves\n\n| rule | precision |\n|---|---|\n| ours | 0.5000 |\n| a\\|b | - |\n\nA note.\n"
        in text
    )


def test_what_a_new_admin_gets_stands_first_and_the_words_behind_it_stay(page: Path) -> None:
    first = Grid("By choice", ("choice", "window"), (("answers nothing", 730),), ("Why.",))

    paper.rewrite(page, told(first).to_json(), "make accuracy")

    text = page.read_text(encoding="utf-8")
    assert text.startswith(
        "# Page\n\n## What a new admin gets\n\n| choice | window |\n|---|---|\n"
        "| answers nothing | 730 |\n\nWhy.\n\n## Who is scored\n\nWords.\n\n## Figures\n"
    )
    assert "old" not in text


def test_writing_twice_changes_nothing(page: Path) -> None:
    report = told(Grid("By choice", ("choice",), (("none",),))).to_json()
    paper.rewrite(page, report, "make accuracy")
    once = page.read_text(encoding="utf-8")

    paper.rewrite(page, report, "make accuracy")

    assert page.read_text(encoding="utf-8") == once


@pytest.mark.parametrize("heading", ["## What a new admin gets", "## Figures"])
def test_a_document_without_a_heading_is_left_alone(page: Path, heading: str) -> None:
    page.write_text(PAGE.replace(heading, "## Else"), encoding="utf-8")
    with pytest.raises(ValueError, match="has no"):
        paper.rewrite(page, told(None).to_json(), "make accuracy")
    assert page.read_text(encoding="utf-8") == PAGE.replace(heading, "## Else")
