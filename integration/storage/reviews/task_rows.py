"""Review tasks (`review`): stored as differences, listed by stake, closed by an answer."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from integration.storage.database import AS_WRITTEN, Row, Transaction, as_json
from mappings.records.rows import RefPair
from mappings.stored import shape_table
from mappings.stored.review_answers import Asked

_COLUMNS = """review_id, kind, question, confidence, stake_minor, stake_currency, body, asked_at,
  is_open, reopens_at"""

# The order of a list: most money first, then the surest, then the oldest.
Place = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class ReviewTask:
    """One question to a person.

    `weighs` are the records whose deals' money is at stake, `also` others that it is about.
    """

    kind: str
    key: str
    confidence: int
    body: Asked
    weighs: frozenset[tuple[str, int]] = frozenset()
    also: frozenset[tuple[str, int]] = field(default=frozenset())


def put(tx: Transaction, questions: Sequence[ReviewTask]) -> list[int]:
    """Store questions; return the numbers of those that changed.

    An open question is brought up to date, an answered one is left alone.
    """
    if not questions:
        return []
    rows = tx.tuples(
        """INSERT INTO review AS mine (portal_id, kind, question, confidence, body)
           SELECT :portal, kind, question, confidence, body
           FROM jsonb_to_recordset(CAST(:rows AS jsonb))
             AS t(kind text, question text, confidence bigint, body jsonb)
           ON CONFLICT (portal_id, kind, question) DO UPDATE
             SET confidence = excluded.confidence, body = excluded.body
             -- An answered question stays as it was answered; an equal one is not written again.
             WHERE mine.is_open AND (mine.confidence, mine.body)
               IS DISTINCT FROM (excluded.confidence, excluded.body)
           RETURNING review_id, kind, question""",
        rows=as_json(
            [
                {
                    "kind": question.kind,
                    "question": question.key,
                    "confidence": question.confidence,
                    "body": shape_table.question_body(question.body),
                }
                for question in questions
            ]
        ),
    )
    by_key = {(question.kind, question.key): question for question in questions}
    _replace_refs(tx, {review: by_key[kind, key] for review, kind, key in rows})
    return [review for review, _, _ in rows]


def _read(rows: Sequence[Row]) -> list[Row]:
    """Return the questions whose subject can be read; others are asked anew in their time."""
    read = [
        (row, shape_table.question_in(row["kind"], row["question"], row["body"])) for row in rows
    ]
    return [{**row, "body": body} for row, body in read if body is not None]


def _read_one(row: Row | None) -> Row | None:
    return next(iter(_read([row])), None) if row else None


def raised(tx: Transaction, questions: Sequence[ReviewTask]) -> list[int]:
    """Store questions that a person asks for; return the numbers of those that are open."""
    put(tx, questions)
    rows = tx.tuples(
        """SELECT review_id FROM review
           JOIN unnest(CAST(:kinds AS text[]), CAST(:keys AS text[])) AS t(kind, question)
           USING (kind, question)
           WHERE portal_id = :portal AND is_open ORDER BY review_id""",
        kinds=[question.kind for question in questions],
        keys=[question.key for question in questions],
    )
    return [row[0] for row in rows]


def _replace_refs(tx: Transaction, tasks: Mapping[int, ReviewTask]) -> None:
    if not tasks:
        return
    tx.run(
        """DELETE FROM review_ref
           WHERE portal_id = :portal AND review_id = ANY(CAST(:ids AS bigint[]))""",
        ids=list(tasks),
    )
    tx.run(
        """INSERT INTO review_ref (portal_id, review_id, object_type, object_id, weighs)
           SELECT :portal, review, kind, id, weighs FROM jsonb_to_recordset(CAST(:rows AS jsonb))
             AS t(review bigint, kind text, id bigint, weighs boolean)""",
        rows=as_json(
            [
                {
                    "review": review,
                    "kind": kind,
                    "id": record_id,
                    "weighs": (kind, record_id) in task.weighs,
                }
                for review, task in tasks.items()
                for kind, record_id in task.weighs | task.also
            ]
        ),
    )


def withdraw(tx: Transaction, keys: Collection[tuple[str, str]]) -> None:
    """Delete open questions that no longer arise."""
    if not keys:
        return
    rows = tx.tuples(
        f"""SELECT open.review_id
            FROM unnest(CAST(:kinds AS text[]), CAST(:keys AS text[])) AS t(kind, question)
            CROSS JOIN LATERAL (
              SELECT review_id FROM review
              WHERE portal_id = :portal AND kind = t.kind AND question = t.question
                AND is_open {AS_WRITTEN}) AS open""",
        kinds=[kind for kind, _ in keys],
        keys=[key for _, key in keys],
    )
    if rows:
        ids = [row[0] for row in rows]
        gone = tx.tuples(
            """DELETE FROM review
               WHERE portal_id = :portal AND review_id = ANY(CAST(:ids AS bigint[])) AND is_open
               RETURNING review_id""",
            ids=ids,
        )
        tx.run(
            """DELETE FROM review_ref
               WHERE portal_id = :portal AND review_id = ANY(CAST(:ids AS bigint[]))""",
            ids=[row[0] for row in gone],
        )


def asked_about(
    tx: Transaction, kinds: Collection[str], object_type: str, ids: Collection[int]
) -> Sequence[Row]:
    """Return the open questions of these kinds about any of these records."""
    if not ids:
        return ()
    rows = tx.rows(
        f"""WITH near AS MATERIALIZED (
              SELECT DISTINCT ref.review_id FROM unnest(CAST(:ids AS bigint[])) AS mine(id)
              CROSS JOIN LATERAL (
                SELECT review_id FROM review_ref
                WHERE portal_id = :portal AND object_type = :type
                  AND object_id = mine.id {AS_WRITTEN}) AS ref)
            SELECT open.* FROM near CROSS JOIN LATERAL (
              SELECT review_id, kind, question, body FROM review WHERE portal_id = :portal
                AND review_id = near.review_id AND is_open {AS_WRITTEN}) AS open
            WHERE open.kind = ANY(CAST(:kinds AS text[]))""",
        kinds=list(kinds),
        type=object_type,
        ids=list(ids),
    )
    return _read(rows)


def open_about(tx: Transaction, refs: Collection[RefPair], *, limit: int) -> Sequence[Row]:
    """Return the open questions about any of these records, most money first."""
    if not refs:
        return ()
    rows = tx.rows(
        f"""SELECT {_COLUMNS} FROM review WHERE portal_id = :portal AND is_open AND review_id IN (
              SELECT review_id FROM review_ref
              JOIN unnest(CAST(:types AS text[]), CAST(:ids AS bigint[]))
                AS wanted(object_type, object_id) USING (object_type, object_id)
              WHERE portal_id = :portal)
            ORDER BY -stake_minor, -confidence, review_id LIMIT :limit""",
        types=[object_type for object_type, _ in refs],
        ids=[record_id for _, record_id in refs],
        limit=limit,
    )
    return _read(rows)


def weigh(tx: Transaction, review_ids: Collection[int], home: str) -> None:
    """Compute the money at stake in questions: the open and won deals of records that weigh."""
    if not review_ids:
        return
    tx.run(
        f"""WITH mine AS MATERIALIZED (
              SELECT wanted.id AS review_id, ref.object_type, ref.object_id
              FROM unnest(CAST(:ids AS bigint[])) AS wanted(id) LEFT JOIN LATERAL (
                SELECT object_type, object_id FROM review_ref
                WHERE portal_id = :portal AND review_id = wanted.id
                  AND weighs {AS_WRITTEN}) AS ref ON true),
            touched AS MATERIALIZED (
              SELECT DISTINCT mine.review_id, found.deal_id FROM mine LEFT JOIN LATERAL (
                SELECT mine.object_id AS deal_id WHERE mine.object_type = 'deal'
                UNION ALL (SELECT from_id FROM association
                  WHERE portal_id = :portal AND mine.object_type = 'contact'
                    AND to_type = 'contact' AND to_id = mine.object_id
                    AND from_type = 'deal' {AS_WRITTEN})
                UNION ALL (SELECT deal_id FROM deal
                  WHERE portal_id = :portal AND mine.object_type = 'company'
                  AND company_id = mine.object_id {AS_WRITTEN})) AS found ON true),
            weighed AS MATERIALIZED (
              SELECT touched.review_id, coalesce(sum(CASE
                  -- Without a home currency amounts count as they are, whatever theirs is.
                  WHEN :home IN ('', coalesce(counted.currency, :home))
                    THEN coalesce(counted.amount_minor, 0)
                  WHEN counted.home_currency = :home THEN coalesce(counted.home_minor, 0)
                  ELSE 0 END), 0) AS minor,
                coalesce(nullif(CAST(:home AS text), ''), max(counted.currency)) AS currency
              FROM touched LEFT JOIN LATERAL (
                SELECT currency, amount_minor, home_currency, home_minor FROM deal
                WHERE portal_id = :portal AND deal_id = touched.deal_id
                  AND (is_open OR is_won) {AS_WRITTEN}) AS counted ON true
              GROUP BY touched.review_id)
            UPDATE review SET stake_minor = weighed.minor, stake_currency = weighed.currency
            FROM weighed
            WHERE review.portal_id = :portal AND review.review_id = weighed.review_id
              AND review.review_id = ANY(CAST(:ids AS bigint[]))
              AND (review.stake_minor, review.stake_currency)
                IS DISTINCT FROM (weighed.minor, weighed.currency)""",
        ids=list(review_ids),
        home=home,
    )


def touched_by(tx: Transaction, deal_ids: Collection[int]) -> list[int]:
    """Return the open questions with these deals' money at stake."""
    if not deal_ids:
        return []
    rows = tx.tuples(
        f"""WITH near AS MATERIALIZED (
              SELECT 'deal' AS object_type, unnest(CAST(:ids AS bigint[])) AS object_id
              UNION SELECT 'contact', to_id FROM association
              WHERE portal_id = :portal AND from_type = 'deal'
                AND from_id = ANY(CAST(:ids AS bigint[])) AND to_type = 'contact'
              UNION SELECT 'company', company_id FROM deal
                WHERE portal_id = :portal AND deal_id = ANY(CAST(:ids AS bigint[]))
                  AND company_id IS NOT NULL)
            SELECT DISTINCT ref.review_id FROM near CROSS JOIN LATERAL (
              SELECT review_id FROM review_ref
              WHERE portal_id = :portal AND object_type = near.object_type
                AND object_id = near.object_id AND weighs {AS_WRITTEN}) AS ref
            CROSS JOIN LATERAL (
              SELECT FROM review
              WHERE portal_id = :portal AND review_id = ref.review_id AND is_open {AS_WRITTEN})
              AS open""",
        ids=list(deal_ids),
    )
    return [row[0] for row in rows]


