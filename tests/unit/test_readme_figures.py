"""The README's figures have their places, and only they are written anew."""

import pytest

from tests import readme_figures


@pytest.mark.parametrize("part", [readme_figures.SHIPPED, readme_figures.REAL])
def test_figures_take_the_place_of_those_before_and_touch_nothing_else(part: str) -> None:
    text = readme_figures.README.read_text(encoding="utf-8")

    once = readme_figures.replaced(text, part, "measured\n")

    assert once.count("measured\n") == 1
    assert once.splitlines()[:8] == text.splitlines()[:8]
    assert once.splitlines()[-8:] == text.splitlines()[-8:]
    assert readme_figures.replaced(once, part, "measured\n") == once


def test_a_page_without_a_place_for_figures_is_refused() -> None:
    with pytest.raises(ValueError, match="no place for the figures of real careers"):
        readme_figures.replaced("# Second Order\n", readme_figures.REAL, "measured\n")
