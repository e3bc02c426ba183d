"""Sync: an event says where to look, the fetched record says what is true, the mirror keeps it."""

from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime

from integration.core.errors import NeedsOwner, Refused, Retryable
from integration.core.forget_keys import ForgetKeys
from integration.ingest import activity_touches, fetching, inbound
from integration.ingest.fetching import FetchedRecords, ReadPlan
from integration.portal import forgotten, invalidation
from integration.portal.context import PortalContext
from integration.portal.invalidation import Change
from integration.portal.occurrence import refs
from integration.storage.database import Transaction
from integration.storage.mirror import mirror
from integration.storage.queue import inbox, inbox_events
from integration.storage.queue.inbox_events import WaitingEvent
from integration.storage.queue.lanes import Lease
from integration.storage.service import erasure, portals
from mappings.kinds import ObjectType
from mappings.records.rows import Link, Record, RefPair

_WORN_OUT = "reading what it points to failed or ended the process three times"


def refresh(portal: PortalContext, lease: Lease) -> int:
    """Let one group of waiting events take effect; return how many there were."""
    events, worn = _take_events(portal, lease)
    if not events:
        return worn
    reads = fetching.plan_reads(events)
    try:
        fetched = fetching.fetch(portal, reads)
    except (Retryable, NeedsOwner):
        # Not the events' fault: they keep their tries, and the lane decides when to ask again.
        with portal.transaction(lease) as tx:
            inbox_events.postpone_events(tx, events, seconds=0)
        raise
    except Refused as refusal:
        _find_the_refused_event(portal, lease, events, refusal)
        return worn + len(events)
    with portal.transaction(lease) as tx:
        _take_effect(tx, portal, events, reads, fetched)
    return worn + len(events)


def store(
    tx: Transaction,
    fetched: FetchedRecords,
    *,
    known_contacts: AbstractSet[int],
    heard_at: datetime | None = None,
) -> set[RefPair]:
    """Bring the mirror in step with *fetched* and have what changed concluded again; return it."""
    changed = store_records(tx, fetched.records, known_contacts=known_contacts)
    for (from_type, to_type), (from_ids, links) in fetched.links.items():
        changed |= store_links(tx, from_type, to_type, from_ids, links, heard_at)
    for object_type, ids in fetched.gone.items():
        mirror.retire(tx, object_type, ids, "deleted")
        changed |= {(object_type, record_id) for record_id in ids}
    invalidation.record(tx, Change.RECORD_CHANGED, records=changed)
    return changed


def store_records(
    tx: Transaction, records: Sequence[Record], *, known_contacts: AbstractSet[int]
) -> set[RefPair]:
    """Store records but those of contacts who asked to be forgotten; return what changed."""
    kept = [
        _mirrored(record)
        for record in records
        if record.object_type != ObjectType.CONTACT or record.id in known_contacts
    ]
    return mirror.store(tx, kept)


def store_links(
    tx: Transaction,
    from_type: str,
    to_type: str,
    from_ids: set[int],
    links: Sequence[Link],
    heard_at: datetime | None,
) -> set[RefPair]:
    """Replace the links of these records; both ends of a link that came or went have changed."""
    before = {_identity(link) for link in mirror.links_from(tx, from_type, from_ids, to_type)}
    now = [link._replace(seen_at=heard_at) for link in links]
    different = before ^ {_identity(link) for link in now}
    if different:
        mirror.replace_links(tx, from_type, to_type, from_ids, now)
    changed: set[RefPair] = set()
    for from_id, to_id, *_ in different:
        changed |= {(from_type, from_id), (to_type, to_id)}
    return changed


def known_contacts(tx: Transaction, contact_ids: Collection[int], *, keys: ForgetKeys) -> set[int]:
    """Those of *contact_ids* who did not ask to be forgotten; no query without ids."""
    return forgotten.still_known(tx, contact_ids, keys=keys) if contact_ids else set()


def next_in(portal: PortalContext) -> float | None:
    """Seconds until an event or a conclusion of this portal is due; None when nothing waits."""
    with portal.transaction() as tx:
        return inbox_events.next_event_in(tx)


def _take_events(portal: PortalContext, lease: Lease) -> tuple[list[WaitingEvent], int]:
    """Due events, each with one more try counted, and how many were set aside for want of tries."""
    with portal.transaction(lease) as tx:
        waiting = inbox_events.waiting(tx)
        worn = [event for event in waiting if event.attempts >= inbox.TRIES]
        fresh = [event for event in waiting if event.attempts < inbox.TRIES]
        inbox_events.settle_events(tx, worn, "set_aside", _WORN_OUT)
        inbox_events.try_events(tx, fresh)
    return fresh, len(worn)


