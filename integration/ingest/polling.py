"""Polling: changes without a webhook, found by search every quarter of an hour.

Webhook subscriptions belong to the app, one a property, so the properties that a portal mapped
itself, and the types whose scopes are optional, have none. What search finds and the mirror does
not know becomes events like any other.
"""

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from integration.core import logs
from integration.core.errors import Retryable
from integration.hubspot.answer_shapes import Page
from integration.hubspot.gateway import SEARCH_SIZE
from integration.ingest import activities, backfill, fetching, stream_answers
from integration.ingest.stream_answers import REFUSALS, SliceAnswers, search_of
from integration.portal.context import PortalContext
from integration.storage.database import Transaction
from integration.storage.mirror import mirror
from integration.storage.mirror.mirror import MirroredRecord
from integration.storage.queue import inbox_events, lanes, search_steps, stream_troubles
from integration.storage.queue.inbox_events import InboundEvent
from integration.storage.queue.lanes import Lease
from integration.storage.queue.search_steps import SearchStep
from integration.storage.service import portals
from mappings.kinds import ObjectType
from mappings.records import access
from mappings.records.rows import Record
from mappings.records.values import is_same

SOURCE = "search"
# HubSpot's search finds a change late. What it finds twice has the same time of change, so the same
# dedupe key.
OVERLAP = timedelta(minutes=5)
EVERY = timedelta(minutes=15)
SLICE_SECONDS = 20.0
# Beyond so many pages of records to read, a pass over all records costs less.
MOST_PAGES = 50
# HubSpot takes 3,000 characters of a search; names beyond these would not fit beside the rest.
_MOST_NAMES = 2_400
# They change with every write, ours included, and say nothing else.
_CLOCKS = frozenset({"lastmodifieddate", "hs_lastmodifieddate"})
_log = logs.get(__name__)


