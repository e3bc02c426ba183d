"""Fetching: events say which records to read, and HubSpot says what those records are now."""

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from integration.core.errors import Refused, Retryable
from integration.hubspot.answer_shapes import ReadResult
from integration.hubspot.faults import Forbidden
from integration.ingest import activity_touches, stream_answers
from integration.ingest.absences import explain
from integration.ingest.activity_touches import FetchedActivities
from integration.ingest.stream_answers import OF_THE_WHOLE
from integration.portal.context import PortalContext
from integration.storage.queue.inbox_events import WaitingEvent
from mappings.kinds import ObjectType
from mappings.records import access, catalogue, what_is_read
from mappings.records.link_dates import LinkDates
from mappings.records.rows import Link, Record, RefPair

# After these the links of a record are read again; a changed property leaves them alone.
_CHANGES_LINKS = frozenset({"creation", "association_change", "merge", "restore"})
# After these the links that others have to the record are read, too: HubSpot moves them silently.
_CHANGES_LINKS_OF_OTHERS = frozenset({"merge", "restore"})
# A record that is neither there nor in the recycle bin costs a call of its own; a fetch must end
# before its lease does.
LOOKUPS_PER_FETCH = 20
# Finding one refused id among a hundred costs a dozen calls; when so many are refused, it is not
# the ids.
REFUSED_PER_FETCH = 20

IdsByType = dict[str, set[int]]
"""A record: its object type and its id."""


@dataclass(slots=True)
class ReadPlan:
    """Which records to read, whose links to read, who merged into whom, and whom to forget.

    `deleted` are records of which a notice says so. `links` are records whose own links are read,
    `around` those to which the links of others are read, too. `dates` says when links were made.
    """

    records: IdsByType = field(default_factory=dict)
    deleted: IdsByType = field(default_factory=dict)
    links: IdsByType = field(default_factory=dict)
    around: IdsByType = field(default_factory=dict)
    dates: LinkDates = field(default_factory=LinkDates)
    survivors: dict[RefPair, int] = field(default_factory=dict)
    merged_at: dict[RefPair, datetime] = field(default_factory=dict)
    forgotten: set[int] = field(default_factory=set)

    @property
    def contact_ids(self) -> set[int]:
        """The contacts to read."""
        return self.records.get(ObjectType.CONTACT, set())


class FetchedLinks(NamedTuple):
    """All links of one pair of types that start from *from_ids* or end at *to_ids*."""

    from_ids: set[int]
    links: list[Link]
    to_ids: set[int]


@dataclass(slots=True)
class FetchedRecords:
    """Records as HubSpot has them now, and what became of those that it does not have.

    `links` are by pair of types. `gone` were deleted. `survivors` live on under another id.
    `postponed` are missing, and there was no time to ask why, or of a type in `unanswered`: those
    HubSpot failed to answer. `refused` are ids that HubSpot does not let us ask about, with its
    answer.
    """

    records: list[Record] = field(default_factory=list)
    links: dict[tuple[str, str], FetchedLinks] = field(default_factory=dict)
    gone: IdsByType = field(default_factory=dict)
    postponed: IdsByType = field(default_factory=dict)
    unanswered: set[str] = field(default_factory=set)
    survivors: dict[RefPair, int] = field(default_factory=dict)
    refused: dict[RefPair, str] = field(default_factory=dict)
    activities: FetchedActivities = field(default_factory=FetchedActivities)

    @property
    def contact_ids(self) -> set[int]:
        """Every contact that is to be stored or named by what is stored."""
        return contact_ids_of(self.records) | self.activities.contact_ids

    def ids_of(self, object_type: str) -> set[int]:
        """The ids of this type's fetched records."""
        return {record.id for record in self.records if record.object_type == object_type}


def contact_ids_of(records: Iterable[Record]) -> set[int]:
    """The ids of the contacts among *records*."""
    return {record.id for record in records if record.object_type == ObjectType.CONTACT}


def plan_reads(events: Iterable[WaitingEvent]) -> ReadPlan:
    """Coalesce events to distinct records."""
    reads = ReadPlan()
    for event in events:
        if event.kind == "privacy_deletion" and event.object_id is not None:
            reads.forgotten.add(event.object_id)
        else:
            _plan_records(reads, event)
            _plan_merge(reads, event)
            _plan_date(reads, event)
    for contact_id in reads.forgotten:
        reads.contact_ids.discard(contact_id)
        reads.links.get(ObjectType.CONTACT, set()).discard(contact_id)
        reads.around.get(ObjectType.CONTACT, set()).discard(contact_id)
    return reads


