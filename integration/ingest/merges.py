"""Merges: old ids mean their survivor, which takes over what hung on them."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from integration.portal import invalidation
from integration.portal.invalidation import Change
from integration.portal.occurrence import refs
from integration.storage.database import Transaction
from integration.storage.mirror import mirror
from mappings.records import values
from mappings.records.rows import Record, RefPair

Survivors = Mapping[RefPair, int]
"""The id that each merged-away record lives under now."""
MergeDates = Mapping[RefPair, datetime]


def follow(tx: Transaction, survivors: Survivors, merged_at: MergeDates) -> set[RefPair]:
    """Let old ids mean their survivor from now on; return the records whose links moved.

    What the mirror knows of links is only carried over: what HubSpot links to the survivor is read.
    """
    moved: set[RefPair] = set()
    for (object_type, survivor), olds in _by_survivor(survivors).items():
        times = [merged_at[object_type, old] for old in olds if (object_type, old) in merged_at]
        at = min(times, default=tx.clock())
        mirror.alias(tx, object_type, olds, survivor, at=at)
        mirror.retire(tx, object_type, olds, mirror.MERGED)
        # Before the links move: who was linked to an old id is looked at again, too.
        invalidation.record(tx, Change.RECORDS_MERGED, records=refs(object_type, olds))
        moved |= mirror.relink(tx, object_type, olds, survivor)
    return moved


def note_former_ids(
    tx: Transaction, records: Iterable[Record], changed: Collection[RefPair]
) -> set[RefPair]:
    """Note the ids that were merged into these records before we knew any of them.

    Returned are records that live in the mirror and are named by one that *changed*: they have to
    be looked at, since only HubSpot knows whether they were merged.
    """
    survivors = _named(records)
    if not survivors:
        return set()
    living = mirror.note_former_ids(tx, survivors)
    return {ref for ref in living if (ref[0], survivors[ref][0]) in changed}


def named_survivors(records: Iterable[Record]) -> dict[RefPair, int]:
    """The records that these say were merged into them, whether that is known already or not."""
    direct = {ref: survivor for ref, (survivor, _) in _named(records).items()}
    return {ref: _last(direct, ref) for ref in direct}


def _named(records: Iterable[Record]) -> dict[RefPair, tuple[int, datetime | None]]:
    named: dict[RefPair, tuple[int, datetime | None]] = {}
    for record in records:
        named.update(_former_ids(record))
    return named


def _by_survivor(survivors: Survivors) -> dict[RefPair, list[int]]:
    """Former ids by their last survivor: one that was merged on itself survives nobody."""
    olds_of: dict[RefPair, list[int]] = {}
    for object_type, old_id in survivors:
        last = _last(survivors, (object_type, old_id))
        if last != old_id:
            olds_of.setdefault((object_type, last), []).append(old_id)
    return olds_of


def _last(survivors: Survivors, ref: RefPair) -> int:
    seen = {ref}
    object_type, record_id = ref
    while (object_type, record_id) in survivors:
        record_id = survivors[object_type, record_id]
        if (object_type, record_id) in seen:
            break
        seen.add((object_type, record_id))
    return record_id


def _former_ids(record: Record) -> dict[RefPair, tuple[int, datetime | None]]:
    """The former ids that a record carries: it means them, since when as far as it says."""
    undated, vids = record.get("hs_merged_object_ids"), record.get("hs_calculated_merged_vids")
    if not undated and not vids:
        return {}
    times = dict(values.dated_ids(vids))
    ids = {*values.record_ids(undated), *values.record_ids(vids)} - {record.id}
    return {(record.object_type, old_id): (record.id, times.get(old_id)) for old_id in ids}
