"""The navigation: a row leads to a page that is there, and a page stands under its row."""

import re

import pytest

from tests.contract.visiting import HARBOR, Town, Visitor


@pytest.fixture
def visitor(town: Town) -> Visitor:
    visitor = town.visitor()
    visitor.install()
    return visitor


def current(page: str) -> list[tuple[str, str]]:
    side = page.partition('<nav class="side"')[2].partition("</nav>")[0]
    return re.findall(r'aria-current="(\w+)">([^<]+)<', side)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("settings", ("page", "Settings")),
        ("review", ("page", "Review")),
        ("review/decided", ("true", "Review")),
        ("health", ("page", "Sync health")),
    ],
)
def test_a_page_stands_under_its_own_row_or_under_that_of_its_kind(
    visitor: Visitor, path: str, expected: tuple[str, str]
) -> None:
    assert current(visitor.get(f"/portals/{HARBOR}/{path}").text) == [expected]


def test_nothing_is_current_where_nothing_is(visitor: Visitor) -> None:
    assert current(visitor.get(f"/portals/{HARBOR}/nowhere").text) == []


def test_a_stranger_has_no_navigation(town: Town) -> None:
    assert '<nav class="side"' not in town.visitor().get("/help").text
