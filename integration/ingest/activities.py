"""The pass over a portal's activities: meetings, calls, e-mails and notes are read page by page.

It begins when the import is through and concluded, so that first results come as early as without
it. What changes later is fetched as any record is: see sync.
"""

import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from integration.core import logs
from integration.core.errors import Retryable
from integration.hubspot.answer_shapes import Page
from integration.ingest import activity_touches, stream_answers, stream_totals, sync
from integration.ingest.activity_touches import WINDOW, FetchedActivities
from integration.ingest.stream_answers import REFUSALS, SliceAnswers
from integration.portal import invalidation, settings
from integration.portal.context import PortalContext
from integration.portal.invalidation import Change
from integration.storage.database import Transaction
from integration.storage.mirror import touches
from integration.storage.queue import activity_cursors, lanes, stream_troubles
from integration.storage.queue.activity_cursors import ActivityCursor
from integration.storage.queue.lanes import Lease
from mappings.records import access, activity_records
from mappings.records.activity_records import NEAR, TYPES

_log = logs.get(__name__)


def begin(tx: Transaction) -> None:
    """Have a portal's activities read, unless its newest settings say that they are not."""
    if settings.read(tx).map.reads_activities:
        activity_cursors.begin(tx, TYPES)
        stream_troubles.forget(tx, [stream_of(activity_type) for activity_type in TYPES])


def advance(portal: PortalContext, lease: Lease, *, seconds: float) -> bool:
    """Go on with the pass for about *seconds*; say whether there is more to do right now.

    There is not while the import is read or concluded: :func:`wake` is called when the portal is
    idle.
    """
    if not portal.map.reads_activities:
        with portal.transaction(lease) as tx:
            return touches.any_left(tx) and touches.drop(tx)
    with portal.transaction(lease) as tx:
        cursors = _unfinished(tx)
    if cursors:
        end = time.monotonic() + seconds
        answers = SliceAnswers()
        _read_side_by_side(portal, lease, cursors, answers, lambda: time.monotonic() < end)
        for stream in stream_answers.given_up(portal, lease, answers):
            with portal.transaction(lease) as tx:
                activity_cursors.refuse(tx, stream.partition(":")[2])
        with portal.transaction(lease) as tx:
            left = {stream_of(cursor.activity_type) for cursor in _unfinished(tx)}
        answers.check_progress(left)
    return _finish(portal, lease)


def wake(portal: PortalContext) -> None:
    """Let the pass go on, if there is one: the portal is idle."""
    with portal.transaction() as tx:
        to_read, to_weigh = activity_cursors.left(tx)
        pending = to_read and not activity_cursors.must_wait(tx)
        if to_weigh and not to_read:
            activity_cursors.weigh(tx)
            # From now on health is known, also of the days before.
            lanes.want(tx, portal.portal_id, "days")
        if pending:
            lanes.want(tx, portal.portal_id, "import")
    if pending:
        portal.runtime.queue.wake(portal.portal_id, "import")


def polled_types(portal: PortalContext) -> tuple[str, ...]:
    """The types to ask for changes: those we may read, once their lists were read to the end."""
    if not portal.map.reads_activities:
        return ()
    with portal.transaction() as tx:
        return tuple(
            cursor.activity_type
            for cursor in activity_cursors.every(tx)
            if cursor.done and not cursor.is_refused
        )


def read_again(tx: Transaction, activity_type: str) -> None:
    """Read a type's whole list once more: so much has changed that this is the surer way."""
    activity_cursors.restart(tx, activity_type)


def read_what_became_readable(tx: Transaction, granted: Collection[str]) -> None:
    """Read again the activities of which newly *granted* scopes show more than before."""
    for scope in sorted(granted):
        for activity_type in access.ACTIVITIES_SHOWN_BY.get(scope, ()):
            activity_cursors.restart(tx, activity_type)


def prune(tx: Transaction, *, now: datetime) -> None:
    """Delete touches that are older than the window, so many a day."""
    touches.prune(tx, before=now - WINDOW)


