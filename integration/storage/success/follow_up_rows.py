"""Follow-ups (`follow_up`) and the tags they are closed with (`follow_up_tag`)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from integration.storage.database import AS_WRITTEN, Row, Transaction
from mappings.kinds import ObjectType
from mappings.rules.success.follow_ups import FollowUp, FollowUpKind

_COLUMNS = """follow_up_id, kind, contact_id, company_id, score, answered_at, later_score, later_at,
  gap, month, is_withdrawn, opened_at, due_on, owner_id, is_reassigned, closed_at"""


@dataclass(frozen=True, slots=True)
class OwnTag:
    """A reason for closing that an admin added; a retired one is not offered any more."""

    tag_id: int
    label: str
    is_retired: bool = False


def of_contacts(tx: Transaction, contact_ids: Collection[int]) -> Mapping[int, Sequence[FollowUp]]:
    """Return these contacts' follow-ups of answers, oldest first.

    Those of records that were merged into them are theirs.
    """
    return _of(tx, FollowUpKind.ANSWER, ObjectType.CONTACT, "contact_id", contact_ids)


def gaps(tx: Transaction, company_ids: Collection[int]) -> Mapping[int, Sequence[FollowUp]]:
    """Return these companies' follow-ups of gaps, oldest first; as for merged contacts."""
    return _of(tx, FollowUpKind.GAP, ObjectType.COMPANY, "company_id", company_ids)


def _of(
    tx: Transaction, kind: FollowUpKind, object_type: str, column: str, ids: Collection[int]
) -> Mapping[int, Sequence[FollowUp]]:
    if not ids:
        return {}
    rows = tx.rows(
        f"""WITH mine AS MATERIALIZED (
              SELECT id AS old_id, id FROM unnest(CAST(:ids AS bigint[])) AS id
              UNION SELECT old_id, new_id FROM alias
              WHERE portal_id = :portal AND object_type = :type
                AND new_id = ANY(CAST(:ids AS bigint[])))
            SELECT mine.id AS of_id, own.* FROM mine CROSS JOIN LATERAL (
              SELECT {_COLUMNS} FROM follow_up
              WHERE portal_id = :portal AND {column} = mine.old_id AND kind = :kind
              {AS_WRITTEN}) AS own
            ORDER BY own.opened_at, own.follow_up_id""",
        ids=list(ids),
        type=object_type,
        kind=kind.value,
    )
    found: dict[int, list[FollowUp]] = {}
    for row in rows:
        found.setdefault(row["of_id"], []).append(_follow_up({**row, column: row["of_id"]}))
    return found


def add(tx: Transaction, loop: FollowUp, due_at: datetime) -> int:
    """Store a new follow-up; return its number."""
    return int(
        tx.value(
            """INSERT INTO follow_up (portal_id, kind, contact_id, company_id, score, answered_at,
                 later_score, later_at, gap, month, is_withdrawn, opened_at, due_on, due_at,
                 owner_id)
               VALUES (:portal, :kind, :contact, :company, :score, :answered, :later_score,
                 :later_at, :gap, :month, :withdrawn, :opened, :due_on, :due_at, :owner)
               RETURNING follow_up_id""",
            **_values(loop, due_at),
        )
    )


def change(tx: Transaction, loop: FollowUp, due_at: datetime) -> None:
    """Store what became of an open follow-up; one that somebody closed meanwhile stays closed."""
    tx.run(
        """UPDATE follow_up SET contact_id = :contact, company_id = :company, score = :score,
             answered_at = :answered, later_score = :later_score, later_at = :later_at, gap = :gap,
             is_withdrawn = :withdrawn, due_on = :due_on, due_at = :due_at, owner_id = :owner
           WHERE portal_id = :portal AND follow_up_id = :number AND closed_at IS NULL""",
        number=loop.number,
        **_values(loop, due_at),
    )


def _values(loop: FollowUp, due_at: datetime) -> dict[str, object]:
    return {
        "kind": loop.kind.value,
        "contact": loop.contact_id,
        "company": loop.company_id,
        "score": loop.score,
        "answered": loop.answered_at,
        "later_score": loop.later_score,
        "later_at": loop.later_at,
        "gap": loop.steps,
        "month": loop.month,
        "withdrawn": loop.is_withdrawn,
        "opened": loop.opened_at,
        "due_on": loop.due_on,
        "due_at": due_at,
        "owner": loop.owner_id,
    }


