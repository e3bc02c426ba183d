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
# Contacts with a link to our survey, and those who may get one: people of companies that bought,
# or of any company where a lifecycle stage says who is a customer.
SURVEYED = Selection(
    """SELECT object_type, record_id FROM conclusion
       WHERE portal_id = :portal AND object_type = 'contact'
         AND jsonb_exists(desired, 'second_order_survey_link')
       UNION
       SELECT 'contact', from_id FROM association
       WHERE portal_id = :portal AND from_type = 'contact' AND to_type = 'company'
         AND EXISTS (SELECT FROM survey_setup WHERE portal_id = :portal AND is_on)
         AND (to_id IN (SELECT company_id FROM deal WHERE portal_id = :portal AND is_won)
           OR EXISTS (SELECT FROM survey_setup WHERE portal_id = :portal AND by_stage))"""
)
# Contacts who were approached within the longest rest, where our survey asks; ANSWERERS knows of
# those who answered.
RESTING = Selection(
    """SELECT DISTINCT 'contact' AS object_type, coalesce(new_id, contact_id) AS record_id
       FROM approach LEFT JOIN alias ON alias.portal_id = :portal
         AND alias.object_type = 'contact' AND alias.old_id = approach.contact_id
       WHERE approach.portal_id = :portal AND contact_id > 0
         AND at > clock_timestamp() - interval '400 days'
         AND EXISTS (SELECT FROM survey_setup WHERE portal_id = :portal AND is_on)"""
)
