"""The stored shape of a saved report: the words of its address, with what people read for them."""

from dataclasses import dataclass
from typing import Final

from mappings.stored.shapes import Shape


@dataclass(frozen=True, slots=True)
class SavedWord:
    """One name and value of the address; *label* is what it was called when it was saved.

    So a report whose owner or property is gone can still say which one it was.
    """

    name: str
    value: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class SavedView:
    """What a saved report shows."""

    words: tuple[SavedWord, ...] = ()


SAVED_VIEW: Final = Shape("saved_view", SavedView, version=1)
