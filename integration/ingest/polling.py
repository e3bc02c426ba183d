"""Polling: changes without a webhook, found by search every quarter of an hour.

Webhook subscriptions belong to the app, one a property, so the properties that a portal mapped
itself, and the types whose scopes are optional, have none. What search finds becomes events like
any other.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from integration.core import logs
from integration.ingest import activities, backfill
from integration.ingest.activity_touches import unless_forbidden
from integration.portal.context import PortalContext
from integration.storage.database import Transaction
from integration.storage.queue import inbox_events, lanes
from integration.storage.queue.inbox_events import InboundEvent
from integration.storage.queue.lanes import Lease
from integration.storage.service import portals
from mappings.records import access
from mappings.records.rows import Record

SOURCE = "search"
# HubSpot's search finds a change late. What it finds twice has the same time of change, so the same
# dedupe key.
OVERLAP = timedelta(minutes=5)
EVERY = timedelta(minutes=15)
# Beyond so many pages a pass over all records costs less, and goes on where it stopped.
MOST_PAGES = 50
_log = logs.get(__name__)


def poll(portal: PortalContext, lease: Lease) -> int:
    """Ask for what changed since the last time, unless that was just now; count what is new."""
    with portal.transaction(lease) as tx:
        installed = portals.find(tx, portal.portal_id)
        polled_at = portals.caught_up_at(tx)
        now = tx.clock()  # as `polled_at` was: another machine may have polled last
    if installed is None or polled_at is None or now - polled_at < EVERY:
        return 0
    since = polled_at - OVERLAP
    # First: a pass over all records, should these be too many, reads no activities.
    new = _poll_activities(portal, lease, since, now)
    new_records = _poll_records(portal, lease, access.readable_types(installed.scopes), since, now)
    if new_records is None:
        _read_everything(portal, now)
        return 0
    new += new_records
    with portal.transaction(lease) as tx:
        portals.caught_up(tx, now)
        if new:
            lanes.want(tx, portal.portal_id, "drain")
    if new:
        portal.runtime.queue.wake(portal.portal_id)
        _log.info("caught up", portal_id=portal.portal_id, changes=new)
    return new


def _poll_records(
    portal: PortalContext,
    lease: Lease,
    object_types: Iterable[str],
    since: datetime,
    now: datetime,
) -> int | None:
    """Keep changed records as events; return how many were new, None when there are too many."""
    new = pages = 0
    for object_type in object_types:
        for page in portal.hubspot.search_changed_since(object_type, since):
            pages += 1
            if pages > MOST_PAGES:
                return None
            with portal.transaction(lease) as tx:
                new += _keep(tx, page, now)
    return new


def _poll_activities(portal: PortalContext, lease: Lease, since: datetime, now: datetime) -> int:
    """Keep changed activities as events; of a type with too many the whole list is read again."""
    new = 0
    for activity_type in activities.polled_types(portal):
        with unless_forbidden:
            changed = portal.hubspot.search_changed_since(activity_type, since)
            for number, page in enumerate(changed):
                with portal.transaction(lease) as tx:
                    if number >= MOST_PAGES:
                        activities.read_again(tx, activity_type)
                        break
                    new += _keep(tx, page, now)
    return new


def _keep(tx: Transaction, page: Iterable[Record], now: datetime) -> int:
    return inbox_events.store_events(tx, [_inbound_event(record, now) for record in page])


def _read_everything(portal: PortalContext, now: datetime) -> None:
    backfill.begin(portal, kind="reconciliation")
    with portal.transaction() as tx:
        portals.caught_up(tx, now)
        lanes.want(tx, portal.portal_id, "import")
    portal.runtime.queue.wake(portal.portal_id, "import")


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
