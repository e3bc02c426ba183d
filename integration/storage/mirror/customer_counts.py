"""Customers counted in the mirror, by lifecycle stage and by won deals, before any conclusion."""

from collections.abc import Sequence

from integration.storage.database import Transaction
from mappings.records.portal_map import WON_BY_STAGES, PortalMap
from mappings.records.row_reader import PRIMARY
from mappings.rules.success.customer_rule import CustomerCounts

# The same as `deal_facts` and `customers.is_purchase` say of one deal, for all of them at once: won
# in an included pipeline, of a positive amount, by its primary company. An import has just filled
# the tables, and no statistics know of it: links and companies are looked up by their keys, and
# buyers in a hash, because a join would be planned for a handful of rows.
_COUNTED = """WITH won AS MATERIALIZED (
      SELECT record_id, btrim(properties ->> 'hs_primary_associated_company') AS named
      FROM record WHERE portal_id = :portal AND object_type = 'deal' AND gone_at IS NULL
        AND (btrim(properties ->> 'dealstage') = ANY(CAST(:stages AS text[])) OR (:by_flag
             AND lower(btrim(properties ->> 'hs_is_closed_won')) IN ('true', '1', 'yes')))
        AND (:all_pipelines
             OR btrim(properties ->> 'pipeline') = ANY(CAST(:pipelines AS text[])))
        AND properties ->> :amount ~ '^[0-9.,eE+ ]*[1-9][0-9.,eE+ ]*$'
        AND coalesce(nullif(btrim(properties ->> 'deal_currency_code'), ''), :currency) <> ''),
    buyer AS MATERIALIZED (
      SELECT coalesce(linked.primary_id,
        CASE WHEN named ~ '^[0-9]{1,18}$' THEN named::bigint END, linked.first_id) AS company_id
      FROM won, LATERAL (
        SELECT min(to_id) FILTER (WHERE type_id = ANY(CAST(:primary AS int[]))) AS primary_id,
          min(to_id) AS first_id
        FROM association WHERE portal_id = :portal AND from_type = 'deal'
          AND from_id = won.record_id AND to_type = 'company' AND EXISTS (
            SELECT FROM record WHERE portal_id = :portal AND object_type = 'company'
              AND record_id = to_id AND gone_at IS NULL)) AS linked),
    counted AS (
      SELECT record_id, btrim(properties ->> 'name') AS name,
        coalesce(btrim(properties ->> 'lifecyclestage') = :stage, false) AS by_stage,
        record_id IN (SELECT company_id FROM buyer WHERE company_id IS NOT NULL) AS by_deals
      FROM record WHERE portal_id = :portal AND object_type = 'company' AND gone_at IS NULL)"""


def by_stage(tx: Transaction) -> dict[str, int]:
    """Count the companies of each lifecycle stage."""
    rows = tx.tuples(
        """SELECT btrim(properties ->> 'lifecyclestage') AS stage, count(*) FROM record
           WHERE portal_id = :portal AND object_type = 'company' AND gone_at IS NULL
             AND btrim(properties ->> 'lifecyclestage') <> '' GROUP BY stage"""
    )
    return dict(rows)


def counts(tx: Transaction, portal_map: PortalMap, stage: str) -> CustomerCounts:
    """Count the companies that are customers by *stage*, by a won deal, and by both."""
    row = tx.one(
        f"""{_COUNTED} SELECT count(*) AS companies, count(*) FILTER (WHERE by_stage) AS by_stage,
              count(*) FILTER (WHERE by_deals) AS by_deals,
              count(*) FILTER (WHERE by_stage AND by_deals) AS by_both FROM counted""",
        **_terms(portal_map, stage),
    )
    return CustomerCounts(**row) if row else CustomerCounts(0, 0, 0, 0)


def examples(
    tx: Transaction, portal_map: PortalMap, stage: str, *, by_stage: bool, limit: int
) -> Sequence[str]:
    """Return names of companies that are customers by one rule alone: the stage, or won deals."""
    rows = tx.rows(
        f"""{_COUNTED} SELECT name FROM counted
            WHERE by_stage = :by_stage AND by_deals <> :by_stage AND name <> ''
            ORDER BY record_id LIMIT :limit""",
        by_stage=by_stage,
        limit=limit,
        **_terms(portal_map, stage),
    )
    return [row["name"] for row in rows]


def at_stage(tx: Transaction, stage: str) -> list[int]:
    """Return the companies that stand in *stage*."""
    rows = tx.rows(
        """SELECT record_id FROM record
           WHERE portal_id = :portal AND object_type = 'company' AND gone_at IS NULL
             AND btrim(properties ->> 'lifecyclestage') = :stage ORDER BY record_id""",
        stage=stage,
    )
    return [row["record_id"] for row in rows]


def _terms(portal_map: PortalMap, stage: str) -> dict[str, object]:
    is_by_stages = portal_map.won_rule == WON_BY_STAGES
    won_stages = portal_map.won_stages if is_by_stages else ()
    return {
        "stage": stage,
        "by_flag": not is_by_stages,
        "stages": [*won_stages, *portal_map.replaced_stages],
        "all_pipelines": not portal_map.included_pipelines,
        "pipelines": list(portal_map.included_pipelines),
        "amount": portal_map.amount_property,
        "currency": portal_map.home_currency,
        "primary": sorted(PRIMARY),
    }