def poll(
    portal: PortalContext,
    lease: Lease,
    *,
    seconds: float = SLICE_SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """Ask for what changed since the last time, unless that was just now; count what is new.

    Goes on where the last slice stopped: a page is stored with the cursor behind it. A type that
    HubSpot refuses, or fails to answer, is left out, and the others go on.
    """
    steps = _steps(portal, lease)
    if not steps:
        return 0
    end = clock() + seconds
    answers = SliceAnswers()
    new = 0
    for step in steps:
        new += _search(portal, lease, step, answers, lambda: clock() < end)
    stream_answers.given_up(portal, lease, answers)
    failing = [step.object_type for step in steps if search_of(step.object_type) in answers.failing]
    _end_round(portal, lease, steps, failing)
    if new:
        portal.runtime.queue.wake(portal.portal_id)
        _log.info("caught up", portal_id=portal.portal_id, changes=new)
    return new


def is_unfinished(portal: PortalContext) -> bool:
    """Whether a search has more to find right now."""
    with portal.transaction() as tx:
        return bool(search_steps.under_way(tx))


def _steps(portal: PortalContext, lease: Lease) -> list[SearchStep]:
    """The searches under way; new ones when it is time. Activities come first.

    A pass over all records, should changes be too many, reads no activities.
    """
    polled_types = activities.polled_types(portal)
    with portal.transaction(lease) as tx:
        if not search_steps.under_way(tx):
            _begin_if_due(tx, polled_types)
        return sorted(search_steps.under_way(tx), key=_is_of_records)


def _begin_if_due(tx: Transaction, activity_types: Sequence[str]) -> None:
    installed = portals.find(tx, tx.portal_id)
    polled_at = portals.caught_up_at(tx)
    now = tx.clock()  # as `polled_at` was: another machine may have polled last
    if installed is None or polled_at is None or now - polled_at < EVERY:
        return
    refused = stream_troubles.refused(tx)
    types = [
        object_type
        for object_type in (*activity_types, *access.readable_types(installed.scopes))
        if search_of(object_type) not in refused
    ]
    search_steps.begin(tx, types, since=polled_at, at=now)


def _search(
    portal: PortalContext,
    lease: Lease,
    step: SearchStep,
    answers: SliceAnswers,
    has_time: Callable[[], bool],
) -> int:
    """Search one type page by page; count the changes that are new."""
    stream, last, new = search_of(step.object_type), step.last_id, 0
    names = _names(portal, step)
    is_at_end = False
    while has_time() and not is_at_end:
        try:
            page = portal.hubspot.search_page(step.object_type, step.since - OVERLAP, last, names)
        except REFUSALS as refusal:
            answers.refused.add(stream)
            with portal.transaction(lease) as tx:
                stream_answers.refuse(tx, stream, str(refusal))
                search_steps.break_off(tx, [step.object_type])
            break
        except Retryable as fault:
            answers.note_failure(stream, fault)
            break
        answers.answered.add(stream)
        last = max((record.id for record in page.records), default=last)
        with portal.transaction(lease) as tx:
            found, is_at_end = _store_page(tx, step, page, names)
        new += found
    return new


def _store_page(
    tx: Transaction, step: SearchStep, page: Page, names: Sequence[str]
) -> tuple[int, bool]:
    """Keep what the mirror does not know as events; return how many were new, and if it is over."""
    unknown = _unknown(tx, step, page.records, names)
    now = tx.clock()
    last = max((record.id for record in page.records), default=step.last_id)
    search_steps.advance(tx, step.object_type, last_id=last, unread=len(unknown))
    if _are_too_many(tx, step):
        _read_everything(tx, step)
        return 0, True
    new = inbox_events.store_events(tx, [_inbound_event(record, now) for record in unknown])
    if new:
        lanes.want(tx, tx.portal_id, "drain")
    is_last = page.next_after is None or not page.records
    if is_last:
        search_steps.finish(tx, [step.object_type])
    return new, is_last


def _unknown(
    tx: Transaction, step: SearchStep, records: Sequence[Record], names: Sequence[str]
) -> list[Record]:
    """The records that say something else than the mirror; of a type without one, all.

    Our own writes are in the mirror already: their echoes need not be read.
    """
    if not names:
        return list(records)
    known = mirror.load(tx, step.object_type, [record.id for record in records])
    return [record for record in records if not _says(known.get(record.id), record, names)]


def _says(known: MirroredRecord | None, record: Record, names: Sequence[str]) -> bool:
    """Whether the mirror has these values of the record."""
    if known is None or known.gone_at is not None:
        return False
    return all(is_same(known.properties.get(name), record.get(name)) for name in names)


def _names(portal: PortalContext, step: SearchStep) -> list[str]:
    """The properties by which a found record is compared with the mirror; none if too many."""
    if not _is_of_records(step):
        return []
    read, _ = fetching.properties_to_read(portal, step.object_type)
    names = [name for name in read if name not in _CLOCKS]
    return names if sum(len(name) + 3 for name in names) <= _MOST_NAMES else []


def _is_of_records(step: SearchStep) -> bool:
    return step.object_type in set(ObjectType)


def _are_too_many(tx: Transaction, step: SearchStep) -> bool:
    """Whether a whole list is read with fewer calls than what was found."""
    alike = [
        other.unread
        for other in search_steps.under_way(tx)
        if other.object_type == step.object_type or (_is_of_records(step) and _is_of_records(other))
    ]
    return sum(alike) > MOST_PAGES * SEARCH_SIZE


def _read_everything(tx: Transaction, step: SearchStep) -> None:
    """Read the whole list instead; whatever changed until now is in it."""
    if not _is_of_records(step):
        activities.read_again(tx, step.object_type)
        search_steps.finish(tx, [step.object_type])
        return
    backfill.reconcile(tx)
    search_steps.finish(tx, list(ObjectType))


def _end_round(
    portal: PortalContext, lease: Lease, steps: Sequence[SearchStep], failing: Sequence[str]
) -> None:
    """When every search is at its end, note until when changes are known."""
    with portal.transaction(lease) as tx:
        search_steps.break_off(tx, failing)
        if not search_steps.under_way(tx):
            portals.caught_up(tx, steps[0].began_at)


def _inbound_event(record: Record, heard_at: datetime) -> InboundEvent:
    changed_at = record.updated_at or heard_at
    return InboundEvent(
        source=SOURCE,
        dedupe_key=f"{record.object_type}:{record.id}:{int(changed_at.timestamp() * 1000)}",
        kind="property_change",
        object_type=record.object_type,
        object_id=record.id,
        payload={"refs": [[record.object_type, record.id]]},
        occurred_at=min(changed_at, heard_at),
        received_at=heard_at,
    )
