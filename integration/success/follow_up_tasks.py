"""Tasks in HubSpot for follow-ups: made once each, completed with them, heard of when done there.

What is not sure is looked up before it is tried again: a task names its follow-up, and HubSpot
tells the tasks of a record.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from integration.core.errors import RecordGone, Refused
from integration.portal import holds
from integration.portal.context import PortalContext
from integration.storage.database import Row, Transaction
from integration.storage.ledger import period_rows
from integration.storage.mirror import mirror
from integration.storage.queue import lanes
from integration.storage.queue.lanes import Lease
from integration.storage.service import portals
from integration.storage.success import follow_up_rows, follow_up_task_rows
from integration.storage.success.follow_up_task_rows import TaskSetup
from mappings.kinds import ObjectType
from mappings.rules.success import nps
from mappings.rules.success.follow_ups import TASK_DONE, FollowUpKind

SCOPE: Final = "crm.objects.contacts.write"
MOST_A_DAY, USUAL_A_DAY = 1000, 20
_TASK = "task"
_BATCH = 100
_LOOK_EVERY = timedelta(hours=1)
_COMPLETED = "COMPLETED"


def choose(portal: PortalContext, *, makes_tasks: bool, tasks_a_day: int, actor: str) -> None:
    """Make tasks from now on, or no more. Raises Refused for a number that is no daily limit."""
    if not 1 <= tasks_a_day <= MOST_A_DAY:
        raise Refused(f"A day has 1 to {MOST_A_DAY} tasks; nothing was changed")
    with portal.confirmed() as tx:
        before = follow_up_task_rows.setup(tx)
        goes_on = makes_tasks and before is not None and before.makes_tasks
        since = before.since if goes_on and before else portal.runtime.now()
        follow_up_task_rows.keep_setup(tx, TaskSetup(makes_tasks, tasks_a_day, since), by=actor)
        deed = "switched tasks for follow-ups on" if makes_tasks else "switched tasks off"
        portals.note(tx, actor, deed, a_day=tasks_a_day)
        lanes.want(tx, tx.portal_id, "write")
    portal.runtime.queue.wake(portal.portal_id, "write")


def is_due(portal: PortalContext) -> bool:
    """Whether a task is to be made or completed now."""
    with portal.transaction() as tx:
        return _is_due(tx, portal)


def _is_due(tx: Transaction, portal: PortalContext) -> bool:
    chosen = follow_up_task_rows.setup(tx)
    if chosen is None or not chosen.makes_tasks or holds.current(tx) or not _is_granted(tx):
        return False
    if follow_up_task_rows.unsure(tx) or follow_up_task_rows.to_complete(tx, limit=1):
        return True
    return _next(tx, chosen, portal) is not None


def _is_granted(tx: Transaction) -> bool:
    installed = portals.find(tx, tx.portal_id)
    return installed is not None and SCOPE in installed.scopes


def _next(tx: Transaction, chosen: TaskSetup, portal: PortalContext) -> Row | None:
    """The follow-up that gets the next task; None where the day's are all made."""
    calendar = period_rows.read(tx).calendar
    today = calendar.start_of_day(calendar.day_of(portal.runtime.now()))
    if follow_up_task_rows.sent_since(tx, today) >= chosen.tasks_a_day:
        return None
    return follow_up_task_rows.next_without(tx, chosen.since)


def send(portal: PortalContext, lease: Lease) -> bool:
    """Make or complete what is due next; say whether there was anything.

    A task is noted before HubSpot is asked for it. Whoever finds it noted, and not whether it was
    made, looks for it first.
    """
    with portal.transaction(lease) as tx:
        if not _is_due(tx, portal):
            return False
        chosen = follow_up_task_rows.setup(tx)
        unsure = follow_up_task_rows.unsure(tx)
        fresh = None if unsure or chosen is None else _next(tx, chosen, portal)
        closed = follow_up_task_rows.to_complete(tx, limit=_BATCH)
        if fresh is not None:
            follow_up_task_rows.begin(tx, fresh["follow_up_id"], portal.runtime.now())
        at = _record_of(tx, unsure or fresh)
    if unsure is not None:
        _make(portal, lease, unsure, at, _found(portal, unsure["follow_up_id"], at))
    elif fresh is not None:
        _make(portal, lease, fresh, at, None)
    else:
        _complete(portal, lease, closed)
    return True


