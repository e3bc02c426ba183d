"""Outcomes of deals by the kinds of their sources: the input of Shapley and Markov."""

from integration.storage.database import Transaction
from mappings.rules.attribution.removal_effects import Path


def paths(tx: Transaction, *, limit: int) -> list[Path]:
    """Return the newest *limit* closed deals, counted by the kinds of their sources by date."""
    rows = tx.tuples(
        """WITH closed AS (
             SELECT deal_id, is_won FROM deal WHERE portal_id = :portal AND NOT is_open
             ORDER BY closed_at DESC NULLS LAST, deal_id DESC LIMIT :limit),
           path AS (
             SELECT closed.is_won, ARRAY(
               SELECT kind FROM source WHERE portal_id = :portal AND source.deal_id = closed.deal_id
               ORDER BY at NULLS FIRST, source_key) AS kinds
             FROM closed)
           SELECT kinds, count(*) FILTER (WHERE is_won), count(*) FILTER (WHERE NOT is_won)
           FROM path GROUP BY kinds ORDER BY kinds""",
        limit=limit,
    )
    return [Path(tuple(kinds), won, lost) for kinds, won, lost in rows]
