"""The audit trail of a portal (`audit`): who did what, for people to read."""

from typing import Any

from integration.storage.database import Transaction


def trail(tx: Transaction, *, limit: int = 30) -> list[dict[str, Any]]:
    """Return the newest lines of the portal's audit trail."""
    rows = tx.rows(
        """SELECT at, actor, action, detail FROM audit WHERE portal_id = :portal
           ORDER BY audit_id DESC LIMIT :limit""",
        limit=limit,
    )
    return [dict(row) for row in rows]


def last_said(tx: Transaction, action: str) -> dict[str, Any]:
    """Return the detail of the newest audit line of one action; empty when there is none."""
    detail = tx.value(
        """SELECT detail FROM audit WHERE portal_id = :portal AND action = :action
           ORDER BY audit_id DESC LIMIT 1""",
        action=action,
    )
    return dict(detail or {})
