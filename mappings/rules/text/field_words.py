"""Field words: what the names of properties, options and association labels mean, in any language.

The words are text files (`mappings/field_words`), one a language, and all are read together: an
account's properties often mix two languages.
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib import resources
from typing import Final

from mappings.rules.text.answer_texts import Word
from mappings.rules.text.folding import fold
from mappings.rules.text.phrase_matching import Hit, Scene, hits
from mappings.rules.text.phrases import Index, index, lines_by_heading, parse

_FOLDER: Final = "mappings.field_words"
# A name is short; what is longer is a text that was put in its place.
_MOST_WORDS: Final = 40
# What French words lose their vowel to: "l'entreprise" is read as "entreprise".
_ELIDED: Final = re.compile("\\b(l|d|j|m|s|t|c|qu|n)['\u2019\u02bc]", re.IGNORECASE)


@lru_cache(1 << 13)
def found(heading: str, name: str) -> tuple[Hit, ...]:
    """Where phrases of a heading stand in a name."""
    phrases = _tables().get(heading)
    if phrases is None:
        return ()
    return tuple(hits(_scene(name), phrases))


def says(heading: str, name: str) -> bool:
    """Whether a name holds a phrase of a heading, a weak hint included."""
    return bool(found(heading, name))


def says_clearly(heading: str, name: str) -> bool:
    """Whether a name holds a phrase of a heading that is no weak hint."""
    return any(not hit.weak for hit in found(heading, name))


@lru_cache(1 << 10)
def fits(phrases: tuple[str, ...], name: str) -> bool:
    """Whether one of these phrases, written as in the files, stands in a name."""
    return bool(hits(_scene(name), index([parse(line, "own") for line in phrases])))


def _scene(name: str) -> Scene:
    whole = _ELIDED.sub(_in_full, name)
    words = fold(whole).split()[:_MOST_WORDS]
    return Scene(tuple(Word(word) for word in words), {}, frozenset())


def _in_full(elided: re.Match[str]) -> str:
    return "ne " if elided.group(1).casefold() == "n" else ""


@cache
def _tables() -> Mapping[str, Index]:
    """The phrases of all languages by heading."""
    lines: dict[str, list[str]] = {}
    for file in sorted(resources.files(_FOLDER).iterdir(), key=lambda file: file.name):
        if file.name.endswith(".txt") and file.name != "README.txt":
            for heading, more in lines_by_heading(file.read_text("utf-8")).items():
                lines.setdefault(heading, []).extend(more)
    return {
        heading: index([parse(line, heading) for line in phrases])
        for heading, phrases in lines.items()
    }
