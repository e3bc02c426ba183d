"""What a report is added up from: sums, ranges and figures of the deals of a period by its keys."""

from collections.abc import Collection
from datetime import UTC, datetime

from integration.storage.database import Row, Transaction
from integration.storage.ledger.report_pieces import (
    ALIVE,
    DEAL,
    DEAL_ALIVE,
    DERIVED,
    WITHIN,
    Statement,
    Wanted,
    amount,
    deal_amount,
)
from mappings.rules.facts import PPM
from mappings.rules.findings import SHARE_ONE

_EVER = datetime(1, 1, 1, tzinfo=UTC)
_OWN_ROWS = "balance.portal_id = :portal"
_SHOWN = "('employer', 'answer', 'activity')"


def of_deals(tx: Transaction, wanted: Wanted) -> list[Row]:
    """Return for each group of whole deals its `keys`, sums, and numbers of deals.

    The sums are `booked` with its ends `low` and `high`, `first_order`, and `judged`: the won
    amount whose deals could have shown a customer's part. The numbers are of `deals` with credit
    and of `won_deals`.
    """
    statement = Statement(wanted)
    derived, rest = deal_amount(wanted, "derived"), deal_amount(wanted, "rest")
    return list(
        tx.rows(
            f"""SELECT {statement.array} AS keys, sum(derived) AS booked, sum(rest) AS first_order,
                  sum({_LOW}) AS low, sum({_HIGH}) AS high,
                  coalesce(sum(derived + rest) FILTER (
                    WHERE derived <> 0 OR trace IN {_SHOWN}), 0) AS judged,
                  count(*) FILTER (WHERE derived <> 0) AS deals, count(*) AS won_deals,
                  count(*) OVER () AS groups
                FROM (
                  SELECT balance.trace, balance.low_share, balance.high_share{statement.keys},
                    {derived} AS derived, {rest} AS rest
                  FROM deal_balance AS balance {statement.joins}
                  WHERE {_OWN_ROWS} AND {DEAL_ALIVE} AND {WITHIN.format("balance.won_at")}
                    AND {statement.where}) AS whole
                WHERE derived <> 0 OR rest <> 0 {statement.group} HAVING count(*) > 0
                {statement.largest}""",
            **statement.values,
        )
    )


# A deal's range in money. Shares are frozen and the policy is today's: what is booked may lie
# outside. By size, since a credit note takes back at each end what its deal has there.
_PART = "round((whole.derived + whole.rest) * whole.{0} / CAST(1000000 AS numeric))"
_END = """CASE WHEN whole.{0} IS NULL OR abs({1}) {2} abs(whole.derived) THEN whole.derived
  ELSE {1} END"""
_LOW = _END.format("low_share", _PART.format("low_share"), ">")
_HIGH = _END.format("high_share", _PART.format("high_share"), "<")


def of_credits(tx: Transaction, wanted: Wanted, *, derived_only: bool) -> list[Row]:
    """Return for each group of credits its `keys`, `booked`, `first_order`, `deals`, `won_deals`.

    With *derived_only* the rest of deals is left out.
    """
    statement, money = Statement(wanted), amount(wanted)
    return list(
        tx.rows(
            f"""SELECT {statement.array} AS keys, sum(derived) AS booked, sum(rest) AS first_order,
                  count(*) FILTER (WHERE derived <> 0) AS deals, count(*) AS won_deals,
                  count(*) OVER () AS groups
                FROM (
                  SELECT balance.deal_id{statement.keys},
                    coalesce(sum({money}) FILTER (WHERE {DERIVED}), 0) AS derived,
                    coalesce(sum({money}) FILTER (WHERE NOT {DERIVED}), 0) AS rest
                  FROM balance {statement.joins}
                  WHERE {_OWN_ROWS} AND {ALIVE} AND {WITHIN.format("balance.won_at")}
                    AND {DERIVED if derived_only else "true"} AND {statement.where}
                  GROUP BY balance.deal_id{statement.names}) AS of_deal
                WHERE derived <> 0 OR rest <> 0 {statement.group} HAVING count(*) > 0
                {statement.largest}""",
            **statement.values,
        )
    )


def ranges(tx: Transaction, wanted: Wanted) -> list[Row]:
    """Return for each group of credits its `keys`, and the ends `low` and `high` of what is booked.

    A deal's range is shared among its credits as the amount is, to the unit.
    """
    statement = Statement(wanted)
    return list(
        tx.rows(
            f"""SELECT {statement.array} AS keys, sum(low) AS low, sum(high) AS high
                FROM (
                  SELECT balance.low, balance.high{statement.keys}
                  FROM ({
                _CREDITS.format(
                    money=amount(wanted, "credit"),
                    derived=deal_amount(wanted, "derived"),
                    rest=deal_amount(wanted, "rest"),
                )
            }) AS balance
                  {statement.joins} WHERE {statement.where}) AS of_credit
                {statement.group} HAVING count(*) > 0""",
            **statement.values,
        )
    )


