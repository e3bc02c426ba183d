"""Self-reported attribution: what "how did you hear about us" says, as labels with a confidence.

The phrases are text files (`mappings/phrases`). An answer is cleaned and cut into clauses, phrases
of all languages are matched and denied ones dropped; a name counts where it is a customer's in the
portal.
"""

from collections.abc import Iterable, Iterator, Sequence
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
VERSION = 3
"""The classifier's version, stored with each label."""

# Confidence (ppm) of a clear phrase, a weak hint, and the name of a customer's person or company.
CLEAR, WEAK = 750_000, 550_000
NAMED = 850_000
LABELS = (
    "moved_self",
    "referral_person",
    "referral_company",
    "wom_generic",
    "wom_event_talk",
    "community",
    "review_site",
    "partner",
    "employee",
    "event_own",
    "search",
    "ads",
    "social",
    "press_podcast",
    "ai_assistant",
    "outbound",
    "existing_relationship",
    "negative_wom",
    "junk",
    "unknown",
)
BY_A_PERSON = frozenset({"referral_person", "wom_generic", "wom_event_talk"})
"""Labels of word of mouth: a person recommended us."""
# Labels that fall away where the answer warns of us.
_WARNED = BY_A_PERSON | {
    "referral_company",
    "community",
    "existing_relationship",
    "employee",
    "partner",
}
_WORK_OF = 3  # words behind a possessive among which a medium can follow: "Tim's weekly blog"


@dataclass(frozen=True, slots=True)
class Label:
    """One thing a text says, how sure that is (ppm), and the words that say it.

    `said_by` is who recommended us, where the text names a person.
    """

    label: str
    confidence: int
    quote: str = ""
    said_by: str = ""


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
    """The labels of an answer, strongest first; `junk` or `unknown` where it says nothing."""
    return _labels(text, known) if known.people or known.companies else _labels_alone(text)


@cached(1 << 13)
def _labels_alone(text: str) -> tuple[Label, ...]:
    return _labels(text, NOBODY)


def _labels(text: str, known: Known) -> tuple[Label, ...]:
    answer = words_of(text)
    if is_junk(answer):
        return (Label("junk", CLEAR, spoken(text)),)
    unknown = (Label("unknown", 0, spoken(text)),)
    phrases = tables()
    if _plain(answer) in phrases.nothing and not known.people and not known.companies:
        return unknown
    best: dict[str, Label] = {}
    for hit, confidence in _weighted(answer, known, phrases):
        if confidence > best.get(hit.label, _NONE).confidence:
            said_by = _said_by(answer, hit, phrases) if hit.label in BY_A_PERSON else ""
            best[hit.label] = Label(hit.label, confidence, _quote(answer, hit), said_by)
    return (
        tuple(sorted(best.values(), key=lambda label: (-label.confidence, label.label))) or unknown
    )


_NONE = Label("", 0)


