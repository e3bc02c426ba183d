"""Files of survey answers (`answer_upload`), and their rows with what becomes of each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg

from integration.storage.database import Row, Transaction, as_json
from mappings.records.answer_columns import ROLES, Columns
from mappings.records.delimited_files import FileRow

CHECKING, CHECKED, IMPORTING, DONE = "checking", "checked", "importing", "done"
# What is said of rows that give an answer, or may.
GIVING: Final = ("new", "changed", "waiting")
KEEP_DAYS: Final = 30
_COLUMNS: Final = ", ".join(f"{role}_column" for role in ROLES)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was read; `next_row` is up to where it is checked, or imported."""

    upload_id: int
    source: str
    file_name: str
    encoding: str
    delimiter: str
    head: tuple[str, ...]
    columns: Columns
    state: str
    rows: int
    next_row: int
    made_by: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class StagedRow:
    """A row of a file; once it was checked, with the answer that it gives."""

    row_number: int
    cells: tuple[str, ...]
    outcome: str | None
    reason: str
    key: str | None
    score: int | None
    at: datetime | None
    contact_id: int | None
    email: str | None
    comment: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a row, and the answer that it gives, if it does."""

    row_number: int
    outcome: str
    reason: str = ""
    key: str | None = None
    score: int | None = None
    at: datetime | None = None
    contact_id: int | None = None
    email: str | None = None
    comment: str | None = None


def add(
    tx: Transaction, upload: Mapping[str, Any], columns: Columns, rows: Iterable[FileRow]
) -> int:
    """Store a file and its rows; return its number."""
    upload_id = tx.value(
        f"""INSERT INTO answer_upload (portal_id, source, file_name, encoding, delimiter, head,
              {_COLUMNS}, is_day_first, rows, made_by)
            VALUES (:portal, :source, :file_name, :encoding, :delimiter, CAST(:head AS text[]),
              {", ".join(f":{role}" for role in ROLES)}, :is_day_first, 0, :made_by)
            RETURNING upload_id""",
        **upload,
        **_places(columns),
    )
    _copy(tx, int(upload_id), rows)
    tx.run(
        """UPDATE answer_upload SET rows = (
             SELECT count(*) FROM answer_upload_row
             WHERE portal_id = :portal AND upload_id = :id)
           WHERE portal_id = :portal AND upload_id = :id""",
        id=upload_id,
    )
    return int(upload_id)


def _copy(tx: Transaction, upload_id: int, rows: Iterable[FileRow]) -> None:
    """Store rows by COPY, which row-level security does not know: into a table of its own first."""
    driver: psycopg.Connection[Any] = tx.connection.connection.dbapi_connection  # type: ignore[assignment]
    with driver.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE arriving_row (row_number int, cells jsonb, outcome text,"
            " reason text) ON COMMIT DROP"
        )
        with cursor.copy("COPY arriving_row FROM STDIN") as copy:
            for row in rows:
                outcome = "refused" if row.fault else None
                copy.write_row((row.number, as_json(list(row.cells)), outcome, row.fault))
    tx.run(
        """INSERT INTO answer_upload_row (portal_id, upload_id, row_number, cells, outcome, reason)
           SELECT :portal, :id, row_number, cells, outcome, reason FROM arriving_row""",
        id=upload_id,
    )
    tx.run("DROP TABLE arriving_row")


def find(tx: Transaction, upload_id: int, *, lock: bool = False) -> Upload | None:
    """Return a file; None for one that is not there any more."""
    row = tx.one(
        f"""SELECT * FROM answer_upload WHERE portal_id = :portal AND upload_id = :id
            {"FOR UPDATE" if lock else ""}""",
        id=upload_id,
    )
    return _upload(row) if row else None


def latest(tx: Transaction, *, limit: int) -> list[Upload]:
    """Return the files that were uploaded last."""
    rows = tx.rows(
        """SELECT * FROM answer_upload WHERE portal_id = :portal
           ORDER BY upload_id DESC LIMIT :limit""",
        limit=limit,
    )
    return [_upload(row) for row in rows]


def under_way(tx: Transaction) -> Upload | None:
    """Return the oldest file that waits for work."""
    row = tx.one(
        """SELECT * FROM answer_upload
           WHERE portal_id = :portal AND state IN ('checking', 'importing')
           ORDER BY upload_id LIMIT 1"""
    )
    return _upload(row) if row else None


def begin(tx: Transaction, upload_id: int, state: str, columns: Columns | None = None) -> None:
    """Have a file checked by these columns, or imported, from its first row on."""
    changed = ", ".join(f"{role}_column = :{role}" for role in ROLES)
    chosen = f", {changed}, is_day_first = :is_day_first" if columns else ""
    tx.run(
        f"""UPDATE answer_upload SET state = :state, next_row = 0,
              changed_at = clock_timestamp(){chosen}
            WHERE portal_id = :portal AND upload_id = :id""",
        id=upload_id,
        state=state,
        **(_places(columns) if columns else {}),
    )


def proceed(tx: Transaction, upload_id: int, *, next_row: int, state: str | None = None) -> None:
    """Note up to which row the work is done, and the state when that was the last."""
    tx.run(
        """UPDATE answer_upload SET next_row = :next, state = coalesce(:state, state),
             changed_at = clock_timestamp()
           WHERE portal_id = :portal AND upload_id = :id""",
        id=upload_id,
        next=next_row,
        state=state,
    )


def page(tx: Transaction, upload_id: int, *, after: int, limit: int) -> list[StagedRow]:
    """Return rows in their order."""
    rows = tx.rows(
        """SELECT * FROM answer_upload_row
           WHERE portal_id = :portal AND upload_id = :id AND row_number > :after
           ORDER BY row_number LIMIT :limit""",
        id=upload_id,
        after=after,
        limit=limit,
    )
    return [_staged(row) for row in rows]


def of_outcome(
    tx: Transaction, upload_id: int, outcome: str, *, limit: int, after: int = -1
) -> list[StagedRow]:
    """Return the first rows of which the same becomes."""
    rows = tx.rows(
        """SELECT * FROM answer_upload_row
           WHERE portal_id = :portal AND upload_id = :id AND outcome = :outcome
             AND row_number > :after
           ORDER BY row_number LIMIT :limit""",
        id=upload_id,
        outcome=outcome,
        after=after,
        limit=limit,
    )
    return [_staged(row) for row in rows]


def counts(tx: Transaction, upload_id: int) -> dict[str, int]:
    """Return how many rows there are of each outcome; those not checked yet under ""."""
    rows = tx.tuples(
        """SELECT coalesce(outcome, ''), count(*) FROM answer_upload_row
           WHERE portal_id = :portal AND upload_id = :id GROUP BY 1""",
        id=upload_id,
    )
    return {row[0]: row[1] for row in rows}


def reasons(tx: Transaction, upload_id: int) -> dict[str, int]:
    """Return how many rows are refused for each reason, the most frequent first."""
    rows = tx.tuples(
        """SELECT reason, count(*) FROM answer_upload_row
           WHERE portal_id = :portal AND upload_id = :id AND outcome = 'refused'
           GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20""",
        id=upload_id,
    )
    return {row[0]: row[1] for row in rows}


def scores(tx: Transaction, upload_id: int) -> dict[int, int]:
    """Return how often each score stands in the file."""
    rows = tx.tuples(
        """SELECT score, count(*) FROM answer_upload_row
           WHERE portal_id = :portal AND upload_id = :id AND score IS NOT NULL GROUP BY 1""",
        id=upload_id,
    )
    return {row[0]: row[1] for row in rows}


def earlier(tx: Transaction, upload_id: int, keys: Sequence[str], *, before: int) -> set[str]:
    """Return those of these answers that a row before gives."""
    rows = tx.tuples(
        """SELECT DISTINCT answer_key FROM answer_upload_row
           WHERE portal_id = :portal AND upload_id = :id AND row_number <= :before
             AND answer_key = ANY(CAST(:keys AS text[]))""",
        id=upload_id,
        keys=list(keys),
        before=before,
    )
    return {row[0] for row in rows}


def decide(tx: Transaction, upload_id: int, verdicts: Sequence[Verdict], *, final: bool) -> None:
    """Note what becomes of rows; *final* is what became of them, and their cells go.

    Cells of refused rows stay, to be looked at and mended; those of forgotten people go at once.
    """
    tx.run(
        """UPDATE answer_upload_row AS kept SET outcome = told.outcome, reason = told.reason,
             answer_key = told.answer_key, score = told.score, at = told.at,
             contact_id = told.contact_id, email = told.email, comment = told.comment,
             cells = CASE WHEN told.outcome = 'refused' THEN kept.cells
                     WHEN told.outcome = 'forgotten' OR :final THEN NULL ELSE kept.cells END
           FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS told (row_number int, outcome text,
             reason text, answer_key text, score int, at timestamptz, contact_id bigint, email text,
             comment text)
           WHERE kept.portal_id = :portal AND kept.upload_id = :id
             AND kept.row_number = told.row_number""",
        id=upload_id,
        final=final,
        rows=as_json([_told(verdict) for verdict in verdicts]),
    )


def remove(tx: Transaction, upload_id: int) -> None:
    """Delete a file and its rows; answers that came of it stay."""
    for table in ("answer_upload_row", "answer_upload"):
        tx.run(f"DELETE FROM {table} WHERE portal_id = :portal AND upload_id = :id", id=upload_id)


def prune(tx: Transaction) -> None:
    """Delete files that nobody worked at for some weeks."""
    old = tx.tuples(
        """SELECT upload_id FROM answer_upload WHERE portal_id = :portal
             AND changed_at < clock_timestamp() - make_interval(days => :days)""",
        days=KEEP_DAYS,
    )
    for row in old:
        remove(tx, row[0])


def _places(columns: Columns) -> dict[str, int | bool | None]:
    return {
        **{role: getattr(columns, role) for role in ROLES},
        "is_day_first": columns.is_day_first,
    }


def _told(verdict: Verdict) -> dict[str, object]:
    return {
        "row_number": verdict.row_number,
        "outcome": verdict.outcome,
        "reason": verdict.reason,
        "answer_key": verdict.key,
        "score": verdict.score,
        "at": verdict.at.isoformat() if verdict.at else None,
        "contact_id": verdict.contact_id,
        "email": verdict.email,
        "comment": verdict.comment,
    }


def _upload(row: Row) -> Upload:
    places = {role: row[f"{role}_column"] for role in ROLES}
    return Upload(
        row["upload_id"],
        row["source"],
        row["file_name"],
        row["encoding"],
        row["delimiter"],
        tuple(row["head"]),
        Columns(**places, is_day_first=row["is_day_first"]),
        row["state"],
        row["rows"],
        row["next_row"],
        row["made_by"],
        row["made_at"],
    )


def _staged(row: Row) -> StagedRow:
    return StagedRow(
        row["row_number"],
        tuple(map(str, row["cells"] or ())),
        row["outcome"],
        row["reason"],
        row["answer_key"],
        row["score"],
        row["at"],
        row["contact_id"],
        row["email"],
        row["comment"],
    )
