"""Phrase matching: where in an answer the phrases of the tables occur, and whether they are denied."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mappings.rules.text import folding
from mappings.rules.text.answer_texts import Word
from mappings.rules.text.phrases import LONGEST_GAP, Index, Language, Slot, Tables, starting

REACH = 4
"""Words a denial reaches over."""
_MOST_HITS = 400

Spans = Mapping[int, tuple[tuple[str, int], ...]]
"""By first word: class and the word behind its last."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase found: words `start` up to before `end`; `own` are those the phrase names, without its gaps."""

    label: str
    start: int
    end: int
    weak: bool = False
    own: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Scene:
    """An answer made ready: its words, and where members of the word classes stand."""

    words: tuple[Word, ...]
    spans: Spans
    little: frozenset[str]

    def clause(self, place: int) -> int:
        """The clause of a word."""
        return self.words[place].clause


def scene(
    words: tuple[Word, ...],
    tables: Tables,
    people: Iterable[tuple[int, int]] = (),
    companies: Iterable[tuple[int, int]] = (),
) -> Scene:
    """Find the classes' members first: phrases are made of them. *people* and *companies* are spans of names."""
    spans: dict[int, list[tuple[str, int]]] = {}
    for name, several in (("name", people), ("company", companies)):
        for start, end in several:
            spans.setdefault(start, []).append((name, end))
    for hit in _all(Scene(words, {}, frozenset()), tables.classes):
        spans.setdefault(hit.start, []).append((hit.label, hit.end))
    return Scene(
        words,
        {place: tuple(dict.fromkeys(several)) for place, several in spans.items()},
        tables.little,
    )


def hits(view: Scene, found: Index) -> list[Hit]:
    """Every place where one of the phrases stands."""
    return list(_all(view, found))


def _all(view: Scene, found: Index) -> Iterator[Hit]:
    for place, word in enumerate(view.words):
        classes = {name for name, _ in view.spans.get(place, ())}
        for phrase in dict.fromkeys(starting(found, word.text, classes)):
            best = max(
                _matches(view, phrase.slots, 0, place, ()), key=lambda one: one[0], default=None
            )
            if best is not None and (not phrase.whole or fills(view, place, best[0])):
                yield Hit(phrase.label, place, best[0], phrase.weak, frozenset(best[1]))


def _matches(
    view: Scene, slots: tuple[Slot, ...], at: int, place: int, own: tuple[int, ...]
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Ends of this phrase from *place* on. Its depth is the phrase's, its breadth the gap's: it cannot run away."""
    if at == len(slots):
        yield place, own
        return
    slot = slots[at]
    if slot.gap:
        for skipped in range(LONGEST_GAP + 1):
            if skipped and not _together(view, place + skipped - 1):
                return
            yield from _matches(view, slots, at + 1, place + skipped, own)
        return
    if at and _is_over(view, place):
        return
    for end in _ends(view, slot, place):
        yield from _matches(view, slots, at + 1, end, (*own, *range(place, end)))
    if slot.optional:
        yield from _matches(view, slots, at + 1, place, own)


def _together(view: Scene, place: int) -> bool:
    """Whether a gap may run over this word: not out of its clause."""
    return 0 < place < len(view.words) and view.clause(place) == view.clause(place - 1)


def _is_over(view: Scene, place: int) -> bool:
    """Whether a new sentence begins here: no phrase runs on into it."""
    return (
        0 < place < len(view.words) and view.words[place].sentence != view.words[place - 1].sentence
    )


def _ends(view: Scene, slot: Slot, place: int) -> Iterator[int]:
    if place >= len(view.words):
        return
    word = view.words[place]
    if word.text in slot.words or any(
        word.text.startswith(start) for start in slot.starts if word.text
    ):
        yield place + 1
    for one in slot.several:
        if tuple(other.text for other in view.words[place : place + len(one)]) == one:
            yield place + len(one)
    yield from (end for name, end in view.spans.get(place, ()) if name in slot.classes)


def fills(view: Scene, start: int, end: int) -> bool:
    """Whether only little words stand beside it in its clause."""
    clause = view.clause(start)
    rest = [
        word.text
        for place, word in enumerate(view.words)
        if word.clause == clause and not start <= place < end
    ]
    return all(word in view.little or word in _HEDGES for word in rest)


_HEDGES = folding.words(
    "i think probably maybe just originally mostly mainly guess believe initially first simply vermutlich glaube"
    " wahrscheinlich vielleicht surement peut etre probablement creo quizas probablemente acho talvez provavelmente"
)


def languages_of(words: Sequence[Word], tables: Tables) -> tuple[Language, ...]:
    """The languages an answer can be in, by its commonest words: "no" denies in Spanish and not in Portuguese."""
    votes = {
        name: sum(word.text in one.little for word in words)
        for name, one in tables.languages.items()
    }
    most = max(votes.values(), default=0)
    return tuple(tables.languages[name] for name, count in votes.items() if count == most)


@dataclass(frozen=True, slots=True)
class Denials:
    """Where an answer denies something."""

    before: tuple[Hit, ...]
    after: tuple[Hit, ...]


def denials(view: Scene, tables: Tables) -> Denials:
    """All denials of an answer, without those that only look like one ("not only", "not sure")."""
    spoken = languages_of(view.words, tables)
    harmless = {
        place
        for one in spoken
        for hit in _all(view, one.harmless)
        for place in range(hit.start, hit.end)
    }
    before = tuple(
        hit for one in spoken for hit in _all(view, one.before) if hit.start not in harmless
    )
    after = tuple(
        hit
        for one in spoken
        for hit in _all(view, one.after)
        if hit.start not in harmless and (hit.end - hit.start > 1 or _closes(view, hit))
    )
    return Denials(before, after)


def _closes(view: Scene, hit: Hit) -> bool:
    return hit.end == len(view.words) or view.clause(hit.end) != view.clause(hit.end - 1)


def is_denied(view: Scene, hit: Hit, found: Denials) -> bool:
    """Whether a denial stands up to four words before it in its clause, right behind it, or in one of its gaps."""
    clause, first = view.clause(hit.start), _with_its_article(view, hit.start)
    for no in found.before:
        near = first - REACH <= no.end - 1 < hit.start and view.clause(no.end - 1) == clause
        inside = hit.start < no.start < hit.end and hit.own.isdisjoint(range(no.start, no.end))
        if near or inside:
            return True
    return any(
        no.start == hit.end
        or (no.start == hit.end + 1 and view.clause(hit.end) == view.clause(hit.end - 1))
        for no in found.after
    )


def _with_its_article(view: Scene, place: int) -> int:
    """Where "my old" or "a" before a word begins: the four words are counted from there."""
    while (
        place
        and view.clause(place - 1) == view.clause(place)
        and _is_article(view, place - 1, place)
    ):
        place -= 1
    return place


def _is_article(view: Scene, place: int, end: int) -> bool:
    return ("my", end) in view.spans.get(place, ())


def outer(found: Sequence[Hit]) -> list[Hit]:
    """Without hits whose every word belongs to a longer phrase of another label: "Google ads" are ads."""
    kept = found[:_MOST_HITS]
    return [
        one
        for one in kept
        if not any(one.own < other.own and one.label != other.label for other in kept)
    ]


def in_clause(view: Scene, name: str, clause: int) -> Iterator[tuple[int, int]]:
    """The members of a class in one clause."""
    for place, several in view.spans.items():
        if view.clause(place) == clause:
            yield from ((place, end) for one, end in several if one == name)
