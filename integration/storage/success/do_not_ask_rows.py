"""People who are not to be asked (`do_not_ask`): since when, who noted it, and withdrawals."""

from collections.abc import Collection
from datetime import datetime

from integration.storage.database import AS_WRITTEN, Row, Transaction


def note(tx: Transaction, contact_id: int, at: datetime, *, by: str) -> bool:
    """Note that a contact is not to be asked; False if that was in force already."""
    noted = tx.run(
        """INSERT INTO do_not_ask (portal_id, contact_id, at, made_by)
           VALUES (:portal, :contact, :at, :by) ON CONFLICT DO NOTHING""",
        contact=contact_id,
        at=at,
        by=by,
    )
    return noted == 1


def withdraw(tx: Transaction, contact_ids: Collection[int], at: datetime, *, by: str) -> bool:
    """Let these contacts be asked again, whichever of them it was noted on; False if none was."""
    withdrawn = tx.run(
        """UPDATE do_not_ask SET withdrawn_at = :at, withdrawn_by = :by
           WHERE portal_id = :portal AND withdrawn_at IS NULL AND (
             contact_id = ANY(CAST(:ids AS bigint[]))
             OR contact_id IN (SELECT old_id FROM alias
               WHERE portal_id = :portal AND object_type = 'contact'
                 AND new_id = ANY(CAST(:ids AS bigint[]))))""",
        ids=list(contact_ids),
        at=at,
        by=by,
    )
    return withdrawn > 0


def in_force(tx: Transaction, contact_ids: Collection[int]) -> dict[int, Row]:
    """Return what is in force for these contacts and records merged into them: `at`, `made_by`."""
    if not contact_ids:
        return {}
    rows = tx.rows(
        f"""WITH mine AS MATERIALIZED (
              SELECT id AS old_id, id FROM unnest(CAST(:ids AS bigint[])) AS id
              UNION SELECT old_id, new_id FROM alias
              WHERE portal_id = :portal AND object_type = 'contact'
                AND new_id = ANY(CAST(:ids AS bigint[])))
            SELECT mine.id, noted.at, noted.made_by FROM mine CROSS JOIN LATERAL (
              SELECT at, made_by FROM do_not_ask
              WHERE portal_id = :portal AND contact_id = mine.old_id AND withdrawn_at IS NULL
              {AS_WRITTEN}) AS noted
            ORDER BY noted.at DESC""",
        ids=list(contact_ids),
    )
    return {row["id"]: row for row in rows}