def page(
    tx: Transaction, *, kind: str | None, after: Place | None, limit: int, now: datetime
) -> Sequence[Row]:
    """Return a page of open questions in order, those whose answer has ended included."""
    only = "AND kind = :kind" if kind else ""
    behind = (
        "AND (-stake_minor, -confidence, review_id) > (:stake, :confidence, :last)" if after else ""
    )
    order = "ORDER BY -stake_minor, -confidence, review_id LIMIT :limit"
    stake, confidence, last = after or (0, 0, 0)
    rows = tx.rows(
        f"""SELECT * FROM (
              (SELECT {_COLUMNS} FROM review
                WHERE portal_id = :portal AND is_open {only} {behind} {order})
              UNION ALL
              (SELECT {_COLUMNS} FROM review
                WHERE portal_id = :portal AND NOT is_open AND reopens_at <= :now
                 {only} {behind} {order})) AS both_kinds {order}""",
        kind=kind,
        stake=-stake,
        confidence=-confidence,
        last=last,
        limit=limit,
        now=now,
    )
    return _read(rows)


def counts(tx: Transaction, now: datetime) -> dict[str, int]:
    """Return how many questions of each kind are open."""
    rows = tx.tuples(
        """SELECT kind, count(*) FROM (
             SELECT kind FROM review WHERE portal_id = :portal AND is_open
             UNION ALL SELECT kind FROM review
             WHERE portal_id = :portal AND NOT is_open AND reopens_at <= :now) AS open
           GROUP BY kind""",
        now=now,
    )
    return dict(rows)


