"""Thinking again about a whole portal, and the trail of who did what in it."""

from typing import Any

from integration.storage.database import Transaction


def everything(tx: Transaction) -> int:
    """Make every record of the portal stale, so that all conclusions are drawn again; return how many there are."""
    return tx.run(
        """INSERT INTO stale (portal_id, stage, object_type, record_id)
           SELECT portal_id, 1, object_type, record_id FROM record
           WHERE portal_id = :portal AND gone_at IS NULL AND object_type IN ('contact', 'company', 'deal')
           ORDER BY object_type, record_id
           ON CONFLICT (portal_id, stage, object_type, record_id) DO UPDATE
             SET since = excluded.since, next_at = excluded.next_at, attempts = 0, error = NULL"""
    )


def trail(tx: Transaction, *, limit: int = 30) -> list[dict[str, Any]]:
    """Return the newest lines of the portal's audit trail."""
    rows = tx.rows(
        """SELECT at, actor, action, detail FROM audit WHERE portal_id = :portal ORDER BY audit_id DESC LIMIT :limit""",
        limit=limit,
    )
    return [dict(row) for row in rows]


def last_said(tx: Transaction, action: str) -> dict[str, Any]:
    """Return the detail of the newest audit line of one action; empty when there is none."""
    found = tx.value(
        """SELECT detail FROM audit WHERE portal_id = :portal AND action = :action
           ORDER BY audit_id DESC LIMIT 1""",
        action=action,
    )
    return dict(found or {})