def find(tx: Transaction, number: int) -> Row | None:
    """Return a follow-up with all that is stored of it, locked until the transaction ends."""
    return tx.one(
        """SELECT * FROM follow_up WHERE portal_id = :portal AND follow_up_id = :number
           FOR UPDATE""",
        number=number,
    )


def of_record(
    tx: Transaction, object_type: str, record_ids: Collection[int], *, limit: int
) -> Sequence[Row]:
    """Return the follow-ups of contacts or companies, open ones first, then the newest."""
    column = "contact_id" if object_type == ObjectType.CONTACT else "company_id"
    return tx.rows(
        f"""SELECT * FROM follow_up WHERE portal_id = :portal
              AND {column} = ANY(CAST(:ids AS bigint[]))
            ORDER BY closed_at IS NOT NULL, opened_at DESC, follow_up_id LIMIT :limit""",
        ids=list(record_ids),
        limit=limit,
    )


def close(tx: Transaction, number: int, *, at: datetime, by: str, tag: str, words: str) -> bool:
    """Close an open follow-up; False where it is closed already."""
    closed = tx.run(
        """UPDATE follow_up SET closed_at = :at, closed_by = :by, tag = :tag, words = :words
           WHERE portal_id = :portal AND follow_up_id = :number AND closed_at IS NULL""",
        number=number,
        at=at,
        by=by,
        tag=tag,
        words=words,
    )
    return closed == 1


def reopen(tx: Transaction, number: int) -> None:
    """Open a follow-up again; what it was closed with is in the trail of who did what."""
    tx.run(
        """UPDATE follow_up SET closed_at = NULL, closed_by = NULL, tag = NULL, words = ''
           WHERE portal_id = :portal AND follow_up_id = :number""",
        number=number,
    )


def reassign(tx: Transaction, number: int, owner_id: int | None) -> None:
    """Give a follow-up to somebody; it stays theirs whoever looks after the record."""
    tx.run(
        """UPDATE follow_up SET owner_id = :owner, is_reassigned = true
           WHERE portal_id = :portal AND follow_up_id = :number""",
        number=number,
        owner=owner_id,
    )


def is_open_for_person(tx: Transaction, contact_id: int, *, but: int) -> bool:
    """Whether a contact has another open follow-up than *but*."""
    return bool(
        tx.value(
            """SELECT EXISTS (SELECT FROM follow_up WHERE portal_id = :portal AND kind = 'answer'
                 AND contact_id = :contact AND closed_at IS NULL AND follow_up_id <> :but)""",
            contact=contact_id,
            but=but,
        )
    )


def own_tags(tx: Transaction) -> Sequence[OwnTag]:
    """Return the tags that admins added, by name."""
    rows = tx.rows(
        """SELECT tag_id, label, is_retired FROM follow_up_tag WHERE portal_id = :portal
           ORDER BY lower(label), tag_id"""
    )
    return [OwnTag(**row) for row in rows]


def add_tag(tx: Transaction, label: str) -> None:
    """Offer another tag; one of that name that was retired is offered again."""
    tx.run(
        """INSERT INTO follow_up_tag (portal_id, label) VALUES (:portal, :label)
           ON CONFLICT (portal_id, label) DO UPDATE SET is_retired = false""",
        label=label,
    )


def retire_tag(tx: Transaction, tag_id: int) -> None:
    """Offer a tag no more; what was closed with it keeps it."""
    tx.run(
        """UPDATE follow_up_tag SET is_retired = true
           WHERE portal_id = :portal AND tag_id = :tag""",
        tag=tag_id,
    )


def _follow_up(row: Row) -> FollowUp:
    return FollowUp(
        FollowUpKind(row["kind"]),
        contact_id=row["contact_id"],
        company_id=row["company_id"],
        score=row["score"],
        answered_at=row["answered_at"],
        later_score=row["later_score"],
        later_at=row["later_at"],
        steps=row["gap"],
        month=row["month"],
        is_withdrawn=row["is_withdrawn"],
        opened_at=row["opened_at"],
        due_on=row["due_on"],
        owner_id=row["owner_id"],
        is_reassigned=row["is_reassigned"],
        closed_at=row["closed_at"],
        number=row["follow_up_id"],
    )
