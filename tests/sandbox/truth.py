"""How right the app was: its conclusions against what really happened in a town.

The app's conclusions come from what it wrote into the CRM (``from_portal``) or from rows a command
printed. A move is a pair of records; a record changed in place is predicted with the same id twice.
A pair is right when both records belong to one person who really left the first one's company for
the second one's. Several right pairs for one move count once; a pair of one person without a
settled answer counts neither way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from tests.sandbox import crm
from tests.sandbox.truth_facts import (
    MOVED_CHAMPION,
    NONE,
    NOT_SCORED,
    REFERRAL,
    SEVERAL,
    WORD_OF_MOUTH,
    DealTruth,
    Move,
    Truth,
)

MovePair = tuple[int, int, float]
TOLD_BY_A_PERSON = "told_by_a_person"
RIGHT, UNSETTLED = "right", "unsettled"
_DERIVED = frozenset({MOVED_CHAMPION, REFERRAL, WORD_OF_MOUTH, SEVERAL})


@dataclass(frozen=True, slots=True)
class Score:
    """Right and wrong claims, and how much of the truth they found."""

    right: int
    wrong: int
    found: int
    true: int
    ignored: int = 0
    wrong_by_kind: Mapping[str, int] = field(default_factory=dict)
    found_by_kind: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    found_by_form: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    found_by_career: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def precision(self) -> float | None:
        """Right claims of all claims; None without claims."""
        claims = self.right + self.wrong
        return self.right / claims if claims else None

    @property
    def recall(self) -> float | None:
        """Found truths of all; None when there was nothing to find."""
        return self.found / self.true if self.true else None

    def __str__(self) -> str:
        precision = "-" if self.precision is None else f"{self.precision:.3f}"
        recall = "-" if self.recall is None else f"{self.recall:.3f}"
        claims = self.right + self.wrong
        return f"precision {precision} ({self.right}/{claims}), recall {recall} ({self.found}/{self.true})"


@dataclass(frozen=True, slots=True)
class Revenue:
    """Second-order revenue in minor units by currency: what was true, what was credited, and of that what rightly."""

    true: Mapping[str, int]
    credited: Mapping[str, int]
    credited_rightly: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Conclusions:
    """What the app wrote: tags and credits of deals, and for contacts where it says they came from."""

    tags: Mapping[int, str]
    credits: Mapping[int, int]
    moved_from: Mapping[int, str]


Fields = Mapping[str, str | None]


def from_portal(portal: crm.Portal) -> Conclusions:
    """Read the written fields back, and nothing else."""
    return from_records(
        ((deal.id, deal.values) for deal in portal.all("deal")),
        ((contact.id, contact.values) for contact in portal.all("contact")),
    )


def from_records(
    deals: Iterable[tuple[int, Fields]], contacts: Iterable[tuple[int, Fields]]
) -> Conclusions:
    """The same from properties as HubSpot's API answers them."""
    tags: dict[int, str] = {}
    credited: dict[int, int] = {}
    moved: dict[int, str] = {}
    for deal, fields in deals:
        if tag := fields.get("second_order_source"):
            tags[deal] = tag
        if amount := fields.get("second_order_amount"):
            credited[deal] = round(Decimal(amount) * 100)
    for contact, fields in contacts:
        if name := fields.get("second_order_moved_from"):
            moved[contact] = name
    return Conclusions(tags, credited, moved)


def score_moves(
    truth: Truth, pairs: Iterable[MovePair], *, least: float = 0.0, customers_only: bool = False
) -> Score:
    """Judge pairs of at least the confidence *least*; *customers_only* drops claims about others' former people."""
    judge = _MoveJudge(truth, customers_only=customers_only)
    for former, new in dict.fromkeys(
        (former, new) for former, new, confidence in pairs if confidence >= least
    ):
        judge.hear(former, new)
    return judge.verdict()


