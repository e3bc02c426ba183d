"""Replay: what was set aside gets another try after a fix; fifty clicks are one replay."""

from integration.portal.context import PortalContext
from integration.storage.queue import inbox, lanes, outbox, recompute
from integration.storage.service import portals


def replay(portal: PortalContext) -> int:
    """Put everything set aside of one portal back to work; return how many rows that were."""
    with portal.transaction() as tx:
        back = inbox.replay(tx) + outbox.replay(tx) + recompute.replay(tx)
        for kind in ("drain", "write"):
            lanes.want(tx, portal.portal_id, kind)
        if back:
            portals.note(tx, "second-order", "replayed", rows=back)
    for kind in ("drain", "write"):
        portal.runtime.queue.wake(portal.portal_id, kind)
    return back
