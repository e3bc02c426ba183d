"""What is done at its hour: reconciliation, time-dependent numbers, pruning, and the end of uninstalled portals."""

from datetime import timedelta

from integration.admin import retention
from integration.core import logs
from integration.core.errors import Refused, SecondOrderError
from integration.ingest import activities, backfill, inbound, polling
from integration.portal import forgotten, inbound_keys, invalidation
from integration.portal.context import open_portal
from integration.portal.invalidation import Change
from integration.portal.runtime import Runtime
from integration.review import answering
from integration.storage.queue import inbox_events, lanes
from integration.storage.service import calendar, inbound_key_rows, portals, suppression
from integration.storage.service.calendar import has_unaddressed

KEEP_EVENTS_DAYS = 30
_QUARTER_HOUR, _DAY = 900.0, 86_400.0
# Of every few seconds erasing may take some; the rest belongs to the portals that are there.
_ERASE_EVERY, _ERASE_FOR = 5.0, 2.0
_log = logs.get(__name__)

__all__ = ["has_unaddressed", "run_due"]


def run_due(runtime: Runtime) -> None:
    """Do what the calendar asks; of several processes one does each thing."""
    with runtime.database.service() as tx:
        reconcile = (
            calendar.portals_to_reconcile(tx)
            if calendar.claim(tx, "reconcile", every_seconds=_QUARTER_HOUR)
            else []
        )
        behind = (
            calendar.portals_to_catch_up(tx, minutes=polling.EVERY // timedelta(minutes=1))
            if calendar.claim(tx, "catch up", every_seconds=60.0)
            else []
        )
        daily = (
            [each.portal_id for each in portals.every(tx)]
            if calendar.claim(tx, "daily", every_seconds=_DAY)
            else []
        )
        ended = calendar.to_erase(tx, days=retention.KEEP_UNINSTALLED_DAYS) if daily else []
        if daily:
            calendar.prune(tx)
        may_erase = calendar.claim(tx, "erase", every_seconds=_ERASE_EVERY)
    for portal_id in reconcile:
        start(runtime, portal_id, kind="reconciliation")
    for portal_id in behind:
        _wish_for_catching_up(runtime, portal_id)
    for portal_id in daily:
        if portal_id not in ended:
            _look_after(runtime, portal_id)
    for portal_id in ended:
        retention.begin_erasing(runtime, portal_id)
    if may_erase:
        _erase(runtime)


def start(runtime: Runtime, portal_id: int, *, kind: str) -> bool:
    """Start an import or a reconciliation and wake somebody for it; False when one is under way."""
    with open_portal(runtime, portal_id) as portal:
        begun = backfill.begin(portal, kind=kind)
    with runtime.database.portal(portal_id) as tx:
        lanes.want(tx, portal_id, "import")
    runtime.queue.wake(portal_id, "import")
    return begun


def _wish_for_catching_up(runtime: Runtime, portal_id: int) -> None:
    with runtime.database.portal(portal_id) as tx:
        lanes.want(tx, portal_id, "import")
    runtime.queue.wake(portal_id, "import")


def _erase(runtime: Runtime) -> None:
    """Erase for a while what uninstalled portals left; trouble with one delays no other."""
    with runtime.database.service() as tx:
        erasing = calendar.being_erased(tx)
    for portal_id in erasing:
        try:
            retention.go_on_erasing(runtime, portal_id, seconds=_ERASE_FOR / len(erasing))
        except SecondOrderError as trouble:
            _log.warning("erasing waits", portal_id=portal_id, trouble=str(trouble))


def _look_after(runtime: Runtime, portal_id: int) -> None:
    """Prune a portal's settled events and let numbers that depend on today's date be worked out again."""
    _compare(runtime, portal_id)
    with runtime.database.portal(portal_id) as tx:
        inbox_events.prune(tx, days=KEEP_EVENTS_DAYS)
        inbound.adopt(tx)
        inbound_keys.ensure(tx, runtime)
        inbound_key_rows.prune(tx)
        suppression.prune(tx)
        forgotten.name_inherited(tx, keys=runtime.forget_keys)
        forgotten.sweep(tx, keys=runtime.forget_keys)
        activities.prune(tx, now=runtime.now())
        invalidation.record(tx, Change.DAY_PASSED)
        answering.reopen_ended(tx, runtime.now())
        lanes.want(tx, portal_id, "drain")


def _compare(runtime: Runtime, portal_id: int) -> None:
    """Work out all orders and all-in values anew; what is kept otherwise is concluded again, and told in the log."""
    from integration.rollup import roll_up  # noqa: PLC0415 - its arrays are a third of a process's memory, once a day

    with open_portal(runtime, portal_id) as portal:
        try:
            found = roll_up.check(portal, repair=True)
        except Refused as trouble:
            _log.warning("orders cannot be worked out", portal_id=portal_id, trouble=str(trouble))
            return
    if not found.agrees:
        _log.warning(
            "orders differed and are concluded again",
            portal_id=portal_id,
            companies=len(found.companies_differ),
            deals=len(found.deals_differ),
        )
