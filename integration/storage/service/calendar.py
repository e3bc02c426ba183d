"""Scheduled work (`schedule`): rows that one process claims and the others skip."""

from integration.storage.database import Transaction

KEEP_STRANGERS_DAYS = 3
"""How long deliveries stay whose account never installed the app, or that nobody can address."""


def claim(tx: Transaction, name: str, *, every_seconds: float) -> bool:
    """Claim *name* if it is due, and set its next time; return whether it was claimed."""
    tx.run("INSERT INTO schedule (name) VALUES (:name) ON CONFLICT DO NOTHING", name=name)
    return (
        tx.value(
            """UPDATE schedule SET last_at = clock_timestamp(),
                 due_at = clock_timestamp() + make_interval(secs => :every)
               WHERE name = (
                 SELECT name FROM schedule WHERE name = :name AND due_at <= clock_timestamp()
                 FOR UPDATE SKIP LOCKED)  -- another process claims it now
               RETURNING name""",
            name=name,
            every=every_seconds,
        )
        is not None
    )


def portals_to_reconcile(tx: Transaction) -> list[int]:
    """Return active portals whose newest pass over all records ended and began a day ago."""
    rows = tx.rows(
        """SELECT portal_id FROM portal WHERE state = 'active'
             AND imported_at IS NOT NULL
             AND greatest(imported_at, last_reconciled_at)
               < clock_timestamp() - interval '22 hours'"""
    )
    return [row["portal_id"] for row in rows]


def portals_to_catch_up(tx: Transaction, *, minutes: int) -> list[int]:
    """Return active, imported portals that were not asked for changes for *minutes*."""
    rows = tx.rows(
        """SELECT portal_id FROM portal WHERE state = 'active' AND imported_at IS NOT NULL
             AND coalesce(caught_up_at, imported_at)
               < clock_timestamp() - make_interval(mins => :minutes)""",
        minutes=minutes,
    )
    return [row["portal_id"] for row in rows]


def portals_with_overdue_answers(tx: Transaction) -> list[int]:
    """Return active portals where the time to answer a set-up question is over."""
    rows = tx.rows(
        """SELECT portal_id FROM portal
           WHERE state = 'active' AND answer_due_at <= clock_timestamp()"""
    )
    return [row["portal_id"] for row in rows]


def has_unaddressed(tx: Transaction) -> bool:
    """Whether deliveries wait whose portal nobody knows."""
    return bool(
        tx.value(
            """SELECT EXISTS (SELECT FROM inbox WHERE state = 'waiting' AND portal_id IS NULL
                 AND (next_at IS NULL OR next_at <= clock_timestamp()))"""
        )
    )


def to_erase(tx: Transaction, *, days: int) -> list[int]:
    """Return portals that were uninstalled more than *days* ago."""
    rows = tx.rows(
        """SELECT portal_id FROM portal WHERE state = 'uninstalled'
             AND uninstalled_at < clock_timestamp() - make_interval(days => :days)""",
        days=days,
    )
    return [row["portal_id"] for row in rows]


def being_erased(tx: Transaction) -> list[int]:
    """Return portals that are being erased, the first begun first."""
    rows = tx.rows(
        "SELECT portal_id FROM portal WHERE erasing_since IS NOT NULL ORDER BY erasing_since"
    )
    return [row["portal_id"] for row in rows]


def prune(tx: Transaction) -> None:
    """Delete used OAuth states, ended sessions and old deliveries for accounts never installed."""
    tx.run("DELETE FROM oauth_state WHERE made_at < clock_timestamp() - interval '1 day'")
    tx.run("DELETE FROM browser_session WHERE made_at < clock_timestamp() - lasts")
    tx.run(
        """DELETE FROM inbox WHERE received_at < clock_timestamp() - make_interval(days => :days)
             AND (portal_id IS NULL AND state = 'set_aside'
               OR portal_id IS NOT NULL AND NOT EXISTS (
                 SELECT FROM portal WHERE portal.portal_id = inbox.portal_id))""",
        days=KEEP_STRANGERS_DAYS,
    )
