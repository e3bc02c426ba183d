"""Records whose numbers change by the calendar alone, and everything, for reprocessing."""

from integration.storage.database import Transaction


def records(tx: Transaction) -> set[tuple[str, int]]:
    """Return open deals with sources (freshness), customers (health, departures) and contacts with an answer.

    And deals that were booked in a month before that of their close: when it comes, the money moves
    there.
    """
    rows = tx.rows(
        """SELECT DISTINCT 'deal' AS object_type, deal_id AS record_id FROM source JOIN deal USING (portal_id, deal_id)
           WHERE source.portal_id = :portal AND deal.is_open
           UNION
           SELECT 'deal', deal_id FROM deal JOIN ledger USING (portal_id, deal_id)
           WHERE portal_id = :portal AND deal.is_won AND ledger.effective_at < deal.closed_at
           GROUP BY deal_id, deal.closed_at
           HAVING date_trunc('month', max(coalesce(origin_at, effective_at)), 'UTC')
             < date_trunc('month', deal.closed_at, 'UTC')
           UNION
           SELECT 'company', company_id FROM deal
           WHERE portal_id = :portal AND is_won AND company_id IS NOT NULL
           UNION
           SELECT 'contact', record_id FROM conclusion
           WHERE portal_id = :portal AND object_type = 'contact' AND jsonb_exists(desired, 'second_order_nps')"""
    )
    return {(row["object_type"], row["record_id"]) for row in rows}


def mark_everything(tx: Transaction) -> None:
    """Ask for every record to be looked at again, from the first stage on."""
    tx.run(
        """INSERT INTO stale (portal_id, stage, object_type, record_id)
           SELECT portal_id, 1, object_type, record_id FROM record
           WHERE portal_id = :portal AND object_type IN ('company', 'deal', 'contact')
           ON CONFLICT (portal_id, stage, object_type, record_id)
           DO UPDATE SET since = clock_timestamp(), next_at = clock_timestamp(), attempts = 0, error = NULL"""
    )
