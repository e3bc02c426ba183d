"""Overview of all portals: state, what waits and why, what was set aside."""

from typing import Any

from integration.core.errors import Refused, SecondOrderError
from integration.ingest import stream_labels
from integration.portal import holds
from integration.portal.holds import Hold
from integration.portal.runtime import Runtime
from integration.storage.queue import inbox, stream_troubles
from integration.storage.service import portal_status, setup_question_rows
from integration.storage.service import portals as stored
from integration.storage.service.portals import Portal


def ready(runtime: Runtime) -> dict[str, str]:
    """Whether a delivery could be kept now; without Valkey work goes on, more slowly."""
    return {
        "database": _database_state(runtime),
        "queue": "ok" if runtime.queue.answers() else "away",
    }


def _database_state(runtime: Runtime) -> str:
    try:
        portals(runtime, with_counts=False)
    except SecondOrderError:
        return "away"
    try:
        with runtime.database.service() as tx:
            inbox.check_room(tx)
    except SecondOrderError:
        return "keeps nothing: its disk is full, or it takes no writes"
    return "ok"


def portals(runtime: Runtime, *, with_counts: bool = True) -> list[dict[str, Any]]:
    """Return every portal with its state and counts."""
    with runtime.database.service() as tx:
        known = stored.every(tx)
    return [portal(runtime, installed) for installed in known] if with_counts else []


def undeliverable(runtime: Runtime) -> dict[int | None, int]:
    """Count deliveries that nobody takes, by account: uninstalled, or never installed."""
    with runtime.database.service() as tx:
        return inbox.undeliverable(tx)


def for_strangers(runtime: Runtime) -> str | None:
    """Say how many deliveries came for accounts that never installed the app; None for none."""
    with runtime.database.service() as tx:
        known = {installed.portal_id for installed in stored.every(tx)}
        waiting = inbox.undeliverable(tx)
    number = sum(count for portal_id, count in waiting.items() if portal_id not in known)
    if not number:
        return None
    return (
        f"{number} deliveries came for accounts that have not installed the app; they are kept for"
        " three days, in case they do"
    )


def check_known(runtime: Runtime, portal_id: int) -> None:
    """Refuse a portal that never installed the app, and one whose rows are being erased."""
    with runtime.database.service() as tx:
        installed = stored.find(tx, portal_id)
    if installed is None:
        raise Refused(
            f"Portal {portal_id} has not installed the app;"
            " `second-order portals` lists those that have"
        )
    if installed.erasing_since is not None:
        raise Refused(
            f"Portal {portal_id} uninstalled the app, and what it left behind is being erased"
        )


def portal(runtime: Runtime, installed: Portal) -> dict[str, Any]:
    """Return one portal's state and counts, and why planned values are not written yet."""
    with runtime.database.portal(installed.portal_id) as tx:
        counts = portal_status.counts(tx)
        # A portal that is not active waits for another reason.
        hold = _lasting(holds.current(tx)) if installed.is_active else None
        questions = setup_question_rows.count_open(tx)
        refused = stream_troubles.refused(tx)
    return {
        "portal_id": installed.portal_id,
        "state": installed.state,
        "reason": installed.paused_reason,
        "imported_at": installed.imported_at,
        "last_sync_at": installed.last_sync_at,
        "held": _sentence(runtime, installed.portal_id, hold),
        "held_until": hold.until if hold else None,
        "setup_questions": questions,
        "undelivered": _undelivered(installed, counts),
        "refused_streams": [
            {
                "stream": stream,
                "reason": reason,
                "sentence": stream_labels.refusal(stream, reason),
            }
            for stream, reason in refused.items()
        ],
        **counts,
    }


def _lasting(hold: Hold | None) -> Hold | None:
    """The hold, if it does not end with the work under way."""
    return None if hold and hold.is_passing else hold


def _undelivered(installed: Portal, counts: dict[str, Any]) -> str | None:
    """What HubSpot sent to an account that uninstalled; None when it sent nothing."""
    if installed.state != "uninstalled" or not counts["inbox"]:
        return None
    return (
        f"{counts['inbox']} deliveries came since the app was uninstalled; a reinstall takes them,"
        " else they are deleted with the account's rows"
    )


def is_held(counts: dict[str, Any]) -> bool:
    """Whether all that waits is held back from HubSpot: only a person or time lets it go on."""
    others = any(counts[name] for name in ("inbox", "events", "stale", "importing"))
    return bool(counts["held"] and counts["outbox"] and not others)


def _sentence(runtime: Runtime, portal_id: int, hold: Hold | None) -> str | None:
    if hold is None:
        return None
    return f"{hold.sentence}. {runtime.settings.public_url}/portals/{portal_id}/{hold.page}"


def import_streams(runtime: Runtime) -> list[tuple[int, dict[str, Any]]]:
    """Return the streams of every portal's newest import: how far each is."""
    with runtime.database.service() as tx:
        portal_ids = [installed.portal_id for installed in stored.every(tx)]
    streams: list[tuple[int, dict[str, Any]]] = []
    for portal_id in portal_ids:
        with runtime.database.portal(portal_id) as tx:
            imports = portal_status.imports(tx)
        streams += [(portal_id, stream) for stream in imports if stream["stream"]]
    return streams


def is_settled(counts: dict[str, Any]) -> bool:
    """Whether nothing waits: inbox, events, conclusions, outbox, import."""
    return not any(counts[name] for name in ("inbox", "events", "stale", "outbox", "importing"))
