"""Sync: an event says where to look, the fetched record says what is true, the mirror keeps it."""

from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet

from integration.core.errors import Refused, Retryable
from integration.core.forget_keys import ForgetKeys
from integration.ingest import (
    activity_touches,
    fetching,
    inbound,
    merges,
    second_looks,
    usage_intake,
    vanished_properties,
)
from integration.ingest.fetching import FetchedLinks, FetchedRecords, ReadPlan
from integration.ingest.merges import Survivors
from integration.portal import forgotten, invalidation, tries
from integration.portal.context import PortalContext
from integration.portal.invalidation import Change
from integration.portal.occurrence import refs
from integration.storage.database import Transaction
from integration.storage.mirror import mirror
from integration.storage.queue import inbox_events
from integration.storage.queue.inbox_events import WaitingEvent
from integration.storage.queue.lanes import Lease
from integration.storage.service import erasure, portals
from mappings.kinds import ObjectType
from mappings.records import link_dates
from mappings.records.link_dates import LinkDates
from mappings.records.portal_map import PortalMap
from mappings.records.rows import Record, RefPair

_WORN_OUT = "reading what it alone points to failed or ended the process three times"


def refresh(portal: PortalContext, lease: Lease, *, alone: bool = False) -> int:
    """Let one group of waiting events take effect; return how many there were.

    With *alone* it is one event: the lane stumbled several times, and nobody knows over which.
    """
    events, worn = _take_events(portal, lease, most=1 if alone else None)
    if not events:
        return worn
    is_apart = alone or events[0].is_apart
    # Whatever is not the events' fault gives their try back, and the lane decides when to go on.
    give_back = inbox_events.put_apart if is_apart else inbox_events.postpone_events
    try:
        with tries.counted(portal.transaction, lambda tx: give_back(tx, events)):
            _refresh(portal, lease, events)
    except Retryable as trouble:
        if is_apart and trouble.after is None:
            # Otherwise the lane would wait ever longer, and new events with it.
            trouble.after = inbox_events.APART_SECONDS
        raise
    return worn + len(events)


def _refresh(portal: PortalContext, lease: Lease, events: Sequence[WaitingEvent]) -> None:
    reads = fetching.plan_reads(events)
    try:
        fetched = fetching.fetch(portal, reads)
    except Refused as refusal:
        _find_the_refused_event(portal, lease, events, refusal)
        return
    with portal.transaction(lease) as tx:
        _take_effect(tx, portal, events, reads, fetched)


def store_records(
    tx: Transaction,
    records: Sequence[Record],
    *,
    known_contacts: AbstractSet[int],
    look_again: bool = True,
) -> set[RefPair]:
    """Store records but those of contacts who asked to be forgotten; return what changed.

    What links a record has that had been gone is asked of HubSpot next, unless that is known; so is
    what became of records that others name as merged into them.
    """
    kept = [
        record
        for record in records
        if record.object_type != ObjectType.CONTACT or record.id in known_contacts
    ]
    readings = vanished_properties.with_last_values(tx, kept)
    stored = mirror.store(tx, [_mirrored(record) for record in readings])
    named = merges.note_former_ids(tx, kept, stored.changed)
    second_looks.ask(tx, named | (stored.back if look_again else set()))
    return stored.changed


def store_links(
    tx: Transaction,
    pair: tuple[str, str],
    fetched: FetchedLinks,
    dates: LinkDates | None = None,
    survivors: Survivors | None = None,
) -> set[RefPair]:
    """Make these the links of a pair of types; return both ends of each that differs.

    It differs when it came or went, or has another date. *survivors* has the ids that records say
    they lived under before: their merge may be noticed only later, when these links are gone.
    """
    from_type, to_type = pair
    stored = [
        *mirror.links_from(tx, from_type, fetched.from_ids, to_type),
        *mirror.links_to(tx, from_type, to_type, fetched.to_ids),
    ]
    before = {link._replace(seen_at=None): link.seen_at for link in stored}
    now = link_dates.dated(fetched.links, before, dates or LinkDates(), survivors or {})
    different = {*stored} ^ {*now}
    if different:
        mirror.replace_links(tx, from_type, to_type, fetched.from_ids, now, to_ids=fetched.to_ids)
    changed: set[RefPair] = set()
    for link in different:
        changed |= {(from_type, link.from_id), (to_type, link.to_id)}
    return changed


def known_contacts(tx: Transaction, contact_ids: Collection[int], *, keys: ForgetKeys) -> set[int]:
    """Those of *contact_ids* who did not ask to be forgotten; no query without ids."""
    return forgotten.still_known(tx, contact_ids, keys=keys) if contact_ids else set()


def next_in(portal: PortalContext) -> float | None:
    """Seconds until an event or a conclusion of this portal is due; None when nothing waits."""
    with portal.transaction() as tx:
        return inbox_events.next_in(tx)