def _find_the_refused_event(
    portal: PortalContext, lease: Lease, events: Sequence[WaitingEvent], refusal: Refused
) -> None:
    """HubSpot minds what these events ask for: ever smaller groups find out which of them it is."""
    with portal.transaction(lease) as tx:
        if len(events) == 1:
            inbox_events.settle_events(tx, events, "set_aside", str(refusal))
        inbox_events.hasten_events(tx, events)


def _take_effect(
    tx: Transaction,
    portal: PortalContext,
    events: Sequence[WaitingEvent],
    reads: ReadPlan,
    fetched: FetchedRecords,
) -> None:
    """Store what was fetched and what survey tools and products sent; erase; settle the events."""
    keys, now = portal.runtime.forget_keys, portal.runtime.now()
    known = known_contacts(tx, reads.contact_ids | fetched.contact_ids, keys=keys)
    heard_at = min(event.occurred_at for event in events)
    store(tx, fetched, known_contacts=known, heard_at=heard_at)
    _follow_merges(tx, reads, fetched)
    activity_touches.store(tx, fetched.activities, known_contacts=known, now=now)
    forgotten.erase_all(tx, sorted(reads.forgotten), keys=keys)
    inbound_events = [event for event in events if event.kind in inbound.KINDS]
    inbound.take(tx, inbound_events)
    _settle(tx, events, fetched)
    if inbound_events:
        inbound.blank(tx)
    # A settled event names its contact: those of forgotten people go.
    unknown = reads.forgotten | (reads.contact_ids - known)
    if unknown:
        erasure.forget_events(tx, sorted(unknown))
    portals.stamp(tx, portal.portal_id, "last_sync_at")


def _settle(tx: Transaction, events: Sequence[WaitingEvent], fetched: FetchedRecords) -> None:
    """Set events of refused records aside; those of postponed records wait, all others are done."""
    for event in events:
        refusal = _refusal(event, fetched)
        if refusal:
            inbox_events.settle_events(tx, [event], "set_aside", refusal)
    postponed = [event for event in events if _is_postponed(event, fetched)]
    done = [event for event in events if not _is_postponed(event, fetched)]
    inbox_events.settle_events(tx, done, "done")
    inbox_events.postpone_events(tx, postponed, seconds=0)


def _refusal(event: WaitingEvent, fetched: FetchedRecords) -> str | None:
    """HubSpot's answer, when the event points to a record that it does not let us ask about."""
    for object_type, record_id in event.payload.get("refs", ()):
        reason = fetched.refused.get((object_type, record_id))
        if reason:
            return reason
    return None


def _is_postponed(event: WaitingEvent, fetched: FetchedRecords) -> bool:
    return any(
        record_id in fetched.postponed.get(object_type, ())
        for object_type, record_id in event.payload.get("refs", ())
    )


def _mirrored(record: Record) -> mirror.MirroredRecord:
    """A fetched record as a row of the mirror; empty properties are left out."""
    return mirror.MirroredRecord(
        object_type=record.object_type,
        record_id=record.id,
        properties={
            name: value for name, value in record.properties.items() if value not in (None, "")
        },
        history={name: list(versions) for name, versions in record.history.items() if versions},
        created_at=record.created_at,
        updated_at=record.updated_at,
    )


def _identity(link: Link) -> tuple[int, int, str, int, str | None]:
    return link.from_id, link.to_id, link.category, link.type_id, link.label


def _follow_merges(tx: Transaction, reads: ReadPlan, fetched: FetchedRecords) -> None:
    """Let old ids mean their survivor from now on; the survivor takes over what hung on them."""
    for (object_type, survivor), olds in _merges(reads, fetched).items():
        mirror.alias(tx, object_type, olds, survivor, at=_merged_at(tx, reads, object_type, olds))
        mirror.retire(tx, object_type, olds, "merged")
        invalidation.record(tx, Change.RECORDS_MERGED, records=refs(object_type, olds))
        mirror.relink(tx, object_type, olds, survivor)


def _merges(reads: ReadPlan, fetched: FetchedRecords) -> dict[RefPair, list[int]]:
    """Former ids by their survivor.

    A notice of a merge says where to look: a record that is still found under its own id was not
    merged.
    """
    living = {(record.object_type, record.id) for record in fetched.records}
    merges: dict[RefPair, list[int]] = {}
    for (object_type, old_id), survivor in {**reads.survivors, **fetched.survivors}.items():
        if old_id != survivor and (object_type, old_id) not in living:
            merges.setdefault((object_type, survivor), []).append(old_id)
    return merges


def _merged_at(
    tx: Transaction, reads: ReadPlan, object_type: str, old_ids: Sequence[int]
) -> datetime:
    """When these records were merged, by the first notice; without one, now."""
    keys = [(object_type, old_id) for old_id in old_ids]
    times = [reads.merged_at[key] for key in keys if key in reads.merged_at]
    return min(times) if times else tx.clock()
