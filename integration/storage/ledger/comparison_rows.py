"""What a comparison is made of: closed deals, and customers with the days of their wins."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from integration.storage.database import Row, Transaction

# A customer of another currency only has no size that could be compared.
_SIZE = """CASE WHEN deal.home_currency = :home AND deal.home_minor IS NOT NULL
    THEN deal.home_minor WHEN upper(deal.currency) = :home THEN deal.amount_minor END"""
_LED_TO = """deal.deal_id IN (SELECT source.deal_id FROM source
    WHERE source.portal_id = :portal AND source.share > 0)"""


def closed_deals(
    tx: Transaction,
    *,
    home: str,
    zone: str,
    pipelines: Sequence[str],
    since: datetime | None,
    until: datetime | None,
    limit: int,
) -> list[Row]:
    """Return new business that closed in a period, the newest first, at most *limit* deals.

    No renewal, and no deal of a company that had bought before the deal was created: customers buy
    again for reasons of their own. `pipelines` empty means all; days are those of the time zone.
    """
    return list(
        tx.rows(
            f"""SELECT deal.deal_id, {_LED_TO} AS has_customer, is_won,
                  CAST(deal.created_at AT TIME ZONE :zone AS date) AS created_on,
                  CAST(closed_at AT TIME ZONE :zone AS date) AS closed_on, {_SIZE} AS minor,
                  btrim(coalesce(record.properties ->> 'pipeline', '')) AS pipeline
                FROM deal JOIN record ON record.portal_id = :portal
                  AND record.object_type = 'deal' AND record.record_id = deal.deal_id
                WHERE deal.portal_id = :portal AND closed_at IS NOT NULL AND NOT is_open
                  AND NOT is_renewal AND record.gone_at IS NULL
                  AND (CAST(:since AS timestamptz) IS NULL OR closed_at >= :since)
                  AND (CAST(:until AS timestamptz) IS NULL OR closed_at < :until)
                  AND (CAST(:pipelines AS text[]) = '{{}}' OR
                    btrim(record.properties ->> 'pipeline') = ANY(CAST(:pipelines AS text[])))
                  AND NOT EXISTS (SELECT FROM deal AS earlier
                    WHERE earlier.portal_id = :portal AND earlier.company_id = deal.company_id
                      AND earlier.is_won AND earlier.amount_minor > 0
                      AND coalesce(earlier.closed_at, earlier.created_at) < deal.created_at)
                ORDER BY closed_at DESC, deal.deal_id DESC LIMIT :limit""",
            home=home,
            zone=zone,
            pipelines=list(pipelines),
            since=since,
            until=until,
            limit=limit,
        )
    )


def customers(
    tx: Transaction, *, zone: str, recurring: str, recurring_on: str
) -> list[tuple[Any, ...]]:
    """Return companies that bought: id, whether customers led to the first win, days, recurring.

    *recurring* names the property of *recurring_on* (company or deal) that holds what is paid
    regularly; empty where nothing says so. A number above zero counts.
    """
    return tx.tuples(
        f"""WITH won AS (
                  SELECT company_id, deal_id, coalesce(closed_at, created_at) AS won_at
                  FROM deal WHERE portal_id = :portal AND is_won AND amount_minor > 0
                    AND company_id IS NOT NULL),
                customer AS (
                  SELECT company_id, (array_agg(deal_id ORDER BY won_at, deal_id))[1] AS deal_id,
                    array_agg(CAST(won_at AT TIME ZONE :zone AS date) ORDER BY won_at) AS days,
                    array_agg(deal_id) AS deal_ids
                  FROM won GROUP BY company_id)
                SELECT company_id, {_LED_TO.replace("deal.deal_id", "customer.deal_id")}, days,
                  :recurring <> '' AND EXISTS (
                    SELECT FROM record WHERE record.portal_id = :portal AND gone_at IS NULL
                      AND object_type = :on AND record_id = ANY(
                        CASE WHEN :on = 'deal' THEN deal_ids ELSE ARRAY[company_id] END)
                      AND properties ->> :recurring ~ '^[0-9.,eE+ ]*[1-9][0-9.,eE+ ]*$')
                FROM customer""",
        zone=zone,
        recurring=recurring,
        on=recurring_on,
    )