class _MoveJudge:
    def __init__(self, truth: Truth, *, customers_only: bool) -> None:
        self.truth = truth
        self.customers_only = customers_only
        self.by_person: dict[str, list[tuple[int, Move]]] = {}
        for place, move in enumerate(truth.moves):
            self.by_person.setdefault(move.person, []).append((place, move))
        self.non_moves = {
            frozenset((pair.first_contact, pair.second_contact)): pair.kind
            for pair in truth.non_moves
        }
        self.customers = set(truth.customers)
        self.hits: set[int] = set()
        self.right = self.ignored = 0
        self.wrong: Counter[str] = Counter()

    def hear(self, former: int, new: int) -> None:
        """Judge one pair and count it."""
        if self.customers_only and not self.customers.intersection(self._employers(former)):
            return
        self.hits |= self._hits(former, new)
        verdict = self.verdict_on(former, new)
        if verdict == RIGHT:
            self.right += 1
        elif verdict == UNSETTLED:
            self.ignored += 1
        else:
            self.wrong[verdict] += 1

    def verdict_on(self, former: int, new: int) -> str:
        """What one pair is: right, unsettled, or the kind of wrong."""
        person = self.truth.people.get(former)
        same_person = person is not None and person == self.truth.people.get(new)
        if self._hits(former, new):
            return RIGHT
        if kind := self.non_moves.get(frozenset((former, new))):
            return kind
        if same_person and former != new:
            return UNSETTLED
        return "same_record_no_move" if same_person else "different_person"

    def _hits(self, former: int, new: int) -> set[int]:
        person = self.truth.people.get(former)
        if person is None or person != self.truth.people.get(new):
            return set()
        return {
            place for place, move in self.by_person.get(person, ()) if self._fits(move, former, new)
        }

    def _fits(self, move: Move, former: int, new: int) -> bool:
        """Who hopped from A over B to C is rightly told to have gone from A to C."""
        if move.new_company not in self._employers(new):
            return False
        if former == new and (move.new_contact != new or move.mode not in {"in_place", "merged"}):
            return False
        left = self._employers(former)
        return move.former_company in left or any(
            earlier.former_company in left and earlier.joined <= move.joined
            for _, earlier in self.by_person[move.person]
        )

    def _employers(self, contact: int) -> tuple[int, ...]:
        return self.truth.employers.get(contact, ())

    def verdict(self) -> Score:
        """All pairs together."""
        wanted = [
            (place, move)
            for place, move in enumerate(self.truth.moves)
            if move.from_customer or not self.customers_only
        ]
        found = {place for place, _ in wanted if place in self.hits}
        by_mode, by_form, by_career = (
            _found_by([(getattr(move, name), place in found) for place, move in wanted])
            for name in ("mode", "name_form", "kind")
        )
        return Score(
            self.right, sum(self.wrong.values()), len(found), len(wanted), self.ignored,
            dict(self.wrong.most_common()), by_mode, by_form, by_career,
        )  # fmt: skip


def _found_by(moves: Iterable[tuple[str, bool]]) -> dict[str, tuple[int, int]]:
    """How many were found of how many, by name, the most frequent first."""
    seen = list(moves)
    found = Counter(name for name, is_found in seen if is_found)
    return {
        name: (found[name], count)
        for name, count in Counter(name for name, _ in seen).most_common()
    }


def verdicts(truth: Truth, pairs: Iterable[tuple[int, int]]) -> dict[tuple[int, int], str]:
    """Judge each pair by itself: ``right``, ``unsettled``, or the kind of wrong."""
    judge = _MoveJudge(truth, customers_only=False)
    return {(former, new): judge.verdict_on(former, new) for former, new in pairs}


def part(truth: Truth, keep: Callable[[str], bool]) -> Truth:
    """The truth about some people only: their moves, and their deals or, where a deal has nobody, it by its id.

    Who is who stays whole, so that a claim about somebody of this part and somebody else is judged
    as before.
    """
    return replace(
        truth,
        moves=tuple(move for move in truth.moves if keep(move.person)),
        deals=tuple(deal for deal in truth.deals if keep(deal.person or str(deal.deal))),
    )


