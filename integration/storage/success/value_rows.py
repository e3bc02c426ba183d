"""Starts of customers: the first purchase of each, its first win, and whether a champion led it."""

from datetime import datetime

from integration.storage.database import Row, Transaction


def starts(tx: Transaction, now: datetime) -> list[Row]:
    """Return company, contract and first win of every customer of the portal, in one statement.

    `contracted_at` is the close of the first won deal with a positive amount. `by_champion` says
    that somebody who knew the product from another customer led to that deal.
    """
    return list(
        tx.rows(
            """WITH first AS MATERIALIZED (
                 SELECT DISTINCT ON (company_id) company_id, deal_id,
                   coalesce(closed_at, created_at) AS contracted_at
                 FROM deal WHERE portal_id = :portal AND is_won AND amount_minor > 0
                   AND company_id IS NOT NULL
                 ORDER BY company_id, coalesce(closed_at, created_at), deal_id),
               reached AS MATERIALIZED (
                 SELECT company_id, min(at) AS first_win_at FROM win
                 WHERE portal_id = :portal AND at <= CAST(:now AS timestamptz)
                 GROUP BY company_id),
               led AS MATERIALIZED (
                 SELECT DISTINCT deal_id FROM source
                 WHERE portal_id = :portal AND kind = 'moved_champion' AND share > 0)
               SELECT first.company_id, first.contracted_at, reached.first_win_at,
                 led.deal_id IS NOT NULL AS by_champion
               FROM first LEFT JOIN reached USING (company_id) LEFT JOIN led USING (deal_id)
               ORDER BY first.company_id""",
            now=now,
        )
    )
