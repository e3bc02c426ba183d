"""What waits, what is set aside, who is paused: one query a portal, for commands, pages and metrics."""

from typing import Any

from integration.core.errors import Refused, SecondOrderError
from integration.portal.runtime import Runtime
from integration.storage.service import portal_status
from integration.storage.service import portals as stored
from integration.storage.service.portals import Portal


def ready(runtime: Runtime) -> dict[str, str]:
    """Whether the servers answer; Valkey's absence slows us down and stops nothing."""
    try:
        portals(runtime, with_counts=False)
        database = "ok"
    except SecondOrderError:
        database = "away"
    return {"database": database, "queue": "ok" if runtime.queue.answers() else "away"}


def portals(runtime: Runtime, *, with_counts: bool = True) -> list[dict[str, Any]]:
    """Return every portal with its state and counts."""
    with runtime.database.service() as tx:
        known = stored.every(tx)
    return [portal(runtime, each) for each in known] if with_counts else []


def check_known(runtime: Runtime, portal_id: int) -> None:
    """Refuse a portal that never installed the app, and one whose rows are being erased."""
    with runtime.database.service() as tx:
        found = stored.find(tx, portal_id)
    if found is None:
        raise Refused(
            f"Portal {portal_id} has not installed the app; `second-order portals` lists those that have"
        )
    if found.erasing_since is not None:
        raise Refused(
            f"Portal {portal_id} uninstalled the app, and what it left behind is being erased"
        )


def portal(runtime: Runtime, each: Portal) -> dict[str, Any]:
    """Return one portal's state and counts."""
    with runtime.database.portal(each.portal_id) as tx:
        counts = portal_status.counts(tx)
    return {
        "portal_id": each.portal_id,
        "state": each.state,
        "reason": each.paused_reason,
        "imported_at": each.imported_at,
        "last_sync_at": each.last_sync_at,
        **counts,
    }


def import_streams(runtime: Runtime) -> list[tuple[int, dict[str, Any]]]:
    """Return the streams of every portal's newest import: how far each is."""
    with runtime.database.service() as tx:
        known = stored.every(tx)
    found: list[tuple[int, dict[str, Any]]] = []
    for each in known:
        with runtime.database.portal(each.portal_id) as tx:
            found += [
                (each.portal_id, stream) for stream in portal_status.imports(tx) if stream["stream"]
            ]
    return found


def is_settled(counts: dict[str, Any]) -> bool:
    """Whether nothing waits: inbox, events, conclusions, outbox, import."""
    return not any(counts[name] for name in ("inbox", "events", "stale", "outbox", "importing"))
