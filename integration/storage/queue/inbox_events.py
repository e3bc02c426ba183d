"""Inbound events (`event`, `tally`): stored once each, tried, settled; every one is counted."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from integration.storage.database import Transaction, as_json
from integration.storage.queue.inbox import ALONE_WAITS

# Events a group by the number of tries before; later ones are tried alone.
GROUPS = {0: 500, 1: 20}
APART_SECONDS = 30.0
# Seconds until the next try of an event: its neighbours are through by then.
WAITS: tuple[float, ...] = (1.0, 3.0, *ALONE_WAITS)
_THESE = """(source, dedupe_key) IN (
  SELECT * FROM unnest(CAST(:sources AS text[]), CAST(:keys AS text[])))"""
_NULL = "\\N"
_COPY_ESCAPES = str.maketrans(
    {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\b": "\\b", "\f": "\\f", "\v": "\\v"}
)


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

    @property
    def is_apart(self) -> bool:
        """Whether it is tried alone, as it may be why others failed with it."""
        return self.attempts >= len(GROUPS)

    @property
    def is_worn(self) -> bool:
        """Whether it has had all its tries."""
        return self.attempts >= len(WAITS)


def store_events(tx: Transaction, events: Sequence[InboundEvent]) -> int:
    """Store events once each, by COPY; return how many were new. Repeats count as duplicates."""
    if not events:
        return 0
    raw: psycopg.Connection[Any] = tx.connection.connection.dbapi_connection  # type: ignore[assignment]
    with raw.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE arriving (LIKE event) ON COMMIT DROP")
        with cursor.copy(
            "COPY arriving (portal_id, source, dedupe_key, kind, object_type, object_id, payload,"
            " occurred_at, received_at, state, reason, attempts, next_at) FROM STDIN"
        ) as copy:
            copy.write("".join([_line(tx.portal_id, event) for event in events]))
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
        received=len(events),
        duplicate=len(events) - new,
    )
    return new


def known_keys(tx: Transaction, source: str, keys: Collection[str]) -> set[str]:
    """Return which of these keys events of a source have already; no query without keys."""
    if not keys:
        return set()
    rows = tx.tuples(
        """SELECT dedupe_key FROM event WHERE portal_id = :portal AND source = :source
             AND dedupe_key = ANY(CAST(:keys AS text[]))""",
        source=source,
        keys=list(keys),
    )
    return {row[0] for row in rows}


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
    events = [WaitingEvent(**{**row, "payload": dict(row["payload"])}) for row in rows]
    return events[: GROUPS.get(events[0].attempts, 1)] if events else []


def try_events(tx: Transaction, events: Sequence[WaitingEvent]) -> None:
    """Count a try before it runs, and set the next one in case this process is killed."""
    tx.run(
        f"""UPDATE event SET attempts = attempts + 1,
              next_at = clock_timestamp()
                + make_interval(secs => (CAST(:waits AS float8[]))[least(attempts + 1, :tries)])
            WHERE portal_id = :portal
              AND {_THESE}""",
        waits=list(WAITS),
        tries=len(WAITS),
        **_named(events),
    )


def settle_events(
    tx: Transaction, events: Sequence[WaitingEvent], state: str, reason: str | None = None
) -> None:
    """Store the outcome of events: done, ignored or set_aside (the last two with a reason)."""
    tx.run(
        f"""UPDATE event SET state = :state, reason = :reason, settled_at = clock_timestamp()
            WHERE portal_id = :portal AND state = 'waiting'
              AND {_THESE}""",
        state=state,
        reason=reason[:500] if reason else None,
        **_named(events),
    )


def postpone_events(tx: Transaction, events: Sequence[WaitingEvent]) -> None:
    """Take back a counted try that failed for a reason outside the events themselves."""
    tx.run(
        f"""UPDATE event SET attempts = greatest(0, attempts - 1), next_at = clock_timestamp()
            WHERE portal_id = :portal AND state = 'waiting'
              AND {_THESE}""",
        **_named(events),
    )


def put_apart(tx: Transaction, events: Sequence[WaitingEvent]) -> None:
    """As :func:`postpone_events`, for events tried alone: they stay alone, and others go first."""
    tx.run(
        f"""UPDATE event SET attempts = greatest(:alone, attempts - 1),
              next_at = clock_timestamp() + make_interval(secs => :seconds)
            WHERE portal_id = :portal AND state = 'waiting'
              AND {_THESE}""",
        alone=len(GROUPS),
        seconds=APART_SECONDS,
        **_named(events),
    )


def hasten_events(tx: Transaction, events: Sequence[WaitingEvent]) -> None:
    """Let events whose try counts be tried again at once, in smaller groups."""
    tx.run(
        f"""UPDATE event SET next_at = clock_timestamp()
            WHERE portal_id = :portal AND state = 'waiting'
              AND {_THESE}""",
        **_named(events),
    )


def _named(events: Sequence[WaitingEvent]) -> dict[str, list[str]]:
    return {
        "sources": [event.source for event in events],
        "keys": [event.dedupe_key for event in events],
    }


def next_in(tx: Transaction) -> float | None:
    """Return the seconds until a waiting event or a record put off is due; None for neither.

    Records that wait for an import are left out: its end wakes the lane. One that was put off is
    looked at once a second at most, for it may have to wait for that, too.
    """
    seconds = tx.value(
        """SELECT extract(epoch FROM least(
             (SELECT min(next_at) FROM event WHERE portal_id = :portal AND state = 'waiting'),
             (SELECT greatest(next_at, clock_timestamp() + interval '1 second') FROM (
                SELECT min(next_at) AS next_at FROM stale
                WHERE portal_id = :portal AND next_at < 'infinity'
                  AND (attempts > 0 OR next_at > clock_timestamp())) AS put_off
              WHERE next_at IS NOT NULL)) - clock_timestamp())::float8"""
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


def _line(portal_id: int, event: InboundEvent) -> str:
    """Return one row as COPY's text; row by row through the driver costs three times as much."""
    received = event.received_at.isoformat()
    return (
        f"{portal_id}\t{_text(event.source)}\t{_text(event.dedupe_key)}\t{_text(event.kind)}"
        f"\t{_text(event.object_type)}\t{_NULL if event.object_id is None else event.object_id}"
        f"\t{_text(as_json(event.payload))}\t{event.occurred_at.isoformat()}\t{received}"
        f"\t{event.state}\t{_text(event.reason)}\t0\t{received}\n"
    )


def _text(value: str | None) -> str:
    if value is None:
        return _NULL
    return value if "\\" not in value and value.isprintable() else value.translate(_COPY_ESCAPES)
