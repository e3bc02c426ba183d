"""Sync looks: an event says where to look; the record says what is true."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from integration.core import logs
from integration.core.errors import NeedsOwner, Refused, Retryable
from integration.core.forget_keys import ForgetKeys
from integration.hubspot.answer_shapes import ReadResult
from integration.ingest import activities, inbound
from integration.portal import forgotten as forget
from integration.portal import invalidation
from integration.portal.context import PortalContext
from integration.portal.invalidation import Change
from integration.portal.occurrence import refs
from integration.storage.database import Transaction
from integration.storage.mirror import mirror
from integration.storage.queue import inbox, inbox_events
from integration.storage.queue.inbox_events import WaitingEvent
from integration.storage.queue.lanes import Lease
from integration.storage.service import erasure, portals
from mappings.records import access, catalogue
from mappings.records.rows import Link, Record

_log = logs.get(__name__)
# After these the links of a record are read again; a changed property leaves them alone.
_RELINK = frozenset({"creation", "association_change", "merge", "restore"})
# Each record that is not found costs a call of its own; a look must end before its lease does.
GONE_PER_LOOK = 20
# Finding one refused id among a hundred costs a dozen calls; when so many are refused, it is not
# the ids.
REFUSED_PER_LOOK = 20
Refs = dict[str, set[int]]


@dataclass(slots=True)
class Plan:
    """Which records to read, whose links to read, and who merged into whom."""

    read: Refs = field(default_factory=dict)
    relink: Refs = field(default_factory=dict)
    merged: dict[tuple[str, int], int] = field(default_factory=dict)
    merged_at: dict[tuple[str, int], datetime] = field(default_factory=dict)
    forgotten: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Seen:
    """What HubSpot said: records, links by pair, ids that are gone, ids that live on under another."""

    records: list[Record] = field(default_factory=list)
    links: dict[tuple[str, str], tuple[set[int], list[Link]]] = field(default_factory=dict)
    gone: Refs = field(default_factory=dict)
    later: Refs = field(default_factory=dict)
    survivors: dict[tuple[str, int], int] = field(default_factory=dict)
    refused: dict[tuple[str, int], str] = field(default_factory=dict)
    touched: activities.Seen = field(default_factory=activities.Seen)


def refresh(portal: PortalContext, lease: Lease) -> int:
    """Let one group of waiting events take effect; return how many there were."""
    with portal.transaction(lease) as tx:
        waiting = inbox_events.waiting(tx)
        worn = [event for event in waiting if event.attempts >= inbox.TRIES]
        inbox_events.settle_events(
            tx,
            worn,
            "set_aside",
            "reading what it points to failed or ended the process three times",
        )
        waiting = [event for event in waiting if event.attempts < inbox.TRIES]
        inbox_events.try_events(tx, waiting)
    if not waiting:
        return len(worn)
    wanted = plan(waiting)
    try:
        seen = look(portal, wanted)
    except (Retryable, NeedsOwner):
        # Not the events' fault: they keep their tries, the lane decides when to look again.
        with portal.transaction(lease) as tx:
            inbox_events.postpone_events(tx, waiting, seconds=0)
        raise
    except Refused as refusal:
        # HubSpot minds what they have us ask: ever smaller groups find out which of them it is.
        with portal.transaction(lease) as tx:
            if len(waiting) == 1:
                inbox_events.settle_events(tx, waiting, "set_aside", str(refusal))
            inbox_events.hasten_events(tx, waiting)
        return len(waiting) + len(worn)
    with portal.transaction(lease) as tx:
        keys = portal.runtime.forget_keys
        store(tx, seen, keys=keys, heard_at=min(event.occurred_at for event in waiting))
        _follow_merges(tx, wanted, seen)
        activities.store(tx, seen.touched, keys=keys, now=portal.runtime.now())
        forget.erase_all(tx, sorted(wanted.forgotten), keys=keys)
        told = [event for event in waiting if event.kind in inbound.KINDS]
        inbound.take(tx, told)
        for event, reason in _refused(waiting, seen):
            inbox_events.settle_events(tx, [event], "set_aside", reason)
        unasked = [event for event in waiting if _is_for_later(event, seen)]
        inbox_events.settle_events(tx, [event for event in waiting if event not in unasked], "done")
        inbox_events.postpone_events(tx, unasked, seconds=0)
        if told:
            inbound.blank(tx)
        contacts = wanted.read.get("contact", set()) | wanted.forgotten
        forgotten = contacts - forget.still_known(tx, contacts, keys=keys)
        if forgotten:
            erasure.forget_events(tx, sorted(forgotten))
        portals.stamp(tx, portal.portal_id, "last_sync_at")
    return len(waiting) + len(worn)


def _is_for_later(event: WaitingEvent, seen: Seen) -> bool:
    return any(
        record_id in seen.later.get(kind, ()) for kind, record_id in event.payload.get("refs", ())
    )


def _refused(waiting: Iterable[WaitingEvent], seen: Seen) -> Iterator[tuple[WaitingEvent, str]]:
    """Events that point to a record HubSpot would not be asked about, with its answer."""
    for event in waiting if seen.refused else ():
        for object_type, record_id in event.payload.get("refs", ()):
            if reason := seen.refused.get((object_type, record_id)):
                yield event, reason
                break


def plan(events: Iterable[WaitingEvent]) -> Plan:
    """Coalesce events to distinct records."""
    wanted = Plan()
    for event in events:
        if event.kind == "privacy_deletion" and event.object_id is not None:
            wanted.forgotten.add(event.object_id)
            continue
        for object_type, record_id in event.payload.get("refs", ()):
            wanted.read.setdefault(object_type, set()).add(record_id)
            if event.kind in _RELINK:
                wanted.relink.setdefault(object_type, set()).add(record_id)
        survivor = event.payload.get("survivor")
        if survivor and event.object_type:
            for old in event.payload.get("merged", ()):
                wanted.merged[event.object_type, old] = survivor
                wanted.merged_at[event.object_type, old] = event.occurred_at
    for contact_id in wanted.forgotten:
        wanted.read.get("contact", set()).discard(contact_id)
        wanted.relink.get("contact", set()).discard(contact_id)
    return wanted


def look(portal: PortalContext, wanted: Plan) -> Seen:
    """Ask HubSpot about the wanted records, in batches; no transaction is open meanwhile."""
    seen = Seen()
    readable = set(access.readable_types(_scopes(portal)))
    for object_type in sorted(wanted.read.keys() & readable):
        _look_at(portal, object_type, sorted(wanted.read[object_type]), wanted, seen)
    for from_type, to_type in access.ASSOCIATIONS:
        if {from_type, to_type} <= readable:
            _look_at_links(portal, from_type, to_type, wanted, seen)
    seen.touched = activities.look(portal, wanted.read)
    return seen


def store(
    tx: Transaction, seen: Seen, *, keys: ForgetKeys, heard_at: datetime | None = None
) -> set[tuple[str, int]]:
    """Bring the mirror in step with what was seen and ask conclude to look at what changed."""
    changed = store_records(tx, seen.records, keys=keys)
    for (from_type, to_type), (from_ids, links) in seen.links.items():
        changed |= store_links(tx, from_type, to_type, from_ids, links, heard_at)
    for object_type, ids in seen.gone.items():
        mirror.retire(tx, object_type, ids, "deleted")
        changed |= {(object_type, record_id) for record_id in ids}
    invalidation.record(tx, Change.RECORD_CHANGED, records=changed)
    return changed


def store_records(
    tx: Transaction, records: Sequence[Record], *, keys: ForgetKeys
) -> set[tuple[str, int]]:
    """Store records but those of people who asked to be forgotten; return what changed."""
    contacts = {record.id for record in records if record.object_type == "contact"}
    known = forget.still_known(tx, contacts, keys=keys) if contacts else contacts
    kept = [record for record in records if record.object_type != "contact" or record.id in known]
    return mirror.store(tx, [as_stored(record) for record in kept])


def reading(portal: PortalContext, object_type: str) -> tuple[list[str], list[str]]:
    """Which properties of a type we read, and which with their history: the fixed, the mapped, and our own."""
    names = dict.fromkeys(
        [*portal.map.read_properties(object_type), *sorted(catalogue.own_names(object_type))]
    )
    return list(names), list(portal.map.history_properties(object_type))


def as_stored(record: Record) -> mirror.MirroredRecord:
    """A record as the adapter read it becomes a row of the mirror; empty properties are left out."""
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


def next_in(portal: PortalContext) -> float | None:
    """Seconds until an event or a conclusion of this portal is due; None when nothing waits."""
    with portal.transaction() as tx:
        return inbox_events.next_event_in(tx)


def _look_at(
    portal: PortalContext, object_type: str, ids: Sequence[int], wanted: Plan, seen: Seen
) -> None:
    names, history = reading(portal, object_type)
    result = _read(portal, object_type, ids, names, history, seen)
    seen.records += result.records
    for old, survivor in result.moved.items():
        seen.survivors[object_type, old] = survivor
    unread: set[int] = set()
    for record_id in sorted(result.missing):
        # A record that a batch read does not find was deleted, or lives on under another id: one
        # GET tells.
        told = wanted.merged.get((object_type, record_id))
        if told is None and len(seen.gone.get(object_type, ())) >= GONE_PER_LOOK:
            seen.later.setdefault(object_type, set()).add(record_id)
            continue
        lives_as = told if told is not None else portal.hubspot.survivor(object_type, record_id)
        if lives_as is None or lives_as == record_id:
            seen.gone.setdefault(object_type, set()).add(record_id)
        else:
            seen.survivors[object_type, record_id] = lives_as
            unread.add(lives_as)
    unread -= {record.id for record in seen.records if record.object_type == object_type} | set(ids)
    if unread:
        seen.records += portal.hubspot.read(object_type, sorted(unread), names, history).records


def _read(
    portal: PortalContext,
    object_type: str,
    ids: Sequence[int],
    names: Sequence[str],
    history: Sequence[str],
    seen: Seen,
) -> ReadResult:
    """Read records; where HubSpot refuses the question for one id, the others are asked about without it."""
    try:
        return portal.hubspot.read(object_type, ids, names, history)
    except Refused as refusal:
        if len(seen.refused) >= REFUSED_PER_LOOK:
            raise
        if len(ids) == 1:
            seen.refused[object_type, ids[0]] = str(refusal)
            return ReadResult([], frozenset(), {})
    middle = len(ids) // 2
    one, other = (
        _read(portal, object_type, half, names, history, seen)
        for half in (ids[:middle], ids[middle:])
    )
    return ReadResult(
        [*one.records, *other.records], one.missing | other.missing, {**one.moved, **other.moved}
    )


def _look_at_links(
    portal: PortalContext, from_type: str, to_type: str, wanted: Plan, seen: Seen
) -> None:
    gone = seen.gone.get(from_type, set()) | seen.later.get(from_type, set())
    ids = sorted(
        record_id
        for record_id in wanted.relink.get(from_type, set()) - gone
        if (from_type, record_id) not in seen.survivors
        and (from_type, record_id) not in seen.refused
    )
    if not ids:
        return
    links = portal.hubspot.associations(from_type, to_type, ids)
    seen.links[from_type, to_type] = (set(ids), [link for each in links.values() for link in each])


def store_links(
    tx: Transaction,
    from_type: str,
    to_type: str,
    from_ids: set[int],
    links: Sequence[Link],
    heard_at: datetime | None,
) -> set[tuple[str, int]]:
    """Replace the links of these records; both ends of a link that came or went have changed."""
    before = {_ends(link): link for link in mirror.links_from(tx, from_type, from_ids, to_type)}
    now = [link._replace(seen_at=heard_at) for link in links]
    after = {_ends(link): link for link in now}
    if before.keys() != after.keys():
        mirror.replace_links(tx, from_type, to_type, from_ids, now)
    different = before.keys() ^ after.keys()
    return {(from_type, ends[0]) for ends in different} | {(to_type, ends[1]) for ends in different}


def _ends(link: Link) -> tuple[int, int, str, int, str | None]:
    return link.from_id, link.to_id, link.category, link.type_id, link.label


def _follow_merges(tx: Transaction, wanted: Plan, seen: Seen) -> None:
    """Old ids mean the survivor from now on; what hung on them moves over when the survivor's links are read."""
    # A notice of a merge says where to look: a record that is still found under its own id was not
    # merged.
    living = {(record.object_type, record.id) for record in seen.records}
    merges: dict[tuple[str, int], list[int]] = {}
    for (object_type, old), survivor in {**wanted.merged, **seen.survivors}.items():
        if old != survivor and (object_type, old) not in living:
            merges.setdefault((object_type, survivor), []).append(old)
    for (object_type, survivor), olds in merges.items():
        times = [
            wanted.merged_at[object_type, old]
            for old in olds
            if (object_type, old) in wanted.merged_at
        ]
        at = min(times) if times else tx.clock()
        mirror.alias(tx, object_type, olds, survivor, at=at)
        mirror.retire(tx, object_type, olds, "merged")
        invalidation.record(tx, Change.RECORDS_MERGED, records=refs(object_type, olds))
        mirror.relink(tx, object_type, olds, survivor)


def _scopes(portal: PortalContext) -> frozenset[str]:
    found = portal.find()
    return found.scopes if found else frozenset()
