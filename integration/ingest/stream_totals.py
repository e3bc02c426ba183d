"""Totals of streams: how many records there are, asked once where a page is not all of them."""

from integration.core import logs
from integration.core.errors import Retryable
from integration.ingest.stream_answers import REFUSALS
from integration.portal.context import PortalContext
from integration.storage.queue import activity_cursors, import_runs
from integration.storage.queue.import_runs import Run

_log = logs.get(__name__)


def count_run(portal: PortalContext, run: Run) -> None:
    """Ask for the totals of a run and of the activities that follow it, once a run.

    A call each, on the allowance of searches; none for what the last pass counted. What HubSpot
    does not say stays open: the import does not need it.
    """
    with portal.transaction() as tx:
        if not import_runs.claim_counting(tx, run):
            return
        streams = [
            stream
            for stream in import_runs.streams(tx, run)
            if stream.total is None and stream.name.startswith("records:")
        ]
        cursors = [cursor for cursor in activity_cursors.every(tx) if cursor.total is None]
    for stream in streams:
        total = _count(portal, stream.from_type)
        if total is not None:
            with portal.transaction() as tx:
                import_runs.set_total(tx, run, stream.name, total)
    for cursor in cursors:
        count_activities(portal, cursor.activity_type)


def count_activities(portal: PortalContext, activity_type: str) -> None:
    """Ask how many activities of a type there are."""
    total = _count(portal, activity_type)
    if total is not None:
        with portal.transaction() as tx:
            activity_cursors.set_total(tx, activity_type, total)


def _count(portal: PortalContext, object_type: str) -> int | None:
    try:
        return portal.hubspot.count(object_type)
    except (*REFUSALS, Retryable) as trouble:
        _log.info("not counted", portal_id=portal.portal_id, type=object_type, reason=str(trouble))
        return None