def _unfinished(tx: Transaction) -> list[ActivityCursor]:
    """The lists to go on reading; none while the import goes first."""
    if activity_cursors.must_wait(tx):
        return []
    return [cursor for cursor in activity_cursors.every(tx) if not cursor.done]


def _read_side_by_side(
    portal: PortalContext,
    lease: Lease,
    cursors: Sequence[ActivityCursor],
    answers: SliceAnswers,
    has_time: Callable[[], bool],
) -> None:
    """Read every type's list in a thread; the first error is raised when all have stopped."""
    with ThreadPoolExecutor(len(TYPES), thread_name_prefix="touches") as pool:
        readings = [
            pool.submit(_read_list, portal, lease, cursor, answers, has_time) for cursor in cursors
        ]
    for reading in readings:
        reading.result()


def _read_list(
    portal: PortalContext,
    lease: Lease,
    start: ActivityCursor,
    answers: SliceAnswers,
    has_time: Callable[[], bool],
) -> None:
    """Read page after page of one type.

    Each page is stored with the cursor behind it: a killed process costs one page. A type that
    HubSpot refuses is left out by name, and the others go on.
    """
    activity_type, stream = start.activity_type, stream_of(start.activity_type)
    cursor: str | None = start.cursor
    while has_time():
        try:
            page = _page(portal, activity_type, cursor)
            fetched = _fetched(portal, activity_type, page)
        except REFUSALS as refusal:
            answers.refused.add(stream)
            with portal.transaction(lease) as tx:
                stream_answers.refuse(tx, stream, str(refusal))
                activity_cursors.refuse(tx, activity_type)
            return
        except Retryable as fault:
            answers.note_failure(stream, fault)
            return
        answers.answered.add(stream)
        if cursor is None and page.next_after is not None and start.total is None:
            stream_totals.count_activities(portal, activity_type)
        _store_page(portal, lease, activity_type, page, fetched)
        cursor = page.next_after
        if cursor is None:
            return


def stream_of(activity_type: str) -> str:
    """The name of a type's list, as refusals name it."""
    return f"activities:{activity_type}"


def _page(portal: PortalContext, activity_type: str, cursor: str | None) -> Page:
    """One page of a type's list."""
    properties = activity_records.READ[activity_type]
    return portal.hubspot.page(activity_type, cursor, properties, associations=NEAR)


def _fetched(portal: PortalContext, activity_type: str, page: Page) -> FetchedActivities:
    """What the activities of a page mean; of some their texts are fetched."""
    return FetchedActivities(
        keys={(activity_type, record.id) for record in page.records},
        activities=activity_touches.interpret(
            portal, [(record, record.inline) for record in page.records]
        ),
    )


def _store_page(
    portal: PortalContext,
    lease: Lease,
    activity_type: str,
    page: Page,
    fetched: FetchedActivities,
) -> None:
    with portal.transaction(lease) as tx:
        known = sync.known_contacts(tx, fetched.contact_ids, keys=portal.runtime.forget_keys)
        activity_touches.store(tx, fetched, known_contacts=known, now=portal.runtime.now())
        activity_cursors.advance(
            tx,
            activity_type,
            cursor=page.next_after,
            done=page.next_after is None,
            records=len(page.records),
            calls=1,
        )


def _finish(portal: PortalContext, lease: Lease) -> bool:
    """When every list was read to its end once, judge again all that touches may concern.

    Says whether there is more to read right now.
    """
    with portal.transaction(lease) as tx:
        cursors = activity_cursors.every(tx)
        if any(not cursor.done for cursor in cursors):
            return not activity_cursors.must_wait(tx)
        if all(cursor.told for cursor in cursors):
            return False
        invalidation.record(tx, Change.TOUCHES_READ, now=portal.runtime.now())
        activity_cursors.mark_told(tx)
        lanes.want(tx, portal.portal_id, "drain")
    portal.runtime.queue.wake(portal.portal_id, "drain")
    records = sum(cursor.records for cursor in cursors)
    _log.info("activities read", portal_id=portal.portal_id, records=records)
    return False
