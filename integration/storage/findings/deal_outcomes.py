"""Outcomes of deals by the kinds of their sources: the input of Shapley and Markov."""

from collections.abc import Sequence

from integration.storage.database import Transaction
from mappings.rules.attribution.removal_effects import Path


def paths(tx: Transaction, pipelines: Sequence[str], *, limit: int) -> list[Path]:
    """Return the newest *limit* closed deals, counted by the kinds of their sources by date.

    Deals outside these *pipelines*, if any are named, and deleted ones were neither won nor lost.
    """
    rows = tx.tuples(
        """WITH closed AS (
             SELECT deal_id, is_won FROM deal JOIN record ON record.portal_id = :portal
               AND object_type = 'deal' AND record_id = deal_id AND gone_at IS NULL
             WHERE deal.portal_id = :portal AND NOT is_open
               AND (CAST(:pipelines AS text[]) = '{}' OR
                 btrim(properties ->> 'pipeline') = ANY(CAST(:pipelines AS text[])))
             ORDER BY closed_at DESC NULLS LAST, deal_id DESC LIMIT :limit),
           path AS (
             SELECT closed.is_won, ARRAY(
               SELECT kind FROM source WHERE portal_id = :portal AND source.deal_id = closed.deal_id
               ORDER BY at NULLS FIRST, source_key) AS kinds
             FROM closed)
           SELECT kinds, count(*) FILTER (WHERE is_won), count(*) FILTER (WHERE NOT is_won)
           FROM path GROUP BY kinds ORDER BY kinds""",
        pipelines=list(pipelines),
        limit=limit,
    )
    return [Path(tuple(kinds), won, lost) for kinds, won, lost in rows]
