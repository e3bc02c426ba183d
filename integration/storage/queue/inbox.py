"""Deliveries (`inbox`): raw bytes as they came, until they are split; none is ever dropped."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from integration.core.errors import Retryable
from integration.storage.database import Row, Transaction

# After so many tries a delivery or an event is set aside, for a person to look at.
TRIES = 3
_WAITING = "SELECT inbox_id, source, received_at, body, attempts FROM inbox WHERE state = 'waiting'"
# A delivery that another worker holds is skipped, not waited for.
_IN_TURN = "ORDER BY inbox_id LIMIT :limit FOR UPDATE SKIP LOCKED"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One raw row as it was received."""

    inbox_id: int
    source: str
    received_at: datetime
    body: bytes
    attempts: int


def check_room(tx: Transaction) -> None:
    """Raise Retryable when a large delivery could not be kept now, as on a full disk.

    A table that is gone with the transaction takes a megabyte of the disk, whether or not the inbox
    has free pages left.
    """
    if tx.value("SELECT current_setting('transaction_read_only')") == "on":
        raise Retryable("PostgreSQL takes no writes: it is a standby, or its disk is full")
    tx.run(
        """CREATE TEMP TABLE room ON COMMIT DROP AS
           SELECT repeat('x', 1000) AS body FROM generate_series(1, 1000)"""
    )


def claim(tx: Transaction, *, limit: int = 20) -> Sequence[Delivery]:
    """Take the oldest waiting raw rows of this portal until the transaction ends."""
    return _deliveries(tx.rows(f"{_WAITING} AND portal_id = :portal {_IN_TURN}", limit=limit))


def claim_unaddressed(tx: Transaction, *, limit: int = 20) -> Sequence[Delivery]:
    """Take raw rows whose portal is not known yet (a service transaction)."""
    return _deliveries(tx.rows(f"{_WAITING} AND portal_id IS NULL {_IN_TURN}", limit=limit))


def count_attempt(tx: Transaction, inbox_ids: Sequence[int]) -> None:
    """Count a try before it runs, so that a body that kills its reader is noticed."""
    tx.run(
        """UPDATE inbox SET attempts = attempts + 1
           WHERE portal_id = :portal AND inbox_id = ANY(:ids)""",
        ids=list(inbox_ids),
    )


def delete_deliveries(tx: Transaction, inbox_ids: Sequence[int]) -> None:
    """Delete raw rows whose events are all stored.

    They are the portal's own, or in a service transaction those without a portal.
    """
    tx.run(
        """DELETE FROM inbox WHERE portal_id IS NOT DISTINCT FROM CAST(:portal AS bigint)
             AND inbox_id = ANY(:ids)""",
        ids=list(inbox_ids),
    )


def set_delivery_aside(tx: Transaction, inbox_id: int, reason: str) -> None:
    """Keep a raw row that cannot be split, with the reason, for a person to replay."""
    tx.run(
        """UPDATE inbox SET state = 'set_aside', error = :reason
           WHERE portal_id = :portal AND inbox_id = :id""",
        id=inbox_id,
        reason=reason[:500],
    )


def not_installed(portal_id: int) -> str:
    """Return the reason for setting aside deliveries for a portal that is not known."""
    return f"portal {portal_id} has not installed the app"


def readdress(tx: Transaction, portal_id: int) -> int:
    """Give a portal just installed the deliveries that came before (a service transaction)."""
    return tx.run(
        """UPDATE inbox SET portal_id = :id, state = 'waiting', error = NULL, attempts = 0
           WHERE portal_id IS NULL AND state = 'set_aside' AND error = :reason""",
        id=portal_id,
        reason=not_installed(portal_id),
    )


def address(
    tx: Transaction,
    portal_id: int | None,
    delivery: Delivery,
    body: bytes,
    *,
    error: str | None = None,
) -> None:
    """Store one portal's part of a delivery for several portals (a service transaction)."""
    tx.run(
        """INSERT INTO inbox (portal_id, source, received_at, body, state, error)
           VALUES (:id, :source, :at, :body, :state, :error)""",
        id=portal_id,
        source=delivery.source,
        at=delivery.received_at,
        body=body,
        state="set_aside" if error else "waiting",
        error=error,
    )


def replay(tx: Transaction) -> int:
    """Put this portal's set-aside raw rows and events back; return how many."""
    back = tx.run(
        """UPDATE inbox SET state = 'waiting', error = NULL, attempts = 0
           WHERE portal_id = :portal AND state = 'set_aside'"""
    )
    # What could not be read goes through the whole door again, and is counted again when it comes
    # out.
    unread = tx.run(
        """WITH bad AS (
             DELETE FROM event WHERE portal_id = :portal AND state = 'set_aside' AND kind = 'bad'
             RETURNING source, received_at, payload ->> 'raw' AS raw,
               (payload ->> 'whole')::boolean AS whole
           )
           INSERT INTO inbox (portal_id, source, received_at, body)
           SELECT :portal, source, received_at,
             convert_to(CASE WHEN whole THEN raw ELSE '[' || raw || ']' END, 'LATIN1')
           FROM bad"""
    )
    tx.run(
        "UPDATE tally SET received = received - :unread WHERE portal_id = :portal", unread=unread
    )
    return (
        back
        + unread
        + tx.run(
            """UPDATE event SET state = 'waiting', attempts = 0, next_at = clock_timestamp(),
             reason = NULL, settled_at = NULL WHERE portal_id = :portal AND state = 'set_aside'"""
        )
    )


def _deliveries(rows: Iterable[Row]) -> Sequence[Delivery]:
    return [Delivery(**{**row, "body": bytes(row["body"])}) for row in rows]
