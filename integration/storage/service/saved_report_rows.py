"""Saved reports (`saved_report`): a name, what it shows as JSON, and who changed it last.

A deleted one stays for a time, so that it can be taken back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integration.storage.database import Row, Transaction, as_json

KEPT_DAYS = 30
"""For so long a deleted report can be taken back."""
_COLUMNS = """report_id, name, body, owner, made_at, changed_by, changed_at, revision,
  deleted_at IS NOT NULL AS is_deleted"""


@dataclass(frozen=True, slots=True)
class SavedRow:
    """A saved report as stored; `revision` grows with each change."""

    report_id: int
    name: str
    body: Any
    owner: str
    made_at: datetime
    changed_by: str
    changed_at: datetime
    revision: int
    is_deleted: bool


def every(tx: Transaction) -> Sequence[SavedRow]:
    """Return the portal's saved reports that are not deleted, by name."""
    rows = tx.rows(
        f"""SELECT {_COLUMNS} FROM saved_report
            WHERE portal_id = :portal AND deleted_at IS NULL ORDER BY lower(name), report_id"""
    )
    return list(map(_row, rows))


def count(tx: Transaction) -> int:
    """Return how many there are, deleted ones too."""
    row = tx.one("SELECT count(*) AS n FROM saved_report WHERE portal_id = :portal")
    return int(row["n"]) if row else 0


def find(tx: Transaction, report_id: int) -> SavedRow | None:
    """Return one, also if it is deleted."""
    row = tx.one(
        f"SELECT {_COLUMNS} FROM saved_report WHERE portal_id = :portal AND report_id = :id",
        id=report_id,
    )
    return _row(row) if row else None


def add(tx: Transaction, name: str, body: object, *, owner: str) -> int:
    """Keep a new one; return its number."""
    row = tx.one(
        """INSERT INTO saved_report (portal_id, name, body, owner, changed_by)
           VALUES (:portal, :name, CAST(:body AS jsonb), :owner, :owner) RETURNING report_id""",
        name=name,
        body=as_json(body),
        owner=owner,
    )
    return int(row["report_id"]) if row else 0


def change(tx: Transaction, report_id: int, *, seen: int, name: str, body: object, by: str) -> bool:
    """Change one if nobody did since revision *seen*; False if somebody did, or deleted it."""
    return (
        tx.run(
            """UPDATE saved_report SET name = :name, body = CAST(:body AS jsonb), changed_by = :by,
             changed_at = clock_timestamp(), revision = revision + 1
           WHERE portal_id = :portal AND report_id = :id AND revision = :seen
             AND deleted_at IS NULL""",
            id=report_id,
            seen=seen,
            name=name,
            body=as_json(body),
            by=by,
        )
        > 0
    )


def set_deleted(tx: Transaction, report_id: int, *, is_deleted: bool, by: str) -> bool:
    """Delete one or take it back; False if it was so already. Old deleted ones go for good."""
    tx.run(
        """DELETE FROM saved_report WHERE portal_id = :portal
             AND deleted_at < clock_timestamp() - make_interval(days => :days)""",
        days=KEPT_DAYS,
    )
    return (
        tx.run(
            """UPDATE saved_report
           SET deleted_at = CASE WHEN :gone THEN clock_timestamp() END, changed_by = :by,
             changed_at = clock_timestamp(), revision = revision + 1
           WHERE portal_id = :portal AND report_id = :id AND (deleted_at IS NULL) = :gone""",
            id=report_id,
            gone=is_deleted,
            by=by,
        )
        > 0
    )


def _row(row: Row) -> SavedRow:
    return SavedRow(**row)
