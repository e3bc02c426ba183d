"""Replaying: what was set aside gets another try after a fix; fifty clicks are one replay."""

from integration.scope import PortalScope
from integration.storage import inbox, lanes, outbox, portals, stale


def replay(scope: PortalScope) -> int:
    """Put everything set aside of one portal back to work; return how many rows that were."""
    with scope.transaction() as tx:
        back = inbox.replay(tx) + outbox.replay(tx) + stale.replay(tx)
        for kind in ("drain", "write"):
            lanes.want(tx, scope.portal_id, kind)
        if back:
            portals.note(tx, "second-order", "replayed", rows=back)
    for kind in ("drain", "write"):
        scope.runtime.queue.wake(scope.portal_id, kind)
    return back
