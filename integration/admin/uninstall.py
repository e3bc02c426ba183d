"""Uninstall, pause and resume: decisions of an admin about the whole connection."""

from integration.core import logs
from integration.core.errors import NeedsOwner, RecordGone
from integration.portal.context import PortalContext
from integration.storage.queue import lanes
from integration.storage.service import portals, tokens
from mappings.records.catalogue import WRITTEN_TYPES, own_names

PAUSED_BY_HAND = "Paused by a person in Settings. Nothing is read or written until it is resumed."
_log = logs.get(__name__)


def uninstall(portal: PortalContext, *, actor: str, remove_properties: bool = False) -> bool:
    """Take the app out of the portal; say whether HubSpot still had it.

    With *remove_properties* our properties go first, with their values; otherwise they stay as they
    are. Our rows stay for thirty days. A connection that has ended already is no obstacle. Raises
    Retryable, and changes nothing here, when HubSpot cannot be asked.
    """
    was_there = True
    try:
        if remove_properties:
            _remove_properties(portal)
        portal.hubspot.uninstall()
    except (NeedsOwner, RecordGone) as ended:
        _log.info("was gone already", portal_id=portal.portal_id, reason=str(ended))
        was_there = False
    with portal.confirmed() as tx:
        portals.uninstall(tx, portal.portal_id)
        portals.note(
            tx, actor, "uninstalled", removed_properties=remove_properties, was_there=was_there
        )
    return was_there


def pause(portal: PortalContext, *, actor: str) -> None:
    """Stop reading and writing until somebody resumes; what HubSpot sends meanwhile is kept."""
    with portal.confirmed() as tx:
        portals.pause(tx, portal.portal_id, PAUSED_BY_HAND)
        portals.note(tx, actor, "paused", reason=PAUSED_BY_HAND)


def resume(portal: PortalContext, *, actor: str) -> bool:
    """Go on after a pause; False when only reconnecting would help."""
    with portal.confirmed() as tx:
        row = tokens.read(tx, portal.portal_id)
        if row is None or row.state == "revoked" or not portals.resume(tx, portal.portal_id):
            return False
        lanes.clear_waits(tx, portal.portal_id)
        for kind in lanes.KINDS:
            lanes.want(tx, portal.portal_id, kind)
        portals.note(tx, actor, "resumed")
    for kind in lanes.KINDS:
        portal.runtime.queue.wake(portal.portal_id, kind)
    return True


def _remove_properties(portal: PortalContext) -> None:
    for object_type in WRITTEN_TYPES:
        portal.hubspot.archive_properties(object_type, sorted(own_names(object_type)))
