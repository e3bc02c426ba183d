"""Items that came with an inbound key: survey answers (`answer`) and usage figures (`usage`)."""

from collections.abc import Mapping
from typing import Any

from integration.storage.database import Transaction


def keep_answer(tx: Transaction, source: str, said: Mapping[str, Any]) -> int | None:
    """Store an answer, the latest of its key; return its contact when known."""
    contact: int | None = said["contact_id"]
    if contact is None:
        contact = tx.value(
            """SELECT min(contact_id) FROM identity_key
               WHERE portal_id = :portal AND kind = 'mail' AND value = :email""",
            email=said["email"],
        )
    tx.run(
        """INSERT INTO answer (portal_id, source, answer_key, contact_id, email, score, comment, at)
           VALUES (:portal, :source, :key, :contact, :email, :score, :comment,
             CAST(:at AS timestamptz))
           ON CONFLICT (portal_id, source, answer_key) DO UPDATE SET score = excluded.score,
             comment = excluded.comment, at = excluded.at, contact_id = excluded.contact_id
             -- Deliveries come in any order: an older answer replaces no newer one.
             WHERE answer.at <= excluded.at""",
        source=source,
        key=said["key"],
        contact=contact,
        email=said["email"],
        score=said["score"],
        comment=said["comment"],
        at=said["at"],
    )
    return contact


def keep_usage(tx: Transaction, said: Mapping[str, Any]) -> int | None:
    """Store a company's usage figure; return the company, None when none has that domain."""
    company: int | None = said["company_id"]
    if company is None:
        company = tx.value(
            """SELECT min(company_id) FROM company_key
               WHERE portal_id = :portal AND kind = 'domain' AND value = :domain""",
            domain=said["domain"],
        )
    if company is not None:
        tx.run(
            """INSERT INTO usage (portal_id, company_id, metric, at, value)
               VALUES (:portal, :company, :metric, CAST(:at AS timestamptz), :value)
               ON CONFLICT (portal_id, company_id, metric, at)
               DO UPDATE SET value = excluded.value""",
            company=company,
            metric=said["metric"],
            at=said["at"],
            value=said["value"],
        )
    return company


def adopt(tx: Transaction) -> set[int]:
    """Give answers of unknown senders to the contacts that have their address now; return those."""
    rows = tx.rows(
        """UPDATE answer SET contact_id = found.contact_id FROM (
             SELECT value, min(contact_id) AS contact_id FROM identity_key
             WHERE portal_id = :portal AND kind = 'mail'
               AND value IN (
                 SELECT email FROM answer WHERE portal_id = :portal AND contact_id IS NULL)
             GROUP BY value) AS found
           WHERE answer.portal_id = :portal AND answer.contact_id IS NULL
             AND answer.email = found.value
           RETURNING answer.contact_id"""
    )
    return {row["contact_id"] for row in rows}


def blank(tx: Transaction, kinds: tuple[str, ...]) -> None:
    """Empty the payload of settled inbound events.

    What they said is stored, and may have to be forgotten.
    """
    tx.run(
        """UPDATE event SET payload = '{}'
           WHERE portal_id = :portal AND kind = ANY(:kinds) AND state = 'done'
             AND payload <> '{}'""",
        kinds=list(kinds),
    )
