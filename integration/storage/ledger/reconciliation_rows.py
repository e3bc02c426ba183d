"""What a month is reconciled from: both sides of its deals, sums of views, rates, late entries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from integration.storage.database import Row, Transaction
from integration.storage.ledger.entry_rows import COLUMNS, DERIVED, HOME
from mappings.rules.ledger.reconciling import Span

# Two indexes find a month's entries: by the day they count, and by the one they belong to.
_BELONGS = """(origin_at >= :since AND origin_at < :until
  OR origin_at IS NULL AND effective_at >= :since AND effective_at < :until)"""
_REPORTED = """(effective_at >= :since AND effective_at < :until
  AND recorded_at < CAST(:closed_at AS timestamptz))"""


def sides(tx: Transaction, home: str, span: Span) -> list[tuple[Any, ...]]:
    """Return each deal that HubSpot or the books have in a month.

    As HubSpot has it: id, whether it is known, won, its close, amount, currency, home amount. As
    the books have the wins of the month: whether they do, currency, second and first order, both
    again in home currency (None where any part has none).
    """
    return tx.tuples(
        """WITH booked AS (
             SELECT deal_id, currency,
               coalesce(sum(amount_minor) FILTER (WHERE kind <> 'first_order'), 0)::bigint
                 AS second,
               coalesce(sum(amount_minor) FILTER (WHERE kind = 'first_order'), 0)::bigint AS first,
               coalesce(sum(home) FILTER (WHERE kind <> 'first_order'), 0)::bigint AS second_home,
               coalesce(sum(home) FILTER (WHERE kind = 'first_order'), 0)::bigint AS first_home,
               bool_and(home IS NOT NULL OR amount_minor = 0) AS has_home
             FROM (SELECT *, CASE
                 WHEN home_currency = :home AND home_minor IS NOT NULL THEN home_minor
                 WHEN currency = :home THEN amount_minor END AS home
               FROM balance WHERE portal_id = :portal
                 AND won_at >= :books_since AND won_at < :books_until) AS part
             GROUP BY deal_id, currency
             HAVING bool_or(amount_minor <> 0)),
           of_month AS (
             SELECT deal_id FROM deal WHERE portal_id = :portal AND is_won
               AND (closed_at >= :since AND closed_at < :until
                 OR closed_at IS NULL AND created_at >= :since AND created_at < :until)
             UNION SELECT deal_id FROM booked)
           SELECT of_month.deal_id, deal.portal_id IS NOT NULL, coalesce(deal.is_won, false),
             coalesce(deal.closed_at, deal.created_at), deal.amount_minor,
             upper(coalesce(deal.currency, '')),
             CASE WHEN deal.home_currency = :home AND deal.home_minor IS NOT NULL
                 THEN deal.home_minor
               WHEN upper(deal.currency) = :home THEN deal.amount_minor END,
             booked.deal_id IS NOT NULL, booked.currency, booked.second, booked.first,
             CASE WHEN has_home THEN second_home END, CASE WHEN has_home THEN first_home END
           FROM of_month LEFT JOIN deal ON deal.portal_id = :portal
             AND deal.deal_id = of_month.deal_id
           LEFT JOIN booked ON booked.deal_id = of_month.deal_id
           ORDER BY of_month.deal_id, booked.currency""",
        home=home,
        since=span.since,
        until=span.until,
        books_since=span.books_since,
        books_until=span.books_until,
    )


def rates(tx: Transaction, span: Span) -> dict[str, tuple[Any, ...]]:
    """Return by currency the smallest and the largest rate that entries of a month's wins have."""
    rows = tx.tuples(
        f"""SELECT currency, min(rate), max(rate) FROM ledger
            WHERE portal_id = :portal AND rate IS NOT NULL AND reverses IS NULL AND {_BELONGS}
            GROUP BY 1""",
        since=span.books_since,
        until=span.books_until,
    )
    return {currency: (low, high) for currency, low, high in rows}


def views(tx: Transaction, home: str, span: Span, closed_at: datetime) -> list[tuple[Any, ...]]:
    """Return the month as it was reported and as it is known, by currency.

    A row has the currency, is_reported, second and first order, and both in home currency.
    """
    statement = """SELECT currency, {is_reported},
          coalesce(sum(amount_minor) FILTER (WHERE {derived}), 0)::bigint,
          coalesce(sum(amount_minor) FILTER (WHERE NOT {derived}), 0)::bigint,
          coalesce(sum({home}) FILTER (WHERE {derived}), 0)::bigint,
          coalesce(sum({home}) FILTER (WHERE NOT {derived}), 0)::bigint
        FROM ledger WHERE portal_id = :portal AND {condition} GROUP BY 1"""
    reported, known = (
        statement.format(is_reported=word, derived=DERIVED, home=HOME, condition=condition)
        for word, condition in (("true", _REPORTED), ("false", _BELONGS))
    )
    return tx.tuples(
        f"{reported} UNION ALL {known} ORDER BY 1, 2",
        home=home,
        since=span.books_since,
        until=span.books_until,
        closed_at=closed_at,
    )


def apart(tx: Transaction, span: Span, closed_at: datetime, *, limit: int) -> Sequence[Row]:
    """Return the entries that one view of a closed month has and the other has not, oldest first.

    `is_known`: it belongs to the month's wins and was not reported in it; otherwise it was reported
    and belongs to another month.
    """
    return tx.rows(
        f"""SELECT {", ".join(COLUMNS)}, {_BELONGS} AS is_known FROM ledger
            WHERE portal_id = :portal AND ({_BELONGS} OR {_REPORTED})
              AND ({_BELONGS}) IS DISTINCT FROM ({_REPORTED})
            ORDER BY entry_id LIMIT :limit""",
        since=span.books_since,
        until=span.books_until,
        closed_at=closed_at,
        limit=limit,
    )


def won_since(
    tx: Transaction, home: str, span: Span, kind: str, since: datetime
) -> tuple[int, int]:
    """Count the deals of a month's wins from *since* on with credit of a kind, and add it up."""
    ((deals, minor),) = tx.tuples(
        """SELECT count(DISTINCT deal_id) FILTER (WHERE amount_minor <> 0),
             coalesce(sum(CASE WHEN home_currency = :home THEN home_minor
               WHEN currency = :home THEN amount_minor END), 0)::bigint
           FROM balance WHERE portal_id = :portal AND kind = :kind
             AND won_at >= greatest(CAST(:books_since AS timestamptz), :since)
             AND won_at < :books_until""",
        home=home,
        kind=kind,
        since=since,
        books_since=span.books_since,
        books_until=span.books_until,
    )
    return deals, minor