def _record_of(tx: Transaction, loop: Row | None) -> tuple[str, int]:
    """The record that a task is linked to: who answered, or the company of a gap, as of today."""
    if loop is None:
        return ObjectType.CONTACT, 0
    kind = ObjectType.CONTACT if loop["kind"] == FollowUpKind.ANSWER else ObjectType.COMPANY
    number = int(loop[f"{kind.value}_id"])
    return kind, mirror.resolve(tx, kind, [number])[number]


def _found(portal: PortalContext, number: int, at: tuple[str, int]) -> int | None:
    """The task of a follow-up among those of its record; None where it was never made."""
    kind, record_id = at
    links = portal.hubspot.associations(kind, _TASK, [record_id])
    task_ids = [link.to_id for link in links.get(record_id, ())]
    if not task_ids:
        return None
    told = portal.hubspot.read(_TASK, task_ids, ["hs_task_subject"])
    mark = _mark(number)
    of_it = (task.id for task in told.records if _text(task.properties).endswith(mark))
    return min(of_it, default=None)


def _text(properties: Mapping[str, object]) -> str:
    return str(properties.get("hs_task_subject") or "")


def _make(
    portal: PortalContext, lease: Lease, loop: Row, at: tuple[str, int], found: int | None
) -> None:
    number = int(loop["follow_up_id"])
    kind, record_id = at
    try:
        task_id = found or portal.hubspot.create_task(_task(portal, loop), kind, record_id)
    except (Refused, RecordGone) as trouble:
        with portal.transaction(lease) as tx:
            follow_up_task_rows.refused(tx, number, str(trouble))
        return
    with portal.transaction(lease) as tx:
        follow_up_task_rows.made(tx, number, task_id)


def _task(portal: PortalContext, loop: Row) -> dict[str, str]:
    number, address = loop["follow_up_id"], portal.runtime.settings.public_url
    what = "Follow up on a gap between pulse and answers"
    if loop["kind"] == FollowUpKind.ANSWER:
        what = f"Follow up on an answer of {loop['score']} out of 10"
    owner = {"hubspot_owner_id": str(loop["owner_id"])} if loop["owner_id"] else {}
    return {
        "hs_timestamp": f"{loop['due_at']:%Y-%m-%dT%H:%M:%SZ}",
        "hs_task_subject": f"{what} {_mark(number)}",
        "hs_task_body": "Close it with a reason in Second Order:"
        f" {address}/portals/{portal.portal_id}/follow-ups#follow-up-{number}",
        "hs_task_status": "NOT_STARTED",
        "hs_task_priority": "HIGH" if _is_detractors(loop) else "MEDIUM",
        "hs_task_type": "TODO",
        **owner,
    }


def _is_detractors(loop: Row) -> bool:
    return loop["score"] is not None and nps.group(loop["score"]) == "detractor"


def _mark(number: int) -> str:
    return f"(follow-up {number})"


def _complete(portal: PortalContext, lease: Lease, tasks: Mapping[int, int]) -> None:
    """Complete the tasks of closed follow-ups; one that is gone there is done, too."""
    done = {task_id: {"hs_task_status": _COMPLETED} for task_id in tasks.values()}
    result = portal.hubspot.update(_TASK, done)
    told = {task_id for task_id, outcome in result.outcomes.items() if outcome.status != "unclear"}
    with portal.transaction(lease) as tx:
        settled = [number for number, task_id in tasks.items() if task_id in told]
        follow_up_task_rows.done(tx, settled)
    if result.stopped:
        raise result.stopped


def look(portal: PortalContext, lease: Lease) -> None:
    """Ask HubSpot once an hour which tasks are completed, and close their follow-ups."""
    now = portal.runtime.now()
    with portal.transaction(lease) as tx:
        chosen = follow_up_task_rows.setup(tx)
        if chosen is None or not chosen.makes_tasks or not _is_granted(tx):
            return
        if chosen.looked_at is not None and now - chosen.looked_at < _LOOK_EVERY:
            return
        follow_up_task_rows.note_look(tx, now)
        tasks = follow_up_task_rows.to_look_at(tx, limit=10 * _BATCH)
    if not tasks:
        return
    told = portal.hubspot.read(_TASK, list(tasks.values()), ["hs_task_status"])
    status = {task.id: task.properties.get("hs_task_status") for task in told.records}
    with portal.transaction(lease) as tx:
        for number, task_id in tasks.items():
            if status.get(task_id) == _COMPLETED:
                follow_up_rows.close(tx, number, at=now, by="second-order", tag=TASK_DONE, words="")
                follow_up_task_rows.done(tx, [number])
            elif task_id not in status:
                follow_up_task_rows.done(tx, [number])