def fetch(portal: PortalContext, reads: ReadPlan) -> FetchedRecords:
    """Read what is planned, in batches; no transaction is open meanwhile."""
    fetched = FetchedRecords()
    readable = set(access.readable_types(_scopes(portal)))
    _fetch_types(portal, sorted(reads.records.keys() & readable), reads, fetched)
    links = _present(reads.links, fetched)
    around = _present(reads.around, fetched)
    for object_type, survivor in _survivors(fetched):
        links.setdefault(object_type, set()).add(survivor)
        around.setdefault(object_type, set()).add(survivor)
    fetched.links = fetch_links(portal, links, around, readable)
    fetched.activities = activity_touches.fetch(portal, reads.records)
    return fetched


def _fetch_types(
    portal: PortalContext, object_types: Sequence[str], reads: ReadPlan, fetched: FetchedRecords
) -> None:
    """Read type by type; one that HubSpot refuses or fails to answer stops no other.

    Raises a failure that is every type's, and the refusal of a type that nothing works without.
    """
    failures: list[Retryable] = []
    for object_type in object_types:
        ids = reads.records[object_type]
        try:
            _fetch_type(portal, object_type, reads, fetched)
        except OF_THE_WHOLE as refusal:
            if isinstance(refusal, Forbidden) and object_type not in access.SCOPE_OF_TYPE:
                raise
            fetched.refused |= {(object_type, record_id): str(refusal) for record_id in ids}
        except Retryable as fault:
            if not fault.is_server_fault:
                raise
            failures.append(fault)
            fetched.unanswered.add(object_type)
            fetched.postponed[object_type] = set(ids)
    if failures and len(failures) == len(object_types):
        raise failures[0]


def fetch_links(
    portal: PortalContext, links: IdsByType, around: IdsByType, readable: AbstractSet[str]
) -> dict[tuple[str, str], FetchedLinks]:
    """Read the links of records, and for those in *around* the links of others to them.

    Who the others are is asked from the record's side; HubSpot tells their links, with the
    association types of that side, only from theirs. A pair that HubSpot refuses is left out by
    name, and stops no other; its links stay as they are known.
    """
    fetched: dict[tuple[str, str], FetchedLinks] = {}
    for from_type, to_type in what_is_read.ASSOCIATIONS:
        if not {from_type, to_type} <= readable:
            continue
        to_ids = set(around.get(to_type, ()))
        try:
            pair = _fetch_pair(portal, (from_type, to_type), links.get(from_type, set()), to_ids)
        except OF_THE_WHOLE as refusal:
            with portal.transaction() as tx:
                stream_answers.refuse(tx, f"links:{from_type}>{to_type}", str(refusal))
            continue
        if pair.from_ids or pair.to_ids:
            fetched[from_type, to_type] = pair
    return fetched


def _fetch_pair(
    portal: PortalContext, pair: tuple[str, str], from_ids: set[int], to_ids: set[int]
) -> FetchedLinks:
    """Read the links of a pair of types that start from *from_ids* or end at *to_ids*."""
    from_type, to_type = pair
    starts = from_ids | _linked(portal, to_type, from_type, to_ids)
    links_by_id = _read_links(portal, from_type, to_type, starts)
    told = [link for record_links in links_by_id.values() for link in record_links]
    return FetchedLinks(starts, told, to_ids)


def _linked(portal: PortalContext, from_type: str, to_type: str, from_ids: set[int]) -> set[int]:
    links_by_id = _read_links(portal, from_type, to_type, from_ids)
    return {link.to_id for links in links_by_id.values() for link in links}


def _read_links(
    portal: PortalContext, from_type: str, to_type: str, from_ids: set[int]
) -> dict[int, list[Link]]:
    return portal.hubspot.associations(from_type, to_type, sorted(from_ids)) if from_ids else {}


def _present(ids: IdsByType, fetched: FetchedRecords) -> IdsByType:
    """Those of these records that are still there under their own id."""
    absent = {
        *_refs(fetched.gone),
        *_refs(fetched.postponed),
        *fetched.survivors,
        *fetched.refused,
    }
    return {
        object_type: {
            record_id for record_id in record_ids if (object_type, record_id) not in absent
        }
        for object_type, record_ids in ids.items()
    }


def _refs(ids: IdsByType) -> Iterator[RefPair]:
    for object_type, record_ids in ids.items():
        for record_id in record_ids:
            yield object_type, record_id


def _survivors(fetched: FetchedRecords) -> set[RefPair]:
    """The survivors of merges that were read themselves."""
    read = {(record.object_type, record.id) for record in fetched.records}
    return {(kind, survivor) for (kind, _), survivor in fetched.survivors.items()} & read


def properties_to_read(portal: PortalContext, object_type: str) -> tuple[list[str], list[str]]:
    """The properties of a type to read, and those of them to read with their history.

    Read are the fixed ones, those that the portal's map names, and our own.
    """
    names = dict.fromkeys(
        [*portal.map.read_properties(object_type), *sorted(catalogue.own_names(object_type))]
    )
    return list(names), list(portal.map.history_properties(object_type))


