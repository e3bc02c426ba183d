"""Time-dependent records: their numbers change by the calendar alone."""

from integration.storage.queue.recompute import Selection

# Open deals with sources: evidence loses freshness. And won deals that were booked in a month
# before that of their close: when it comes, the money moves there. Whose months they are does not
# matter here: no time zone is further from UTC than 14 hours.
DEALS = Selection(
    """SELECT DISTINCT 'deal' AS object_type, deal_id AS record_id
       FROM source JOIN deal USING (portal_id, deal_id)
       WHERE source.portal_id = :portal AND deal.is_open
       UNION
       SELECT 'deal', deal_id FROM deal JOIN ledger USING (portal_id, deal_id)
       WHERE portal_id = :portal AND deal.is_won AND ledger.effective_at < deal.closed_at
       GROUP BY deal_id, deal.closed_at
       HAVING
         date_trunc('month', max(coalesce(origin_at, effective_at)) - interval '14 hours', 'UTC')
         < date_trunc('month', deal.closed_at + interval '14 hours', 'UTC')"""
)
# Won deals: the day and the month of what is booked of them are the account's.
WON_DEALS = Selection(
    """SELECT 'deal' AS object_type, deal_id AS record_id FROM deal
       WHERE portal_id = :portal AND is_won"""
)
# Companies that bought: their health, and who left them within the year.
CUSTOMERS = Selection(
    """SELECT DISTINCT 'company' AS object_type, company_id AS record_id FROM deal
       WHERE portal_id = :portal AND is_won AND company_id IS NOT NULL"""
)
# Contacts whose survey answer is shown: it grows too old.
ANSWERERS = Selection(
    """SELECT object_type, record_id FROM conclusion
       WHERE portal_id = :portal AND object_type = 'contact'
         AND jsonb_exists(desired, 'second_order_nps')"""
)
