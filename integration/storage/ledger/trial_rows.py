"""What a trial came to, beside what is kept: deals by source, booked months, planned patches."""

from collections.abc import Sequence

from integration.storage.database import Row, Transaction
from integration.storage.ledger.entry_rows import DERIVED, HOME
from mappings.rules.ledger.periods import Calendar

_OF_DEALS = "(CAST(:ids AS bigint[]) IS NULL OR {column} = ANY(CAST(:ids AS bigint[])))"
# A kept table has its schema's name; without it, the trial's copy is meant.
_KEPT = "public."

DealIds = Sequence[int] | None
"""The deals that were looked at; None for all."""


def deals_by_source(tx: Transaction, deal_ids: DealIds, *, kept: bool) -> dict[str, int]:
    """Count deals by what they say of their source."""
    rows = tx.tuples(
        f"""SELECT coalesce(desired ->> 'second_order_source', ''), count(*)
            FROM {_KEPT if kept else ""}conclusion
            WHERE portal_id = :portal AND object_type = 'deal'
              AND {_OF_DEALS.format(column="record_id")}
            GROUP BY 1 ORDER BY 1""",
        ids=_array(deal_ids),
    )
    return {source: count for source, count in rows if source}


def booked_by_month(
    tx: Transaction, deal_ids: DealIds, home: str, calendar: Calendar, *, kept: bool
) -> dict[str, int]:
    """Return booked second-order revenue in home currency's minor units, by the account's month."""
    booked = f"""FROM {_KEPT if kept else ""}ledger
            WHERE portal_id = :portal AND {DERIVED} AND {_OF_DEALS.format(column="deal_id")}"""
    ids = _array(deal_ids)
    ((first, last),) = tx.tuples(f"SELECT min(effective_at), max(effective_at) {booked}", ids=ids)
    if first is None:
        return {}
    months = calendar.months(first, last)
    rows = tx.tuples(
        f"""SELECT width_bucket(effective_at, CAST(:starts AS timestamptz[])) AS place,
              coalesce(sum({HOME}), 0)::bigint
            {booked} GROUP BY 1 ORDER BY 1""",
        ids=ids,
        home=home,
        starts=[calendar.start(month) for month in months],
    )
    return {f"{months[place - 1]:%Y-%m}": minor for place, minor in rows}


def patches_by_type(tx: Transaction, deal_ids: DealIds) -> dict[str, int]:
    """Count the records that would be written, by object type; of chosen deals only these."""
    rows = tx.tuples(
        """SELECT object_type, count(*) FROM outbox
            WHERE portal_id = :portal AND (CAST(:ids AS bigint[]) IS NULL
              OR object_type = 'deal' AND record_id = ANY(CAST(:ids AS bigint[])))
            GROUP BY 1 ORDER BY 1""",
        ids=_array(deal_ids),
    )
    return dict(rows)


def changed_deals(tx: Transaction, deal_ids: DealIds, *, limit: int) -> Sequence[Row]:
    """Return deals that would say something else of their source, the largest difference first.

    Each with its name and currency.
    """
    return tx.rows(
        f"""SELECT record_id AS deal_id, now.desired AS before, later.desired AS after,
              (SELECT currency FROM deal WHERE deal.portal_id = :portal
                 AND deal_id = coalesce(later.record_id, now.record_id)) AS currency,
              (SELECT properties ->> 'dealname' FROM record
               WHERE record.portal_id = :portal AND record.object_type = 'deal'
                 AND record.record_id = coalesce(later.record_id, now.record_id)) AS name
            FROM {_KEPT}conclusion AS now FULL JOIN conclusion AS later
              USING (portal_id, object_type, record_id)
            WHERE portal_id = :portal AND object_type = 'deal'
              AND {_OF_DEALS.format(column="record_id")}
              AND ({_says("now")}) IS DISTINCT FROM ({_says("later")})
            ORDER BY abs({_amount("later")} - {_amount("now")}) DESC, record_id LIMIT :limit""",
        ids=_array(deal_ids),
        limit=limit,
    )


def _says(side: str) -> str:
    return ", ".join(
        f"{side}.desired ->> 'second_order_{name}'" for name in ("source", "share", "amount")
    )


def _amount(side: str) -> str:
    return f"coalesce(CAST({side}.desired ->> 'second_order_amount' AS numeric), 0)"


def deals_in_turn(tx: Transaction) -> list[int]:
    """Return all deals in an order that has nothing to do with them: a part of it is a sample."""
    rows = tx.tuples(
        "SELECT deal_id FROM deal WHERE portal_id = :portal ORDER BY md5(deal_id::text), deal_id"
    )
    return [row[0] for row in rows]


def _array(deal_ids: DealIds) -> list[int] | None:
    return None if deal_ids is None else list(deal_ids)
