"""Survey answers that came from other tools than HubSpot."""

from collections.abc import Collection

from integration.storage.database import Transaction
from mappings.rules.facts import NpsAnswer


def of_contacts(tx: Transaction, contact_ids: Collection[int]) -> list[NpsAnswer]:
    """Return the answers that belong to these contacts."""
    rows = tx.rows(
        """SELECT source, answer_key, contact_id, score, comment, at FROM answer
           WHERE portal_id = :portal AND contact_id = ANY(CAST(:ids AS bigint[])) ORDER BY at, source, answer_key""",
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
