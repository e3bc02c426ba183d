"""Sources: which moves, referrals and answers carry credit on which deal, with weight, certainty and freshness."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from mappings.rules.attribution.credit import age_factor, raw
from mappings.rules.facts import ContactFacts, DealContact, DealFacts, Touch
from mappings.rules.findings import Move, Reason, Referral, Source
from mappings.rules.policy import KEY_ROLES, Policy
from mappings.rules.text.self_reported import Label

_ANSWERS = frozenset({"named_person", "named_company"})  # to the question how somebody came to us


@dataclass(frozen=True, slots=True)
class DealSources:
    """A deal's sources, strongest first, and people who might be added to it (suspected, credit 0)."""

    sources: tuple[Source, ...] = ()
    suggestions: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What happened around a deal: touches at its company, and the contact records by id.

    No touches at all means that nobody reads them: then being put on the deal counts as activity.
    """

    contacts: Mapping[int, ContactFacts]
    touches: tuple[Touch, ...] = ()
    records: Mapping[int, tuple[int, ...]] = field(default_factory=dict)  # contact ids by person


def sources_of(
    deal: DealFacts,
    moves: Iterable[Move],
    referrals: Iterable[Referral],
    around: Surroundings,
    *,
    policy: Policy,
    now: datetime,
    labels: Iterable[tuple[Label, int, datetime]] = (),
) -> DealSources:
    """Everything derived that led to a deal. *labels* are (label, answering contact, when) of its answers."""
    if deal.is_renewal:
        return DealSources()
    found: list[Source] = []
    for move in moves:
        source = moved_source(deal, move, around, policy, now)
        if source is not None:
            found.append(source)
    found.extend(s for r in referrals if (s := referral_source(deal, r, policy, now)) is not None)
    found.extend(
        s
        for one, contact, at in labels
        if (s := word_of_mouth_source(deal, one, contact, at, policy=policy, now=now)) is not None
    )
    ordered = sorted(found, key=lambda one: (-one.raw, one.key))
    credited = tuple(one for one in ordered if one.raw > 0)
    return DealSources(credited, tuple(one for one in ordered if one.timing == "suspected"))


def end_of(deal: DealFacts, now: datetime) -> datetime:
    """When the deal's evidence window ends: its close, or now while it is open."""
    return deal.closed_at if deal.is_closed and deal.closed_at else now


def moved_source(
    deal: DealFacts, move: Move, around: Surroundings, policy: Policy, now: datetime
) -> Source | None:
    """What a moved person's success at the former company is worth on a deal of the new one."""
    end = end_of(deal, now)
    if move.status != "auto" or move.kind != "move" or move.strength < policy.credit_strength_at:
        return None
    if (
        deal.company_id is None
        or deal.company_id != move.new_company_id
        or move.former_company_id is None
    ):
        return None
    if move.former_company_id == deal.company_id or move.moved_at >= end:
        return None
    if deal.created_at - move.moved_at > timedelta(policy.move_to_deal_days):
        return None
    own = {move.new_contact_id, *around.records.get(move.person_id, ())}
    on_deal = min(
        (one for one in deal.contacts if one.contact_id in own), key=_first_to_join, default=None
    )
    timing, w, why = _involvement(deal, move, on_deal, around, policy=policy, end=end)
    if timing == "none":
        return None
    days = max(0, (deal.created_at - move.moved_at).days)
    g = age_factor(days, policy.age_flat_days, policy.moved_half_life_days)
    return Source(
        "moved_champion",
        w,
        move.confidence,
        g,
        raw(w, move.confidence, g),
        move.person_id,
        move.new_contact_id,
        move.former_company_id,
        timing,
        move.moved_at,
        (why, *move.reasons),
    )


def _first_to_join(one: DealContact) -> tuple[bool, float, int]:
    """Dated associations first, by date: one of several records of a person stands for them on a deal."""
    return one.at is None, one.at.timestamp() if one.at else 0.0, one.contact_id


