"""Account time: the time zone in which an account's days and months are, as HubSpot tells it."""

from integration.core import logs
from integration.core.errors import Retryable
from integration.ingest.stream_answers import REFUSALS
from integration.portal import invalidation, settings
from integration.portal.context import PortalContext
from integration.portal.invalidation import Change
from integration.storage.database import Transaction
from integration.storage.ledger import period_rows
from integration.storage.queue import lanes
from integration.storage.service import portals
from integration.storage.service.portals import Portal
from mappings.time_zones import zone_named

_log = logs.get(__name__)


def look(portal: PortalContext) -> None:
    """Ask HubSpot which time zone the account is in; when it is another, open months follow.

    Nothing is changed while HubSpot does not tell.
    """
    try:
        told = portal.hubspot.account().time_zone
    except REFUSALS as refusal:
        _log.info("account not readable", portal_id=portal.portal_id, reason=str(refusal))
        return
    except Retryable as fault:
        if not fault.is_server_fault:
            raise
        _log.info("account not readable", portal_id=portal.portal_id, reason=str(fault))
        return
    with portal.transaction() as tx:
        # The lane's lock makes a page that is being booked end first.
        lanes.hold(tx, portal.portal_id, "drain")
        _follow(tx, portal, told)


def trouble(installed: Portal) -> str | None:
    """Why an account's months may not be its own, and what to do; None when all is well."""
    counted = installed.time_zone if zone_named(installed.time_zone) else "UTC"
    unread = installed.unread_time_zone or installed.time_zone
    if zone_named(unread):
        return None
    named = f"calls the account's time zone {unread[:60]!r}, which is none"
    said = named if unread else "tells no time zone of the account"
    return (
        f"HubSpot {said}: months and days are those of {counted}. Choose a time zone in HubSpot,"
        " Settings > Account defaults; it is taken over within a day"
    )


def _follow(tx: Transaction, portal: PortalContext, told: str) -> None:
    installed = portals.find(tx, portal.portal_id)
    if installed is None:
        return
    is_known = zone_named(told) is not None
    if told != installed.time_zone and is_known:
        _change(tx, portal, installed, told)
    elif told != (installed.unread_time_zone or installed.time_zone):
        # What nobody can read moves no month.
        portals.note_unread_time_zone(tx, "" if is_known else told)


def _change(tx: Transaction, portal: PortalContext, installed: Portal, told: str) -> None:
    now = portal.runtime.now()
    # A month that was to be closed by now closes as it was, by the zone it was seen in.
    due = period_rows.read(tx).due(settings.read(tx).policy.books_close_day, now)
    if due is not None:
        period_rows.log(tx, due)
    portals.change_time_zone(tx, told, at=now)
    portals.note(tx, "HubSpot", "time zone changed", before=installed.time_zone, after=told)
    invalidation.record(tx, Change.TIME_ZONE_CHANGED)
    lanes.want(tx, portal.portal_id, "drain")
