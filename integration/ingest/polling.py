"""Catching up: changes that no webhook tells, found by search every quarter of an hour.

HubSpot's subscriptions are the app's, one a property, so the properties that a portal mapped
itself, and the types whose scopes are optional, have none. What search finds becomes events like
any other.
"""

from datetime import datetime, timedelta

from integration.core import logs
from integration.ingest import activities, backfill
from integration.portal.context import PortalContext
from integration.storage.queue import inbox_events, lanes
from integration.storage.queue.inbox_events import InboundEvent
from integration.storage.queue.lanes import Lease
from integration.storage.service import portals
from mappings.records import access
from mappings.records.rows import Record

SOURCE = "search"
# Search knows changes late; what was seen before is told apart by its time of change.
OVERLAP = timedelta(minutes=5)
EVERY = timedelta(minutes=15)
MOST_PAGES = 50
_log = logs.get(__name__)


def poll(portal: PortalContext, lease: Lease) -> int:
    """Ask for what changed since the last time, if that is long enough ago; return how many changes were new."""
    with portal.transaction(lease) as tx:
        found = portals.find(tx, portal.portal_id)
        since = portals.caught_up_at(tx)
        asked_at = tx.clock()  # as `since` was: another process may have caught up last
    if found is None or since is None or asked_at - since < EVERY:
        return 0
    # First: a pass over all records, should these be too many, reads no activities.
    new = _activities(portal, lease, since - OVERLAP, asked_at)
    pages = 0
    for object_type in access.readable_types(found.scopes):
        for page in portal.hubspot.search_changed_since(object_type, since - OVERLAP):
            pages += 1
            if pages > MOST_PAGES:
                return _read_everything(portal, asked_at)
            with portal.transaction(lease) as tx:
                new += inbox_events.store_events(
                    tx, [_inbound_event(record, asked_at) for record in page]
                )
    with portal.transaction(lease) as tx:
        portals.caught_up(tx, asked_at)
        if new:
            lanes.want(tx, portal.portal_id, "drain")
    if new:
        portal.runtime.queue.wake(portal.portal_id)
        _log.info("caught up", portal_id=portal.portal_id, changes=new)
    return new


def _activities(portal: PortalContext, lease: Lease, since: datetime, asked_at: datetime) -> int:
    """Meetings, calls, e-mails and notes that changed; of a type with too many the whole list is read again."""
    new = 0
    for activity_type in activities.types(portal):
        with activities.allowed:
            for number, page in enumerate(
                portal.hubspot.search_changed_since(activity_type, since)
            ):
                with portal.transaction(lease) as tx:
                    if number >= MOST_PAGES:
                        activities.read_again(tx, activity_type)
                        break
                    new += inbox_events.store_events(
                        tx, [_inbound_event(record, asked_at) for record in page]
                    )
    return new


def _read_everything(portal: PortalContext, asked_at: datetime) -> int:
    """So much has changed that a pass over all records, which goes on where it stopped, is the surer way."""
    backfill.begin(portal, kind="reconciliation")
    with portal.transaction() as tx:
        portals.caught_up(tx, asked_at)
        lanes.want(tx, portal.portal_id, "import")
    portal.runtime.queue.wake(portal.portal_id, "import")
    return 0


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
