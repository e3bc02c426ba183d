"""What a person should look at becomes rows, as differences: a changed record touches only its own questions."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from integration.conclude.batch import Batch
from integration.storage.database import Transaction
from integration.storage.findings import move_rows, source_rows, stored_shapes
from integration.storage.reviews import task_rows
from integration.storage.reviews.task_rows import ReviewTask
from mappings.rules.attribution import decisions
from mappings.rules.attribution.credit import FIRST_ORDER
from mappings.rules.facts import PPM
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

_OF_DEALS = ("suggestion", "rejudge")
_MOST_NAMED = 20  # candidates; a name that more people bear is nobody's


def about_people(
    batch: Batch,
    found: Iterable[IdentityLink],
    claimed: Collection[int],
    changed: Collection[int],
    here: Collection[int],
) -> None:
    """Ask of pairs that may be one human.

    The *claimed* contacts were compared with everybody they resemble, those that *changed* their
    person with all that are *here*: only about such pairs is anything known now.
    """
    mine, around = {*claimed, *changed}, set(here)
    wanted = {pair_key(one.a, one.b): one for one in found if {one.a, one.b} & mine}
    withdrawn = {
        ("identity", row["question"])
        for row in task_rows.asked_about(batch.tx, ("identity",), "contact", mine)
        if row["question"] not in wanted
        and _is_judged(set(row["body"]["contacts"]), set(claimed), around)
    }
    task_rows.withdraw(batch.tx, withdrawn)
    _put(batch, [_of_pair(one) for one in wanted.values()])


def _is_judged(pair: set[int], claimed: set[int], here: set[int]) -> bool:
    return bool(pair & claimed) or pair <= here


def pair_key(a: int, b: int) -> str:
    """The name of the question whether two contacts are one human."""
    return f"{min(a, b)}:{max(a, b)}"


def _of_pair(one: IdentityLink) -> ReviewTask:
    body = Asked(contacts=(one.a, one.b), reasons=one.reasons)
    return ReviewTask(
        "identity",
        pair_key(one.a, one.b),
        one.p,
        body,
        frozenset({("contact", one.a), ("contact", one.b)}),
    )


def about_moves(
    batch: Batch, gone: Iterable[Mapping[str, Any]], new: Iterable[Mapping[str, Any]]
) -> None:
    """Ask of moves that are likely and not sure; rows are as the table of moves keeps them."""
    fresh = list(new)
    wanted = {str(row["move_key"]): row for row in fresh if row["status"] == "review"}
    settled = {str(row["move_key"]) for row in (*gone, *fresh)} - wanted.keys()
    task_rows.withdraw(batch.tx, {("move", one) for one in settled})
    _put(batch, [_of_move(row["body"]) for row in wanted.values()])


def _of_move(move: Move) -> ReviewTask:
    body = Asked(
        contacts=(move.former_contact_id, move.new_contact_id),
        companies=(move.former_company_id, move.new_company_id),
        earliest=move.earliest,
        latest=move.latest,
        moved_at=move.moved_at,
        what=move.kind,
        reasons=move.reasons,
    )
    people = frozenset({("contact", move.former_contact_id), ("contact", move.new_contact_id)})
    firms = frozenset(
        ("company", one) for one in (move.former_company_id, move.new_company_id) if one is not None
    )
    return ReviewTask("move", move.key, move.confidence, body, people, firms)


def about_referrals(
    batch: Batch, gone: Iterable[Mapping[str, Any]], new: Iterable[Mapping[str, Any]]
) -> None:
    """Ask who is meant where a name fits several; rows are as the table of referrals keeps them."""
    fresh = list(new)
    wanted = {referral_key(row): row for row in fresh if row["status"] == "review"}
    settled = {referral_key(row) for row in (*gone, *fresh)} - wanted.keys()
    task_rows.withdraw(batch.tx, {("referral", one) for one in settled})
    _put(batch, [_of_referral(row) for row in wanted.values()])


def referral_key(row: Mapping[str, Any]) -> str:
    """The name of the question whom a record means: the record, whom it is about, and the first who fits."""
    return (
        f"{row['owner_type']}:{row['owner_id']}|{row['target']}|{row['referrer_contact_id'] or 0}"
    )


def _of_referral(row: Mapping[str, Any]) -> ReviewTask:
    found: Referral = row["body"]
    candidates = sorted(decisions.named_by(found))[:_MOST_NAMED]
    owner = f"{row['owner_type']}:{row['owner_id']}"
    body = Asked(
        contacts=tuple(candidates),
        owner=owner,
        target=found.target,
        at=found.at,
        reasons=found.reasons,
    )
    kind, _, number = found.target.partition(":")
    near = frozenset(
        {("contact", one) for one in candidates} | {(str(row["owner_type"]), int(row["owner_id"]))}
    )
    target = frozenset({(kind, int(number))})
    return ReviewTask("referral", referral_key(row), found.p, body, target, near - target)


def about_deals(
    batch: Batch,
    deal_ids: Collection[int],
    suggestions: Iterable[tuple[int, Source]],
    late: Mapping[int, Allocation],
) -> None:
    """Ask whether to add people to deals, and whether to judge deals anew by evidence that came too late."""
    found = [_of_suggestion(deal, one) for deal, one in suggestions if one.contact_id is not None]
    found += [_of_late(deal, allocation) for deal, allocation in late.items()]
    wanted = {(one.kind, one.key) for one in found}
    asked = task_rows.asked_about(batch.tx, _OF_DEALS, "deal", deal_ids)
    task_rows.withdraw(batch.tx, {(row["kind"], row["question"]) for row in asked} - wanted)
    _put(batch, found)
    task_rows.weigh(
        batch.tx, task_rows.touched_by(batch.tx, deal_ids), batch.portal_map.home_currency
    )


def about_merges(
    batch: Batch, deal_ids: Collection[int], merged: Mapping[tuple[int, int], Mapping[str, Any]]
) -> None:
    """Ask whether a deal's company and its source, merged near the deal, were one company all along.

    *merged* goes by deal and source company, with what is known of each: `company`, `at` (of the merge) and `reasons`.
    """
    found = [
        ReviewTask(
            "merge",
            f"{deal}:{source}",
            PPM // 2,
            _about_merge(deal, source, told),
            frozenset({("deal", deal)}),
            frozenset({("company", source)}),
        )
        for (deal, source), told in merged.items()
    ]
    asked = {
        row["question"] for row in task_rows.asked_about(batch.tx, ("merge",), "deal", deal_ids)
    }
    task_rows.withdraw(batch.tx, {("merge", one) for one in asked - {one.key for one in found}})
    _put(batch, found)


def _about_merge(deal: int, source: int, told: Mapping[str, Any]) -> Asked:
    own, at = told.get("company"), told["at"]
    text = f"the two companies were merged in HubSpot on {at:%Y-%m-%d}, near the deal"
    reasons = (Reason("merged", text, at), *told.get("reasons", ()))
    return Asked(deal=deal, companies=(source, own), company=own, at=at, reasons=reasons)


def flagged(tx: Transaction, members: Mapping[int, Collection[int]]) -> list[ReviewTask]:
    """What is concluded about these persons and could be wrong, as questions: their moves, and who is said to be meant.

    What somebody doubts is asked although it is sure enough; it goes on counting until it is
    answered.
    """
    contacts = {one for ids in members.values() for one in ids}
    found = [
        _of_move(stored_shapes.move_of(row))
        for row in move_rows.of_persons(tx, members)
        if row["status"] in {"auto", "stored", "review"}
    ]
    told = {
        (row["owner_type"], row["owner_id"], row["referral_key"]): row
        for row in (
            *source_rows.referrals_by(tx, contact_ids=contacts),
            *source_rows.referrals_told_by(tx, "contact", contacts),
        )
        if row["status"] in {"auto", "review"}
        and stored_shapes.referral_of(row).how in decisions.BY_NAME
    }
    return found + [
        _of_referral({**row, "body": stored_shapes.referral_of(row)})
        for _, row in sorted(told.items())
    ]


def _of_suggestion(deal_id: int, one: Source) -> ReviewTask:
    contacts = (one.contact_id,) if one.contact_id is not None else ()
    body = Asked(contacts=contacts, deal=deal_id, companies=(one.company_id,), reasons=one.because)
    key = f"{deal_id}:{one.contact_id}"
    return ReviewTask(
        "suggestion",
        key,
        one.p,
        body,
        frozenset({("deal", deal_id)}),
        frozenset({("contact", one.contact_id or 0)}),
    )


def _of_late(deal_id: int, would: Allocation) -> ReviewTask:
    lines = tuple(_would_earn(line) for line in would.lines)
    text = f"evidence that came late would make {would.derived * 100 // PPM} % of the deal derived"
    reasons = (Reason("late_evidence", text), *(why for line in lines for why in line.because))
    body = Asked(deal=deal_id, mark=mark_of(would), would=lines, reasons=reasons)
    people = {
        ("contact", line.source.contact_id)
        for line in would.lines
        if line.source.contact_id is not None
    }
    key = f"{deal_id}:{mark_of(would)}"
    return ReviewTask(
        "rejudge", key, would.derived, body, frozenset({("deal", deal_id)}), frozenset(people)
    )


def _would_earn(line: CreditLine) -> WouldEarn:
    source = line.source
    whom = source.contact_id, source.company_id
    return WouldEarn(source.kind, *whom, line.share_ppm, source.because[:1])


def mark_of(would: Allocation) -> str:
    """A short name of what the evidence says now; other evidence is another question."""
    shares = sorted((line.source.key, line.share) for line in would.lines)
    return hashlib.sha256(repr(shares).encode()).hexdigest()[:16]


def says_otherwise(would: Allocation, booked: Booked, smallest: int) -> bool:
    """Whether the evidence of today shares a booked deal differently enough to ask: other sources, or other parts."""
    today = {line.source.key: line.share for line in would.lines if line.share}
    then = {key: share for key, share in booked.shares.items() if share and key != FIRST_ORDER}
    return today.keys() != then.keys() or any(
        abs(today[key] - then[key]) * PPM >= smallest * SHARE_ONE for key in today
    )


def _put(batch: Batch, found: Sequence[ReviewTask]) -> None:
    """Write questions, and the money that hangs on those that are new."""
    task_rows.weigh(batch.tx, task_rows.put(batch.tx, found), batch.portal_map.home_currency)
