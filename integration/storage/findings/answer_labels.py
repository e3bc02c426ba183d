"""Answer labels (`told`): what a text says, by its record and the property that holds it.

A label names the classifier's version. A newer classifier replaces labels; what was booked by
older ones stays booked.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from integration.storage.database import Transaction, as_json

_COLUMNS = "owner_type, owner_id, place, label, confidence, quote, version, at"


class LabelRow(NamedTuple):
    """One label of one text; the confidence is ppm, *at* is the time of the answer."""

    owner_type: str
    owner_id: int
    place: str
    label: str
    confidence: int
    quote: str
    version: int
    at: datetime


def replace(
    tx: Transaction, owner_type: str, owner_ids: Collection[int], rows: Sequence[LabelRow]
) -> set[int]:
    """Make *rows* all labels of these records' texts; return the records with other labels now.

    A model's labels are deleted with those of the text they were about.
    """
    before, now = set(of_records(tx, owner_type, owner_ids)), set(rows)
    changed = {label.owner_id for label in before ^ now}
    if not changed:
        return changed
    tx.run(
        """DELETE FROM told WHERE portal_id = :portal AND owner_type = :type
             AND owner_id = ANY(CAST(:ids AS bigint[]))""",
        type=owner_type,
        ids=sorted(changed),
    )
    tx.run(
        f"""INSERT INTO told (portal_id, {_COLUMNS}) SELECT :portal, {_COLUMNS}
            FROM jsonb_to_recordset(CAST(:rows AS jsonb))
              AS t(owner_type text, owner_id bigint, place text, label text,
              confidence int, quote text, version int, at timestamptz)
            ON CONFLICT DO NOTHING""",
        rows=as_json([label._asdict() for label in sorted(now) if label.owner_id in changed]),
    )
    return {label.owner_id for label in _without_version(before) ^ _without_version(now)}


def _without_version(rows: Collection[LabelRow]) -> set[LabelRow]:
    """Return labels without their version: the same label by a newer classifier is no change."""
    return {label._replace(version=0) for label in rows}


def of_records(tx: Transaction, owner_type: str, owner_ids: Collection[int]) -> list[LabelRow]:
    """Return the labels of these records' texts, the surest first."""
    if not owner_ids:
        return []
    rows = tx.tuples(
        f"""SELECT {_COLUMNS} FROM told
            WHERE portal_id = :portal AND owner_type = :type AND NOT by_model
              AND owner_id = ANY(CAST(:ids AS bigint[]))
            ORDER BY owner_id, confidence DESC, place, label""",
        type=owner_type,
        ids=sorted(owner_ids),
    )
    return [LabelRow(*row) for row in rows]


def read_by_older(tx: Transaction, version: int) -> set[tuple[str, int]]:
    """Return the records whose texts were last read by a classifier before *version*."""
    rows = tx.tuples(
        """SELECT DISTINCT owner_type, owner_id FROM told
           WHERE portal_id = :portal AND version < :version AND NOT by_model""",
        version=version,
    )
    return {(row[0], row[1]) for row in rows}


def not_understood(tx: Transaction, *, limit: int) -> list[LabelRow]:
    """Return texts that the phrases do not label and that no model was asked about."""
    rows = tx.tuples(
        f"""SELECT {_COLUMNS} FROM told
            WHERE portal_id = :portal AND label = 'unknown' AND NOT by_model
              AND NOT EXISTS (
                SELECT FROM told AS other WHERE other.portal_id = :portal AND other.by_model
                  AND (other.owner_type, other.owner_id, other.place)
                    = (told.owner_type, told.owner_id, told.place))
            ORDER BY owner_type, owner_id, place LIMIT :limit""",
        limit=limit,
    )
    return [LabelRow(*row) for row in rows]


def keep_model_labels(tx: Transaction, rows: Sequence[LabelRow]) -> None:
    """Store a model's labels of texts that still have none by the phrases."""
    tx.run(
        f"""INSERT INTO told (portal_id, {_COLUMNS}, by_model) SELECT :portal, {_T_COLUMNS}, true
            FROM jsonb_to_recordset(CAST(:rows AS jsonb))
              AS t(owner_type text, owner_id bigint, place text, label text,
              confidence int, quote text, version int, at timestamptz)
            JOIN told AS silent ON silent.portal_id = :portal AND silent.label = 'unknown'
              AND NOT silent.by_model
              AND (silent.owner_type, silent.owner_id, silent.place, silent.quote)
                = (t.owner_type, t.owner_id, t.place, t.quote)
            ON CONFLICT DO NOTHING""",
        rows=as_json([label._asdict() for label in rows]),
    )


_T_COLUMNS = ", ".join(f"t.{name}" for name in _COLUMNS.split(", "))


def by_model(tx: Transaction, owners: Collection[tuple[str, int]]) -> list[LabelRow]:
    """Return a model's labels of these records' texts."""
    rows = tx.tuples(
        f"""SELECT {_COLUMNS} FROM told
            WHERE portal_id = :portal AND by_model AND (owner_type, owner_id) IN (
              SELECT * FROM unnest(CAST(:types AS text[]), CAST(:ids AS bigint[])))
            ORDER BY owner_id, place, label""",
        types=[kind for kind, _ in owners],
        ids=[owner_id for _, owner_id in owners],
    )
    return [LabelRow(*row) for row in rows]
