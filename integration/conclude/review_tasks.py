"""Review tasks: what a person should look at, asked as differences.

A changed record touches only its own tasks.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from integration.conclude.batch import Batch
from integration.portal.occurrence import known_ids
from integration.storage.database import Row, Transaction
from integration.storage.findings import move_rows, source_rows, stored_shapes
from integration.storage.reviews import task_rows
from integration.storage.reviews.task_rows import ReviewTask
from mappings.kinds import ObjectType, ReviewKind, Status
from mappings.rules.attribution import decisions
from mappings.rules.attribution.credit import FIRST_ORDER
from mappings.rules.facts import PPM
from mappings.rules.findings import (
    SHARE_ONE,
    Allocation,
    CreditLine,
    Link,
    Move,
    Reason,
    Referral,
    Source,
)
from mappings.rules.ledger.entries import Booked
from mappings.stored.review_answers import Asked, WouldEarn

_MOST_NAMED = 20  # candidates; a name that more people bear is nobody's
Refs = frozenset[tuple[str, int]]


def _refs(object_type: ObjectType, record_ids: Iterable[int | None]) -> Refs:
    return frozenset((object_type, record_id) for record_id in known_ids(record_ids))


# Pairs of contacts


def about_people(
    batch: Batch,
    links: Iterable[Link],
    claimed: Collection[int],
    changed: Collection[int],
    here: Collection[int],
) -> None:
    """Ask of pairs that may be one human.

    The *claimed* contacts were compared with everybody they resemble, those that *changed* their
    person with all that are *here*: only about such pairs is anything known now.
    """
    looked_at = {*claimed, *changed}
    wanted = {
        pair_key(link.a, link.b): link
        for link in links
        if link.a in looked_at or link.b in looked_at
    }
    judged = _JudgedPairs(set(claimed), set(here))
    kinds = (ReviewKind.IDENTITY,)
    asked = task_rows.asked_about(batch.tx, kinds, ObjectType.CONTACT, looked_at)
    compared = {row["question"] for row in asked if judged.include(row["body"]["contacts"])}
    _withdraw(batch, ReviewKind.IDENTITY, compared - wanted.keys())
    _put(batch, [_of_pair(link) for link in wanted.values()])


class _JudgedPairs(NamedTuple):
    """The pairs of contacts that were compared: with a claimed one, or both among those here."""

    claimed: set[int]
    here: set[int]

    def include(self, pair: Iterable[int]) -> bool:
        contact_ids = set(pair)
        return not contact_ids.isdisjoint(self.claimed) or contact_ids <= self.here


def pair_key(a: int, b: int) -> str:
    """The name of the question whether two contacts are one human."""
    return f"{min(a, b)}:{max(a, b)}"


def _of_pair(link: Link) -> ReviewTask:
    return ReviewTask(
        ReviewKind.IDENTITY,
        pair_key(link.a, link.b),
        link.p,
        Asked(contacts=(link.a, link.b), reasons=link.reasons),
        weighs=_refs(ObjectType.CONTACT, (link.a, link.b)),
    )


# Moves


def about_moves(
    batch: Batch, gone: Iterable[Mapping[str, Any]], new: Iterable[Mapping[str, Any]]
) -> None:
    """Ask of moves that are likely and not sure; rows are as the table of moves keeps them."""
    written = list(new)
    wanted = {row["move_key"]: row for row in written if row["status"] == Status.REVIEW}
    settled = {row["move_key"] for row in (*gone, *written)}
    _withdraw(batch, ReviewKind.MOVE, settled - wanted.keys())
    _put(batch, [_of_move(row["body"]) for row in wanted.values()])


def _of_move(move: Move) -> ReviewTask:
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


# Referrals


def about_referrals(
    batch: Batch, gone: Iterable[Mapping[str, Any]], new: Iterable[Mapping[str, Any]]
) -> None:
    """Ask who is meant where a name fits several; rows are as the table of referrals keeps them."""
    written = list(new)
    wanted = {referral_key(row): row for row in written if row["status"] == Status.REVIEW}
    settled = {referral_key(row) for row in (*gone, *written)}
    _withdraw(batch, ReviewKind.REFERRAL, settled - wanted.keys())
    _put(batch, [_of_referral(row, row["body"]) for row in wanted.values()])


def referral_key(row: Mapping[str, Any]) -> str:
    """The name of the question whom a record means: record, referred, and the first who fits."""
    first = row["referrer_contact_id"] or 0  # 0 where a company is named, and nobody there
    return f"{row['owner_type']}:{row['owner_id']}|{row['target']}|{first}"


def _of_referral(row: Mapping[str, Any], referral: Referral) -> ReviewTask:
    candidates = sorted(decisions.named_by(referral))[:_MOST_NAMED]
    owner_type, owner_id = str(row["owner_type"]), int(row["owner_id"])
    body = Asked(
        contacts=tuple(candidates),
        owner=f"{owner_type}:{owner_id}",
        target=referral.target,
        at=referral.at,
        reasons=referral.reasons,
    )
    target_type, _, target_id = referral.target.partition(":")
    target = frozenset({(target_type, int(target_id))})
    named = _refs(ObjectType.CONTACT, candidates) | {(owner_type, owner_id)}
    return ReviewTask(
        ReviewKind.REFERRAL,
        referral_key(row),
        referral.p,
        body,
        weighs=target,
        also=named - target,
    )


# Deals


def about_deals(
    batch: Batch,
    deal_ids: Collection[int],
    suggestions: Iterable[tuple[int, Source]],
    late: Mapping[int, Allocation],
) -> None:
    """Ask whether to add people to deals, and whether late evidence counts.

    *suggestions* are sources by deal, *late* the allocations by evidence that came too late.
    """
    tasks = [
        _of_suggestion(deal_id, source, source.contact_id)
        for deal_id, source in suggestions
        if source.contact_id is not None
    ]
    tasks += [_of_late(deal_id, allocation) for deal_id, allocation in late.items()]
    _replace(batch, (ReviewKind.SUGGESTION, ReviewKind.REJUDGE), deal_ids, tasks)
    # Other tasks about these deals weigh what the deals are worth now.
    review_ids = task_rows.touched_by(batch.tx, deal_ids)
    task_rows.weigh(batch.tx, review_ids, batch.portal_map.home_currency)


def _of_suggestion(deal_id: int, source: Source, contact_id: int) -> ReviewTask:
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


def _of_late(deal_id: int, would: Allocation) -> ReviewTask:
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
    percent = would.derived * 100 // PPM
    text = f"evidence that came late would make {percent} % of the deal derived"
    reasons = [Reason("late_evidence", text)]
    for line in lines:
        reasons += line.because
    return tuple(reasons)


def _would_earn(line: CreditLine) -> WouldEarn:
    source = line.source
    strongest = source.because[:1]
    return WouldEarn(source.kind, source.contact_id, source.company_id, line.share_ppm, strongest)


def mark_of(would: Allocation) -> str:
    """A short name of what the evidence says now; other evidence is another question."""
    shares = sorted((line.source.key, line.share) for line in would.lines)
    return hashlib.sha256(repr(shares).encode()).hexdigest()[:16]


def says_otherwise(would: Allocation, booked: Booked, smallest: int) -> bool:
    """Whether an allocation shares a booked deal differently enough to ask.

    It credits other sources, or one of them by at least *smallest* ppm more or less.
    """
    today = {line.source.key: line.share for line in would.lines if line.share}
    then = {key: share for key, share in booked.shares.items() if share and key != FIRST_ORDER}
    if today.keys() != then.keys():
        return True
    differences = (abs(today[key] - then[key]) for key in today)
    return any(difference * PPM >= smallest * SHARE_ONE for difference in differences)


# Merged companies


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


def about_merges(batch: Batch, deal_ids: Collection[int], merges: Iterable[NearMerge]) -> None:
    """Ask whether a deal's company and its source, merged near the deal, were one all along."""
    tasks = [_of_merge(merge) for merge in merges]
    _replace(batch, (ReviewKind.MERGE,), deal_ids, tasks)


