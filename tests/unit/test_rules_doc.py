import doctest
from pathlib import Path

import pytest

BOOK = Path(__file__).parents[2] / "docs" / "rules.md"


@pytest.mark.parametrize("book", [BOOK], ids=["rules.md"])
def test_the_examples_of_the_rule_book_are_true(book: Path) -> None:
    result = doctest.testfile(str(book), module_relative=False, optionflags=doctest.ELLIPSIS)

    assert result.attempted > 40
    assert result.failed == 0
