"""Sources of a deal: moves, referrals and answers that carry credit, each with its weight.

A weight is multiplied by certainty and freshness (`credit.raw`); all are parts per million.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from mappings.kinds import MoveKind, SourceKind, Status, Timing
from mappings.rules.attribution import arrivals
from mappings.rules.attribution.arrivals import OnDeal, on_deal
from mappings.rules.attribution.credit import age_factor, raw
from mappings.rules.facts import ContactFacts, DealContact, DealFacts, Touch
from mappings.rules.findings import Move, Reason, Referral, Source
from mappings.rules.policy import KEY_ROLES, Policy
from mappings.rules.referrals.referrals import FORMER_JOB
from mappings.rules.text.self_reported import Label

# Answers to the question how somebody came to us: they speak of that time, not of their own day.
_ANSWERS = frozenset({"named_person", "named_company", FORMER_JOB})


@dataclass(frozen=True, slots=True)
class DealSources:
    """A deal's sources, strongest first, and what a person may know better (credit 0).

    *suggestions* are people who might be added to the deal, *arrivals* those on it who might have
    been at the buyer already when it opened.
    """

    sources: tuple[Source, ...] = ()
    suggestions: tuple[Source, ...] = ()
    arrivals: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What happened around a deal: touches at its company, and the contact records by id.

    No touches at all means that nobody reads them: then being put on the deal counts as activity.
    """

    contacts: Mapping[int, ContactFacts]
    touches: tuple[Touch, ...] = ()
    records: Mapping[int, tuple[int, ...]] = field(default_factory=dict)  # contact ids by person


HEARD = "heard of us"
"""How the reason of word of mouth begins; who said it, and a quote behind a colon, can follow."""


class HeardLabel(NamedTuple):
    """What an answer says of how somebody heard of us, the answering contact, and when.

    `owner` is the record that holds the answer where that is not the contact's own: of a deal with
    several people it is not known who of them heard of us.
    """

    label: Label
    contact_id: int
    at: datetime
    owner: str = ""


def sources_of(
    deal: DealFacts,
    moves: Iterable[Move],
    referrals: Iterable[Referral],
    around: Surroundings,
    *,
    policy: Policy,
    now: datetime,
    labels: Iterable[HeardLabel] = (),
) -> DealSources:
    """Everything derived that led to a deal; a renewal has no sources.

    *labels* are those of the deal's answers.
    """
    if deal.is_renewal:
        return DealSources()
    candidates = [moved_source(deal, move, around, policy, now) for move in moves]
    candidates += [referral_source(deal, referral, policy, now) for referral in referrals]
    candidates += [word_of_mouth_source(deal, heard, policy=policy, now=now) for heard in labels]
    return _in_order(_without_told_twice(source for source in candidates if source is not None))


def _without_told_twice(sources: Iterable[Source]) -> list[Source]:
    """The sources without an earlier job that is told and that a mover's own records show, too."""
    found = list(sources)
    left = {
        source.company_id
        for source in found
        if source.kind == SourceKind.MOVED_CHAMPION and source.person_id is not None and source.raw
    }
    return [
        source
        for source in found
        if source.kind != SourceKind.MOVED_CHAMPION
        or source.person_id is not None
        or source.company_id not in left
    ]


def _in_order(sources: Iterable[Source]) -> DealSources:
    ordered = sorted(sources, key=lambda source: (-source.raw, source.key))
    return DealSources(
        sources=tuple(source for source in ordered if source.raw > 0),
        suggestions=tuple(source for source in ordered if source.timing == Timing.SUSPECTED),
        arrivals=tuple(source for source in ordered if source.timing == Timing.UNSURE),
    )


def end_of(deal: DealFacts, now: datetime) -> datetime:
    """When the deal's evidence window ends: its close, or now while it is open."""
    return deal.closed_at if deal.is_closed and deal.closed_at else now


def moved_source(
    deal: DealFacts, move: Move, around: Surroundings, policy: Policy, now: datetime
) -> Source | None:
    """What a moved person's success at the former company is worth on a deal of the new one."""
    if not _can_earn(move, policy) or not _leads_to(move, deal, policy):
        return None
    own = {move.new_contact_id, *around.records.get(move.person_id, ())}
    mover = on_deal(deal, own, around.contacts)
    move = arrivals.as_of_opening(deal, move, mover, policy) if mover else move
    part = _involvement(deal, move, mover, around, own=own, policy=policy, now=now)
    if part is None:
        return None
    days = max(0, (deal.created_at - move.moved_at).days)
    freshness = age_factor(days, policy.age_flat_days, policy.moved_half_life_days)
    return Source(
        SourceKind.MOVED_CHAMPION,
        part.weight,
        move.confidence,
        freshness,
        raw(part.weight, move.confidence, freshness),
        move.person_id,
        move.new_contact_id,
        move.former_company_id,
        part.timing,
        move.moved_at,
        (part.why, *move.reasons),
    )