def _involvement(
    deal: DealFacts,
    move: Move,
    on_deal: DealContact | None,
    around: Surroundings,
    *,
    policy: Policy,
    end: datetime,
) -> tuple[str, int, Reason]:
    """How the person took part: the timing, its weight and the sentence."""
    evidence = (f"deal:{deal.id}", f"contact:{move.new_contact_id}")
    own = {move.new_contact_id, *around.records.get(move.person_id, ())}
    active = [t for t in around.touches if t.contact_id in own and deal.created_at <= t.at <= end]
    if on_deal is None:
        many = len(active) >= policy.suspected_activities
        return (
            "suspected" if many else "none",
            0,
            Reason("not_on_deal", "is active but not on the deal", None, evidence),
        )
    at = joined_deal(deal, on_deal, around)
    if at >= end:
        return "none", 0, Reason("after_win", "joined after the win", at, evidence)
    came_before = move.moved_at <= deal.created_at
    early = came_before and at <= deal.created_at + timedelta(policy.present_within_days)
    if early and is_dormant(deal, move.new_contact_id, around.touches, policy):
        text = "was on the deal when it began"
        return (
            "sourced",
            policy.moved_sourced,
            Reason("sourced", text, at, evidence, policy.moved_sourced),
        )
    meetings = sum(1 for touch in active if touch.kind == "meeting")
    if on_deal.roles & KEY_ROLES or meetings >= policy.key_meetings:
        text = (
            "had a key role on the deal"
            if on_deal.roles & KEY_ROLES
            else f"was in {meetings} meetings"
        )
        return (
            "assisted",
            policy.moved_assisted,
            Reason("assisted", text, at, evidence, policy.moved_assisted),
        )
    if came_before and (active or early or not around.touches):
        text = "was on the deal without a role"
        return (
            "present",
            policy.moved_present,
            Reason("present", text, at, evidence, policy.moved_present),
        )
    return "none", 0, Reason("inactive", "is on the deal without any activity", at, evidence)


def joined_deal(deal: DealFacts, on_deal: DealContact, around: Surroundings) -> datetime:
    """When the contact came onto the deal; unknown means with the deal, or with its own record if that is younger."""
    if on_deal.at is not None:
        return on_deal.at
    contact = around.contacts.get(on_deal.contact_id)
    return max(deal.created_at, contact.created_at) if contact else deal.created_at


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
    if (
        referral.status != "auto"
        or not referral.from_customer
        or referral.expansion
        or not _concerns(deal, referral)
    ):
        return None
    if referral.referrer_company_id is not None and referral.referrer_company_id == deal.company_id:
        return None  # whoever was referred works elsewhere, but it is the referrer's own company that buys: expansion
    at = referral.at or deal.created_at
    end = end_of(deal, now)
    if at >= end and at > deal.created_at:
        return None
    if deal.created_at - at > timedelta(policy.referral_look_back_days):
        return None
    before = at <= deal.created_at + timedelta(policy.referral_late_days)
    w = policy.referral_before if before else policy.referral_open
    days = max(0, (deal.created_at - at).days)
    g = age_factor(days, policy.age_flat_days, policy.referral_half_life_days)
    return Source(
        "referral",
        w,
        referral.p,
        g,
        raw(w, referral.p, g),
        referral.referrer_person_id,
        referral.referrer_contact_id,
        referral.referrer_company_id,
        "sourced" if before else "assisted",
        at,
        referral.reasons,
    )


def _as_it_took_place(deal: DealFacts, referral: Referral) -> Referral:
    """An answer given after the win tells how the customer came: it counts as of that time.

    For how long such an answer is heard is known.py's affair.
    """
    if referral.arrival is None or referral.how not in _ANSWERS or referral.at is None:
        return referral
    if not (deal.is_closed and deal.closed_at and referral.at >= deal.closed_at):
        return referral
    came = referral.arrival
    at = min(came.at, deal.created_at)
    return replace(referral, at=at, from_customer=came.from_customer, expansion=came.expansion)


def _concerns(deal: DealFacts, referral: Referral) -> bool:
    targets = {f"deal:{deal.id}", *(f"contact:{one.contact_id}" for one in deal.contacts)}
    if deal.company_id is not None:
        targets.add(f"company:{deal.company_id}")
    return referral.target in targets


def word_of_mouth_source(
    deal: DealFacts, label: Label, contact_id: int, at: datetime, *, policy: Policy, now: datetime
) -> Source | None:
    """What an unnamed recommendation is worth: it goes to the word-of-mouth pool.

    Said after the win it still tells how the customer came; for how long that counts is known.py's
    affair.
    """
    w = policy.word_of_mouth.get(label.label, 0)
    if not w or label.confidence < policy.label_counts_at or at > now:
        return None
    if deal.created_at - at > timedelta(policy.referral_look_back_days):
        return None
    days = max(0, (deal.created_at - at).days)
    g = age_factor(days, policy.age_flat_days, policy.referral_half_life_days)
    reason = Reason(
        label.label,
        f'heard of us: "{label.quote}"',
        at,
        (f"contact:{contact_id}",),
        label.confidence,
    )
    return Source(
        "word_of_mouth",
        w,
        label.confidence,
        g,
        raw(w, label.confidence, g),
        None,
        contact_id,
        None,
        "sourced",
        at,
        (reason,),
    )


def tag_of(sources: Sequence[Source]) -> str:
    """What the deal's source field says: one kind, several, or none."""
    kinds = {source.kind for source in sources if source.raw > 0}
    if not kinds:
        return "none"
    return kinds.pop() if len(kinds) == 1 else "several"


def confidence_of(sources: Sequence[Source]) -> int:
    """The certainty (ppm) of the strongest source; 0 without one."""
    return max(sources, key=lambda one: (one.raw, one.key)).p if sources else 0
