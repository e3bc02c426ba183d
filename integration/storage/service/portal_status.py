"""A portal's status: rows that wait or were set aside, running imports, calls made."""

from typing import Any

from integration.storage.database import Transaction


def counts(tx: Transaction) -> dict[str, int]:
    """Count in one query the rows that wait and those that were set aside."""
    row = tx.one(
        """SELECT
             (SELECT count(*) FROM inbox WHERE portal_id = :portal AND state = 'waiting') AS inbox,
             (SELECT count(*) FROM event WHERE portal_id = :portal AND state = 'waiting') AS events,
             (SELECT count(*) FROM stale
               WHERE portal_id = :portal AND next_at < 'infinity') AS stale,
             (SELECT count(*) FROM outbox
               WHERE portal_id = :portal AND state = 'waiting') AS outbox,
             (SELECT count(*) FROM import_run WHERE portal_id = :portal AND state = 'running')
             + (SELECT count(*) FROM touch_step
               WHERE portal_id = :portal AND NOT (done AND told)) AS importing,
             (SELECT count(*) FROM inbox WHERE portal_id = :portal AND state = 'set_aside')
             + (SELECT count(*) FROM event WHERE portal_id = :portal AND state = 'set_aside')
             + (SELECT count(*) FROM outbox WHERE portal_id = :portal AND state = 'set_aside')
             + (SELECT count(*) FROM stale
               WHERE portal_id = :portal AND next_at = 'infinity') AS set_aside"""
    )
    return dict(row) if row else {}


def calls(tx: Transaction) -> list[dict[str, Any]]:
    """Return the calls made to HubSpot by route: number, errors, time waited, time taken."""
    rows = tx.rows(
        """SELECT route, sum(calls)::bigint AS calls, sum(errors)::bigint AS errors,
             sum(waited_ms)::bigint AS waited_ms, sum(took_ms)::bigint AS took_ms
           FROM api_usage WHERE portal_id = :portal GROUP BY route ORDER BY 2 DESC, 1"""
    )
    return [dict(row) for row in rows]


def imports(tx: Transaction) -> list[dict[str, Any]]:
    """Return the streams of the newest import and of activities: position, records, calls."""
    rows = tx.rows(
        """SELECT run.run_id, run.kind, run.state, run.started_at, run.finished_at, step.stream,
             step.done, step.records, step.calls, step.drift
           FROM import_run AS run LEFT JOIN import_step AS step USING (portal_id, run_id)
           WHERE run.portal_id = :portal
             AND run.run_id = (SELECT max(run_id) FROM import_run WHERE portal_id = :portal)
           UNION ALL  -- activities have a pass of their own, after the first import
           SELECT NULL, 'activities', CASE WHEN done AND told THEN 'done' ELSE 'running' END,
             NULL, NULL, 'activities:' || activity_type, done, records, calls, 0
           FROM touch_step WHERE portal_id = :portal
           ORDER BY stream"""
    )
    return [dict(row) for row in rows]


def set_aside(tx: Transaction, *, limit: int = 100) -> list[dict[str, Any]]:
    """Return the rows that were set aside and why, newest first."""
    rows = tx.rows(
        """SELECT * FROM (
             SELECT 'delivery' AS what, NULL AS object_type, NULL::bigint AS record_id,
                    error AS reason, received_at AS at
               FROM inbox WHERE portal_id = :portal AND state = 'set_aside'
             UNION ALL SELECT 'event', object_type, object_id, reason, received_at
               FROM event WHERE portal_id = :portal AND state = 'set_aside'
             UNION ALL SELECT 'patch', object_type, record_id, error, planned_at
               FROM outbox WHERE portal_id = :portal AND state = 'set_aside'
             UNION ALL SELECT 'conclusion', object_type, record_id, error, since
               FROM stale WHERE portal_id = :portal AND next_at = 'infinity'
           ) AS everything ORDER BY at DESC LIMIT :limit""",
        limit=limit,
    )
    return [dict(row) for row in rows]
