"""Survey answers that came from other tools than HubSpot, and whose answers an answer may be among."""

from collections.abc import Collection

from integration.storage import mirror
from integration.storage.database import Transaction
from mappings.rules.facts import NpsAnswer


def of_contacts(tx: Transaction, contact_ids: Collection[int]) -> list[NpsAnswer]:
    """Return the answers that belong to these contacts, or to records that were merged into them."""
    rows = tx.rows(
        """SELECT source, answer_key, means.new_id AS contact_id, score, comment, at FROM answer JOIN (
             SELECT id AS old_id, id AS new_id FROM unnest(CAST(:ids AS bigint[])) AS id
             UNION SELECT old_id, new_id FROM alias
             WHERE portal_id = :portal AND object_type = 'contact' AND new_id = ANY(CAST(:ids AS bigint[]))) AS means
             ON contact_id = old_id
           WHERE answer.portal_id = :portal ORDER BY at, source, answer_key""",
        ids=list(contact_ids),
    )
    return [
        NpsAnswer(
            row["contact_id"],
            row["score"],
            row["at"],
            comment=row["comment"] or "",
            id=f"{row['source']}:{row['answer_key']}",
        )
        for row in rows
    ]


def givers(tx: Transaction, company_ids: Collection[int]) -> set[tuple[int, int]]:
    """Return (contact, company) for everybody whose answers may be these companies': they are or were there.

    Whoever left is among them, whether or not the way out was taken for a move; so is who answered a survey that
    HubSpot linked to the company. :func:`companies_of` is the same question the other way.
    """
    if not company_ids:
        return set()
    rows = tx.tuples(
        """SELECT contact_id, company_id FROM identity_key JOIN (
             SELECT id AS company_id, CAST(id AS text) AS value FROM unnest(CAST(:ids AS bigint[])) AS id
             UNION SELECT new_id, CAST(old_id AS text) FROM alias
             WHERE portal_id = :portal AND object_type = 'company' AND new_id = ANY(CAST(:ids AS bigint[]))) AS means
             USING (value)
           WHERE identity_key.portal_id = :portal AND kind = 'at'
           UNION
           SELECT whose.to_id, given.to_id FROM association AS given JOIN association AS whose
             ON whose.portal_id = :portal AND whose.from_type = given.from_type AND whose.from_id = given.from_id
           WHERE given.portal_id = :portal AND given.from_type = 'feedback_submission' AND given.to_type = 'company'
             AND given.to_id = ANY(CAST(:ids AS bigint[])) AND whose.to_type = 'contact'""",
        ids=list(company_ids),
    )
    return {(contact, company) for contact, company in rows}


def companies_of(tx: Transaction, contact_ids: Collection[int]) -> set[int]:
    """Return the companies, as they are called by id today, that the answers of these contacts may be counted for."""
    if not contact_ids:
        return set()
    rows = tx.tuples(
        """SELECT value FROM identity_key
           WHERE portal_id = :portal AND kind = 'at' AND contact_id = ANY(CAST(:ids AS bigint[]))
           UNION
           SELECT CAST(given.to_id AS text) FROM association AS whose JOIN association AS given
             ON given.portal_id = :portal AND given.from_type = whose.from_type AND given.from_id = whose.from_id
           WHERE whose.portal_id = :portal AND whose.from_type = 'feedback_submission' AND whose.to_type = 'contact'
             AND whose.to_id = ANY(CAST(:ids AS bigint[])) AND given.to_type = 'company'""",
        ids=list(contact_ids),
    )
    return set(mirror.resolve(tx, "company", (int(row[0]) for row in rows)).values())
