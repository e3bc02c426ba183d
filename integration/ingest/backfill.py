"""Import and reconciliation: every record of a portal, page by page, from wherever the last process stopped."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from integration.core import logs
from integration.ingest import activities, sync
from integration.portal import invalidation
from integration.portal.context import PortalContext
from integration.portal.invalidation import Change
from integration.portal.occurrence import refs
from integration.storage.mirror import mirror
from integration.storage.queue import import_runs
from integration.storage.queue.import_runs import Run, Stream
from integration.storage.queue.lanes import Lease
from integration.storage.service import portals
from mappings.records import access
from mappings.records.access import ASSOCIATIONS
from mappings.records.rows import Link

# Links are read for so many records at once: HubSpot's own limit of one call.
LINKS_PER_CALL = 1000
# Calls under way at once: at 0.3 seconds a call, four use the whole allowance.
LANES = 6
_log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is."""

    kind: str
    running: bool
    streams: Sequence[Stream]


def begin(portal: PortalContext, *, kind: str = "import") -> bool:
    """Start a run unless one is under way; say whether it was started."""
    found = portal.find()
    types = access.readable_types(found.scopes if found else frozenset())
    streams = [f"records:{object_type}" for object_type in types]
    streams += [f"links:{a}>{b}" for a, b in ASSOCIATIONS if a in types and b in types]
    with portal.transaction() as tx:
        activities.begin(tx)
        return import_runs.begin(tx, kind, streams)


def begin_again(portal: PortalContext) -> None:
    """Read everything anew under changed settings; a run under way starts over, for it read by the old ones."""
    with portal.transaction() as tx:
        kind = import_runs.supersede(tx)
    begin(portal, kind=kind or "reconciliation")


def advance(portal: PortalContext, lease: Lease, *, seconds: float) -> bool:
    """Go on with the running import for about *seconds*; say whether there is more to do.

    Streams run side by side, so that HubSpot's answering time does not waste its allowance. A page
    is stored together with the cursor behind it: a process that is killed costs one page of one
    stream.
    """
    with portal.transaction(lease) as tx:
        run = import_runs.running(tx)
    if run is None:
        return False
    end = time.monotonic() + seconds
    with ThreadPoolExecutor(LANES, thread_name_prefix="import") as pool:
        _run_streams(portal, lease, run, pool, lambda: time.monotonic() < end)
    with portal.transaction(lease) as tx:
        now = import_runs.running(tx)
        left = [stream for stream in import_runs.streams(tx, run) if not stream.done]
    if left or now is None or now.run_id != run.run_id:
        return now is not None
    _finish(portal, lease, run)
    return False


def progress(portal: PortalContext) -> Progress | None:
    """How far the newest import is; None before the first."""
    with portal.transaction() as tx:
        run = import_runs.newest(tx)
        return (
            Progress(run.kind, run.state == "running", import_runs.streams(tx, run))
            if run
            else None
        )


def _run_streams(
    portal: PortalContext,
    lease: Lease,
    run: Run,
    pool: ThreadPoolExecutor,
    has_time: Callable[[], bool],
) -> None:
    """Keep every ready stream one call ahead until time is up or all are done; the first trouble stops all."""
    under_way: dict[Future[None], str] = {}
    trouble: BaseException | None = None
    while True:
        if trouble is None and has_time():
            with portal.transaction() as tx:
                now = import_runs.running(tx)
                streams = import_runs.streams(tx, run) if now and now.run_id == run.run_id else ()
            for stream in ready(streams):
                if stream.name not in under_way.values() and len(under_way) < LANES:
                    under_way[pool.submit(_step, portal, lease, run, stream)] = stream.name
        if not under_way:
            break
        finished, _ = wait(under_way, return_when=FIRST_COMPLETED)
        for future in finished:
            del under_way[future]
            trouble = trouble or future.exception()
    if trouble:
        raise trouble


def ready(streams: Sequence[Stream]) -> Iterator[Stream]:
    """Streams that can go on: a pair's links follow behind the records they start from, a thousand at a time."""
    behind = {stream.name: stream for stream in streams}
    for stream in streams:
        if stream.done:
            continue
        if stream.name.startswith("links:"):
            records = behind.get(f"records:{stream.from_type}")
            if records and not records.done and records.records - stream.records < LINKS_PER_CALL:
                continue
        yield stream