def _can_earn(move: Move, policy: Policy) -> bool:
    # A return to a former employer and a departure without a goal bring no new customer.
    is_sure_move = move.status == Status.AUTO and move.kind == MoveKind.MOVE
    return is_sure_move and move.strength >= policy.credit_strength_at


def _leads_to(move: Move, deal: DealFacts, policy: Policy) -> bool:
    """Whether a move goes from another company to the deal's, and not long before it."""
    if deal.company_id is None or move.former_company_id is None:
        return False
    if deal.company_id != move.new_company_id or deal.company_id == move.former_company_id:
        return False
    return deal.created_at - move.moved_at <= timedelta(policy.move_to_deal_days)


@dataclass(frozen=True, slots=True)
class _Involvement:
    """How a person took part in a deal: the timing, its weight in ppm, and the sentence."""

    timing: Timing
    weight: int
    why: Reason


def _involvement(
    deal: DealFacts,
    move: Move,
    mover: OnDeal | None,
    around: Surroundings,
    *,
    own: Collection[int],
    policy: Policy,
    now: datetime,
) -> _Involvement | None:
    """How the moved person took part; None for whoever took none, or came after the win."""
    end = end_of(deal, now)
    touches = [touch for touch in around.touches if touch.contact_id in own]
    active = [touch for touch in touches if deal.created_at <= touch.at <= end]
    if mover is None:
        evidence = (f"deal:{deal.id}", f"contact:{move.new_contact_id}")
        return _suspicion(active, evidence, policy) if move.moved_at < end else None
    if mover.joined_at >= end:
        return None
    part = None
    if move.moved_at < end:
        part = _part_of(deal, move, mover, active=active, around=around, policy=policy)
    return part or _doubtful_part(deal, move, mover, policy)


def _part_of(
    deal: DealFacts,
    move: Move,
    mover: OnDeal,
    *,
    active: Sequence[Touch],
    around: Surroundings,
    policy: Policy,
) -> _Involvement | None:
    """What somebody on the deal did for it; None for whoever did nothing."""
    timing, text = _timing(
        deal, move, mover.contact, mover.joined_at, active=active, around=around, policy=policy
    )
    if timing == Timing.NONE:
        return None
    weights = {
        Timing.SOURCED: policy.moved_sourced,
        Timing.ASSISTED: policy.moved_assisted,
        Timing.PRESENT: policy.moved_present,
    }
    evidence = (f"deal:{deal.id}", f"contact:{move.new_contact_id}")
    why = Reason(timing, text, mover.joined_at, evidence, weights[timing])
    return _Involvement(timing, weights[timing], why)


def _doubtful_part(
    deal: DealFacts, move: Move, mover: OnDeal, policy: Policy
) -> _Involvement | None:
    """Somebody on the deal who may have been at the buyer when it was opened earns nothing yet."""
    why = arrivals.perhaps_there(deal, move, mover, policy)
    return _Involvement(Timing.UNSURE, 0, why) if why else None


def _timing(
    deal: DealFacts,
    move: Move,
    on_deal: DealContact,
    joined_at: datetime,
    *,
    active: Sequence[Touch],
    around: Surroundings,
    policy: Policy,
) -> tuple[Timing, str]:
    """How somebody on the deal took part, and the sentence that says so; the first rung counts."""
    came_before = move.moved_at <= deal.created_at
    began_by = deal.created_at + timedelta(policy.present_within_days)
    is_early = came_before and joined_at <= began_by
    if is_early and is_dormant(deal, move.new_contact_id, around.touches, policy):
        return Timing.SOURCED, "was on the deal when it began"
    key_part = _key_part(on_deal, active, policy)
    if key_part:
        return Timing.ASSISTED, key_part
    # Where no activity is read at all, being put on the open deal counts as one.
    is_active = bool(active) or is_early or not around.touches
    if came_before and is_active:
        return Timing.PRESENT, "was on the deal without a role"
    return Timing.NONE, ""


def _suspicion(
    active: Sequence[Touch], evidence: tuple[str, ...], policy: Policy
) -> _Involvement | None:
    """Somebody active who is not on the deal might be added to it; that earns nothing."""
    if len(active) < policy.suspected_activities:
        return None
    why = Reason("not_on_deal", "is active but not on the deal", None, evidence)
    return _Involvement(Timing.SUSPECTED, 0, why)


def _key_part(on_deal: DealContact, active: Sequence[Touch], policy: Policy) -> str:
    """What made the person important to the deal, in words; empty when nothing did."""
    if on_deal.roles & KEY_ROLES:
        return "had a key role on the deal"
    meetings = sum(touch.kind == "meeting" for touch in active)
    return f"was in {meetings} meetings" if meetings >= policy.key_meetings else ""


