"""Retention: the rows of an uninstalled portal are kept for a time, then erased in slices."""

import time

from integration.core import logs
from integration.portal.runtime import Runtime
from integration.storage.service import portal_erasure, portals

KEEP_UNINSTALLED_DAYS = 30
# Far less than the statement timeout, and a lost slice is soon done again.
SLICE_ROWS = 5_000
_log = logs.get(__name__)


def begin_erasing(runtime: Runtime, portal_id: int) -> None:
    """Begin to erase a portal whose thirty days are over; one that came back is left alone."""
    with runtime.database.portal(portal_id) as tx:
        if portal_erasure.begin(tx, days=KEEP_UNINSTALLED_DAYS):
            _log.info("uninstalled portal is being erased", portal_id=portal_id)


def go_on_erasing(
    runtime: Runtime, portal_id: int, *, seconds: float, slice_rows: int = SLICE_ROWS
) -> bool:
    """Erase slices of a portal for *seconds*, one at least; False while there is more to do.

    Every slice is committed by itself, and the rows that are left say where to go on after a kill.
    Nothing is done while another process erases the portal.
    """
    end = time.monotonic() + seconds
    while True:
        with runtime.database.portal(portal_id) as tx:
            if not portal_erasure.hold(tx):
                portal = portals.find(tx, portal_id)
                return portal is None or portal.erasing_since is None
            if portal_erasure.erase_slice(tx, rows=slice_rows):
                portal_erasure.finish(tx)
                _log.info("uninstalled portal erased", portal_id=portal_id)
                return True
        if time.monotonic() >= end:
            return False