def _step(portal: PortalContext, lease: Lease, run: Run, stream: Stream) -> None:
    if stream.name.startswith("links:"):
        _links(portal, lease, run, stream)
    else:
        _page(portal, lease, run, stream)


def _page(portal: PortalContext, lease: Lease, run: Run, stream: Stream) -> None:
    object_type = stream.from_type
    names, history = sync.reading(portal, object_type)
    page = portal.hubspot.page(object_type, stream.cursor, names, history)
    with portal.transaction(lease) as tx:
        changed = sync.store_records(tx, page.records, keys=portal.runtime.forget_keys)
        invalidation.record(tx, Change.RECORD_CHANGED, records=changed)
        import_runs.note_seen(tx, run, object_type, [record.id for record in page.records])
        import_runs.advance(
            tx, run, stream, cursor=page.next_after, done=page.next_after is None,
            records=len(page.records), drift=len(changed),
        )  # fmt: skip


def _links(portal: PortalContext, lease: Lease, run: Run, stream: Stream) -> None:
    with portal.transaction() as tx:
        ids = import_runs.ids_after(
            tx, stream.from_type, int(stream.cursor or 0), limit=LINKS_PER_CALL
        )
        records_done = import_runs.is_done(tx, run, f"records:{stream.from_type}")
    links: list[Link] = []
    if ids:
        for each in portal.hubspot.associations(stream.from_type, stream.to_type, ids).values():
            links += each
    with portal.transaction(lease) as tx:
        changed = sync.store_links(tx, stream.from_type, stream.to_type, set(ids), links, None)
        invalidation.record(tx, Change.RECORD_CHANGED, records=changed)
        import_runs.advance(
            tx, run, stream, cursor=str(ids[-1]) if ids else stream.cursor,
            done=records_done and len(ids) < LINKS_PER_CALL, records=len(ids), drift=len(changed),
        )  # fmt: skip


def _finish(portal: PortalContext, lease: Lease, run: Run) -> None:
    """All streams are through: what no page showed is gone, and the run is over."""
    with portal.transaction(lease) as tx:
        vanished = import_runs.vanished(tx, run) if run.kind == "reconciliation" else {}
    gone, survivors = _gone(portal, vanished)
    with portal.transaction(lease) as tx:
        for (object_type, old), survivor in survivors.items():
            mirror.alias(tx, object_type, [old], survivor, at=tx.clock())
            mirror.retire(tx, object_type, [old], "merged")
            invalidation.record(tx, Change.RECORDS_MERGED, records={(object_type, old)})
            mirror.relink(tx, object_type, [old], survivor)
        for object_type, ids in gone.items():
            mirror.retire(tx, object_type, ids, "deleted")
            gone_refs = refs(object_type, ids)
            invalidation.record(tx, Change.RECORD_CHANGED, records=gone_refs)
        import_runs.finish(
            tx,
            run,
            {"deleted": {kind: len(ids) for kind, ids in gone.items()}, "merged": len(survivors)},
        )
        portals.stamp(
            tx, portal.portal_id, "imported_at" if run.kind == "import" else "last_reconciled_at"
        )
        portals.stamp(tx, portal.portal_id, "last_sync_at")
        if run.kind == "reconciliation":
            portals.note(tx, "second-order", "reconciled", **import_runs.report(tx, run))


def _gone(
    portal: PortalContext, vanished: dict[str, list[int]]
) -> tuple[dict[str, list[int]], dict[tuple[str, int], int]]:
    """Of records that no page showed, some were deleted and some live on under another id."""
    gone: dict[str, list[int]] = {}
    survivors: dict[tuple[str, int], int] = {}
    for object_type, ids in vanished.items():
        for record_id in ids:
            survivor = portal.hubspot.survivor(object_type, record_id)
            if survivor in (None, record_id):
                gone.setdefault(object_type, []).append(record_id)
            elif survivor is not None:
                survivors[object_type, record_id] = survivor
    return gone, survivors