def score_field_moves(
    truth: Truth, moved_from: Mapping[int, str], company_names: Mapping[int, Iterable[str]]
) -> Score:
    """Judge "moved from Acme" as it stands on contacts: right when this person really left a company of that name.

    All records of one person may say the same; that counts once as found. *company_names* are all
    names each had.
    """
    by_person: dict[str, list[tuple[int, Move]]] = {}
    for place, move in enumerate(truth.moves):
        by_person.setdefault(move.person, []).append((place, move))
    names = {company: {_bare(name) for name in known} for company, known in company_names.items()}
    right, wrong, hits = 0, Counter[str](), set[int]()
    for contact, said in moved_from.items():
        own = by_person.get(truth.people.get(contact, ""), [])
        hit = {place for place, move in own if _bare(said) in names.get(move.former_company, ())}
        hits |= hit
        right += bool(hit)
        if not hit:
            wrong["wrong_company" if own else "no_mover"] += 1
    by_mode = {
        mode: (
            sum(place in hits for place, move in enumerate(truth.moves) if move.mode == mode),
            count,
        )
        for mode, count in Counter(move.mode for move in truth.moves).items()
    }
    return Score(right, sum(wrong.values()), len(hits), len(truth.moves), 0, dict(wrong), by_mode)


def _bare(name: str) -> str:
    return " ".join(name.casefold().split())


def score_tags(truth: Truth, tags: Mapping[int, str]) -> dict[str, Score]:
    """Judge tags of deals by kind, and as ``derived`` whether a deal has any source at all.

    ``several`` counts for each kind the truth has. Where a town only knows movers for sure, what
    contacts themselves say is judged as ``told_by_a_person`` and no other kind. Deals nobody can
    judge are left out.
    """
    judged = [deal for deal in truth.deals if deal.note != NOT_SCORED]
    scores = {MOVED_CHAMPION: _score_kind(MOVED_CHAMPION, judged, tags)}
    if truth.knows_referrals:
        scores |= {kind: _score_kind(kind, judged, tags) for kind in (REFERRAL, WORD_OF_MOUTH)}
        derived = [
            (tags.get(deal.deal, NONE) in _DERIVED, bool(deal.sources), deal.note)
            for deal in judged
        ]
        scores["derived"] = _count(derived)
    else:
        told = frozenset({REFERRAL, WORD_OF_MOUTH, SEVERAL})
        known = [deal for deal in judged if deal.says_person is not None]
        scores[TOLD_BY_A_PERSON] = _count(
            [
                (tags.get(deal.deal, NONE) in told, bool(deal.says_person), deal.note)
                for deal in known
            ]
        )
    return scores


def _score_kind(kind: str, deals: Iterable[DealTruth], tags: Mapping[int, str]) -> Score:
    verdicts = []
    for deal in deals:
        true = kind in {source.kind for source in deal.sources}
        tag = tags.get(deal.deal, NONE)
        # A tag "several" names no kind: it is a claim of this kind only where this kind is true.
        claimed = tag == kind or (tag == SEVERAL and true)
        verdicts.append((claimed, true, deal.note or deal.tag))
    return _count(verdicts)


def _count(verdicts: Iterable[tuple[bool, bool, str]]) -> Score:
    seen = Counter((claimed, true) for claimed, true, _ in verdicts)
    wrong = Counter(note or NONE for claimed, true, note in verdicts if claimed and not true)
    right = seen[True, True]
    return Score(
        right, seen[True, False], right, right + seen[False, True], 0, dict(wrong.most_common())
    )


def score_revenue(
    truth: Truth, credited: Mapping[int, int], *, kinds: frozenset[str] = _DERIVED
) -> Revenue:
    """Add up what was credited on won deals beside the truth of these *kinds*, without deals nobody can judge."""
    true, said, rightly = Counter[str](), Counter[str](), Counter[str]()
    for deal in truth.deals:
        if deal.note == NOT_SCORED or not deal.won:
            continue
        real = any(source.kind in kinds for source in deal.sources)
        credit = credited.get(deal.deal, 0)
        said[deal.currency] += credit
        if real:
            true[deal.currency] += deal.amount or 0
            rightly[deal.currency] += credit
    return Revenue(dict(true), dict(said), dict(rightly))
