"""Leaving, and stopping for a while: what an admin decides about the connection as a whole."""

from integration import logs
from integration.errors import NeedsOwner, RecordGone
from integration.scope import PortalScope
from integration.storage import lanes, portals, tokens
from mappings.records.catalogue import WRITTEN_TYPES, own_names

PAUSED_BY_HAND = "Paused by a person in Settings. Nothing is read or written until it is resumed."
_log = logs.get(__name__)


def uninstall(scope: PortalScope, *, actor: str, remove_properties: bool = False) -> bool:
    """Take the app out of the portal; say whether HubSpot still had it.

    With *remove_properties* our properties go first, with their values; otherwise they stay as they are. Our
    rows stay for thirty days. A connection that has ended already is no obstacle. Raises Retryable, and changes
    nothing here, when HubSpot cannot be asked.
    """
    was_there = True
    try:
        if remove_properties:
            _remove_properties(scope)
        scope.hubspot.uninstall()
    except (NeedsOwner, RecordGone) as ended:
        _log.info("was gone already", portal_id=scope.portal_id, reason=str(ended))
        was_there = False
    with scope.transaction() as tx:
        portals.uninstall(tx, scope.portal_id)
        portals.note(tx, actor, "uninstalled", removed_properties=remove_properties, was_there=was_there)
    return was_there


def pause(scope: PortalScope, *, actor: str) -> None:
    """Stop reading and writing until somebody resumes; what HubSpot sends meanwhile is kept."""
    with scope.transaction() as tx:
        portals.pause(tx, scope.portal_id, PAUSED_BY_HAND)
        portals.note(tx, actor, "paused", reason=PAUSED_BY_HAND)


def resume(scope: PortalScope, *, actor: str) -> bool:
    """Go on after a pause; False when only reconnecting would help."""
    with scope.transaction() as tx:
        row = tokens.read(tx, scope.portal_id)
        if row is None or row.state == "revoked" or not portals.resume(tx, scope.portal_id):
            return False
        lanes.clear_waits(tx, scope.portal_id)
        for kind in lanes.KINDS:
            lanes.want(tx, scope.portal_id, kind)
        portals.note(tx, actor, "resumed")
    for kind in lanes.KINDS:
        scope.runtime.queue.wake(scope.portal_id, kind)
    return True


def _remove_properties(scope: PortalScope) -> None:
    for object_type in WRITTEN_TYPES:
        scope.hubspot.archive_properties(object_type, sorted(own_names(object_type)))
