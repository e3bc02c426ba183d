"""The inbox: raw bytes first, events second; nothing received is ever dropped in silence."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from integration.storage.database import Row, Transaction, as_json

TRIES = 3
# Waits between the tries of one event: its neighbours are through within seconds, and it is set
# aside soon after.
WAITS = (1.0, 3.0, 10.0)
GROUPS = {0: 500, 1: 20}
_WAITING = "SELECT inbox_id, source, received_at, body, attempts FROM inbox WHERE state = 'waiting'"
_IN_TURN = "ORDER BY inbox_id LIMIT :limit FOR UPDATE SKIP LOCKED"
_NULL = "\\N"
_COPY_ESCAPES = str.maketrans(
    {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\b": "\\b", "\f": "\\f", "\v": "\\v"}
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One raw row as it was received."""

    inbox_id: int
    source: str
    received_at: datetime
    body: bytes
    attempts: int


@dataclass(frozen=True, slots=True)
class InboundEvent:
    """One event as the split wants it stored."""

    source: str
    dedupe_key: str
    kind: str
    object_type: str | None
    object_id: int | None
    payload: dict[str, Any]
    occurred_at: datetime
    received_at: datetime
    state: str = "waiting"
    reason: str | None = None


def claim(tx: Transaction, *, limit: int = 20) -> Sequence[Delivery]:
    """Take the oldest waiting raw rows of this portal until the transaction ends."""
    return _envelopes(tx.rows(f"{_WAITING} AND portal_id = :portal {_IN_TURN}", limit=limit))


def claim_unaddressed(tx: Transaction, *, limit: int = 20) -> Sequence[Delivery]:
    """Take raw rows whose portal is not known yet (a service transaction)."""
    return _envelopes(tx.rows(f"{_WAITING} AND portal_id IS NULL {_IN_TURN}", limit=limit))


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
    envelope: Delivery,
    body: bytes,
    *,
    error: str | None = None,
) -> None:
    """Store one portal's part of a delivery for several portals (a service transaction)."""
    tx.run(
        """INSERT INTO inbox (portal_id, source, received_at, body, state, error)
           VALUES (:id, :source, :at, :body, :state, :error)""",
        id=portal_id,
        source=envelope.source,
        at=envelope.received_at,
        body=body,
        state="set_aside" if error else "waiting",
        error=error,
    )


def store_events(tx: Transaction, letters: Sequence[InboundEvent]) -> int:
    """Store events once each, by COPY; return how many were new. Repeats count as duplicates."""
    if not letters:
        return 0
    raw: psycopg.Connection[Any] = tx.connection.connection.dbapi_connection  # type: ignore[assignment]
    with raw.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE arriving (LIKE event) ON COMMIT DROP")
        with cursor.copy(
            "COPY arriving (portal_id, source, dedupe_key, kind, object_type, object_id, payload,"
            " occurred_at, received_at, state, reason, attempts, next_at) FROM STDIN"
        ) as copy:
            copy.write("".join([_line(tx.portal_id, letter) for letter in letters]))
        cursor.execute(
            """INSERT INTO event (portal_id, source, dedupe_key, kind, object_type, object_id,
                 payload, occurred_at, received_at, state, reason, settled_at)
               SELECT portal_id, source, dedupe_key, kind, object_type, object_id, payload,
                 occurred_at, received_at, state, reason,
                 CASE WHEN state <> 'waiting' THEN clock_timestamp() END FROM arriving
               ON CONFLICT DO NOTHING"""
        )
        new = cursor.rowcount
        cursor.execute("DROP TABLE arriving")
    tx.run(
        """INSERT INTO tally (portal_id, received, duplicate)
           VALUES (:portal, :received, :duplicate)
           ON CONFLICT (portal_id) DO UPDATE SET received = tally.received + excluded.received,
             duplicate = tally.duplicate + excluded.duplicate""",
        received=len(letters),
        duplicate=len(letters) - new,
    )
    return new


@dataclass(frozen=True, slots=True)
class WaitingEvent:
    """One stored event that has not taken effect yet."""

    source: str
    dedupe_key: str
    kind: str
    object_type: str | None
    object_id: int | None
    payload: dict[str, Any]
    occurred_at: datetime
    attempts: int


def waiting(tx: Transaction) -> Sequence[WaitingEvent]:
    """Return due events of this portal, oldest first.

    Events whose last try ended the process come in ever smaller groups, so that one poisonous event
    is found without harming its neighbours: five hundred, twenty, one.
    """
    rows = tx.rows(
        """WITH due AS (
             SELECT * FROM event
             WHERE portal_id = :portal AND state = 'waiting' AND next_at <= clock_timestamp()
             ORDER BY attempts, next_at, received_at LIMIT 500
           )
           SELECT source, dedupe_key, kind, object_type, object_id, payload, occurred_at, attempts
           FROM due WHERE attempts = (SELECT min(attempts) FROM due)"""
    )
    found = [WaitingEvent(**{**row, "payload": dict(row["payload"])}) for row in rows]
    return found[: GROUPS.get(found[0].attempts, 1)] if found else []