def is_dormant(
    deal: DealFacts, contact_id: int, touches: Collection[Touch], policy: Policy
) -> bool:
    """Nobody else at the company had answered to marketing shortly before the deal."""
    start = deal.created_at - timedelta(policy.dormant_days)
    return not any(
        touch.inbound and touch.contact_id != contact_id and start <= touch.at < deal.created_at
        for touch in touches
    )


def referral_source(
    deal: DealFacts, referral: Referral, policy: Policy, now: datetime
) -> Source | None:
    """What a recommendation is worth on a deal."""
    referral = _as_it_took_place(deal, referral)
    if not _can_be_credited(referral, deal) or not _concerns(deal, referral):
        return None
    at = referral.at or deal.created_at
    if at >= end_of(deal, now) and at > deal.created_at:
        return None
    if deal.created_at - at > timedelta(policy.referral_look_back_days):
        return None
    is_before = at <= deal.created_at + timedelta(policy.referral_late_days)
    weight = _referral_weight(referral, policy, is_before=is_before)
    freshness = _freshness(deal, at, policy)
    return Source(
        SourceKind.MOVED_CHAMPION if referral.how == FORMER_JOB else SourceKind.REFERRAL,
        weight,
        referral.p,
        freshness,
        raw(weight, referral.p, freshness),
        referral.referrer_person_id,
        referral.referrer_contact_id,
        referral.referrer_company_id,
        Timing.SOURCED if is_before else Timing.ASSISTED,
        at,
        referral.reasons,
    )


def _referral_weight(referral: Referral, policy: Policy, *, is_before: bool) -> int:
    if referral.how == FORMER_JOB:
        return policy.moved_sourced if is_before else policy.moved_assisted
    return policy.referral_before if is_before else policy.referral_open


def _can_be_credited(referral: Referral, deal: DealFacts) -> bool:
    if referral.status != Status.AUTO or not referral.from_customer:
        return False
    # Whoever comes to a customer of ours brings what they knew before; a referral there is none.
    if referral.expansion and referral.how != FORMER_JOB:
        return False
    # Whoever was referred works elsewhere, but the referrer's own company buys: expansion.
    referrer_id = referral.referrer_company_id
    return referrer_id is None or referrer_id != deal.company_id


def _freshness(deal: DealFacts, at: datetime, policy: Policy) -> int:
    days = max(0, (deal.created_at - at).days)
    return age_factor(days, policy.age_flat_days, policy.referral_half_life_days)


def _as_it_took_place(deal: DealFacts, referral: Referral) -> Referral:
    """An answer given after the win counts as of the time when the customer came.

    Until when such an answer counts is decided in `ledger/as_of_win.py`.
    """
    if referral.arrival is None or referral.how not in _ANSWERS or referral.at is None:
        return referral
    if not (deal.is_closed and deal.closed_at and referral.at >= deal.closed_at):
        return referral
    arrival = referral.arrival
    at = min(arrival.at, deal.created_at)
    return replace(
        referral, at=at, from_customer=arrival.from_customer, expansion=arrival.expansion
    )


def _concerns(deal: DealFacts, referral: Referral) -> bool:
    targets = {f"deal:{deal.id}", *(f"contact:{contact.contact_id}" for contact in deal.contacts)}
    if deal.company_id is not None:
        targets.add(f"company:{deal.company_id}")
    return referral.target in targets


def word_of_mouth_source(
    deal: DealFacts, heard: HeardLabel, *, policy: Policy, now: datetime
) -> Source | None:
    """What an unnamed recommendation is worth: it goes to the word-of-mouth pool.

    An answer given after the win still says how the customer came; until when it counts is decided
    in `ledger/as_of_win.py`.
    """
    label, contact_id, at, owner = heard
    weight = policy.word_of_mouth.get(label.label, 0)
    if not weight or label.confidence < policy.label_counts_at or at > now:
        return None
    if deal.created_at - at > timedelta(policy.referral_look_back_days):
        return None
    freshness = _freshness(deal, at, policy)
    reason = Reason(
        label.label,
        _said(label),
        at,
        (owner or f"contact:{contact_id}",),
        label.confidence,
    )
    return Source(
        SourceKind.WORD_OF_MOUTH,
        weight,
        label.confidence,
        freshness,
        raw(weight, label.confidence, freshness),
        None,
        contact_id,
        None,
        Timing.SOURCED,
        at,
        (reason,),
    )


def _said(label: Label) -> str:
    """What was heard, from whom where the text names them, and the words that say so."""
    source = f" from {label.said_by}" if label.said_by else ""
    return f'{HEARD}{source}: "{label.quote}"'


def tag_of(sources: Sequence[Source]) -> str:
    """The value of the deal's source field: one kind, several, or none."""
    kinds = {source.kind for source in sources if source.raw > 0}
    if not kinds:
        return "none"
    return kinds.pop() if len(kinds) == 1 else "several"


def confidence_of(sources: Sequence[Source]) -> int:
    """The certainty (ppm) of the strongest source; 0 without one."""
    return max(sources, key=lambda source: (source.raw, source.key)).p if sources else 0
