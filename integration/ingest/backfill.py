"""Import and reconciliation: every record of a portal, page by page.

Each stream (the records of a type, the links of a pair of types) goes on where the last process
stopped.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Final

from integration.core import logs
from integration.core.errors import Retryable
from integration.ingest import (
    activities,
    customer_question,
    fetching,
    merges,
    second_looks,
    stream_answers,
    stream_totals,
    sync,
)
from integration.ingest.absences import explain
from integration.ingest.fetching import FetchedLinks
from integration.ingest.stream_answers import REFUSALS, SliceAnswers, search_of
from integration.portal import feeds, invalidation
from integration.portal.context import PortalContext
from integration.portal.invalidation import Change
from integration.portal.occurrence import refs
from integration.storage.database import Transaction
from integration.storage.findings import conclusion_rows
from integration.storage.mirror import mirror
from integration.storage.queue import import_runs, lanes, stream_troubles
from integration.storage.queue.import_runs import Run, Stream
from integration.storage.queue.lanes import Lease
from integration.storage.service import portals
from mappings.kinds import ObjectType
from mappings.records import access, activity_records, catalogue
from mappings.records.properties import UPDATED_AT
from mappings.records.rows import Link, RefPair
from mappings.records.what_is_read import ASSOCIATIONS

# Links are read for so many records at once: HubSpot's own limit of one call.
LINKS_PER_CALL = 1000
# Vanished records are looked for in groups that end well before the lease does.
TRACED_AT_ONCE = 1000
# Calls under way at once: at 0.3 seconds a call, four use the whole allowance.
CALLS_AT_ONCE = 6
# The kind of a run that reads some types again, because settings name more of their properties.
REREADING: Final = "rereading"
# What the end of a run says of its portal; some types alone are no reconciliation.
_STAMPS: Final = {"import": "imported_at", "reconciliation": "last_reconciled_at"}
_log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is."""

    kind: str
    running: bool
    streams: Sequence[Stream]


def begin(portal: PortalContext, *, kind: str = "import") -> bool:
    """Start a run unless one is under way; say whether it was started."""
    with portal.transaction() as tx:
        return _begin(tx, kind)


def begin_again(portal: PortalContext) -> None:
    """Read everything anew under changed settings; a run by the old ones ends."""
    with portal.transaction() as tx:
        start_over(tx)


def start_over(tx: Transaction) -> None:
    """Read everything anew, and find what vanished since; a run under way ends."""
    kind = import_runs.supersede(tx)
    _begin(tx, "import" if kind == "import" else "reconciliation")


def read_again(tx: Transaction, object_types: Collection[str]) -> None:
    """Read records of these types by changed settings.

    A run under way begins anew with them alone; without one, they are read in a run of their own,
    which does not count as a reconciliation. Deals are not concluded until all is read: a property
    that is newly mapped has no value in the mirror before.
    """
    if import_runs.begin_types_again(tx, object_types):
        activities.begin(tx)
    elif set(object_types) >= set(ObjectType):
        start_over(tx)
    else:
        _begin_rereading(tx, object_types)
    import_runs.hold_conclusions(tx)
    lanes.want(tx, tx.portal_id, "import")


def _begin_rereading(tx: Transaction, object_types: Collection[str]) -> None:
    """Start a run over the records of these types, as far as the account lets us read them."""
    account = portals.find(tx, tx.portal_id)
    readable = access.readable_types(account.scopes if account else frozenset())
    streams = [f"records:{kind}" for kind in readable if kind in object_types]
    import_runs.begin(tx, REREADING, streams)
    stream_troubles.forget(tx, streams)


def reconcile(tx: Transaction) -> None:
    """Have everything read once more, unless a run over everything is under way."""
    present = import_runs.running(tx)
    if present is not None and present.kind == REREADING:
        start_over(tx)
        import_runs.hold_conclusions(tx)
    else:
        _begin(tx, "reconciliation")
    lanes.want(tx, tx.portal_id, "import")


def _begin(tx: Transaction, kind: str) -> bool:
    """Start a run over all that the account lets us read now."""
    portal = portals.find(tx, tx.portal_id)
    types = access.readable_types(portal.scopes if portal else frozenset())
    streams = [f"records:{object_type}" for object_type in types]
    streams += [
        f"links:{from_type}>{to_type}"
        for from_type, to_type in ASSOCIATIONS
        if {from_type, to_type} <= set(types)
    ]
    activities.begin(tx)
    is_new = import_runs.begin(tx, kind, streams)
    if is_new:
        searches = [search_of(kind) for kind in (*ObjectType, *activity_records.TYPES)]
        stream_troubles.forget(tx, [*streams, *searches])
    return is_new


