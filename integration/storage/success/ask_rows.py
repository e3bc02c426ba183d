"""Asks (`ask`): what somebody was asked for, by whom, and what became of it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from integration.storage.database import AS_WRITTEN, Row, Transaction
from mappings.kinds import AskKind, AskOutcome

_COLUMNS = """ask_id, contact_id, company_id, owner_id, kind, target_contact_id, win_key, at,
  made_by, outcome, outcome_at, outcome_by, introduced_contact_id"""
_MINE = """mine AS MATERIALIZED (
  SELECT id AS old_id, id FROM unnest(CAST(:ids AS bigint[])) AS id
  UNION SELECT old_id, new_id FROM alias
  WHERE portal_id = :portal AND object_type = 'contact' AND new_id = ANY(CAST(:ids AS bigint[])))"""


@dataclass(frozen=True, slots=True)
class Ask:
    """One thing that a person was asked for; without an outcome while nobody noted any."""

    ask_id: int
    contact_id: int
    company_id: int
    owner_id: int | None
    kind: AskKind
    target_contact_id: int | None
    win_key: str | None
    at: datetime
    made_by: str
    outcome: AskOutcome | None = None
    outcome_at: datetime | None = None
    outcome_by: str | None = None
    introduced_contact_id: int | None = None


def add(tx: Transaction, ask: Ask) -> int:
    """Note an ask, without an outcome; return its number."""
    number: int = tx.value(
        """INSERT INTO ask (portal_id, contact_id, company_id, owner_id, kind, target_contact_id,
             win_key, at, made_by)
           VALUES (:portal, :contact, :company, :owner, :kind, :target, :win, :at, :by)
           RETURNING ask_id""",
        contact=ask.contact_id,
        company=ask.company_id,
        owner=ask.owner_id,
        kind=ask.kind.value,
        target=ask.target_contact_id,
        win=ask.win_key,
        at=ask.at,
        by=ask.made_by,
    )
    return number


def find(tx: Transaction, ask_id: int) -> Ask | None:
    """Return an ask, locked until the transaction ends."""
    row = tx.one(
        f"SELECT {_COLUMNS} FROM ask WHERE portal_id = :portal AND ask_id = :number FOR UPDATE",
        number=ask_id,
    )
    return _ask(row) if row else None


def conclude(
    tx: Transaction,
    ask_id: int,
    outcome: AskOutcome | None,
    at: datetime,
    *,
    by: str,
    introduced_contact_id: int | None = None,
) -> None:
    """Note what became of an ask; None opens it again."""
    tx.run(
        """UPDATE ask SET outcome = :outcome, introduced_contact_id = :introduced,
             outcome_at = :at,
             outcome_by = :by
           WHERE portal_id = :portal AND ask_id = :number""",
        number=ask_id,
        outcome=outcome.value if outcome else None,
        introduced=introduced_contact_id,
        at=at if outcome else None,
        by=by if outcome else None,
    )


def remove(tx: Transaction, ask_id: int) -> None:
    """Say that an ask never took place."""
    tx.run("DELETE FROM ask WHERE portal_id = :portal AND ask_id = :number", number=ask_id)


def of_contacts(tx: Transaction, contact_ids: Collection[int]) -> list[Ask]:
    """Return the asks of these contacts, by the ids of today, the newest first."""
    if not contact_ids:
        return []
    rows = tx.rows(
        f"""WITH {_MINE}
            SELECT mine.id, asked.* FROM mine CROSS JOIN LATERAL (
              SELECT {_COLUMNS} FROM ask WHERE portal_id = :portal AND contact_id = mine.old_id
              {AS_WRITTEN}) AS asked
            ORDER BY asked.at DESC, asked.ask_id DESC""",
        ids=list(contact_ids),
    )
    return [_ask({**row, "contact_id": row["id"]}) for row in rows]


def declined(tx: Transaction, contact_ids: Collection[int]) -> dict[int, datetime]:
    """Return when each of these contacts declined last."""
    if not contact_ids:
        return {}
    rows = tx.tuples(
        f"""WITH {_MINE}
            SELECT mine.id, max(asked.outcome_at) FROM mine CROSS JOIN LATERAL (
              SELECT outcome_at FROM ask WHERE portal_id = :portal AND contact_id = mine.old_id
                AND outcome = 'declined' {AS_WRITTEN}) AS asked
            GROUP BY mine.id""",
        ids=list(contact_ids),
    )
    return dict(rows)


def introductions(tx: Transaction, contact_ids: Collection[int]) -> Sequence[Row]:
    """Return who introduced these contacts when asked, all by the ids of today.

    Somebody who was forgotten introduced nobody.
    """
    if not contact_ids:
        return ()
    return tx.rows(
        f"""WITH {_MINE}
            SELECT mine.id AS introduced_id, coalesce(alias.new_id, asked.contact_id) AS asked_id,
              asked.ask_id, asked.outcome_at
            FROM mine CROSS JOIN LATERAL (
              SELECT * FROM ask WHERE portal_id = :portal
                AND introduced_contact_id = mine.old_id AND outcome = 'introduced'
                AND contact_id > 0 {AS_WRITTEN}) AS asked
              LEFT JOIN alias ON alias.portal_id = :portal AND alias.object_type = 'contact'
                AND alias.old_id = asked.contact_id
            ORDER BY asked.ask_id""",
        ids=list(contact_ids),
    )


def since(tx: Transaction, since: datetime) -> Sequence[Ask]:
    """Return all asks after a moment, the newest first."""
    rows = tx.rows(
        f"""SELECT {_COLUMNS} FROM ask WHERE portal_id = :portal AND at > :since
            ORDER BY at DESC, ask_id DESC""",
        since=since,
    )
    return [_ask(row) for row in rows]


def _ask(row: Row) -> Ask:
    known = {name.strip(): row[name.strip()] for name in _COLUMNS.split(",")}
    kind = AskKind.of(known["kind"]) or AskKind.REFERRAL
    return Ask(**{**known, "kind": kind, "outcome": AskOutcome.of(known["outcome"])})
