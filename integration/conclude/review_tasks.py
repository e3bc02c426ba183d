"""Review tasks: what a person should look at, asked as differences.

A changed record touches only its own tasks.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from integration.conclude import task_builders
from integration.conclude.batch import Batch
from integration.conclude.task_builders import NearMerge
from integration.storage.database import Row, Transaction
from integration.storage.findings import move_rows, source_rows, stored_shapes
from integration.storage.reviews import task_rows
from integration.storage.reviews.task_rows import ReviewTask
from mappings.kinds import ObjectType, ReviewKind, Status
from mappings.rules.attribution import decisions
from mappings.rules.facts import DealFacts
from mappings.rules.findings import (
    Allocation,
    IdentityLink,
    Referral,
    Source,
)

# Pairs of contacts


def about_people(
    batch: Batch,
    links: Iterable[IdentityLink],
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
    _put(batch, [task_builders.of_pair(key, link) for key, link in wanted.items()])


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


# Moves


def about_moves(
    batch: Batch, gone: Iterable[Mapping[str, Any]], new: Iterable[Mapping[str, Any]]
) -> None:
    """Ask of moves that are likely and not sure; rows are as the table of moves keeps them."""
    written = list(new)
    wanted = {row["move_key"]: row for row in written if row["status"] == Status.REVIEW}
    settled = {row["move_key"] for row in (*gone, *written)}
    _withdraw(batch, ReviewKind.MOVE, settled - wanted.keys())
    _put(batch, [task_builders.of_move(row["body"]) for row in wanted.values()])


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
    owner = str(row["owner_type"]), int(row["owner_id"])
    return task_builders.of_referral(referral_key(row), owner, referral)


# Deals


def about_deals(
    batch: Batch,
    deal_ids: Collection[int],
    suggestions: Iterable[tuple[int, Source]],
    arrivals: Iterable[tuple[DealFacts, Source]],
    late: Mapping[int, Allocation],
) -> None:
    """Ask whom to add to deals, who was at the buyer from the start, and if late evidence counts.

    *suggestions* and *arrivals* are sources by deal, *late* the allocations by evidence that came
    too late.
    """
    tasks = [
        task_builders.of_suggestion(deal_id, source, source.contact_id)
        for deal_id, source in suggestions
        if source.contact_id is not None
    ]
    tasks += [
        task_builders.of_arrival(deal, source, source.contact_id)
        for deal, source in arrivals
        if source.contact_id is not None
    ]
    tasks += [task_builders.of_late(deal_id, allocation) for deal_id, allocation in late.items()]
    kinds = (ReviewKind.SUGGESTION, ReviewKind.ARRIVAL, ReviewKind.REJUDGE)
    _replace(batch, kinds, deal_ids, tasks)
    # Other tasks about these deals weigh what the deals are worth now.
    review_ids = task_rows.touched_by(batch.tx, deal_ids)
    task_rows.weigh(batch.tx, review_ids, batch.portal_map.home_currency)


# Merged companies


def about_merges(batch: Batch, deal_ids: Collection[int], merges: Iterable[NearMerge]) -> None:
    """Ask whether a deal's company and its source, merged near the deal, were one all along."""
    tasks = [task_builders.of_merge(merge) for merge in merges]
    _replace(batch, (ReviewKind.MERGE,), deal_ids, tasks)


# What somebody doubts


def flagged(tx: Transaction, members: Mapping[int, Collection[int]]) -> list[ReviewTask]:
    """What is concluded about these persons and could be wrong, as tasks.

    Their moves, and the referrals where they are said to be meant. What somebody doubts is asked
    although it is sure enough; it goes on counting until it is answered.
    """
    contact_ids = set[int]().union(*members.values())
    doubtful_moves = map(stored_shapes.move_of, _doubtful_moves(tx, members))
    moves = [task_builders.of_move(move) for move in doubtful_moves]
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