def _plan_records(reads: ReadPlan, event: WaitingEvent) -> None:
    for object_type, record_id in event.payload.get("refs", ()):
        reads.records.setdefault(object_type, set()).add(record_id)
        if event.kind == "deletion":
            reads.deleted.setdefault(object_type, set()).add(record_id)
        if event.kind in _CHANGES_LINKS:
            reads.links.setdefault(object_type, set()).add(record_id)
        if event.kind in _CHANGES_LINKS_OF_OTHERS:
            reads.around.setdefault(object_type, set()).add(record_id)


def _plan_date(reads: ReadPlan, event: WaitingEvent) -> None:
    """Note when a link was made; that one ended shows in what is read."""
    if event.kind != "association_change" or event.payload.get("removed"):
        return
    one, *others = [(kind, record_id) for kind, record_id in event.payload.get("refs", ())]
    for other in others:
        reads.dates.add(one, other, event.payload.get("type"), event.occurred_at)


def _plan_merge(reads: ReadPlan, event: WaitingEvent) -> None:
    survivor = event.payload.get("survivor")
    if not survivor or not event.object_type:
        return
    for old_id in event.payload.get("merged", ()):
        reads.survivors[event.object_type, old_id] = survivor
        reads.merged_at[event.object_type, old_id] = event.occurred_at


def _fetch_type(
    portal: PortalContext, object_type: str, reads: ReadPlan, fetched: FetchedRecords
) -> None:
    gone = _known_deletions(portal, object_type, reads)
    if gone:
        fetched.gone[object_type] = gone
    ids = sorted(reads.records[object_type] - gone)
    if not ids:
        return
    names, history = properties_to_read(portal, object_type)
    result = _read(portal, object_type, ids, names, history, fetched)
    fetched.records += result.records
    for old_id, survivor in result.moved.items():
        fetched.survivors[object_type, old_id] = survivor
    survivors = _trace(portal, object_type, result.missing, reads, fetched)
    unread = survivors - fetched.ids_of(object_type) - set(ids)
    if unread:
        records = portal.hubspot.read(object_type, sorted(unread), names, history).records
        fetched.records += records


def _known_deletions(portal: PortalContext, object_type: str, reads: ReadPlan) -> set[int]:
    """Which records of deletion notices lie in the recycle bin: those need not be read."""
    merged = {old_id for kind, old_id in reads.survivors if kind == object_type}
    told = (reads.deleted.get(object_type, set()) & reads.records[object_type]) - merged
    return portal.hubspot.deleted(object_type, sorted(told)) if told else set()


def _trace(
    portal: PortalContext,
    object_type: str,
    missing: Iterable[int],
    reads: ReadPlan,
    fetched: FetchedRecords,
) -> set[int]:
    """Find out what became of records that a batch read did not find; return their survivors.

    Such a record was deleted, or merged into a survivor, whom a notice of the merge names.
    """
    survivors = {
        record_id: reads.survivors[object_type, record_id]
        for record_id in missing
        if reads.survivors.get((object_type, record_id), record_id) != record_id
    }
    absences = explain(
        portal, object_type, set(missing) - survivors.keys(), most_lookups=LOOKUPS_PER_FETCH
    )
    survivors |= absences.survivors
    # A batch read did not show it, so it cannot be read: whatever a GET says, it is of no use.
    gone = absences.deleted | absences.present
    if gone:
        fetched.gone.setdefault(object_type, set()).update(gone)
    if absences.unexplained:
        fetched.postponed.setdefault(object_type, set()).update(absences.unexplained)
    for old_id, survivor in survivors.items():
        fetched.survivors[object_type, old_id] = survivor
    return set(survivors.values())


def _read(
    portal: PortalContext,
    object_type: str,
    ids: Sequence[int],
    names: Sequence[str],
    history: Sequence[str],
    fetched: FetchedRecords,
) -> ReadResult:
    """Read records; a batch that HubSpot refuses is halved until the refused ids stand alone."""
    try:
        return portal.hubspot.read(object_type, ids, names, history)
    except Refused as refusal:
        if len(fetched.refused) >= REFUSED_PER_FETCH:
            raise
        if len(ids) == 1:
            fetched.refused[object_type, ids[0]] = str(refusal)
            return ReadResult([], frozenset(), {})
    middle = len(ids) // 2
    left = _read(portal, object_type, ids[:middle], names, history, fetched)
    right = _read(portal, object_type, ids[middle:], names, history, fetched)
    return ReadResult(
        [*left.records, *right.records],
        left.missing | right.missing,
        {**left.moved, **right.moved},
    )


def _scopes(portal: PortalContext) -> frozenset[str]:
    installed = portal.find()
    return installed.scopes if installed else frozenset()
