"""Approaches (`approach`): surveys and asks that reached a person, each once by its key."""

from collections.abc import Collection
from datetime import datetime

from integration.storage.database import AS_WRITTEN, Row, Transaction
from mappings.kinds import ObjectType
from mappings.rules.success.contact_cap import Approach, ApproachKind


def note(tx: Transaction, approach: Approach, *, by: str) -> bool:
    """Note that somebody was approached; False if one of that kind and key was noted before."""
    noted = tx.run(
        """INSERT INTO approach (portal_id, kind, approach_key, contact_id, company_id, at, made_by)
           VALUES (:portal, :kind, :key, :contact, :company, :at, :by)
           ON CONFLICT DO NOTHING""",
        kind=approach.kind.value,
        key=approach.key,
        contact=approach.contact_id,
        company=approach.company_id,
        at=approach.at,
        by=by,
    )
    return noted == 1


def take_back(tx: Transaction, kind: ApproachKind, key: str) -> bool:
    """Say that an approach never took place; False if none is noted."""
    taken = tx.run(
        """DELETE FROM approach
           WHERE portal_id = :portal AND kind = :kind AND approach_key = :key""",
        kind=kind.value,
        key=key,
    )
    return taken == 1


def of_contacts(
    tx: Transaction, contact_ids: Collection[int], *, since: datetime
) -> list[Approach]:
    """Return the approaches of these contacts and of records that were merged into them."""
    return _of(tx, ObjectType.CONTACT, "contact_id", contact_ids, since)


def of_companies(
    tx: Transaction, company_ids: Collection[int], *, since: datetime
) -> list[Approach]:
    """Return the approaches of people who were at these companies on that day."""
    return _of(tx, ObjectType.COMPANY, "company_id", company_ids, since)


def _of(
    tx: Transaction, object_type: str, column: str, ids: Collection[int], since: datetime
) -> list[Approach]:
    if not ids:
        return []
    rows = tx.rows(
        f"""WITH mine AS MATERIALIZED (
              SELECT id AS old_id, id FROM unnest(CAST(:ids AS bigint[])) AS id
              UNION SELECT old_id, new_id FROM alias
              WHERE portal_id = :portal AND object_type = :type
                AND new_id = ANY(CAST(:ids AS bigint[])))
            SELECT noted.kind, noted.approach_key, noted.contact_id, noted.company_id, noted.at,
              mine.id
            FROM mine CROSS JOIN LATERAL (
              SELECT * FROM approach
              WHERE portal_id = :portal AND {column} = mine.old_id AND at > :since
              {AS_WRITTEN}) AS noted
            ORDER BY noted.at, noted.kind, noted.approach_key""",
        ids=list(ids),
        type=object_type,
        since=since,
    )
    return [_approach({**row, column: row["id"]}) for row in rows]


def _approach(row: Row) -> Approach:
    return Approach(
        contact_id=row["contact_id"],
        kind=ApproachKind(row["kind"]),
        at=row["at"],
        key=row["approach_key"],
        company_id=row["company_id"],
    )
