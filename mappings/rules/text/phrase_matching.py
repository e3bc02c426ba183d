"""Phrase matching: where in an answer phrases of the tables occur, and which are denied."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from mappings.rules.text import folding
from mappings.rules.text.answer_texts import Word
from mappings.rules.text.phrases import LONGEST_GAP, Index, Language, Slot, Tables, starting

REACH = 4
"""Words a denial reaches over."""
# Hits are compared with each other, so that their number must end somewhere.
_MOST_HITS = 400

Spans = Mapping[int, tuple[tuple[str, int], ...]]
"""By first word: class and the word behind its last."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase at words `start` up to before `end`; `own` are the words outside its gaps."""

    label: str
    start: int
    end: int
    weak: bool = False
    own: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Scene:
    """An answer: its words, and where members of the word classes stand."""

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
    """Find the members of the word classes, of which phrases are made.

    *people* and *companies* are spans of names: their first word and the one behind their last.
    """
    spans: dict[int, list[tuple[str, int]]] = {}
    for class_name, names in (("name", people), ("company", companies)):
        for start, end in names:
            spans.setdefault(start, []).append((class_name, end))
    for hit in _all(Scene(words, {}, frozenset()), tables.classes):
        spans.setdefault(hit.start, []).append((hit.label, hit.end))
    members = {place: tuple(dict.fromkeys(found)) for place, found in spans.items()}
    return Scene(words, members, tables.little)


def hits(view: Scene, phrases: Index) -> list[Hit]:
    """Every place where one of the phrases stands."""
    return list(_all(view, phrases))


def _all(view: Scene, phrases: Index) -> Iterator[Hit]:
    for place, word in enumerate(view.words):
        # In order, and no set: of two phrases with the same label the first is the one quoted.
        classes = dict.fromkeys(name for name, _ in view.spans.get(place, ()))
        for phrase in dict.fromkeys(starting(phrases, word.text, classes)):
            matches = _matches(view, phrase.slots, 0, place, ())
            end, own = max(matches, key=itemgetter(0), default=_NO_MATCH)
            if end is not None and (not phrase.whole or fills(view, place, end)):
                yield Hit(phrase.label, place, end, phrase.weak, frozenset(own))


_NO_MATCH: tuple[None, tuple[int, ...]] = (None, ())


def _matches(
    view: Scene, slots: tuple[Slot, ...], at: int, place: int, own: tuple[int, ...]
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Ends of a phrase whose slots from *at* on stand at *place*, each with the phrase's own words.

    The recursion is as deep as the phrase has slots, and as wide as a gap.
    """
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
    """Where a slot that begins at *place* can end."""
    if place >= len(view.words):
        return
    if _is_one_of(view.words[place].text, slot):
        yield place + 1
    for alternative in slot.several:
        end = place + len(alternative)
        if tuple([word.text for word in view.words[place:end]]) == alternative:
            yield end
    for class_name, end in view.spans.get(place, ()):
        if class_name in slot.classes:
            yield end


def _is_one_of(text: str, slot: Slot) -> bool:
    # An address has no text: it is no word, and begins with no beginning of one.
    return text in slot.words or bool(text and text.startswith(slot.starts))


def fills(view: Scene, start: int, end: int) -> bool:
    """Whether only little words stand beside a phrase in its clause."""
    clause = view.clause(start)
    outside = [*view.words[:start], *view.words[end:]]
    rest = [word.text for word in outside if word.clause == clause]
    return all(text in view.little or text in _HEDGES for text in rest)


_HEDGES = folding.words(
    "i think probably maybe just originally mostly mainly guess believe initially first simply"
    " vermutlich glaube wahrscheinlich vielleicht surement peut etre probablement creo quizas"
    " probablemente acho talvez provavelmente"
)


def languages_of(words: Sequence[Word], tables: Tables) -> tuple[Language, ...]:
    """The languages an answer can be in, by its commonest words.

    Words deny in one language and not in another: "no" does in Spanish, in Portuguese it is "in".
    """
    counted = [
        (sum(word.text in language.little for word in words), language)
        for language in tables.languages.values()
    ]
    most = max((count for count, _ in counted), default=0)
    return tuple(language for count, language in counted if count == most)


@dataclass(frozen=True, slots=True)
class Denials:
    """Where an answer denies something."""

    before: tuple[Hit, ...]
    after: tuple[Hit, ...]


def denials(view: Scene, tables: Tables) -> Denials:
    """All denials of an answer, without those that only look like one ("not only", "not sure")."""
    languages = languages_of(view.words, tables)
    harmless: set[int] = set()
    for hit in _in_any(view, [language.harmless for language in languages]):
        harmless.update(range(hit.start, hit.end))
    before = _in_any(view, [language.before for language in languages])
    after = _in_any(view, [language.after for language in languages])
    return Denials(
        before=tuple(hit for hit in before if hit.start not in harmless),
        after=tuple(
            hit for hit in after if hit.start not in harmless and _denies_before(view, hit)
        ),
    )


def _denies_before(view: Scene, hit: Hit) -> bool:
    """Whether a denial can apply to what stands before it: "no" alone only at a clause's end."""
    return hit.end - hit.start > 1 or _closes(view, hit)


def _in_any(view: Scene, indices: Iterable[Index]) -> Iterator[Hit]:
    for index in indices:
        yield from _all(view, index)


def _closes(view: Scene, hit: Hit) -> bool:
    return hit.end == len(view.words) or view.clause(hit.end) != view.clause(hit.end - 1)


def is_denied(view: Scene, hit: Hit, found: Denials) -> bool:
    """Whether a denial applies to a phrase.

    It stands up to four words before it in its clause, right behind it, or in one of its gaps.
    """
    first = _with_its_article(view, hit.start)
    if any(_is_before(view, denial, hit, first) for denial in found.before):
        return True
    # One word may stand between, if the clause goes on: "friends, not", "friends did not".
    places = {hit.end} if _closes(view, hit) else {hit.end, hit.end + 1}
    return any(denial.start in places for denial in found.after)


def _is_before(view: Scene, denial: Hit, hit: Hit, first: int) -> bool:
    """Whether a denial ends up to four words before *first*, or stands in a gap of the phrase."""
    last = denial.end - 1
    if first - REACH <= last < hit.start and view.clause(last) == view.clause(hit.start):
        return True
    is_inside = hit.start < denial.start < hit.end
    return is_inside and hit.own.isdisjoint(range(denial.start, denial.end))


def _with_its_article(view: Scene, place: int) -> int:
    """Where "my old" or "a" before a word begins: the reach of a denial is counted from there."""
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
    """Without hits whose every word belongs to a longer phrase of another label.

    "Google ads" are ads, not a search.
    """
    kept = found[:_MOST_HITS]
    return [hit for hit in kept if not _is_part_of_any(hit, kept)]


def _is_part_of_any(hit: Hit, others: Iterable[Hit]) -> bool:
    return any(hit.own < other.own and hit.label != other.label for other in others)


def in_clause(view: Scene, class_name: str, clause: int) -> Iterator[tuple[int, int]]:
    """The members of a class in one clause: their first word and the one behind their last."""
    for place, members in view.spans.items():
        if view.clause(place) != clause:
            continue
        for name, end in members:
            if name == class_name:
                yield place, end
