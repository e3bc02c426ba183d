"""Self-reported attribution: what "how did you hear about us" says, as labels with a confidence.

The phrases are text files (`mappings/phrases`). What is said is cleaned and cut, phrases of all
languages are looked for, denied ones dropped, and names are believed where they were found among
the portal's customers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mappings.caching import cached
from mappings.rules.text import answer_texts, name_detection, phrase_matching
from mappings.rules.text.answer_texts import Word
from mappings.rules.text.folding import spoken, words
from mappings.rules.text.junk_answers import is_junk
from mappings.rules.text.phrase_matching import Hit, Scene
from mappings.rules.text.phrases import Tables, tables

LONGEST = answer_texts.LONGEST
"""Characters of an answer that are read."""
VERSION = 2
"""Stored with each label, so that a later classifier is told apart."""

CLEAR, WEAK = 750_000, 550_000
NAMED = 850_000
LABELS = (
    "moved_self", "referral_person", "referral_company", "wom_generic", "wom_event_talk", "community", "review_site",
    "partner", "employee", "event_own", "search", "ads", "social", "press_podcast", "ai_assistant", "outbound",
    "existing_relationship", "negative_wom", "junk", "unknown",
)  # fmt: skip
BY_A_PERSON = frozenset({"referral_person", "wom_generic", "wom_event_talk"})
"""Labels that say: a person told us."""
_WARNED = BY_A_PERSON | {
    "referral_company",
    "community",
    "existing_relationship",
    "employee",
    "partner",
}
_WORK_OF = 3  # words behind a possessive in which a work can follow


@dataclass(frozen=True, slots=True)
class Label:
    """One thing a text says, how sure that is (ppm), and the words that say it."""

    label: str
    confidence: int
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """Which words of an answer (see `words_of`) name customers' people and companies."""

    people: tuple[tuple[int, int], ...] = ()
    companies: tuple[tuple[int, int], ...] = ()


NOBODY = Known()


@cached(1 << 12)
def words_of(text: str) -> tuple[Word, ...]:
    """The words of an answer, as `Known` counts them."""
    return answer_texts.read(text, tables())


def classify(text: str, known: Known = NOBODY) -> tuple[Label, ...]:
    """Label an answer, strongest first. What says nothing is `junk` or `unknown`, never word of mouth."""
    return _labels(text, known) if known.people or known.companies else _labels_alone(text)


@cached(1 << 13)
def _labels_alone(text: str) -> tuple[Label, ...]:
    return _labels(text, NOBODY)


def _labels(text: str, known: Known) -> tuple[Label, ...]:
    said = words_of(text)
    if is_junk(said):
        return (Label("junk", CLEAR, spoken(text)),)
    found = tables()
    if _plain(said) in found.nothing and not known.people and not known.companies:
        return (Label("unknown", 0, spoken(text)),)
    best: dict[str, Label] = {}
    for hit, confidence in _judged(said, known, found):
        label = Label(hit.label, confidence, _quote(said, hit))
        if confidence > best.get(hit.label, _NONE).confidence:
            best[hit.label] = label
    ordered = sorted(best.values(), key=lambda one: (-one.confidence, one.label))
    return tuple(ordered) or (Label("unknown", 0, spoken(text)),)


_NONE = Label("", 0)


def speaks_of(text: str, class_name: str) -> bool:
    """Whether a text uses a member of a word class without denying it."""
    found = tables()
    view = phrase_matching.scene(words_of(text), found)
    no = phrase_matching.denials(view, found)
    members = (
        Hit(name, start, end) for start, several in view.spans.items() for name, end in several
    )
    return any(
        one.label == class_name and not phrase_matching.is_denied(view, one, no) for one in members
    )


def _plain(said: Sequence[Word]) -> str:
    return " ".join(word.text for word in said)


def _quote(said: Sequence[Word], hit: Hit) -> str:
    return spoken(" ".join(word.written for word in said[hit.start : hit.end]))


def _judged(said: tuple[Word, ...], known: Known, found: Tables) -> list[tuple[Hit, int]]:
    """Every hit that stands, with its confidence."""
    looks = name_detection.names_in(said, found)
    people = [*known.people, *((name.start, name.end) for name in looks)]
    view = phrase_matching.scene(said, found, people, known.companies)
    denials = phrase_matching.denials(view, found)

    def stands(hit: Hit) -> bool:
        return not phrase_matching.is_denied(view, hit, denials)

    hits = list(filter(stands, phrase_matching.hits(view, found.labels)))
    hits = phrase_matching.outer(_sensible(view, hits))
    if not known.people:
        hits += filter(stands, _lone_names(view, looks))
    judged = [(hit, WEAK if hit.weak else CLEAR) for hit in _settled(view, hits)]
    judged += [(hit, NAMED) for hit in _named(said, known, hits) if stands(hit)]
    return _without_praise(judged)


