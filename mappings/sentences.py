"""Sentences that remember how they were made, so that pages can say them in another language.

A sentence is its English text and can be used wherever text is: in an exception, a log, a field
of HubSpot's. Beside it keeps the text without its parts and the parts, which a page puts into
the same text in the reader's language. Stored, it is English text and nothing more.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure in a sentence: the name of a way of writing in ``formats``, and what it writes."""

    write: Callable[..., str]
    values: tuple[Any, ...]

    def __str__(self) -> str:
        """Return it as English writes it."""
        return self.write(*self.values)


class Sentence(str):
    """A text in English that remembers its pattern and its parts."""

    __slots__ = ("parts", "pattern")
    pattern: str
    parts: Mapping[str, object]

    def __new__(cls, pattern: str, /, **parts: object) -> Self:
        """Put *parts* into *pattern*: Sentence("%(name)s left", name="Bo") is "Bo left"."""
        said = super().__new__(cls, pattern % parts if parts else pattern)
        said.pattern = pattern
        said.parts = parts
        return said
