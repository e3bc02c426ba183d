"""A run's figures are written under the heading of a document, and nothing else of it changes."""

from pathlib import Path

import pytest

from tests.accuracy import paper
from tests.accuracy.tables import Aim, Grid, Report


def test_figures_replace_what_stood_under_the_heading(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Page\n\nWords.\n\n## Figures\n\nold\n\n### Old table\n", encoding="utf-8")
    told = Report()
    told.add(Grid("Moves", ("rule", "precision"), (("ours", 0.5), ("a|b", None)), ("A note.",)), aims=[
        Aim("recall", 0.9, 0.92), Aim("off by", 0.01, 0.03, at_most=True)])  # fmt: skip
    paper.rewrite(page, told.to_json(), "make accuracy")
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# Page\n\nWords.\n\n## Figures\n\nWritten by `make accuracy`.")
    assert "old" not in text
    assert "| recall | 0.9000 | ≥ 0.92 | **missed** |\n| off by | 0.0100 | ≤ 0.03 | met |" in text
    assert (
        "### Moves\n\n| rule | precision |\n|---|---|\n| ours | 0.5000 |\n| a\\|b | - |\n\nA note.\n"
        in text
    )


def test_a_document_without_the_heading_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Page\n", encoding="utf-8")
    with pytest.raises(ValueError, match="has no"):
        paper.rewrite(page, Report().to_json(), "make accuracy")
    assert page.read_text(encoding="utf-8") == "# Page\n"
