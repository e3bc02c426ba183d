"""Answers of people whom nobody knows yet (`answer` without a contact): listed, matched, let be."""

from dataclasses import dataclass
from datetime import datetime

from integration.storage.database import Row, Transaction
from integration.storage.mirror.inbound_items import WAITS


@dataclass(frozen=True, slots=True)
class WaitingAnswer:
    """An answer that waits, with what it says of who gave it; `source` is the tool's survey."""

    source: str
    key: str
    score: int
    at: datetime
    comment: str
    named_id: int | None
    email: str | None

    @property
    def place(self) -> tuple[datetime, str, str]:
        """Where the list goes on after it."""
        return self.at, self.source, self.key


def count(tx: Transaction) -> int:
    """Return how many answers wait."""
    number = tx.value(f"SELECT count(*) FROM answer WHERE portal_id = :portal AND {WAITS}")
    return int(number or 0)


def page(
    tx: Transaction, *, after: tuple[datetime, str, str] | None, limit: int
) -> list[WaitingAnswer]:
    """Return waiting answers, the latest first."""
    further = "" if after is None else "AND (at, source, answer_key) < (:at, :source, :key)"
    at, source, key = after or (None, "", "")
    rows = tx.rows(
        f"""SELECT source, answer_key, score, at, comment, named_id, email FROM answer
            WHERE portal_id = :portal AND {WAITS} {further}
            ORDER BY at DESC, source DESC, answer_key DESC LIMIT :limit""",
        at=at,
        source=source,
        key=key,
        limit=limit,
    )
    return [_waiting(row) for row in rows]


def of_survey(tx: Transaction, source: str, key: str) -> WaitingAnswer | None:
    """Return one waiting answer; None when it waits no more."""
    rows = tx.rows(
        f"""SELECT source, answer_key, score, at, comment, named_id, email FROM answer
            WHERE portal_id = :portal AND source = :source AND answer_key = :key AND {WAITS}
            FOR UPDATE""",
        source=source,
        key=key,
    )
    return _waiting(rows[0]) if rows else None


def match(tx: Transaction, answer: WaitingAnswer, contact_id: int) -> None:
    """Give an answer to the contact that somebody chose."""
    tx.run(
        """UPDATE answer SET contact_id = :contact, named_id = NULL, matched_by = 'hand'
           WHERE portal_id = :portal AND source = :source AND answer_key = :key""",
        contact=contact_id,
        source=answer.source,
        key=answer.key,
    )


def dismiss(tx: Transaction, answer: WaitingAnswer, *, by: str, because: str) -> None:
    """Ask about an answer no more: what tells whose it is goes, and so does what it says."""
    tx.run(
        """UPDATE answer SET dismissed_at = clock_timestamp(), dismissed_by = :by,
             dismissed_because = :because, email = NULL, named_id = NULL, comment = NULL
           WHERE portal_id = :portal AND source = :source AND answer_key = :key""",
        by=by,
        because=because,
        source=answer.source,
        key=answer.key,
    )


def by_source(tx: Transaction) -> dict[str, tuple[int, datetime]]:
    """Return of each source how many answers came, and when the last of them was given."""
    rows = tx.tuples(
        """SELECT source, count(*), max(at) FROM answer WHERE portal_id = :portal
           GROUP BY source"""
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def _waiting(row: Row) -> WaitingAnswer:
    return WaitingAnswer(
        row["source"],
        row["answer_key"],
        row["score"],
        row["at"],
        row["comment"] or "",
        row["named_id"],
        row["email"],
    )
