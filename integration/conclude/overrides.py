"""What people decided, brought to the rules: for a page of contacts, of records that tell of referrals, or of deals."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from integration.conclude.batch import Batch
from integration.conclude.grouping import grouped
from integration.storage.findings import stored_shapes
from integration.storage.reviews import decision_rows
from mappings.kinds import ObjectType, ReviewKind
from mappings.rules.attribution import decisions as decided
from mappings.rules.attribution.decisions import Decision
from mappings.rules.facts import ContactFacts, DealFacts
from mappings.rules.findings import Move, Person, Referral
from mappings.rules.referrals.referrals import Hint, ReferrerLookup, judge

_OF_PEOPLE = (ReviewKind.IDENTITY, ReviewKind.MOVE)


def of_people(batch: Batch, contact_ids: Collection[int]) -> list[Decision]:
    """Read what was decided about who these contacts are, and about their moves."""
    return decision_rows.concerning(
        batch.tx, _OF_PEOPLE, ObjectType.CONTACT, contact_ids, batch.now
    )


def partners(batch: Batch, contact_ids: Collection[int]) -> set[int]:
    """The contacts about which, together with one of these, somebody decided."""
    decisions = of_people(batch, contact_ids)
    return {contact_id for decision in decisions for contact_id in decision.contacts}


def moves(
    decisions: Sequence[Decision], found: Iterable[Move], persons: Iterable[Person]
) -> list[Move]:
    """These persons' moves as decided; *found* are those that their records show."""
    answers = [decision for decision in decisions if decision.kind == ReviewKind.MOVE]
    if not answers:
        return list(found)
    with_move = (decision for decision in answers if decision.detail.get("move"))
    confirmed = {decision.id: stored_shapes.confirmed_move(decision) for decision in with_move}
    by_person = grouped((move.person_id, move) for move in found)
    settled: dict[tuple[int, str], Move] = {}
    for person in persons:
        own = by_person.get(person.id, ())
        for move in decided.settled_moves(own, person, answers, confirmed):
            settled[move.person_id, move.key] = move
    return list(settled.values())


@dataclass(frozen=True, slots=True)
class PairDecisions:
    """Whom people said that records mean, by the record that tells of it."""

    answers: Mapping[int, list[Decision]] = field(default_factory=dict)

    @classmethod
    def by(cls, batch: Batch, owner_type: str, owner_ids: Collection[int]) -> "PairDecisions":
        """Read what was decided about these records' words."""
        found: dict[int, list[Decision]] = {}
        for one in decision_rows.concerning(
            batch.tx, ("referral",), owner_type, owner_ids, batch.now
        ):
            kind, _, number = str(one.detail.get("owner", "")).partition(":")
            if kind == owner_type:
                found.setdefault(int(number), []).append(one)
        return cls(found)

    @property
    def picked(self) -> set[int]:
        """The contacts that were picked."""
        return {
            one.detail["pick"]
            for several in self.answers.values()
            for one in several
            if one.detail.get("pick")
        }

    def settled(
        self,
        owner: int,
        told: ContactFacts | DealFacts,
        found: Iterable[Referral],
        ring: ReferrerLookup,
    ) -> tuple[Referral, ...]:
        """What a record tells, as decided."""
        answers = decided.answers(self.answers.get(owner, ()))
        if not answers:
            return tuple(found)
        told_of = list(found)
        picked = {
            one.detail["pick"]: _judged(one, told, told_of, ring)
            for one in answers
            if one.detail.get("pick") in ring.contacts
        }
        return decided.settled_referrals(told_of, answers, picked)


def _judged(
    by: Decision, told: ContactFacts | DealFacts, found: Iterable[Referral], ring: ReferrerLookup
) -> Referral:
    """The referral of a picked contact, after the same guards as any other's."""
    target = str(by.detail["target"])
    same = [
        one
        for one in found
        if one.target == target and not decided.named_by(one).isdisjoint(by.contacts)
    ]
    at = next((one.at for one in same if one.at), None) or told.created_at
    text = next((one.reasons[0].text for one in same if one.reasons), "the record names them")
    hint = Hint(by.detail["pick"], "named_person", 0, at, text)
    referred = told if isinstance(told, ContactFacts) and target == f"contact:{told.id}" else None
    goal = None if isinstance(told, ContactFacts) else told.company_id
    return judge(hint, target, referred, goal, ring)


@dataclass(frozen=True, slots=True)
class OfDeals:
    """What people decided about deals.

    `dismissed` are (deal, contact) of suggestions nobody wants to hear again; `rejudged` says by
    deal and mark of the evidence whether late evidence counts; `one_company` by deal and source
    company whether they were one all along.
    """

    dismissed: frozenset[tuple[int, int]] = frozenset()
    rejudged: Mapping[tuple[int, str], bool] = field(default_factory=dict)
    one_company: Mapping[tuple[int, int], bool] = field(default_factory=dict)

    @classmethod
    def by(cls, batch: Batch, deal_ids: Collection[int]) -> "OfDeals":
        """Read what was decided about a page of deals."""
        found = decision_rows.concerning(
            batch.tx, ("suggestion", "rejudge", "merge"), "deal", deal_ids, batch.now
        )
        words: dict[str, dict[tuple[int, object], str]] = {
            "suggestion": {},
            "rejudge": {},
            "merge": {},
        }
        for one in found:
            for about in _about(one):
                words[one.kind][one.detail["deal"], about] = one.verb
        return cls(
            frozenset(key for key, verb in words["suggestion"].items() if verb == "dismiss"),  # type: ignore[misc]
            {key: verb == "confirm" for key, verb in words["rejudge"].items() if verb != "reopen"},  # type: ignore[misc]
            {key: verb == "same" for key, verb in words["merge"].items() if verb != "reopen"},  # type: ignore[misc]
        )


def _about(one: Decision) -> tuple[object, ...]:
    """What, beside the deal, an answer is about: the suggested contacts, the evidence, or the source company."""
    if one.kind == "suggestion":
        return one.contacts
    return (str(one.detail["mark"]),) if one.kind == "rejudge" else (one.companies[0],)
