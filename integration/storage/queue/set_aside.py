"""Set-aside deliveries and events in their raw bytes, which may name somebody."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from integration.storage.database import Transaction, as_json

_PAGE = 100


@dataclass(frozen=True, slots=True)
class RawEvent:
    """One event with bytes that were not understood, or on which its reader failed."""

    source: str
    dedupe_key: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    """One raw row of the inbox that could not be split."""

    inbox_id: int
    source: str
    raw: bytes


def deliveries(tx: Transaction) -> Iterator[Delivery]:
    """Yield this portal's set-aside deliveries."""
    after = 0
    while rows := tx.rows(
        """SELECT inbox_id, source, body FROM inbox
           WHERE portal_id = :portal AND state = 'set_aside' AND inbox_id > :after
           ORDER BY inbox_id LIMIT :page""",
        after=after,
        page=_PAGE,
    ):
        for row in rows:
            yield Delivery(row["inbox_id"], row["source"], bytes(row["body"]))
        after = rows[-1]["inbox_id"]


def events(tx: Transaction) -> Iterator[RawEvent]:
    """Yield this portal's set-aside events that still hold their content."""
    source, key = "", ""
    while rows := tx.rows(
        """SELECT source, dedupe_key, kind, payload FROM event
           WHERE portal_id = :portal AND state = 'set_aside'
             AND kind IN ('bad', 'answer', 'usage')
             AND (source, dedupe_key) > (:source, :key) ORDER BY source, dedupe_key LIMIT :page""",
        source=source,
        key=key,
        page=_PAGE,
    ):
        for row in rows:
            # Bad items are kept letter by letter, as intake puts them away.
            raw = (
                row["payload"]["raw"].encode("latin-1")
                if row["kind"] == "bad"
                else as_json(row["payload"]).encode()
            )
            yield RawEvent(row["source"], row["dedupe_key"], raw)
        source, key = rows[-1]["source"], rows[-1]["dedupe_key"]


def cut(tx: Transaction, delivery: Delivery, body: bytes | None) -> None:
    """Replace a delivery's bytes with *body*; None deletes it."""
    if body is None:
        tx.run(
            "DELETE FROM inbox WHERE portal_id = :portal AND inbox_id = :id", id=delivery.inbox_id
        )
        return
    tx.run(
        "UPDATE inbox SET body = :body WHERE portal_id = :portal AND inbox_id = :id",
        id=delivery.inbox_id,
        body=body,
    )


def remove(tx: Transaction, gone: Sequence[RawEvent]) -> None:
    """Remove events, and count them as pruned."""
    removed = tx.run(
        """DELETE FROM event WHERE portal_id = :portal AND state = 'set_aside'
             AND (source, dedupe_key) IN (
               SELECT * FROM unnest(CAST(:sources AS text[]), CAST(:keys AS text[])))""",
        sources=[event.source for event in gone],
        keys=[event.dedupe_key for event in gone],
    )
    tx.run("UPDATE tally SET pruned = pruned + :removed WHERE portal_id = :portal", removed=removed)