def advance(portal: PortalContext, lease: Lease, *, seconds: float) -> bool:
    """Go on with the running import for about *seconds*; say whether there is more to do.

    Streams run side by side, so that HubSpot's answering time does not waste its allowance. A page
    is stored together with the cursor behind it: a process that is killed costs one page of one
    stream. A stream that HubSpot refuses ends, by name, and the others go on.
    """
    with portal.transaction(lease) as tx:
        run = import_runs.running(tx)
    if run is None:
        return False
    end = time.monotonic() + seconds
    answers = SliceAnswers()
    with ThreadPoolExecutor(CALLS_AT_ONCE, thread_name_prefix="import") as pool:
        _run_streams(portal, lease, run, pool, answers, lambda: time.monotonic() < end)
    given_up = stream_answers.given_up(portal, lease, answers)
    with portal.transaction(lease) as tx:
        import_runs.end_streams(tx, run, given_up)
        present = import_runs.running(tx)
        streams = import_runs.streams(tx, run)
    # Changed settings may have put another run in this one's place meanwhile.
    if present is None or present.run_id != run.run_id:
        return present is not None
    if customer_question.is_ready(streams):
        customer_question.settle(portal, lease, run)
    if not all(stream.done for stream in streams):
        answers.check_progress({stream.name for stream in ready(streams)})
        return True
    _finish(portal, lease, run)
    return False


def progress(portal: PortalContext) -> Progress | None:
    """How far the newest import is; None before the first."""
    with portal.transaction() as tx:
        run = import_runs.newest(tx)
        if run is None:
            return None
        return Progress(run.kind, run.state == "running", import_runs.streams(tx, run))


def ready(streams: Sequence[Stream]) -> Iterator[Stream]:
    """Streams that can go on: a pair's links follow behind the records they start from."""
    by_name = {stream.name: stream for stream in streams}
    for stream in streams:
        if stream.done:
            continue
        if stream.name.startswith("links:"):
            records = by_name.get(f"records:{stream.from_type}")
            # Fewer than a call's worth is waited for, until no more records come.
            if records and not records.done and records.records - stream.records < LINKS_PER_CALL:
                continue
        yield stream


def _run_streams(
    portal: PortalContext,
    lease: Lease,
    run: Run,
    pool: ThreadPoolExecutor,
    answers: SliceAnswers,
    has_time: Callable[[], bool],
) -> None:
    """Keep every ready stream one call ahead until time is up or all are done.

    After the first error no call begins; it is raised when those under way have ended. A stream
    that HubSpot fails to answer has no other turn in this slice.
    """
    under_way: dict[Future[None], str] = {}
    error: BaseException | None = None
    while True:
        if error is None and has_time():
            busy = {*under_way.values(), *answers.failing}
            for stream in _streams_to_call(portal, run, busy, room=CALLS_AT_ONCE - len(under_way)):
                step = pool.submit(_step, portal, lease, run, stream, answers)
                under_way[step] = stream.name
        if not under_way:
            break
        finished, _ = wait(under_way, return_when=FIRST_COMPLETED)
        for future in finished:
            del under_way[future]
            error = error or future.exception()
    if error:
        raise error


def _streams_to_call(
    portal: PortalContext, run: Run, busy: Collection[str], *, room: int
) -> list[Stream]:
    """Ready streams that are not *busy*, as many as have room; none of an ended run."""
    with portal.transaction() as tx:
        present = import_runs.running(tx)
        if present is None or present.run_id != run.run_id:
            return []
        streams = import_runs.streams(tx, run)
    idle = [stream for stream in ready(streams) if stream.name not in busy]
    return idle[:room]


def _step(
    portal: PortalContext, lease: Lease, run: Run, stream: Stream, answers: SliceAnswers
) -> None:
    """Read one call's worth of a stream and store it with the cursor behind it."""
    read = _read_links if stream.name.startswith("links:") else _read_page
    try:
        store = read(portal, run, stream)
    except REFUSALS as refusal:
        answers.refused.add(stream.name)
        with portal.transaction(lease) as tx:
            stream_answers.refuse(tx, stream.name, str(refusal))
            import_runs.end_streams(tx, run, [stream.name])
        return
    except Retryable as fault:
        answers.note_failure(stream.name, fault)
        return
    answers.answered.add(stream.name)
    with portal.transaction(lease) as tx:
        store(tx)


