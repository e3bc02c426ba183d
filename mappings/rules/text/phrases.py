"""Phrases: the tables of how people say where they heard of us, read from plain text files anybody can extend.

The files' own README.txt explains how a line is written. They belong to the package and are read
once.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from mappings.rules.text.folding import fold
from mappings.rules.text.nicknames import known_names

_FOLDER = "mappings.phrases"
_GAP = "..."
LONGEST_GAP = 4
"""Words that may stand where a phrase has three dots."""
_STAR = 3  # letters before a star


@dataclass(frozen=True, slots=True)
class Slot:
    """One place of a phrase: any of these words, beginnings of words, or classes; or a gap."""

    words: frozenset[str] = frozenset()
    starts: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    several: tuple[tuple[str, ...], ...] = ()  # alternatives of more than one word
    optional: bool = False
    gap: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing can stand here."""
        return not (self.words or self.starts or self.classes or self.several or self.gap)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase with what it says; `whole` phrases fill a clause alone."""

    label: str
    slots: tuple[Slot, ...]
    weak: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Index:
    """Phrases by how they begin, so that each word of a text asks only those that can start there."""

    by_word: Mapping[str, tuple[Phrase, ...]] = field(default_factory=dict)
    by_start: Mapping[str, tuple[Phrase, ...]] = field(default_factory=dict)
    by_class: Mapping[str, tuple[Phrase, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Language:
    """What is only read where an answer is in this language: how it denies."""

    little: frozenset[str]
    before: Index
    after: Index
    harmless: Index


@dataclass(frozen=True, slots=True)
class Tables:
    """All languages together."""

    labels: Index
    classes: Index  # the members of all word classes
    little: frozenset[str]
    languages: Mapping[str, Language]
    nothing: frozenset[str]
    vocabulary: frozenset[str]
    correctable: tuple[str, ...]
    given: frozenset[str]


@cache
def tables() -> Tables:
    """The phrases of every language that has a file."""
    files = {one.name.removesuffix(".txt"): one.read_text("utf-8") for one in resources.files(_FOLDER).iterdir()
             if one.name.endswith(".txt")}  # fmt: skip
    files.pop("README", None)
    return compile_tables(dict(sorted(files.items())))


def compile_tables(files: Mapping[str, str]) -> Tables:
    """Read the languages' files; what a line means is in their README."""
    labels: list[Phrase] = []
    classes: dict[str, list[Phrase]] = {}
    languages: dict[str, Language] = {}
    nothing: set[str] = set()
    for language, text in files.items():
        own: dict[str, list[Phrase]] = {}
        little: set[str] = set()
        for heading, line in _lines(text):
            kind, _, name = heading.partition(" ")
            if kind == "label":
                labels.append(parse(line, name))
            elif kind == "words":
                classes.setdefault(name, []).append(parse(line, name))
            elif heading == "little words":
                little |= set(fold(line).split())
            elif heading == "nothing":
                nothing.add(fold(line))
            else:
                own.setdefault(heading, []).append(parse(line, heading))
        languages[language] = Language(
            frozenset(little),
            *(index(own.get(one, ())) for one in ("not before", "not after", "no negation")),
        )
    known = {
        word
        for one in (*labels, *(p for found in classes.values() for p in found))
        for word in _exact(one)
    }
    known |= {word for one in languages.values() for word in one.little} | {
        w for one in nothing for w in one.split()
    }
    persons = {
        word for one in classes.get("person", ()) for word in _exact(one) if len(one.slots) == 1
    }
    return Tables(
        index(labels),
        index(one for found in classes.values() for one in found),
        frozenset(word for one in languages.values() for word in one.little),
        languages,
        frozenset(nothing),
        frozenset(known),
        tuple(sorted(persons)),
        known_names(),
    )


def _lines(text: str) -> Iterator[tuple[str, str]]:
    heading = ""
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("[") and line.endswith("]"):
            heading = line[1:-1].strip()
        elif line and heading and not line.startswith("#"):
            yield heading, line


def parse(line: str, label: str) -> Phrase:
    """One line as a phrase."""
    parts = line.replace("e mail", "email").split()
    marks = {parts.pop(0) for _ in range(2) if parts and parts[0] in {"~", "="}}
    slots = tuple(slot for slot in map(_slot, parts) if not slot.is_empty)
    if not slots or slots[0].gap or slots[-1].gap:
        raise ValueError(f'a phrase of "{label}" has nothing to begin or end with: "{line}"')
    return Phrase(label, slots, weak="~" in marks, whole="=" in marks)


def _slot(part: str) -> Slot:
    if part == _GAP:
        return Slot(gap=True)
    optional = part.endswith("?")
    words: set[str] = set()
    starts: list[str] = []
    classes: list[str] = []
    several: list[tuple[str, ...]] = []
    for one in part.removesuffix("?").split("|"):
        if one.startswith("<") and one.endswith(">"):
            classes.append(one[1:-1])
        elif one.endswith("*") and len(one) > _STAR:
            starts.append(fold(one[:-1]))
        elif "_" in one:
            several.append(tuple(fold(one.replace("_", " ")).split()))
        else:
            words |= set(fold(one).split())
    return Slot(frozenset(words), tuple(starts), tuple(classes), tuple(several), optional)


def _exact(phrase: Phrase) -> Iterator[str]:
    for slot in phrase.slots:
        yield from slot.words
        yield from (word for one in slot.several for word in one)


def index(phrases: Iterable[Phrase]) -> Index:
    """Sort phrases by every way in which they can begin."""
    by_word: dict[str, list[Phrase]] = {}
    by_start: dict[str, list[Phrase]] = {}
    by_class: dict[str, list[Phrase]] = {}
    for phrase in dict.fromkeys(phrases):
        for slot in _beginnings(phrase):
            for word in (*slot.words, *(one[0] for one in slot.several)):
                by_word.setdefault(word, []).append(phrase)
            for start in slot.starts:
                by_start.setdefault(start[:_STAR], []).append(phrase)
            for name in slot.classes:
                by_class.setdefault(name, []).append(phrase)
    return Index(*({key: tuple(dict.fromkeys(found)) for key, found in one.items()}
                   for one in (by_word, by_start, by_class)))  # fmt: skip


def _beginnings(phrase: Phrase) -> Iterator[Slot]:
    for slot in phrase.slots:
        yield slot
        if not slot.optional:
            return


def starting(found: Index, word: str, classes: Iterable[str]) -> Iterator[Phrase]:
    """The phrases that can begin at a word that also begins members of these classes."""
    yield from found.by_word.get(word, ())
    yield from found.by_start.get(word[:_STAR], ())
    for name in classes:
        yield from found.by_class.get(name, ())