def _of_merge(merge: NearMerge) -> ReviewTask:
    at = merge.at
    text = f"the two companies were merged in HubSpot on {at:%Y-%m-%d}, near the deal"
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


# What somebody doubts


def flagged(tx: Transaction, members: Mapping[int, Collection[int]]) -> list[ReviewTask]:
    """What is concluded about these persons and could be wrong, as tasks.

    Their moves, and the referrals where they are said to be meant. What somebody doubts is asked
    although it is sure enough; it goes on counting until it is answered.
    """
    contact_ids = set[int]().union(*members.values())
    moves = [_of_move(stored_shapes.move_of(row)) for row in _doubtful_moves(tx, members)]
    referrals = [
        _of_referral(row, stored_shapes.referral_of(row))
        for row in _doubtful_referrals(tx, contact_ids)
    ]
    return moves + referrals


def _doubtful_moves(tx: Transaction, person_ids: Collection[int]) -> list[Row]:
    open_to_doubt = {Status.AUTO, Status.STORED, Status.REVIEW}
    return [row for row in move_rows.of_persons(tx, person_ids) if row["status"] in open_to_doubt]


def _doubtful_referrals(tx: Transaction, contact_ids: Collection[int]) -> list[Row]:
    """Referrals that these contacts made or report and that rest on a name, each once, in order."""
    made = source_rows.referrals_by(tx, contact_ids=contact_ids)
    reported = source_rows.referrals_told_by(tx, ObjectType.CONTACT, contact_ids)
    by_key: dict[tuple[str, int, str], Row] = {}
    for row in (*made, *reported):
        is_open = row["status"] in {Status.AUTO, Status.REVIEW}
        if is_open and stored_shapes.referral_of(row).how in decisions.BY_NAME:
            by_key[row["owner_type"], row["owner_id"], row["referral_key"]] = row
    return [row for _, row in sorted(by_key.items())]


# Storing


def _replace(
    batch: Batch,
    kinds: Sequence[ReviewKind],
    deal_ids: Collection[int],
    tasks: Sequence[ReviewTask],
) -> None:
    """Ask these instead of all tasks of these kinds that were asked about the deals."""
    wanted = {(task.kind, task.key) for task in tasks}
    asked = task_rows.asked_about(batch.tx, kinds, ObjectType.DEAL, deal_ids)
    task_rows.withdraw(batch.tx, {(row["kind"], row["question"]) for row in asked} - wanted)
    _put(batch, tasks)


def _withdraw(batch: Batch, kind: ReviewKind, keys: Iterable[str]) -> None:
    task_rows.withdraw(batch.tx, {(kind, key) for key in keys})


def _put(batch: Batch, tasks: Sequence[ReviewTask]) -> None:
    """Write tasks, and the money that hangs on those that are new."""
    task_rows.weigh(batch.tx, task_rows.put(batch.tx, tasks), batch.portal_map.home_currency)
