"""Tasks for follow-ups (`follow_up_setup`, `follow_up_task`): whether they are made, which were."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from integration.storage.database import Row, Transaction


@dataclass(frozen=True, slots=True)
class TaskSetup:
    """Whether follow-ups become tasks in HubSpot, of those opened since when; how many a day."""

    makes_tasks: bool
    tasks_a_day: int
    since: datetime
    looked_at: datetime | None = None


def setup(tx: Transaction) -> TaskSetup | None:
    """Return what was chosen; None where nobody ever did."""
    row = tx.one(
        """SELECT makes_tasks, tasks_a_day, since, looked_at FROM follow_up_setup
           WHERE portal_id = :portal"""
    )
    return TaskSetup(**row) if row else None


def keep_setup(tx: Transaction, chosen: TaskSetup, *, by: str) -> None:
    """Store what was chosen."""
    tx.run(
        """INSERT INTO follow_up_setup (portal_id, makes_tasks, tasks_a_day, since, changed_by)
           VALUES (:portal, :makes, :a_day, :since, :by)
           ON CONFLICT (portal_id) DO UPDATE SET makes_tasks = excluded.makes_tasks,
             tasks_a_day = excluded.tasks_a_day, since = excluded.since,
             changed_by = excluded.changed_by""",
        makes=chosen.makes_tasks,
        a_day=chosen.tasks_a_day,
        since=chosen.since,
        by=by,
    )


def note_look(tx: Transaction, at: datetime) -> None:
    """Note when HubSpot was asked which tasks are completed."""
    tx.run("UPDATE follow_up_setup SET looked_at = :at WHERE portal_id = :portal", at=at)


def sent_since(tx: Transaction, since: datetime) -> int:
    """Return how many tasks were made, or begun, since a moment."""
    return int(
        tx.value(
            """SELECT count(*) FROM follow_up_task
               WHERE portal_id = :portal AND sent_at >= :since AND state <> 'refused'""",
            since=since,
        )
    )


def unsure(tx: Transaction) -> Row | None:
    """Return the follow-up whose task was begun, and of which nobody knows whether it was made."""
    return tx.one(
        """SELECT loop.* FROM follow_up_task AS task JOIN follow_up AS loop
             USING (portal_id, follow_up_id)
           WHERE task.portal_id = :portal AND task.state = 'sending'
           ORDER BY task.sent_at LIMIT 1"""
    )


def next_without(tx: Transaction, since: datetime) -> Row | None:
    """Return the open follow-up that is due first and has no task; opened since a moment."""
    return tx.one(
        """SELECT * FROM follow_up AS loop
           WHERE portal_id = :portal AND closed_at IS NULL AND opened_at >= :since
             AND NOT EXISTS (SELECT FROM follow_up_task AS task WHERE task.portal_id = :portal
               AND task.follow_up_id = loop.follow_up_id)
           ORDER BY due_at, follow_up_id LIMIT 1""",
        since=since,
    )


def begin(tx: Transaction, number: int, at: datetime) -> None:
    """Note that a task is being made, before HubSpot is asked for it."""
    tx.run(
        """INSERT INTO follow_up_task (portal_id, follow_up_id, state, sent_at)
           VALUES (:portal, :number, 'sending', :at) ON CONFLICT DO NOTHING""",
        number=number,
        at=at,
    )


def made(tx: Transaction, number: int, task_id: int) -> None:
    """Note the task that HubSpot made."""
    tx.run(
        """UPDATE follow_up_task SET state = 'made', task_id = :task, trouble = NULL
           WHERE portal_id = :portal AND follow_up_id = :number""",
        number=number,
        task=task_id,
    )


def refused(tx: Transaction, number: int, trouble: str) -> None:
    """Note that HubSpot made no task, and why; it is not asked again."""
    tx.run(
        """UPDATE follow_up_task SET state = 'refused', trouble = :trouble
           WHERE portal_id = :portal AND follow_up_id = :number""",
        number=number,
        trouble=trouble[:500],
    )


def done(tx: Transaction, numbers: Collection[int]) -> None:
    """Note that these follow-ups' tasks are completed, or gone."""
    tx.run(
        """UPDATE follow_up_task SET state = 'done' WHERE portal_id = :portal
             AND follow_up_id = ANY(CAST(:numbers AS bigint[]))""",
        numbers=list(numbers),
    )


def to_complete(tx: Transaction, *, limit: int) -> Mapping[int, int]:
    """Return tasks that are open in HubSpot while their follow-up is closed, by follow-up."""
    return _tasks(tx, "loop.closed_at IS NOT NULL", limit)


def to_look_at(tx: Transaction, *, limit: int) -> Mapping[int, int]:
    """Return tasks of open follow-ups, by follow-up."""
    return _tasks(tx, "loop.closed_at IS NULL", limit)


def _tasks(tx: Transaction, condition: str, limit: int) -> Mapping[int, int]:
    rows = tx.tuples(
        f"""SELECT task.follow_up_id, task.task_id FROM follow_up_task AS task
              JOIN follow_up AS loop USING (portal_id, follow_up_id)
            WHERE task.portal_id = :portal AND task.state = 'made' AND {condition}
            ORDER BY task.follow_up_id LIMIT :limit""",
        limit=limit,
    )
    return dict(rows)


def troubles(tx: Transaction, *, limit: int) -> Sequence[str]:
    """Return why HubSpot refused tasks lately, each reason once."""
    rows = tx.tuples(
        """SELECT trouble FROM follow_up_task
           WHERE portal_id = :portal AND state = 'refused' AND trouble IS NOT NULL
           GROUP BY trouble ORDER BY max(sent_at) DESC LIMIT :limit""",
        limit=limit,
    )
    return [trouble for (trouble,) in rows]
