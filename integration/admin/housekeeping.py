"""Housekeeping: what is done at its hour, from reconciling to erasing uninstalled portals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from integration.admin import operations, program_settings, retention
from integration.conclude.fields import back_testing, churn_learning
from integration.core import logs
from integration.core.errors import Refused, SecondOrderError
from integration.ingest import activities, backfill, inbound, polling
from integration.portal import feeds, forgotten, inbound_keys, invalidation, success_items
from integration.portal.context import open_portal
from integration.portal.invalidation import Change
from integration.portal.runtime import Runtime
from integration.review import answering
from integration.storage.database import Transaction
from integration.storage.mirror import success_rows, upload_rows
from integration.storage.queue import inbox_events, lanes
from integration.storage.service import (
    calendar,
    inbound_key_rows,
    portals,
    suppression,
    survey_source_rows,
)
from integration.storage.service.calendar import has_unaddressed
from integration.storage.success import health_day_rows
from integration.success import survey_switch

KEEP_EVENTS_DAYS = 30
_MINUTE, _QUARTER_HOUR, _DAY = 60.0, 900.0, 86_400.0
# Of every few seconds erasing may take some; the rest belongs to the portals that are there.
_ERASE_EVERY, _ERASE_FOR = 5.0, 2.0
_log = logs.get(__name__)

__all__ = ["has_unaddressed", "run_due"]


@dataclass(frozen=True, slots=True)
class _DueWork:
    """Portals by what is due for them now, and whether erasing may go on."""

    to_reconcile: Sequence[int]
    to_poll: Sequence[int]
    to_answer: Sequence[int]
    to_maintain: Sequence[int]
    to_erase: Sequence[int]
    may_erase: bool


def run_due(runtime: Runtime) -> None:
    """Do what the calendar asks; of several processes one does each thing."""
    with runtime.database.service() as tx:
        due = _claim_due(tx)
    _each(due.to_reconcile, lambda portal_id: start(runtime, portal_id, kind="reconciliation"))
    _each(due.to_poll, lambda portal_id: _wake_import(runtime, portal_id))
    _each(due.to_answer, lambda portal_id: _take_proposals(runtime, portal_id))
    _each(due.to_maintain, lambda portal_id: _maintain(runtime, portal_id))
    _each(due.to_maintain, lambda portal_id: learn_from_churns(runtime, portal_id))
    _each(due.to_erase, lambda portal_id: retention.begin_erasing(runtime, portal_id))
    if due.may_erase:
        _erase(runtime)


def start(runtime: Runtime, portal_id: int, *, kind: str) -> bool:
    """Start an import or a reconciliation and wake a worker; False when one is under way."""
    with open_portal(runtime, portal_id) as portal:
        begun = backfill.begin(portal, kind=kind)
    _wake_import(runtime, portal_id)
    return begun


def check_sums(runtime: Runtime, portal_id: int) -> None:
    """Work out all orders and all-in values anew; what differs is logged and concluded again."""
    # Imported here: its arrays are a third of a process's memory, for a minute a day.
    from integration.rollup import roll_up  # noqa: PLC0415 - as said

    with open_portal(runtime, portal_id) as portal:
        try:
            comparison = roll_up.check(portal, repair=True)
        except Refused as trouble:
            _log.warning("orders cannot be worked out", portal_id=portal_id, trouble=str(trouble))
            return
    # While work waits, its results are not all there yet: no reason for an alarm.
    if not comparison.agrees and not comparison.waiting:
        _log.warning(
            "orders differed and are concluded again",
            portal_id=portal_id,
            companies=len(comparison.companies_differ),
            deals=len(comparison.deals_differ),
        )


def learn_from_churns(runtime: Runtime, portal_id: int) -> None:
    """Judge a year ago anew; re-fit the odds of churn risk where enough churns are known."""
    with open_portal(runtime, portal_id) as portal:
        back_testing.renew(portal)
        found = churn_learning.learn(portal)
        if found is None:
            return
        with portal.transaction() as tx:
            lanes.want(tx, portal_id, "drain")
    _log.info("churn risk was fitted", portal_id=portal_id, version=found.model.version)


def _each(portal_ids: Sequence[int], work: Callable[[int], object]) -> None:
    """Do *work* for each portal; trouble with one, as a locked lane, does not stop its neighbours.

    What was missed is due again at its next hour.
    """
    for portal_id in portal_ids:
        try:
            work(portal_id)
        except SecondOrderError as trouble:
            _log.warning("housekeeping waits", portal_id=portal_id, reason=str(trouble))


def _claim_due(tx: Transaction) -> _DueWork:
    """Claim what is due; what another process claimed is empty here."""
    to_reconcile = (
        calendar.portals_to_reconcile(tx)
        if calendar.claim(tx, "reconcile", every_seconds=_QUARTER_HOUR)
        else []
    )
    to_poll = (
        calendar.portals_to_catch_up(tx, minutes=polling.EVERY // timedelta(minutes=1))
        if calendar.claim(tx, "catch up", every_seconds=_MINUTE)
        else []
    )
    to_answer = (
        calendar.portals_with_overdue_answers(tx)
        if calendar.claim(tx, "set-up answers", every_seconds=_MINUTE)
        else []
    )
    to_maintain, to_erase = (
        _claimed_daily(tx) if calendar.claim(tx, "daily", every_seconds=_DAY) else ([], [])
    )
    may_erase = calendar.claim(tx, "erase", every_seconds=_ERASE_EVERY)
    return _DueWork(to_reconcile, to_poll, to_answer, to_maintain, to_erase, may_erase)


def _claimed_daily(tx: Transaction) -> tuple[list[int], list[int]]:
    """Portals to maintain and portals whose time is over; also prunes the service's own rows."""
    calendar.prune(tx)
    portal_ids = [portal.portal_id for portal in portals.every(tx)]
    if not portal_ids:
        return [], []
    to_erase = calendar.to_erase(tx, days=retention.KEEP_UNINSTALLED_DAYS)
    return [portal_id for portal_id in portal_ids if portal_id not in to_erase], to_erase


