"""Survey answers from other tools (`answer`), and the companies an answer may count for."""

from collections.abc import Collection

from integration.storage.database import AS_WRITTEN, Transaction
from integration.storage.mirror import mirror
from mappings.kinds import ObjectType
from mappings.rules.facts import NpsAnswer


def of_contacts(tx: Transaction, contact_ids: Collection[int]) -> list[NpsAnswer]:
    """Return the answers of these contacts and of records that were merged into them.

    Of those that name the same answer, as two tools report it, the latest.
    """
    rows = tx.rows(
        f"""WITH mine AS MATERIALIZED ({_means(ObjectType.CONTACT)})
            SELECT told.source, told.answer_key, mine.id AS contact_id, told.score, told.comment,
              told.at, told.external_id
            FROM mine CROSS JOIN LATERAL (
              SELECT * FROM answer
              WHERE portal_id = :portal AND contact_id = mine.old_id {AS_WRITTEN}) AS told
            ORDER BY told.at, told.source, told.answer_key""",
        ids=list(contact_ids),
    )
    told_once: dict[tuple[int, str], NpsAnswer] = {}
    for row in rows:
        own_name = f"{row['source']}:{row['answer_key']}"
        name = f"external:{row['external_id']}" if row["external_id"] else own_name
        told_once[row["contact_id"], name] = NpsAnswer(
            row["contact_id"],
            row["score"],
            row["at"],
            comment=row["comment"] or "",
            id=own_name,
        )
    return list(told_once.values())


def givers(tx: Transaction, company_ids: Collection[int]) -> set[tuple[int, int]]:
    """Return (contact, company) for every contact whose answers may count for these companies.

    They are or were there, whether or not leaving was taken for a move; or they answered a
    survey that HubSpot linked to the company. :func:`companies_of` is the inverse.
    """
    if not company_ids:
        return set()
    rows = tx.tuples(
        f"""WITH mine AS MATERIALIZED ({_means(ObjectType.COMPANY)})
            SELECT held.contact_id, mine.id FROM mine CROSS JOIN LATERAL (
              SELECT contact_id FROM identity_key
              WHERE portal_id = :portal AND kind = 'at'
                AND value = CAST(mine.old_id AS text) {AS_WRITTEN}) AS held
            UNION
            {_linked(ObjectType.COMPANY, ObjectType.CONTACT, "whose.to_id, mine.id")}""",
        ids=list(company_ids),
    )
    return {(contact, company) for contact, company in rows}


def companies_of(tx: Transaction, contact_ids: Collection[int]) -> set[int]:
    """Return the companies, by ids of today, that these contacts' answers may count for."""
    if not contact_ids:
        return set()
    rows = tx.tuples(
        f"""WITH mine AS MATERIALIZED (SELECT unnest(CAST(:ids AS bigint[])) AS id)
            SELECT held.value FROM mine CROSS JOIN LATERAL (
              SELECT kind, value FROM identity_key
              WHERE portal_id = :portal AND contact_id = mine.id {AS_WRITTEN}) AS held
            WHERE held.kind = 'at'
            UNION
            {_linked(ObjectType.CONTACT, ObjectType.COMPANY, "CAST(whose.to_id AS text)")}""",
        ids=list(contact_ids),
    )
    return set(mirror.resolve(tx, ObjectType.COMPANY, (int(row[0]) for row in rows)).values())


def _means(object_type: str) -> str:
    """Return the SQL of every id that means one of the asked records, with the id of today."""
    return f"""SELECT id AS old_id, id FROM unnest(CAST(:ids AS bigint[])) AS id
               UNION SELECT old_id, new_id FROM alias
               WHERE portal_id = :portal AND object_type = '{object_type}'
                 AND new_id = ANY(CAST(:ids AS bigint[]))"""


def _linked(near: str, far: str, wanted: str) -> str:
    """Return the SQL of the far ends of survey answers that are linked to *mine*."""
    return f"""SELECT {wanted} FROM mine CROSS JOIN LATERAL (
                 SELECT from_id FROM association WHERE portal_id = :portal AND to_type = '{near}'
                   AND to_id = mine.id AND from_type = 'feedback_submission' {AS_WRITTEN}) AS given
               CROSS JOIN LATERAL (
                 SELECT to_id FROM association
                 WHERE portal_id = :portal AND from_type = 'feedback_submission'
                   AND from_id = given.from_id AND to_type = '{far}' {AS_WRITTEN}) AS whose"""
