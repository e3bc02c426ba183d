"""Pure functions of short texts are remembered; long ones are worked out each time and kept nowhere."""

import pytest

from mappings.caching import cached


@pytest.mark.parametrize(
    ("text", "times"), [("ana", 1), ("", 1), ("x" * 5000, 2)], ids=["short", "empty", "long"]
)
def test_a_short_text_is_worked_out_once_and_a_long_one_is_not_kept(text: str, times: int) -> None:
    asked: list[str] = []

    @cached(8)
    def shout(said: str) -> str:
        asked.append(said)
        return said.upper()

    assert [shout(text), shout(text)] == [text.upper()] * 2
    assert len(asked) == times


def test_only_the_latest_are_kept() -> None:
    asked: list[str] = []

    @cached(2)
    def shout(said: str) -> str:
        asked.append(said)
        return said.upper()

    assert [shout(one) for one in ("a", "b", "c", "a")] == ["A", "B", "C", "A"]
    assert asked == ["a", "b", "c", "a"]