_SHARED = """round(whole.{0} * upto / whole.derived)
  - round(whole.{0} * (upto - minor) / whole.derived) AS {0}"""
_CREDITS = f"""SELECT credit.deal_id, credit.won_at, kind, subject_id, company_id,
    {_SHARED.format("low")}, {_SHARED.format("high")}
  FROM (
    SELECT deal_id, won_at, currency, home_currency, kind, subject_id, company_id,
      {{money}} AS minor,
      sum({{money}}) OVER (PARTITION BY deal_id, won_at, currency, home_currency
        ORDER BY source_key, kind, subject_id, company_id) AS upto
    FROM balance AS credit
    WHERE credit.portal_id = :portal AND kind <> 'first_order'
      AND {WITHIN.format("won_at")} AND ({{money}}) <> 0) AS credit
  JOIN (
    SELECT deal_id, won_at, currency, home_currency, derived, {_LOW} AS low, {_HIGH} AS high
    FROM (
      SELECT balance.*, {{derived}} AS derived, {{rest}} AS rest FROM deal_balance AS balance
      WHERE balance.portal_id = :portal AND {WITHIN.format("won_at")}) AS whole
    WHERE derived <> 0) AS whole
  ON whole.deal_id = credit.deal_id AND whole.won_at = credit.won_at
    AND whole.currency = credit.currency
    AND whole.home_currency IS NOT DISTINCT FROM credit.home_currency"""

# Deals as if they were balances, with the time that counts for a period: a row for each deal, or
# one for each of its sources.
_DEALS = "deal CROSS JOIN LATERAL (SELECT deal.deal_id, {0} AS won_at) AS balance"
_SOURCES = """deal JOIN source ON source.portal_id = :portal AND source.deal_id = deal.deal_id
  LEFT JOIN subject AS holder ON holder.portal_id = :portal
    AND holder.contact_id = source.contact_id
  CROSS JOIN LATERAL (SELECT deal.deal_id, {0} AS won_at, source.kind, source.company_id,
    holder.subject_id, source.share) AS balance"""
_WITH_CUSTOMER = "deal.portal_id = :portal AND deal.source NOT IN ('', 'none')"
_CLOSE = "coalesce(deal.closed_at, deal.created_at)"


def closed(tx: Transaction, wanted: Wanted) -> list[Row]:
    """Return of the closed deals with a customer behind them: `keys`, number `won` and `lost`.

    `days` from opening to close and `size` are medians of the won ones, `mean` the mean size.
    """
    statement = Statement(wanted, has_deals=True)
    rows = _SOURCES if wanted.is_of_credits else _DEALS
    # Two sources of a deal can have one key; they are one deal.
    once = "DISTINCT" if wanted.is_of_credits else ""
    return list(
        tx.rows(
            f"""SELECT {statement.array} AS keys, count(*) FILTER (WHERE is_won) AS won,
                  count(*) FILTER (WHERE NOT is_won) AS lost,
                  percentile_cont(0.5) WITHIN GROUP (ORDER BY days) FILTER (WHERE is_won) AS days,
                  percentile_cont(0.5) WITHIN GROUP (ORDER BY size) FILTER (WHERE is_won) AS size,
                  avg(size) FILTER (WHERE is_won) AS mean
                FROM (
                  SELECT {once} balance.deal_id{statement.keys}, deal.is_won,
                    greatest(date_part('epoch', deal.closed_at - deal.created_at), 0) / 86400
                      AS days,
                    {amount(wanted, "deal")} AS size
                  FROM {rows.format("deal.closed_at")} {statement.joins}
                  WHERE {_WITH_CUSTOMER} AND deal.state IN ('won', 'lost')
                    AND {WITHIN.format("deal.closed_at")} AND {statement.where}) AS of_deal
                {statement.group} HAVING count(*) > 0""",
            **statement.values,
        )
    )