def _wake_import(runtime: Runtime, portal_id: int) -> None:
    """Have a worker take the import lane, which polls, too."""
    with runtime.database.portal(portal_id) as tx:
        lanes.want(tx, portal_id, "import")
    runtime.queue.wake(portal_id, "import")


def _take_proposals(runtime: Runtime, portal_id: int) -> None:
    """Go on with the proposals to what nobody answered in time."""
    with open_portal(runtime, portal_id) as portal:
        operations.take_overdue_proposals(portal)


def _erase(runtime: Runtime) -> None:
    """Erase for a while what uninstalled portals left; an error with one delays no other."""
    with runtime.database.service() as tx:
        erasing = calendar.being_erased(tx)
    for portal_id in erasing:
        try:
            retention.go_on_erasing(runtime, portal_id, seconds=_ERASE_FOR / len(erasing))
        except SecondOrderError as trouble:
            _log.warning("erasing waits", portal_id=portal_id, trouble=str(trouble))


def _maintain(runtime: Runtime, portal_id: int) -> None:
    """Check a portal's sums, prune its rows, and conclude again what depends on today's date."""
    check_sums(runtime, portal_id)
    with open_portal(runtime, portal_id) as portal:
        program_settings.give_champions(portal)
    with runtime.database.portal(portal_id) as tx:
        inbox_events.prune(tx, days=KEEP_EVENTS_DAYS)
        inbound.adopt(tx)
        success_rows.expire(tx, days=success_items.KEEP_WAITING_DAYS)
        inbound_keys.ensure(tx, runtime)
        inbound_key_rows.prune(tx)
        survey_source_rows.prune(tx)
        upload_rows.prune(tx)
        suppression.prune(tx)
        forgotten.name_inherited(tx, keys=runtime.forget_keys)
        forgotten.sweep(tx, keys=runtime.forget_keys)
        activities.prune(tx, now=runtime.now())
        feeds.look(tx, runtime.now())
        survey_switch.follow_address(tx, runtime.settings.public_url)
        program_settings.follow_address(tx, runtime)
        invalidation.record(tx, Change.DAY_PASSED)
        answering.reopen_ended(tx, runtime.now())
        lanes.want(tx, portal_id, "drain")
        health_day_rows.begin_anew(tx)
        lanes.want(tx, portal_id, "days")
