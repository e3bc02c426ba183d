"""Task builders: review tasks made of findings, with the records whose money hangs on them."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

from integration.portal.occurrence import known_ids
from integration.storage.reviews.task_rows import ReviewTask
from mappings.formats import day, percent
from mappings.kinds import ObjectType, ReviewKind
from mappings.records.rows import RefPair
from mappings.rules.attribution import decisions
from mappings.rules.attribution.credit import FIRST_ORDER
from mappings.rules.facts import PPM, DealFacts
from mappings.rules.findings import (
    SHARE_ONE,
    Allocation,
    CreditLine,
    IdentityLink,
    Move,
    Reason,
    Referral,
    Source,
)
from mappings.rules.ledger.entries import Booked
from mappings.stored.review_answers import Asked, WouldEarn

_MOST_NAMED = 20  # candidates; a name that more people bear is nobody's


def of_pair(key: str, link: IdentityLink) -> ReviewTask:
    """Whether two contacts are one human; *key* names the pair."""
    return ReviewTask(
        ReviewKind.IDENTITY,
        key,
        link.p,
        Asked(contacts=(link.a, link.b), reasons=link.reasons),
        weighs=_refs(ObjectType.CONTACT, (link.a, link.b)),
    )


def of_move(move: Move) -> ReviewTask:
    """Whether a person moved from one company to the other."""
    contacts = (move.former_contact_id, move.new_contact_id)
    companies = (move.former_company_id, move.new_company_id)
    body = Asked(
        contacts=contacts,
        companies=companies,
        earliest=move.earliest,
        latest=move.latest,
        moved_at=move.moved_at,
        what=move.kind,
        reasons=move.reasons,
    )
    return ReviewTask(
        ReviewKind.MOVE,
        move.key,
        move.confidence,
        body,
        weighs=_refs(ObjectType.CONTACT, contacts),
        also=_refs(ObjectType.COMPANY, companies),
    )


def of_referral(key: str, owner: RefPair, referral: Referral) -> ReviewTask:
    """Whom of several the record *owner* means as the referrer."""
    candidates = sorted(decisions.named_by(referral))[:_MOST_NAMED]
    body = Asked(
        contacts=tuple(candidates),
        owner=f"{owner[0]}:{owner[1]}",
        target=referral.target,
        at=referral.at,
        reasons=referral.reasons,
    )
    target_type, _, target_id = referral.target.partition(":")
    target = frozenset({(target_type, int(target_id))})
    named = _refs(ObjectType.CONTACT, candidates) | {owner}
    return ReviewTask(
        ReviewKind.REFERRAL,
        key,
        referral.p,
        body,
        weighs=target,
        also=named - target,
    )


def of_suggestion(deal_id: int, source: Source, contact_id: int) -> ReviewTask:
    """Whether to add a person, who moved to the buyer and is in touch, to a deal."""
    body = Asked(
        contacts=(contact_id,),
        deal=deal_id,
        companies=(source.company_id,),
        reasons=source.because,
    )
    return ReviewTask(
        ReviewKind.SUGGESTION,
        f"{deal_id}:{contact_id}",
        source.p,
        body,
        weighs=_refs(ObjectType.DEAL, [deal_id]),
        also=_refs(ObjectType.CONTACT, [contact_id]),
    )


def of_arrival(deal: DealFacts, source: Source, contact_id: int) -> ReviewTask:
    """Whether a person on a deal was at the buyer already when it opened."""
    body = Asked(
        contacts=(contact_id,),
        deal=deal.id,
        companies=(deal.company_id,),
        at=deal.created_at,
        reasons=source.because,
    )
    return ReviewTask(
        ReviewKind.ARRIVAL,
        f"{deal.id}:{contact_id}",
        source.p,
        body,
        weighs=_refs(ObjectType.DEAL, [deal.id]),
        also=_refs(ObjectType.CONTACT, [contact_id]),
    )


def of_late(deal_id: int, would: Allocation) -> ReviewTask:
    """Whether evidence that came late counts for a deal, shared as it *would* be."""
    lines = tuple(_would_earn(line) for line in would.lines)
    mark = mark_of(would)
    body = Asked(deal=deal_id, mark=mark, would=lines, reasons=_late_reasons(would, lines))
    contacts = [line.source.contact_id for line in would.lines]
    return ReviewTask(
        ReviewKind.REJUDGE,
        f"{deal_id}:{mark}",
        would.derived,
        body,
        weighs=_refs(ObjectType.DEAL, [deal_id]),
        also=_refs(ObjectType.CONTACT, contacts),
    )


def _late_reasons(would: Allocation, lines: Iterable[WouldEarn]) -> tuple[Reason, ...]:
    share = percent(Fraction(would.derived, PPM))
    text = f"with evidence that came late, {share} of the deal would be second-order"
    reasons = [Reason("late_evidence", text)]
    for line in lines:
        reasons += line.because
    return tuple(reasons)


def _would_earn(line: CreditLine) -> WouldEarn:
    source = line.source
    strongest = source.because[:1]
    return WouldEarn(source.kind, source.contact_id, source.company_id, line.share_ppm, strongest)


def mark_of(allocation: Allocation) -> str:
    """A short name of what the evidence says now; other evidence is another question."""
    shares = sorted((line.source.key, line.share) for line in allocation.lines)
    return hashlib.sha256(repr(shares).encode()).hexdigest()[:16]


def says_otherwise(allocation: Allocation, booked: Booked, smallest: int) -> bool:
    """Whether an allocation shares a booked deal differently enough to ask.

    It credits other sources, or one of them by at least *smallest* ppm more or less.
    """
    today = {line.source.key: line.share for line in allocation.lines if line.share}
    then = {key: share for key, share in booked.shares.items() if share and key != FIRST_ORDER}
    if today.keys() != then.keys():
        return True
    differences = (abs(today[key] - then[key]) for key in today)
    return any(difference * PPM >= smallest * SHARE_ONE for difference in differences)


class NearMerge(NamedTuple):
    """A deal whose own company and a source company of it were merged near the deal."""

    deal_id: int
    source_company_id: int
    company_id: int | None
    at: datetime

    @property
    def key(self) -> str:
        """The name of the question."""
        return f"{self.deal_id}:{self.source_company_id}"


def of_merge(merge: NearMerge) -> ReviewTask:
    """Whether the buyer and a source company of a deal were one company all along."""
    at = merge.at
    text = f"the two companies were merged in HubSpot on {day(at)}, near the deal"
    body = Asked(
        deal=merge.deal_id,
        companies=(merge.source_company_id, merge.company_id),
        company=merge.company_id,
        at=at,
        reasons=(Reason("merged", text, at),),
    )
    return ReviewTask(
        ReviewKind.MERGE,
        merge.key,
        PPM // 2,
        body,
        weighs=_refs(ObjectType.DEAL, [merge.deal_id]),
        also=_refs(ObjectType.COMPANY, [merge.source_company_id]),
    )


def _refs(object_type: ObjectType, record_ids: Iterable[int | None]) -> frozenset[RefPair]:
    return frozenset((object_type, record_id) for record_id in known_ids(record_ids))
