"""The pass over a portal's activities (`touch_step`): a cursor for each type, moved by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from integration.storage.database import Transaction

_REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ActivityCursor:
    """One activity type's cursor; `told` says that its touches were handed on to concluding."""

    activity_type: str
    cursor: str | None
    done: bool
    told: bool
    records: int
    calls: int
    total: int | None = None
    began_at: datetime | None = None

    @property
    def is_refused(self) -> bool:
        """Whether the portal does not let us read this type."""
        return self.cursor == _REFUSED


def begin(tx: Transaction, types: Sequence[str]) -> None:
    """Have these types read.

    A type under way or done stays so; one that was refused is tried again. With the first import
    nothing is final before deals were judged with what is read here: see :func:`weigh`.
    """
    tx.run(
        """INSERT INTO touch_step (portal_id, activity_type, weighed)
           SELECT :portal, kind, imported_at IS NOT NULL
           FROM portal, unnest(CAST(:types AS text[])) AS kind WHERE portal_id = :portal
           ON CONFLICT (portal_id, activity_type) DO UPDATE
             SET done = false, cursor = NULL, records = 0, began_at = NULL
             WHERE touch_step.cursor = :refused""",
        types=list(types),
        refused=_REFUSED,
    )


def refuse(tx: Transaction, activity_type: str) -> None:
    """Note that the portal does not allow reading a type.

    It counts as read, and is not asked for until begun again.
    """
    advance(tx, activity_type, cursor=_REFUSED, done=True, records=0, calls=1)


def restart(tx: Transaction, activity_type: str) -> None:
    """Read a type from its beginning once more; what is stored of it counts meanwhile."""
    tx.run(
        """UPDATE touch_step SET done = false, cursor = NULL, records = 0, began_at = NULL,
             updated_at = clock_timestamp()
           WHERE portal_id = :portal AND activity_type = :type""",
        type=activity_type,
    )


def every(tx: Transaction) -> list[ActivityCursor]:
    """Return the cursor of each type."""
    rows = tx.rows(
        """SELECT activity_type, cursor, done, told, records, calls, total, began_at FROM touch_step
           WHERE portal_id = :portal ORDER BY activity_type"""
    )
    return [ActivityCursor(**row) for row in rows]


def advance(
    tx: Transaction, activity_type: str, *, cursor: str | None, done: bool, records: int, calls: int
) -> None:
    """Move a type's cursor behind the page that was just stored."""
    tx.run(
        """UPDATE touch_step SET cursor = :cursor, done = :done, records = records + :records,
             calls = calls + :calls, began_at = coalesce(began_at, clock_timestamp()),
             updated_at = clock_timestamp()
           WHERE portal_id = :portal AND activity_type = :type""",
        type=activity_type,
        cursor=cursor,
        done=done,
        records=records,
        calls=calls,
    )


def set_total(tx: Transaction, activity_type: str, total: int) -> None:
    """Note how many activities of a type there are."""
    tx.run(
        """UPDATE touch_step SET total = :total
           WHERE portal_id = :portal AND activity_type = :type""",
        type=activity_type,
        total=total,
    )


def mark_told(tx: Transaction) -> None:
    """Note that everything read so far was handed on to concluding."""
    tx.run("UPDATE touch_step SET told = true WHERE portal_id = :portal AND NOT told")


def are_read(tx: Transaction) -> bool:
    """Whether touches count: after the first pass their absence is evidence, too."""
    return bool(
        tx.value("SELECT coalesce(bool_and(told), false) FROM touch_step WHERE portal_id = :portal")
    )


def left(tx: Transaction) -> tuple[bool, bool]:
    """Whether there is something left to read, and to be weighed."""
    ((to_read, to_weigh),) = tx.tuples(
        """SELECT coalesce(bool_or(NOT (done AND told)), false),
             coalesce(bool_or(NOT weighed), false)
           FROM touch_step WHERE portal_id = :portal"""
    )
    return to_read, to_weigh


def weigh(tx: Transaction) -> None:
    """Note that all is judged with what the first pass read, if nothing is left to conclude."""
    tx.run(
        """UPDATE touch_step SET weighed = true
           WHERE portal_id = :portal AND told AND NOT weighed AND NOT EXISTS (
             SELECT FROM stale WHERE portal_id = :portal AND next_at < 'infinity')"""
    )


def must_wait(tx: Transaction) -> bool:
    """Whether records of the import are still being concluded: first results come first."""
    return bool(
        tx.value(
            """SELECT EXISTS (
                   SELECT FROM import_run WHERE portal_id = :portal AND state = 'running')
                 OR EXISTS (SELECT FROM portal WHERE portal_id = :portal AND imported_at IS NULL)
                 OR EXISTS (
                   SELECT FROM stale JOIN portal USING (portal_id) WHERE portal_id = :portal
                     AND since <= imported_at + interval '1 second' AND next_at < 'infinity')"""
        )
    )