def find(tx: Transaction, review_id: int) -> Row | None:
    """Return one question, open or answered."""
    wanted = f"SELECT {_COLUMNS} FROM review WHERE portal_id = :portal AND review_id = :id"
    return _read_one(tx.one(wanted, id=review_id))


def by_key(tx: Transaction, kind: str, key: str) -> Row | None:
    """Return one question by its kind and key."""
    row = tx.one(
        f"""SELECT {_COLUMNS} FROM review
            WHERE portal_id = :portal AND kind = :kind AND question = :key""",
        kind=kind,
        key=key,
    )
    return _read_one(row)


def settle(tx: Transaction, review_id: int, *, is_open: bool, reopens_at: datetime | None) -> None:
    """Close a question with an answer until *reopens_at*, or open it again."""
    tx.run(
        """UPDATE review SET is_open = :open, reopens_at = :at
           WHERE portal_id = :portal AND review_id = :id""",
        open=is_open,
        at=reopens_at,
        id=review_id,
    )


def ended(tx: Transaction, now: datetime) -> Sequence[Row]:
    """Return the questions whose answer has ended."""
    wanted = f"SELECT {_COLUMNS} FROM review WHERE portal_id = :portal AND reopens_at <= :now"
    return _read(tx.rows(wanted, now=now))
