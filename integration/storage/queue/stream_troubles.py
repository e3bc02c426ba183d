"""Streams in trouble (`stream_trouble`): what HubSpot refuses or fails to answer, and why."""

from collections.abc import Collection

from integration.storage.database import Transaction


def refuse(tx: Transaction, stream: str, reason: str) -> None:
    """Note that a stream is left out, and HubSpot's answer; the first time of it stays."""
    tx.run(
        """INSERT INTO stream_trouble AS mine (portal_id, stream, reason, refused_at)
           VALUES (:portal, :stream, :reason, clock_timestamp())
           ON CONFLICT (portal_id, stream) DO UPDATE SET reason = excluded.reason,
             refused_at = coalesce(mine.refused_at, excluded.refused_at)""",
        stream=stream,
        reason=reason[:500],
    )


def count_failure(tx: Transaction, stream: str, reason: str) -> int:
    """Count one more slice in which a stream was not answered; return how many in a row."""
    failures: int = tx.value(
        """INSERT INTO stream_trouble AS mine (portal_id, stream, reason, failures)
           VALUES (:portal, :stream, :reason, 1)
           ON CONFLICT (portal_id, stream) DO UPDATE SET reason = excluded.reason,
             failures = mine.failures + 1
           RETURNING failures""",
        stream=stream,
        reason=reason[:500],
    )
    return failures


def forget(tx: Transaction, streams: Collection[str]) -> None:
    """Forget the trouble of streams that are answered again, or are tried anew."""
    tx.run(
        "DELETE FROM stream_trouble WHERE portal_id = :portal AND stream = ANY(:streams)",
        streams=list(streams),
    )


def refused(tx: Transaction) -> dict[str, str]:
    """Return the streams that are left out, each with HubSpot's answer."""
    rows = tx.rows(
        """SELECT stream, reason FROM stream_trouble
           WHERE portal_id = :portal AND refused_at IS NOT NULL ORDER BY stream"""
    )
    return {row["stream"]: row["reason"] for row in rows}
