"""Decisions of people, brought to the rules: about persons and moves, referrals, or deals."""

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from integration.conclude.batch import Batch
from integration.conclude.grouping import grouped
from integration.storage.findings import stored_shapes
from integration.storage.reviews import decision_rows
from mappings.kinds import ObjectType, ReviewKind, Verb
from mappings.rules.attribution import decisions as decided
from mappings.rules.attribution.decisions import Decision
from mappings.rules.facts import ContactFacts, DealFacts
from mappings.rules.findings import Move, Person, Referral
from mappings.rules.referrals.referrals import Hint, ReferrerLookup, judge

K = TypeVar("K", bound=Hashable)

_OF_DEALS = (ReviewKind.SUGGESTION, ReviewKind.ARRIVAL, ReviewKind.REJUDGE, ReviewKind.MERGE)
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
class ReferralDecisions:
    """Whom records mean as their referrer, by a person's word; by the record that names them."""

    by_record: Mapping[int, list[Decision]] = field(default_factory=dict)

    @classmethod
    def load(
        cls, batch: Batch, object_type: str, record_ids: Collection[int]
    ) -> "ReferralDecisions":
        """Read what was decided about the referrers that these records name."""
        by_record: dict[int, list[Decision]] = {}
        for decision in decision_rows.concerning(
            batch.tx, (ReviewKind.REFERRAL,), object_type, record_ids, batch.now
        ):
            owner_type, _, owner_id = str(decision.detail.get("owner", "")).partition(":")
            if owner_type == object_type:
                by_record.setdefault(int(owner_id), []).append(decision)
        return cls(by_record)

    @property
    def picked(self) -> set[int]:
        """The contacts that were picked as referrers."""
        decisions = [decision for own in self.by_record.values() for decision in own]
        picks = (decision.detail.get("pick") for decision in decisions)
        return {contact_id for contact_id in picks if contact_id}

    def settled(
        self,
        record_id: int,
        record: ContactFacts | DealFacts,
        found: Iterable[Referral],
        lookup: ReferrerLookup,
    ) -> tuple[Referral, ...]:
        """The referrals that a record tells of, as decided."""
        referrals = list(found)
        answers = decided.answers(self.by_record.get(record_id, ()))
        if not answers:
            return tuple(referrals)
        picked = {
            answer.detail["pick"]: _judged(answer, record, referrals, lookup)
            for answer in answers
            if answer.detail.get("pick") in lookup.contacts
        }
        return decided.settled_referrals(referrals, answers, picked)


def _judged(
    answer: Decision,
    record: ContactFacts | DealFacts,
    found: Iterable[Referral],
    lookup: ReferrerLookup,
) -> Referral:
    """The referral of a picked contact, after the same guards as any other's."""
    target = str(answer.detail["target"])
    meant = [referral for referral in found if _is_about(answer, target, referral)]
    dates = (referral.at for referral in meant if referral.at)
    texts = (referral.reasons[0].text for referral in meant if referral.reasons)
    at = next(dates, None) or record.created_at
    text = next(texts, "the record names them")
    hint = Hint(answer.detail["pick"], "named_person", 0, at, text)
    if isinstance(record, DealFacts):
        return judge(hint, target, None, record.company_id, lookup)
    referred = record if target == f"contact:{record.id}" else None
    return judge(hint, target, referred, None, lookup)


def _is_about(answer: Decision, target: str, referral: Referral) -> bool:
    named = decided.named_by(referral)
    return referral.target == target and not named.isdisjoint(answer.contacts)


@dataclass(frozen=True, slots=True)
class DealDecisions:
    """What people decided about deals.

    `dismissed` are (deal, contact) of suggestions that nobody wants to see again; `was_there` says
    by deal and contact whether somebody was at the buyer when it opened; `rejudged` says
    by deal and mark of the evidence whether late evidence counts; `one_company` by deal and source
    company whether they were one all along.
    """

    dismissed: frozenset[tuple[int, int]] = frozenset()
    was_there: Mapping[tuple[int, int], bool] = field(default_factory=dict)
    rejudged: Mapping[tuple[int, str], bool] = field(default_factory=dict)
    one_company: Mapping[tuple[int, int | None], bool] = field(default_factory=dict)

    @classmethod
    def load(cls, batch: Batch, deal_ids: Collection[int]) -> "DealDecisions":
        """Read what was decided about a page of deals; the newest answer to a question stands."""
        suggestions: dict[tuple[int, int], str] = {}
        arrivals: dict[tuple[int, int], str] = {}
        rejudged: dict[tuple[int, str], str] = {}
        merges: dict[tuple[int, int | None], str] = {}
        for decision in decision_rows.concerning(
            batch.tx, _OF_DEALS, ObjectType.DEAL, deal_ids, batch.now
        ):
            deal_id, verb = decision.detail["deal"], decision.verb
            if decision.kind == ReviewKind.SUGGESTION:
                suggestions.update({(deal_id, contact): verb for contact in decision.contacts})
            elif decision.kind == ReviewKind.ARRIVAL:
                arrivals.update({(deal_id, contact): verb for contact in decision.contacts})
            elif decision.kind == ReviewKind.REJUDGE:
                rejudged[deal_id, str(decision.detail["mark"])] = verb
            else:
                merges[deal_id, decision.companies[0]] = verb
        dismissed = (key for key, verb in suggestions.items() if verb == Verb.DISMISS)
        return cls(
            frozenset(dismissed),
            _holding(arrivals, Verb.CONFIRM),
            _holding(rejudged, Verb.CONFIRM),
            _holding(merges, Verb.SAME),
        )


def _holding(verbs: Mapping[K, str], yes: Verb) -> dict[K, bool]:
    """Whether each question was answered by *yes*; an answer that was taken back is none."""
    return {key: verb == yes for key, verb in verbs.items() if verb != Verb.REOPEN}