def try_events(tx: Transaction, events: Sequence[WaitingEvent]) -> None:
    """Count a try before it runs, and set the next one in case this process is killed."""
    tx.run(
        """UPDATE event SET attempts = attempts + 1,
             next_at = clock_timestamp()
               + make_interval(secs => (CAST(:waits AS float8[]))[least(attempts + 1, :tries)])
           WHERE portal_id = :portal
             AND (source, dedupe_key) IN (SELECT *
               FROM unnest(CAST(:sources AS text[]), CAST(:keys AS text[])))""",
        waits=list(WAITS),
        tries=TRIES,
        sources=[event.source for event in events],
        keys=[event.dedupe_key for event in events],
    )


def settle_events(
    tx: Transaction, events: Sequence[WaitingEvent], state: str, reason: str | None = None
) -> None:
    """Store the outcome of events: done, ignored or set_aside (the last two with a reason)."""
    tx.run(
        """UPDATE event SET state = :state, reason = :reason, settled_at = clock_timestamp()
           WHERE portal_id = :portal AND state = 'waiting'
             AND (source, dedupe_key) IN (SELECT *
               FROM unnest(CAST(:sources AS text[]), CAST(:keys AS text[])))""",
        state=state,
        reason=reason[:500] if reason else None,
        sources=[event.source for event in events],
        keys=[event.dedupe_key for event in events],
    )


def postpone_events(tx: Transaction, events: Sequence[WaitingEvent], *, seconds: float) -> None:
    """Take back a counted try that failed for a reason outside the events themselves."""
    tx.run(
        """UPDATE event SET attempts = greatest(0, attempts - 1),
             next_at = clock_timestamp() + make_interval(secs => :seconds)
           WHERE portal_id = :portal AND state = 'waiting'
             AND (source, dedupe_key) IN (SELECT *
               FROM unnest(CAST(:sources AS text[]), CAST(:keys AS text[])))""",
        seconds=float(seconds),
        sources=[event.source for event in events],
        keys=[event.dedupe_key for event in events],
    )


def hasten_events(tx: Transaction, events: Sequence[WaitingEvent]) -> None:
    """Let events whose try counts be tried again at once, in smaller groups."""
    tx.run(
        """UPDATE event SET next_at = clock_timestamp()
           WHERE portal_id = :portal AND state = 'waiting'
             AND (source, dedupe_key) IN (SELECT *
               FROM unnest(CAST(:sources AS text[]), CAST(:keys AS text[])))""",
        sources=[event.source for event in events],
        keys=[event.dedupe_key for event in events],
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


def next_event_in(tx: Transaction) -> float | None:
    """Return the seconds until the next waiting event is due; None when none waits."""
    seconds = tx.value(
        """SELECT extract(epoch FROM min(next_at) - clock_timestamp())::float8 FROM event
           WHERE portal_id = :portal AND state = 'waiting'"""
    )
    return None if seconds is None else max(0.0, float(seconds))


def identity(tx: Transaction) -> dict[str, int]:
    """Count the outcomes of everything received: received = the sum of all the others."""
    counts = dict.fromkeys(("waiting", "done", "ignored", "set_aside"), 0)
    for row in tx.rows(
        "SELECT state, count(*) AS n FROM event WHERE portal_id = :portal GROUP BY state"
    ):
        counts[row["state"]] = row["n"]
    tally = tx.one("SELECT received, duplicate, pruned FROM tally WHERE portal_id = :portal")
    return {**counts, **(dict(tally) if tally else {"received": 0, "duplicate": 0, "pruned": 0})}


def prune(tx: Transaction, *, days: int) -> int:
    """Remove settled events older than *days*, and count them."""
    pruned = tx.run(
        """DELETE FROM event WHERE portal_id = :portal AND state IN ('done', 'ignored')
             AND settled_at < clock_timestamp() - make_interval(days => :days)""",
        days=days,
    )
    tx.run("UPDATE tally SET pruned = pruned + :pruned WHERE portal_id = :portal", pruned=pruned)
    return pruned


def _envelopes(rows: Iterable[Row]) -> Sequence[Delivery]:
    return [Delivery(**{**row, "body": bytes(row["body"])}) for row in rows]


def _line(portal_id: int, letter: InboundEvent) -> str:
    """Return one row as COPY's text; row by row through the driver costs three times as much."""
    received = letter.received_at.isoformat()
    return (
        f"{portal_id}\t{_text(letter.source)}\t{_text(letter.dedupe_key)}\t{_text(letter.kind)}"
        f"\t{_text(letter.object_type)}\t{_NULL if letter.object_id is None else letter.object_id}"
        f"\t{_text(as_json(letter.payload))}\t{letter.occurred_at.isoformat()}\t{received}"
        f"\t{letter.state}\t{_text(letter.reason)}\t0\t{received}\n"
    )


def _text(value: str | None) -> str:
    if value is None:
        return _NULL
    return value if "\\" not in value and value.isprintable() else value.translate(_COPY_ESCAPES)