def former_employers(text: str, companies: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Which of these names of companies an answer calls a place where the writer used to work.

    Of several in one sentence only those in the words themselves: "used it at Acme".
    """
    answer, phrases = words_of(text), tables()
    view = phrase_matching.scene(answer, phrases, companies=companies)
    denials = phrase_matching.denials(view, phrases)
    hits = phrase_matching.outer(phrase_matching.hits(view, phrases.labels))
    standing = [hit for hit in hits if not phrase_matching.is_denied(view, hit, denials)]
    former: list[tuple[int, int]] = []
    for hit in (hit for hit in standing if hit.label == "moved_self"):
        named = [span for span in companies if _is_in_sentence(answer, hit, span)]
        inside = [span for span in named if hit.start <= span[0] < hit.end]
        former += inside or (named if len(named) == 1 else [])
    undenied = (
        span
        for span in dict.fromkeys(former)
        if not phrase_matching.is_denied(view, Hit("moved_self", *span), denials)
    )
    return list(undenied)


def _is_in_sentence(answer: Sequence[Word], hit: Hit, span: tuple[int, int]) -> bool:
    return answer[span[0]].sentence == answer[hit.start].sentence


def speaks_of(text: str, class_name: str) -> bool:
    """Whether a text uses a member of a word class without denying it."""
    phrases = tables()
    view = phrase_matching.scene(words_of(text), phrases)
    denials = phrase_matching.denials(view, phrases)
    return any(
        not phrase_matching.is_denied(view, Hit(class_name, start, end), denials)
        for start, end in _members(view, class_name)
    )


def _members(view: Scene, class_name: str) -> Iterator[tuple[int, int]]:
    for start, members in view.spans.items():
        for name, end in members:
            if name == class_name:
                yield start, end


def _plain(answer: Sequence[Word]) -> str:
    return " ".join(word.text for word in answer)


def _quote(answer: Sequence[Word], hit: Hit) -> str:
    return spoken(" ".join(word.written for word in answer[hit.start : hit.end]))


def _said_by(answer: Sequence[Word], hit: Hit, phrases: Tables) -> str:
    """The personal name in the sentence of a recommendation, a full one first."""
    sentence = answer[hit.start].sentence
    names = [
        name
        for name in name_detection.names_in(answer, phrases)
        if answer[name.start].sentence == sentence
    ]
    if not names:
        return ""
    name = max(names, key=lambda name: name.full)
    return spoken(" ".join(word.written for word in answer[name.start : name.end]))


def _weighted(answer: tuple[Word, ...], known: Known, phrases: Tables) -> list[tuple[Hit, int]]:
    """Every hit that stands, with its confidence."""
    detected = name_detection.names_in(answer, phrases)
    people = [*known.people, *((name.start, name.end) for name in detected)]
    view = phrase_matching.scene(answer, phrases, people, known.companies)
    denials = phrase_matching.denials(view, phrases)

    def stands(hit: Hit) -> bool:
        return not phrase_matching.is_denied(view, hit, denials)

    hits = list(filter(stands, phrase_matching.hits(view, phrases.labels)))
    hits = phrase_matching.outer(_sensible(view, hits))
    # A name that nobody in the portal bears counts where no customer's name is found.
    if not known.people:
        hits += filter(stands, _lone_names(view, detected))
    weighted = [(hit, WEAK if hit.weak else CLEAR) for hit in _settled(view, hits)]
    weighted += [(hit, NAMED) for hit in _named(answer, known, hits) if stands(hit)]
    return _without_excluded(weighted)


def _named(answer: Sequence[Word], known: Known, hits: Iterable[Hit]) -> list[Hit]:
    """Customers' people; if none is named, customers' companies."""
    if known.people:
        return [Hit("referral_person", *span) for span in known.people]
    # Beside a former job a company is the employer, and did not recommend us.
    moved = {answer[hit.start].sentence for hit in hits if hit.label == "moved_self"}
    companies = [Hit("referral_company", *span) for span in known.companies]
    return [hit for hit in companies if answer[hit.start].sentence not in moved]


def _without_excluded(weighted: list[tuple[Hit, int]]) -> list[tuple[Hit, int]]:
    """The hits without those whose labels another label rules out."""
    labels = {hit.label for hit, _ in weighted}
    excluded: set[str] = set()
    # A warning earns nobody credit.
    if "negative_wom" in labels:
        excluded |= _WARNED
    # A person who is named, or who gave a talk, is not also "a friend".
    names_person = any(hit.label == "referral_person" and p == NAMED for hit, p in weighted)
    if names_person or "wom_event_talk" in labels:
        excluded.add("wom_generic")
    return [(hit, p) for hit, p in weighted if hit.label not in excluded]


def _lone_names(view: Scene, detected: Iterable[name_detection.Name]) -> list[Hit]:
    """Clauses that are a personal name and no more, in a sentence that names no medium."""
    alone = [name for name in detected if phrase_matching.fills(view, name.start, name.end)]
    return [
        Hit("referral_person", name.start, name.end, weak=True)
        for name in alone
        if not _speaks_of(view, "medium", name.start)
    ]


def _speaks_of(view: Scene, class_name: str, place: int) -> bool:
    """Whether the sentence of a word also holds a member of a class."""
    sentence = view.words[place].sentence
    return any(view.words[start].sentence == sentence for start, _ in _members(view, class_name))


def _sensible(view: Scene, hits: Sequence[Hit]) -> list[Hit]:
    """The hits without those whose object is another one.

    A friend's blog is a blog, and another product's bad service is no warning of us.
    """
    return [hit for hit in hits if not _is_of_a_work(view, hit) and not _is_of_others(view, hit)]


def _is_of_a_work(view: Scene, hit: Hit) -> bool:
    """Whether a person is named as the author of a medium, which is what was read or heard."""
    if hit.label not in {"wom_generic", "referral_person"}:
        return False
    # "recommended by …": had a person followed, a clear phrase would have matched.
    if hit.weak and hit.label == "wom_generic" and _goes_on(view, hit.end, _BY):
        return True
    if _has_medium_behind(view, hit):
        return True
    if hit.label != "referral_person" or not hit.weak:
        return False
    return _speaks_of(view, "medium", hit.start) and not _is_letter(view, hit)


def _has_medium_behind(view: Scene, hit: Hit) -> bool:
    """Whether a medium follows in the clause: "friend blog", or within reach of a possessive."""
    last = view.words[hit.end - 1]
    reach = _WORK_OF if last.possessive else 1
    media = phrase_matching.in_clause(view, "medium", last.clause)
    return any(hit.end <= start < hit.end + reach for start, _ in media)


# Prepositions behind "recommended" that lead to its author.
_BY = words("by from of von vom durch par de d du por pelo pela pelos pelas do da")


def _goes_on(view: Scene, place: int, among: frozenset[str]) -> bool:
    """Whether the clause goes on at *place* with one of these words."""
    if place >= len(view.words) or view.clause(place) != view.clause(place - 1):
        return False
    return view.words[place].text in among


def _is_letter(view: Scene, hit: Hit) -> bool:
    """Whether the medium is a letter or talk from the person: "e-mail from Tim"."""
    members = view.spans.get(hit.start, ())
    return any(name == "from" and end - hit.start > 1 for name, end in members)


def _is_of_others(view: Scene, hit: Hit) -> bool:
    """Whether a warning is of another product."""
    if hit.label != "negative_wom":
        return False
    clause = view.clause(hit.start)
    return any(start < hit.end for start, _ in phrase_matching.in_clause(view, "others", clause))


def _settled(view: Scene, hits: Sequence[Hit]) -> list[Hit]:
    """The hits that count beside the clear ones."""
    clear = [hit for hit in hits if not hit.weak]
    return [hit for hit in hits if _counts(view, hit, clear)]


def _counts(view: Scene, hit: Hit, clear: Sequence[Hit]) -> bool:
    # A weak hint counts only where its clause says nothing clear.
    if hit.weak and any(_meet(view, hit, other) for other in clear):
        return False
    if hit.label == "moved_self":
        return not _is_theirs(view, hit, clear)
    return hit.label != "wom_generic" or _is_a_persons(view, hit, clear)


def _is_a_persons(view: Scene, hit: Hit, clear: Sequence[Hit]) -> bool:
    """Whether word of mouth is no medium's ("recommended article") and not our own staff's."""
    clause = view.clause(hit.start)
    if hit.weak and next(phrase_matching.in_clause(view, "medium", clause), None) is not None:
        return False
    employees = (other for other in clear if other.label == "employee")
    return all(view.clause(employee.start) != clause for employee in employees)


def _meet(view: Scene, hit: Hit, other: Hit) -> bool:
    """Whether a hit begins in a clause in which the other begins or ends."""
    return view.clause(hit.start) in {view.clause(other.start), view.clause(other.end - 1)}


def _is_theirs(view: Scene, hit: Hit, clear: Iterable[Hit]) -> bool:
    """Whether the former job is the recommender's: "a colleague from my last job"."""
    recommenders = (other for other in clear if other.label == "wom_generic")
    return any(
        0 <= hit.start - other.end < _WORK_OF and _meet(view, hit, other) for other in recommenders
    )