def _take_events(
    portal: PortalContext, lease: Lease, *, most: int | None
) -> tuple[list[WaitingEvent], int]:
    """Due events, each with one more try counted, and how many were set aside for want of tries."""
    with portal.transaction(lease) as tx:
        waiting = inbox_events.waiting(tx)[:most]
        worn = [event for event in waiting if event.is_worn]
        fresh = [event for event in waiting if not event.is_worn]
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
    _store(tx, reads, fetched, known)
    activity_touches.store(tx, fetched.activities, known_contacts=known, now=now)
    forgotten.erase_all(tx, sorted(reads.forgotten), keys=keys)
    inbound_events = [event for event in events if event.kind in inbound.KINDS]
    nobody = inbound.take(tx, inbound_events, keys=keys)
    usage = [event for event in events if event.kind == usage_intake.KIND]
    usage_intake.take(tx, usage, keys=keys, now=now)
    _settle(tx, events, fetched)
    if usage:
        usage_intake.blank(tx)
    if inbound_events:
        inbound.blank(tx)
    # A settled event names its contact: those of forgotten people go.
    unknown = reads.forgotten | (reads.contact_ids - known) | nobody
    if unknown:
        erasure.forget_events(tx, sorted(unknown))
    # Whoever fetched records has the map already; else this would open a second transaction.
    if fetched.records and _holds_unknown_options(portal.map, fetched.records):
        portals.have_looked_at(tx)
    portals.stamp(tx, portal.portal_id, "last_sync_at")


def _holds_unknown_options(portal_map: PortalMap, records: Sequence[Record]) -> bool:
    """Whether somebody chose an option that was made since the labels were read."""
    for record in records:
        for (object_type, name), labels in portal_map.labels.items():
            if object_type == record.object_type and not labels.knows(record.get(name)):
                return True
    return False


def _settle(tx: Transaction, events: Sequence[WaitingEvent], fetched: FetchedRecords) -> None:
    """Set events of refused records aside; those of postponed records wait, all others are done.

    Those of a type that HubSpot fails to answer wait apart, so that they hold up no others.
    """
    for event in events:
        refusal = _refusal(event, fetched)
        if refusal:
            inbox_events.settle_events(tx, [event], "set_aside", refusal)
    postponed = [event for event in events if _is_postponed(event, fetched)]
    done = [event for event in events if not _is_postponed(event, fetched)]
    inbox_events.settle_events(tx, done, "done")
    unanswered = [event for event in postponed if _is_unanswered(event, fetched)]
    inbox_events.put_apart(tx, unanswered)
    inbox_events.postpone_events(tx, [event for event in postponed if event not in unanswered])


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


def _is_unanswered(event: WaitingEvent, fetched: FetchedRecords) -> bool:
    return any(
        object_type in fetched.unanswered for object_type, _ in event.payload.get("refs", ())
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


def _store(
    tx: Transaction, reads: ReadPlan, fetched: FetchedRecords, known_contacts: AbstractSet[int]
) -> None:
    """Bring the mirror in step with *fetched* and have what changed concluded again."""
    survivors = _survivors(reads, fetched)
    changed = _store_records(tx, reads, fetched, known_contacts)
    # First, so that the survivor's links keep the dates they had under the old ids.
    changed |= merges.follow(tx, survivors, reads.merged_at)
    dates = reads.dates.under(survivors)
    named = merges.named_survivors(fetched.records)
    for pair, links in fetched.links.items():
        changed |= store_links(tx, pair, links, dates, named)
    for object_type, ids in fetched.gone.items():
        changed |= refs(object_type, ids)
        changed |= mirror.retire(tx, object_type, ids, mirror.DELETED)
    invalidation.record(tx, Change.RECORD_CHANGED, records=changed)


def _store_records(
    tx: Transaction, reads: ReadPlan, fetched: FetchedRecords, known_contacts: AbstractSet[int]
) -> set[RefPair]:
    """Store the records; of those whose links were read there is nothing more to ask."""
    around = [record for record in fetched.records if _is_around(record, reads)]
    others = [record for record in fetched.records if not _is_around(record, reads)]
    changed = store_records(tx, around, known_contacts=known_contacts, look_again=False)
    return changed | store_records(tx, others, known_contacts=known_contacts)


def _is_around(record: Record, reads: ReadPlan) -> bool:
    return record.id in reads.around.get(record.object_type, ())


def _survivors(reads: ReadPlan, fetched: FetchedRecords) -> dict[RefPair, int]:
    """The ids that merged records live under now.

    A notice of a merge says where to look: a record that is still found under its own id was not
    merged.
    """
    living = {(record.object_type, record.id) for record in fetched.records}
    told = {**reads.survivors, **fetched.survivors}
    return {ref: survivor for ref, survivor in told.items() if ref not in living}