def _read_page(portal: PortalContext, run: Run, stream: Stream) -> Callable[[Transaction], None]:
    """Read a page of records; return how to store it."""
    object_type = stream.from_type
    names, history = fetching.properties_to_read(portal, object_type)
    page = portal.hubspot.page(object_type, stream.cursor, names, history)
    if page.next_after is not None and stream.cursor is None:
        # A small account is read before it is counted.
        stream_totals.count_run(portal, run)

    def store(tx: Transaction) -> None:
        contact_ids = fetching.contact_ids_of(page.records)
        known = sync.known_contacts(tx, contact_ids, keys=portal.runtime.forget_keys)
        changed = sync.store_records(tx, page.records, known_contacts=known)
        invalidation.record(tx, Change.RECORD_CHANGED, records=changed)
        import_runs.note_seen(tx, run, object_type, [record.id for record in page.records])
        import_runs.advance(
            tx, run, stream, cursor=page.next_after, done=page.next_after is None,
            records=len(page.records), drift=len(changed),
        )  # fmt: skip

    return store


def _read_links(portal: PortalContext, run: Run, stream: Stream) -> Callable[[Transaction], None]:
    """Read the links of the next records; return how to store them."""
    with portal.transaction() as tx:
        ids = import_runs.ids_after(
            tx, stream.from_type, int(stream.cursor or 0), limit=LINKS_PER_CALL
        )
        records_done = import_runs.is_done(tx, run, f"records:{stream.from_type}")
    links: list[Link] = []
    if ids:
        links_by_id = portal.hubspot.associations(stream.from_type, stream.to_type, ids)
        links = [link for record_links in links_by_id.values() for link in record_links]

    def store(tx: Transaction) -> None:
        fetched = FetchedLinks(set(ids), links, set())
        changed = sync.store_links(tx, (stream.from_type, stream.to_type), fetched)
        invalidation.record(tx, Change.RECORD_CHANGED, records=changed)
        import_runs.advance(
            tx, run, stream, cursor=str(ids[-1]) if ids else stream.cursor,
            done=records_done and len(ids) < LINKS_PER_CALL, records=len(ids), drift=len(changed),
        )  # fmt: skip

    return store


def _finish(portal: PortalContext, lease: Lease, run: Run) -> None:
    """End a run whose streams are all done; what it should have met again and did not is gone."""
    with portal.transaction(lease) as tx:
        vanished = import_runs.vanished(tx, run) if run.finds_vanished else {}
    gone, survivors = _trace(portal, lease, vanished)
    with portal.transaction(lease) as tx:
        changed = merges.follow(tx, survivors, {})
        # What is carried over from old ids need not be what HubSpot links to the survivor.
        second_looks.ask(tx, {(kind, survivor) for (kind, _), survivor in survivors.items()})
        for object_type, ids in gone.items():
            changed |= refs(object_type, ids)
            changed |= mirror.retire(tx, object_type, ids, mirror.DELETED)
        changed |= _with_values_of_nobody(tx)
        invalidation.record(tx, Change.RECORD_CHANGED, records=changed)
        deleted = {object_type: len(ids) for object_type, ids in gone.items()}
        import_runs.finish(tx, run, {"deleted": deleted, "merged": len(survivors)})
        if run.kind in _STAMPS:
            portals.stamp(tx, portal.portal_id, _STAMPS[run.kind])
            feeds.found_again(tx, portal.runtime.now())
        portals.stamp(tx, portal.portal_id, "last_sync_at")
        if run.kind == "reconciliation":
            portals.note(tx, "second-order", "reconciled", **import_runs.report(tx, run))


def _with_values_of_nobody(tx: Transaction) -> set[RefPair]:
    """Records that carry one of our values which we do not conclude: HubSpot copied it there."""
    carriers: set[RefPair] = set()
    for object_type in catalogue.WRITTEN_TYPES:
        names = catalogue.own_names(object_type) - {UPDATED_AT}
        carriers |= refs(object_type, conclusion_rows.carriers(tx, object_type, names))
    return carriers


def _trace(
    portal: PortalContext, lease: Lease, vanished: Mapping[str, Sequence[int]]
) -> tuple[dict[str, list[int]], dict[tuple[str, int], int]]:
    """Tell deleted records from those that live on under another id, with that id.

    One that is still there was restored meanwhile: it is neither.
    """
    gone: dict[str, list[int]] = {}
    survivors: dict[tuple[str, int], int] = {}
    for object_type, ids in vanished.items():
        for start in range(0, len(ids), TRACED_AT_ONCE):
            some = ids[start : start + TRACED_AT_ONCE]
            absences = explain(portal, object_type, some, most_lookups=None)
            gone.setdefault(object_type, []).extend(sorted(absences.deleted))
            for old_id, survivor in absences.survivors.items():
                survivors[object_type, old_id] = survivor
            with portal.transaction(lease):
                pass  # keeps the lease: there may be thousands
    return {kind: ids for kind, ids in gone.items() if ids}, survivors