def pipeline(tx: Transaction, wanted: Wanted) -> list[Row]:
    """Return the credit of open deals by their stage's probability: `keys` and `minor`.

    It is of today: an open deal is in no period.
    """
    statement = Statement(wanted, has_deals=True)
    home = f"CAST(({amount(wanted, 'deal')}) AS numeric)"
    return list(
        tx.rows(
            f"""SELECT {statement.array} AS keys, round(sum(minor)) AS minor
                FROM (
                  SELECT {home} * balance.share * deal.open_probability / CAST(:whole AS numeric)
                    AS minor{statement.keys}
                  FROM {_SOURCES.format("deal.created_at")} {statement.joins}
                  WHERE {_WITH_CUSTOMER} AND deal.is_open AND {statement.where}) AS of_deal
                {statement.group} HAVING count(minor) > 0""",
            whole=SHARE_ONE * PPM,
            **statement.values,
        )
    )


def unbooked(tx: Transaction, wanted: Wanted, currencies: Collection[str]) -> dict[str, int]:
    """Count won deals of which nothing is booked: no_amount, no_currency, waiting.

    What is chosen of deals is heeded; who is credited is not known of what is not booked.
    """
    statement = Statement(wanted.of_deals, has_deals=True)
    rows = tx.tuples(
        f"""SELECT CASE WHEN upper(coalesce(deal.currency, '')) <> ALL(:currencies)
                THEN 'no_currency'
              WHEN coalesce(deal.amount_minor, 0) = 0 THEN 'no_amount' ELSE 'waiting' END, count(*)
            FROM {_DEALS.format(_CLOSE)} {statement.joins}
            WHERE deal.portal_id = :portal AND deal.is_won AND deal.booked_on IS NULL
              AND NOT EXISTS (SELECT FROM deal_balance AS balance
                WHERE balance.portal_id = :portal AND balance.deal_id = deal.deal_id
                  AND {DEAL_ALIVE})
              AND {WITHIN.format(_CLOSE)} AND {statement.where}
            GROUP BY 1""",
        currencies=list(currencies),
        **statement.values,
    )
    return dict(rows)


def apart(tx: Transaction, wanted: Wanted) -> list[Row]:
    """Return by currency (`unit`) what is booked and not known in the wanted one.

    `booked`, `first_order` and the number of `deals`; of the chosen deals, whoever is credited.
    """
    statement = Statement(wanted.of_deals)
    return list(
        tx.rows(
            f"""SELECT balance.currency AS unit, sum(derived_minor) AS booked,
                  sum(rest_minor) AS first_order, count(*) AS deals
                FROM deal_balance AS balance {statement.joins}
                WHERE {_OWN_ROWS} AND {DEAL_ALIVE} AND {WITHIN.format("balance.won_at")}
                  AND ({deal_amount(wanted, "rest")}) IS NULL AND {statement.where}
                GROUP BY 1 ORDER BY 1""",
            **statement.values,
        )
    )


Place = tuple[int, str, datetime, str, str]
"""Where a page of credits ends: deal, credit, win, its currency and the account's."""


def credits_after(
    tx: Transaction, wanted: Wanted, place: Place | None, *, derived_only: bool, limit: int
) -> list[Row]:
    """Return the next credits behind a report in the order of deals: `keys`, amounts, `place`.

    `minor` is in the wanted money and `own_minor` in the deal's `currency`.
    """
    statement = Statement(wanted, needs=(DEAL,))
    deal_id, key, won_at, currency, home = place or (0, "", _EVER, "", "")
    return list(
        tx.rows(
            f"""SELECT keys, deal_id, name, won_at, minor, own_minor, currency, source_key, home
                FROM (
                  SELECT balance.deal_id, coalesce(deal.name, '') AS name, balance.won_at,
                    {amount(wanted)} AS minor, balance.amount_minor AS own_minor,
                    balance.currency, balance.source_key,
                    coalesce(balance.home_currency, '') AS home,
                    ARRAY[{statement.listed}] AS keys
                  FROM balance {statement.joins}
                  WHERE {_OWN_ROWS} AND {ALIVE} AND {WITHIN.format("balance.won_at")}
                    AND {DERIVED if derived_only else "true"} AND {statement.where}
                    AND (balance.deal_id, balance.source_key, balance.won_at, balance.currency,
                      coalesce(balance.home_currency, ''))
                      > (:deal, :key, CAST(:won AS timestamptz), :currency, :home)) AS line
                WHERE minor <> 0
                ORDER BY deal_id, source_key, won_at, currency, home LIMIT :limit""",
            deal=deal_id,
            key=key,
            won=won_at,
            currency=currency,
            home=home,
            limit=limit,
            **statement.values,
        )
    )


def ends(tx: Transaction) -> tuple[datetime, datetime] | None:
    """Return when the first and the last win was; None while nothing is booked."""
    ((first, last),) = tx.tuples(
        f"""SELECT min(won_at), max(won_at) FROM deal_balance AS balance
            WHERE {_OWN_ROWS} AND {DEAL_ALIVE}"""
    )
    return None if first is None else (first, last)
