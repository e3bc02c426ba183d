"""Deliveries (`inbox`): raw bytes as they came, until they are split; none is ever dropped."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from integration.core.errors import Retryable
from integration.storage.database import Row, Transaction

# Seconds until the next try of a row that is tried alone. After so many it is set aside, for a
# person to look at. They lie far enough apart that half a minute's trouble of ours, such as a
# machine without memory whose processes are killed, cannot use them up.
ALONE_WAITS: tuple[float, ...] = (10.0, 30.0, 10.0)
# Deliveries are tried together once; those that may have stopped it are tried alone.
WAITS: tuple[float, ...] = (1.0, *ALONE_WAITS)
_WAITING = """SELECT inbox_id, source, received_at, body, attempts FROM inbox
  WHERE state = 'waiting' AND (next_at IS NULL OR next_at <= clock_timestamp())"""
# A delivery that another worker holds is skipped, not waited for.
_IN_TURN = "ORDER BY inbox_id LIMIT :limit FOR UPDATE SKIP LOCKED"
_OF_PORTAL = "portal_id IS NOT DISTINCT FROM CAST(:portal AS bigint)"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One raw row as it was received."""

    inbox_id: int
    source: str
    received_at: datetime
    body: bytes
    attempts: int

    @property
    def is_worn(self) -> bool:
        """Whether it has had all its tries."""
        return self.attempts >= len(WAITS)


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


def claim_again(tx: Transaction, inbox_ids: Sequence[int]) -> Sequence[Delivery]:
    """Take those raw rows without a portal that nobody else has sorted (a service transaction)."""
    rows = tx.rows(
        f"""SELECT inbox_id, source, received_at, body, attempts FROM inbox
            WHERE {_OF_PORTAL} AND state = 'waiting' AND inbox_id = ANY(:ids)
            ORDER BY inbox_id FOR UPDATE SKIP LOCKED""",
        ids=list(inbox_ids),
    )
    return _deliveries(rows)


def groups(taken: Sequence[Delivery]) -> Iterator[Sequence[Delivery]]:
    """Untried deliveries together; one that may have stopped a reader, alone; no worn ones."""
    fresh = [delivery for delivery in taken if delivery.attempts == 0]
    if fresh:
        yield fresh
    for delivery in taken:
        if delivery.attempts > 0 and not delivery.is_worn:
            yield [delivery]


def count_attempt(tx: Transaction, inbox_ids: Sequence[int]) -> None:
    """Count a try before it runs, so that a body that kills its reader is noticed."""
    tx.run(
        f"""UPDATE inbox SET attempts = attempts + 1,
              next_at = clock_timestamp()
                + make_interval(secs => (CAST(:waits AS float8[]))[least(attempts + 1, :tries)])
            WHERE {_OF_PORTAL} AND inbox_id = ANY(:ids)""",
        ids=list(inbox_ids),
        waits=list(WAITS),
        tries=len(WAITS),
    )


def give_back(tx: Transaction, inbox_ids: Sequence[int]) -> None:
    """Take back a counted try that failed for a reason outside the deliveries themselves."""
    tx.run(
        f"""UPDATE inbox SET attempts = greatest(0, attempts - 1), next_at = NULL
            WHERE {_OF_PORTAL} AND inbox_id = ANY(:ids) AND state = 'waiting'""",
        ids=list(inbox_ids),
    )


def delete_deliveries(tx: Transaction, inbox_ids: Sequence[int]) -> None:
    """Delete raw rows whose events are all stored.

    They are the portal's own, or in a service transaction those without a portal.
    """
    tx.run(
        f"DELETE FROM inbox WHERE {_OF_PORTAL} AND inbox_id = ANY(:ids)",
        ids=list(inbox_ids),
    )


def set_delivery_aside(tx: Transaction, inbox_id: int, reason: str) -> None:
    """Keep a raw row that cannot be split, with the reason, for a person to replay."""
    tx.run(
        f"""UPDATE inbox SET state = 'set_aside', error = :reason
            WHERE {_OF_PORTAL} AND inbox_id = :id""",
        id=inbox_id,
        reason=reason[:500],
    )


def not_installed(portal_id: int) -> str:
    """Return the reason for setting aside deliveries for a portal that is not known."""
    return f"portal {portal_id} has not installed the app"


def readdress(tx: Transaction, portal_id: int) -> int:
    """Give a portal just installed the deliveries that came before (a service transaction)."""
    return tx.run(
        """UPDATE inbox SET portal_id = :id, state = 'waiting', error = NULL, attempts = 0,
             next_at = NULL
           WHERE portal_id IS NULL AND state = 'set_aside' AND error = :reason""",
        id=portal_id,
        reason=not_installed(portal_id),
    )


def undeliverable(tx: Transaction) -> dict[int | None, int]:
    """Count deliveries for accounts without a connection, by account (a service transaction).

    They uninstalled, or never installed; None stands for deliveries that name no account that we
    know.
    """
    rows = tx.rows(
        """SELECT inbox.portal_id, count(*) AS n FROM inbox LEFT JOIN portal USING (portal_id)
           WHERE portal.portal_id IS NULL OR portal.state = 'uninstalled'
           GROUP BY inbox.portal_id"""
    )
    return {row["portal_id"]: row["n"] for row in rows}


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
        """UPDATE inbox SET state = 'waiting', error = NULL, attempts = 0, next_at = NULL
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
