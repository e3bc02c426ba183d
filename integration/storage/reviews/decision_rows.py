"""Decisions (`decision`): appended, never edited, read with the ids that records have today."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from integration.storage.database import AS_WRITTEN, Row, Transaction, as_json
from integration.storage.mirror import mirror
from mappings.kinds import ObjectType, Verb
from mappings.records.rows import RefPair
from mappings.rules.attribution.decisions import Decision
from mappings.stored import shape_table

_COLUMNS = (
    "decision_id, kind, question, verb, detail, author, reason, decided_at, holds_until, instead_of"
)


def append(
    tx: Transaction, row: Mapping[str, Any], refs: Collection[tuple[str, int]]
) -> int | None:
    """Add an answer; None when somebody else replaced the same one first."""
    decision_id = tx.value(
        """INSERT INTO decision (portal_id, kind, question, verb, detail, author, reason,
             decided_at, holds_until, instead_of)
           VALUES (:portal, :kind, :question, :verb, CAST(:detail AS jsonb), :author, :reason,
             :at, :until, :instead_of)
           ON CONFLICT DO NOTHING RETURNING decision_id""",
        **{**row, "detail": as_json(shape_table.answer_body(row["detail"]))},
    )
    if decision_id is None:
        return None
    tx.run(
        """INSERT INTO decision_ref (portal_id, object_type, object_id, decision_id)
           SELECT :portal, kind, id, :decision
           FROM unnest(CAST(:kinds AS text[]), CAST(:ids AS bigint[])) AS t(kind, id)
           ON CONFLICT DO NOTHING""",
        decision=decision_id,
        kinds=[kind for kind, _ in refs],
        ids=[one for _, one in refs],
    )
    return int(decision_id)


def newest(tx: Transaction, kind: str, question: str) -> Row | None:
    """Return the last answer to a question, whether it still holds or not."""
    row = tx.one(
        f"""SELECT {_COLUMNS} FROM decision
            WHERE portal_id = :portal AND kind = :kind AND question = :question
            ORDER BY decision_id DESC LIMIT 1""",
        kind=kind,
        question=question,
    )
    return next(iter(_read([row])), None) if row else None


def _read(rows: Sequence[Row]) -> list[Row]:
    """Return the answers whose subject can be read."""
    read = [
        (row, shape_table.answer_in(row["kind"], row["question"], row["detail"])) for row in rows
    ]
    return [{**row, "detail": detail} for row, detail in read if detail is not None]


def standing(tx: Transaction, kind: str, question: str, now: datetime) -> Row | None:
    """Return the newest answer to a question that holds; None if there is none."""
    answer = tx.one(
        f"""SELECT {_COLUMNS} FROM decision
            WHERE portal_id = :portal AND kind = :kind AND question = :question
              AND (holds_until IS NULL OR holds_until > :now) ORDER BY decision_id DESC LIMIT 1""",
        kind=kind,
        question=question,
        now=now,
    )
    return None if answer is None or answer["verb"] == Verb.REOPEN else answer


def concerning(
    tx: Transaction, kinds: Collection[str], object_type: str, ids: Collection[int], now: datetime
) -> list[Decision]:
    """Return the answers that hold and concern these records or records merged into them.

    Oldest first.
    """
    if not ids:
        return []
    rows = tx.rows(
        # From the records to their answers, whatever the planner knows of tables that an import has
        # just filled.
        f"""WITH mine AS MATERIALIZED (
              SELECT unnest(CAST(:ids AS bigint[])) AS id UNION SELECT old_id FROM alias
              WHERE portal_id = :portal AND object_type = :type
                AND new_id = ANY(CAST(:ids AS bigint[]))),
            told AS MATERIALIZED (
              SELECT DISTINCT ref.decision_id FROM mine CROSS JOIN LATERAL (
                SELECT decision_id FROM decision_ref
                WHERE portal_id = :portal AND object_type = :type
                  AND object_id = mine.id {AS_WRITTEN}) AS ref)
            SELECT answer.decision_id, answer.kind, answer.question, answer.verb,
              answer.decided_at, answer.detail
            FROM told CROSS JOIN LATERAL (
              SELECT * FROM decision
              WHERE portal_id = :portal AND decision_id = told.decision_id {AS_WRITTEN}) AS answer
            WHERE answer.kind = ANY(CAST(:kinds AS text[]))
              AND (answer.holds_until IS NULL OR answer.holds_until > :now)
            ORDER BY answer.decision_id""",
        kinds=list(kinds),
        type=object_type,
        ids=list(ids),
        now=now,
    )
    return _of_today(tx, _read(rows))


# An answer with its question's number, where that is still kept, and whether a later one replaced
# it.
_WITH_QUESTION = f"""{", ".join(f"decision.{name}" for name in _COLUMNS.split(", "))},
  review.review_id, NOT EXISTS (
    SELECT FROM decision AS later
    WHERE later.portal_id = :portal AND later.kind = decision.kind
      AND later.question = decision.question
      AND later.decision_id > decision.decision_id) AS is_newest
  FROM decision LEFT JOIN review USING (portal_id, kind, question)"""


def of_record(tx: Transaction, object_type: str, record_id: int) -> Sequence[Row]:
    """Return every answer that concerns a record, also ended and replaced ones; newest first."""
    rows = tx.rows(
        f"""SELECT {_WITH_QUESTION} WHERE decision.portal_id = :portal AND decision_id IN (
              SELECT decision_id FROM decision_ref
              WHERE portal_id = :portal AND object_type = :type AND object_id IN (
                SELECT CAST(:id AS bigint) UNION SELECT old_id FROM alias
                WHERE portal_id = :portal AND object_type = :type AND new_id = :id))
            ORDER BY decision_id DESC""",
        type=object_type,
        id=record_id,
    )
    return _read(rows)


def of_records(tx: Transaction, refs: Collection[RefPair], *, limit: int) -> Sequence[Row]:
    """Return the answers that concern any of these records, each once; newest first."""
    if not refs:
        return ()
    rows = tx.rows(
        f"""SELECT {_WITH_QUESTION} WHERE decision.portal_id = :portal AND decision_id IN (
              SELECT decision_id FROM decision_ref
              JOIN unnest(CAST(:types AS text[]), CAST(:ids AS bigint[]))
                AS wanted(object_type, object_id) USING (object_type, object_id)
              WHERE portal_id = :portal)
            ORDER BY decision_id DESC LIMIT :limit""",
        types=[object_type for object_type, _ in refs],
        ids=[record_id for _, record_id in refs],
        limit=limit,
    )
    return _read(rows)


def history(tx: Transaction, *, kind: str | None, before: int | None, limit: int) -> Sequence[Row]:
    """Return a page of answers, newest first."""
    rows = tx.rows(
        f"""SELECT {_WITH_QUESTION} WHERE decision.portal_id = :portal
              AND (CAST(:kind AS text) IS NULL OR decision.kind = :kind)
              AND (CAST(:before AS bigint) IS NULL OR decision_id < :before)
            ORDER BY decision_id DESC LIMIT :limit""",
        kind=kind,
        before=before,
        limit=limit,
    )
    return _read(rows)


def _of_today(tx: Transaction, rows: Sequence[Row]) -> list[Decision]:
    """Return answers as the rules know them, with the ids of contacts and companies of today."""
    named: set[tuple[str, int]] = set()
    for row in rows:
        named |= _refs_in(row["detail"])
    today = mirror.resolve_several(tx, named)
    return [_decision(row, today) for row in rows]


def _refs_in(detail: Mapping[str, Any]) -> set[tuple[str, int]]:
    """Return the records that an answer names, as they were called when it was given."""
    refs: set[tuple[str, int]] = set()
    for name, object_type in _ONE.items():
        if detail.get(name):
            refs.add((object_type, detail[name]))
    for name, object_type in _SEVERAL.items():
        record_ids = detail.get(name, ())
        refs |= {(object_type, record_id) for record_id in record_ids if record_id is not None}
    return refs


def _decision(row: Row, today: Mapping[tuple[str, int], int]) -> Decision:
    detail = dict(row["detail"])
    for name, object_type in _ONE.items():
        if detail.get(name):
            detail[name] = today[object_type, detail[name]]
    contact_ids = [today[ObjectType.CONTACT, old_id] for old_id in detail.get("contacts", ())]
    # A departure leads to no company.
    company_ids = [
        None if old_id is None else today[ObjectType.COMPANY, old_id]
        for old_id in detail.get("companies", ())
    ]
    return Decision(
        row["decision_id"],
        row["kind"],
        row["verb"],
        row["decided_at"],
        tuple(contact_ids),
        tuple(company_ids),
        detail,
    )


# Where an answer's detail names one record, and where several.
_ONE = {"pick": ObjectType.CONTACT, "company": ObjectType.COMPANY}
_SEVERAL = {"contacts": ObjectType.CONTACT, "companies": ObjectType.COMPANY}
