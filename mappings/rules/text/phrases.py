"""Phrases of self-reported attribution: tables read from plain text files, one for each language.

The files' own README.txt explains how a line is written. They belong to the package and are read
once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from itertools import chain

from mappings.rules.text.folding import fold
from mappings.rules.text.nicknames import known_names

_FOLDER = "mappings.phrases"
_GAP = "..."
LONGEST_GAP = 4
"""Words that may stand where a phrase has three dots."""
# Letters before a star: phrases that begin with a part of a word are looked up by so many.
_STAR = 3
_DENIALS = ("not before", "not after", "no negation")
"""Headings of one language's denials, in the order of the fields of `Language`."""


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
    """Phrases by how they begin, so that a word is compared only with those it can begin."""

    by_word: Mapping[str, tuple[Phrase, ...]] = field(default_factory=dict)
    by_start: Mapping[str, tuple[Phrase, ...]] = field(default_factory=dict)
    by_class: Mapping[str, tuple[Phrase, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Language:
    """One language: its commonest words and its ways to deny, read only in answers of its own."""

    little: frozenset[str]
    before: Index
    after: Index
    harmless: Index


@dataclass(frozen=True, slots=True)
class Tables:
    """The phrases of all languages together.

    `nothing` are answers that say nothing, `vocabulary` all words of all phrases, `correctable`
    the words for persons, `given` the known given names.
    """

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
    files = {
        file.name.removesuffix(".txt"): file.read_text("utf-8")
        for file in resources.files(_FOLDER).iterdir()
        if file.name.endswith(".txt")
    }
    files.pop("README", None)
    return compile_tables(dict(sorted(files.items())))


def compile_tables(files: Mapping[str, str]) -> Tables:
    """Read the languages' files; what a line means is in their README."""
    labels: list[Phrase] = []
    classes: dict[str, list[Phrase]] = {}
    languages: dict[str, Language] = {}
    nothing: set[str] = set()
    for name, text in files.items():
        sections = lines_by_heading(text)
        for heading, lines in sections.items():
            kind, _, label = heading.partition(" ")
            if kind == "label":
                labels += [parse(line, label) for line in lines]
            elif kind == "words":
                classes.setdefault(label, []).extend(parse(line, label) for line in lines)
        nothing.update(map(fold, sections.get("nothing", ())))
        languages[name] = _language(sections)
    members = list(chain.from_iterable(classes.values()))
    little = frozenset[str]().union(*(language.little for language in languages.values()))
    return Tables(
        labels=index(labels),
        classes=index(members),
        little=little,
        languages=languages,
        nothing=frozenset(nothing),
        vocabulary=little.union(_words_of([*labels, *members]), " ".join(nothing).split()),
        correctable=_single_words(classes.get("person", ())),
        given=known_names(),
    )


def lines_by_heading(text: str) -> dict[str, list[str]]:
    """The lines of a file by heading; a heading that comes twice goes on."""
    sections: dict[str, list[str]] = {}
    heading = ""
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("[") and line.endswith("]"):
            heading = line[1:-1].strip()
        elif line and heading and not line.startswith("#"):
            sections.setdefault(heading, []).append(line)
    return sections


def _language(sections: Mapping[str, Sequence[str]]) -> Language:
    little = fold(" ".join(sections.get("little words", ()))).split()
    denials = (_index_of(sections.get(heading, ()), heading) for heading in _DENIALS)
    return Language(frozenset(little), *denials)


def _index_of(lines: Iterable[str], label: str) -> Index:
    return index([parse(line, label) for line in lines])


def _words_of(phrases: Iterable[Phrase]) -> set[str]:
    words: set[str] = set()
    for phrase in phrases:
        words.update(_exact(phrase))
    return words


def _single_words(phrases: Iterable[Phrase]) -> tuple[str, ...]:
    """The words that are a phrase alone, sorted."""
    return tuple(sorted(_words_of(phrase for phrase in phrases if len(phrase.slots) == 1)))


def parse(line: str, label: str) -> Phrase:
    """One line as a phrase; raises ValueError where it begins or ends with a gap, or is empty."""
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
    for alternative in part.removesuffix("?").split("|"):
        if alternative.startswith("<") and alternative.endswith(">"):
            classes.append(alternative[1:-1])
        elif alternative.endswith("*") and len(alternative) > _STAR:
            starts.append(fold(alternative[:-1]))
        elif "_" in alternative:
            several.append(tuple(fold(alternative.replace("_", " ")).split()))
        else:
            words.update(fold(alternative).split())
    return Slot(frozenset(words), tuple(starts), tuple(classes), tuple(several), optional)


def _exact(phrase: Phrase) -> Iterator[str]:
    """The words that a phrase names in full."""
    for slot in phrase.slots:
        yield from slot.words
        yield from chain.from_iterable(slot.several)


def index(phrases: Iterable[Phrase]) -> Index:
    """Sort phrases by every way in which they can begin."""
    by_word: dict[str, list[Phrase]] = {}
    by_start: dict[str, list[Phrase]] = {}
    by_class: dict[str, list[Phrase]] = {}
    for phrase in dict.fromkeys(phrases):
        for slot in _beginnings(phrase):
            for word in (*slot.words, *(alternative[0] for alternative in slot.several)):
                by_word.setdefault(word, []).append(phrase)
            for start in slot.starts:
                by_start.setdefault(start[:_STAR], []).append(phrase)
            for name in slot.classes:
                by_class.setdefault(name, []).append(phrase)
    return Index(_each_once(by_word), _each_once(by_start), _each_once(by_class))


def _each_once(phrases_by_key: Mapping[str, list[Phrase]]) -> dict[str, tuple[Phrase, ...]]:
    return {key: tuple(dict.fromkeys(phrases)) for key, phrases in phrases_by_key.items()}


def _beginnings(phrase: Phrase) -> Iterator[Slot]:
    """The slots that can be a phrase's first: those up to the first that is not optional."""
    for slot in phrase.slots:
        yield slot
        if not slot.optional:
            return


def starting(phrases: Index, word: str, classes: Iterable[str]) -> Iterator[Phrase]:
    """The phrases that can begin at a word that also begins members of these classes."""
    yield from phrases.by_word.get(word, ())
    yield from phrases.by_start.get(word[:_STAR], ())
    for name in classes:
        yield from phrases.by_class.get(name, ())