def _named(said: Sequence[Word], known: Known, hits: Iterable[Hit]) -> list[Hit]:
    """Customers' people; their companies where none of these is named and no former job is told of."""
    if known.people:
        return [Hit("referral_person", *span) for span in known.people]
    moved = {said[hit.start].sentence for hit in hits if hit.label == "moved_self"}
    companies = [Hit("referral_company", *span) for span in known.companies]
    return [hit for hit in companies if said[hit.start].sentence not in moved]


def _without_praise(judged: list[tuple[Hit, int]]) -> list[tuple[Hit, int]]:
    """Who warns of us earns nobody credit; one human named is one human, not also "a friend"."""
    labels = {hit.label for hit, _ in judged}
    drop: set[str] = set()
    if "negative_wom" in labels:
        drop |= _WARNED
    if "wom_event_talk" in labels or any(
        hit.label == "referral_person" and p == NAMED for hit, p in judged
    ):
        drop.add("wom_generic")
    return [(hit, p) for hit, p in judged if hit.label not in drop]


def _lone_names(view: Scene, looks: Sequence[name_detection.Name]) -> list[Hit]:
    """A clause that is nothing but a personal name, in a sentence that speaks of no work of theirs."""
    return [
        Hit("referral_person", name.start, name.end, weak=True)
        for name in looks
        if phrase_matching.fills(view, name.start, name.end)
        and not _speaks_of(view, "medium", name.start)
    ]


def _speaks_of(view: Scene, class_name: str, place: int) -> bool:
    """Whether the sentence of a word also holds a member of a class."""
    sentence = view.words[place].sentence
    return any(
        view.words[start].sentence == sentence and any(name == class_name for name, _ in several)
        for start, several in view.spans.items()
    )


def _sensible(view: Scene, hits: Sequence[Hit]) -> list[Hit]:
    """Without what only looks so: a friend's blog is a blog, and another tool's bad service speaks for us."""
    return [hit for hit in hits if not _is_of_a_work(view, hit) and not _is_of_others(view, hit)]


def _is_of_a_work(view: Scene, hit: Hit) -> bool:
    if hit.label not in {"wom_generic", "referral_person"}:
        return False
    last = view.words[hit.end - 1]
    if hit.weak and hit.label == "wom_generic" and _goes_on(view, hit.end, _BY):
        return True
    reach = hit.end + (_WORK_OF if last.possessive else 1)
    for place in range(hit.end, min(reach, len(view.words))):
        if view.clause(place) == last.clause and any(
            name == "medium" for name, _ in view.spans.get(place, ())
        ):
            return True
    return (
        hit.label == "referral_person"
        and hit.weak
        and _speaks_of(view, "medium", hit.start)
        and not _letter(view, hit)
    )


# Behind "recommended" these lead to who did it; had it been a person, a phrase would have said so.
_BY = words("by from of von vom durch par de d du por pelo pela pelos pelas do da")


def _goes_on(view: Scene, place: int, among: frozenset[str]) -> bool:
    """Whether the clause goes on with one of these words."""
    same = place < len(view.words) and view.clause(place) == view.clause(place - 1)
    return same and view.words[place].text in among


def _letter(view: Scene, hit: Hit) -> bool:
    """Whether the medium is a letter or talk from the person: "e-mail from Tim"."""
    return any(
        name == "from" and end - hit.start > 1 for name, end in view.spans.get(hit.start, ())
    )


def _is_of_others(view: Scene, hit: Hit) -> bool:
    if hit.label != "negative_wom":
        return False
    clause = view.clause(hit.start)
    return any(start < hit.end for start, _ in phrase_matching.in_clause(view, "others", clause))


def _settled(view: Scene, hits: Sequence[Hit]) -> list[Hit]:
    """Weak hints count where nothing clear is said in their clause; a job once held is not who told of it."""
    clear = [hit for hit in hits if not hit.weak]
    return [hit for hit in hits if _counts(view, hit, clear)]


def _counts(view: Scene, hit: Hit, clear: Sequence[Hit]) -> bool:
    clause = view.clause(hit.start)
    if hit.weak and any(_meet(view, hit, other) for other in clear):
        return False
    if hit.label == "moved_self":
        return not _is_theirs(view, hit, clear)
    if hit.label != "wom_generic":
        return True
    if hit.weak and any(True for _ in phrase_matching.in_clause(view, "medium", clause)):
        return False
    employees = (other for other in clear if other.label == "employee")
    return all(view.clause(other.start) != clause for other in employees)


def _meet(view: Scene, hit: Hit, other: Hit) -> bool:
    return view.clause(hit.start) in {view.clause(other.start), view.clause(other.end - 1)}


def _is_theirs(view: Scene, hit: Hit, clear: Iterable[Hit]) -> bool:
    """Whether the former job is that of a person who told: "a colleague from my last job"."""
    return any(
        one.label == "wom_generic" and 0 <= hit.start - one.end < _WORK_OF and _meet(view, hit, one)
        for one in clear
    )
