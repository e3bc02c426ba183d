"""Credit as record pages show it: a deal's sources and rows, and what somebody was credited with.

Everything is read a page at a time by keys, so that a deal of ten thousand sources and a company
with as many deals cost what any other costs. Sums are always those of all rows.
"""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from integration.storage.database import Row, Transaction
from integration.storage.ledger.entry_rows import COLUMNS, DERIVED, HOME, OWN_HOME

_SOURCE = "deal_id, source_key, kind, contact_id, company_id, share, confidence, at, body"


class SourcePlace(NamedTuple):
    """Where a page of sources begins: behind this share and key."""

    share: int
    key: str


def sources(
    tx: Transaction, deal_id: int, *, after: SourcePlace | None, limit: int
) -> Sequence[Row]:
    """Return a page of a deal's sources, the largest share first."""
    behind = "AND (-share, source_key) > (:share, CAST(:key AS text))" if after else ""
    return tx.rows(
        f"""SELECT {_SOURCE}, settings_version FROM source
            WHERE portal_id = :portal AND deal_id = :deal {behind}
            ORDER BY -share, source_key LIMIT :limit""",
        deal=deal_id,
        share=-after.share if after else 0,
        key=after.key if after else "",
        limit=limit,
    )


def shares(tx: Transaction, deal_id: int) -> dict[str, int]:
    """Return the share of every source of a deal, by key."""
    rows = tx.tuples(
        "SELECT source_key, share FROM source WHERE portal_id = :portal AND deal_id = :deal",
        deal=deal_id,
    )
    return dict(rows)


def booked(
    tx: Transaction, deal_id: int, source_keys: Collection[str], *, currency: str, home: str
) -> dict[str, Row]:
    """Return what is booked of these sources: `minor` in the deal's currency, `home_minor`."""
    rows = tx.rows(
        f"""SELECT source_key,
              coalesce(sum(amount_minor) FILTER (WHERE currency = :currency), 0) AS minor,
              sum({HOME}) AS home_minor
            FROM ledger WHERE portal_id = :portal AND deal_id = :deal
              AND source_key = ANY(CAST(:keys AS text[])) GROUP BY source_key""",
        deal=deal_id,
        keys=list(source_keys),
        currency=currency,
        home=home,
    )
    return {row["source_key"]: row for row in rows}


def deal_sums(tx: Transaction, deal_id: int, home: str) -> Sequence[Row]:
    """Return all that is booked of a deal by currency, first-order or not, and how many rows."""
    return tx.rows(
        f"""SELECT currency, NOT {DERIVED} AS is_first_order, sum(amount_minor) AS minor,
              sum({HOME}) AS home_minor, count(*) AS n
            FROM ledger WHERE portal_id = :portal AND deal_id = :deal
            GROUP BY 1, 2 ORDER BY 1, 2""",
        deal=deal_id,
        home=home,
    )


def entries(tx: Transaction, deal_id: int, *, after: int, limit: int) -> Sequence[Row]:
    """Return a page of a deal's rows, oldest first, behind the entry *after*."""
    return tx.rows(
        f"""SELECT {", ".join(COLUMNS)} FROM ledger WHERE portal_id = :portal
              AND deal_id = :deal AND entry_id > :after ORDER BY entry_id LIMIT :limit""",
        deal=deal_id,
        after=after,
        limit=limit,
    )


def bookings(tx: Transaction, deal_id: int, *, limit: int) -> Sequence[Row]:
    """Return what was booked of a deal at one time as one row, first-order money apart."""
    return tx.rows(
        f"""SELECT effective_at, origin_at, recorded_at, currency, NOT {DERIVED} AS is_first_order,
              sum(amount_minor) AS minor
            FROM ledger WHERE portal_id = :portal AND deal_id = :deal
            GROUP BY 1, 2, 3, 4, 5 ORDER BY 3, 5 LIMIT :limit""",
        deal=deal_id,
        limit=limit,
    )


class Credited(NamedTuple):
    """One deal that somebody was credited with: what is booked of it in the account's currency."""

    deal_id: int
    buyer_id: int | None
    home_minor: int
    share: int
    won_at: Any


class CreditedSum(NamedTuple):
    """All that somebody was credited with: deals, and money in the account's currency."""

    deals: int
    home_minor: int
    apart: int  # deals of which no amount in the account's currency is known


_WHO = {"person": "subject_id", "company": "company_id"}
_BY_DEAL = f"""SELECT deal_id, coalesce(sum({HOME}), 0) AS minor, sum(share) AS share,
    min(coalesce(origin_at, effective_at)) AS won_at, count({HOME}) = 0 AS is_apart
  FROM ledger WHERE portal_id = :portal AND {DERIVED}
    AND {{who}} = ANY(CAST(:ids AS bigint[]))
  GROUP BY deal_id HAVING sum(share) <> 0 OR coalesce(sum({HOME}), 0) <> 0"""


def credited_deals(
    tx: Transaction, who: str, ids: Collection[int], home: str, *, limit: int
) -> list[Credited]:
    """Return the deals that subjects ("person") or companies ("company") got most credit of."""
    rows = tx.tuples(
        f"""SELECT credited.deal_id, deal.company_id, minor, share, won_at
            FROM ({_BY_DEAL.format(who=_WHO[who])}) AS credited
            LEFT JOIN deal ON deal.portal_id = :portal AND deal.deal_id = credited.deal_id
            ORDER BY minor DESC, credited.deal_id LIMIT :limit""",
        ids=list(ids),
        home=home,
        limit=limit,
    )
    return [Credited(row[0], row[1], int(row[2]), int(row[3]), row[4]) for row in rows]


def credited_sum(tx: Transaction, who: str, ids: Collection[int], home: str) -> CreditedSum:
    """Return the sum over all of these deals."""
    ((deals, minor, apart),) = tx.tuples(
        f"""SELECT count(*), coalesce(sum(minor), 0), count(*) FILTER (WHERE is_apart)
            FROM ({_BY_DEAL.format(who=_WHO[who])}) AS credited""",
        ids=list(ids),
        home=home,
    )
    return CreditedSum(deals, int(minor), apart)


def bringers(tx: Transaction, company_id: int, home: str, *, limit: int) -> Sequence[Row]:
    """Return who brought a company's deals: by person and company, the most money first.

    `contact_id` is None where a company, the pool or a removed person has the credit. `n` and
    `whole` count and add up all of them, also those beyond *limit*.
    """
    return tx.rows(
        f"""SELECT kind, coalesce(alias.new_id, subject.contact_id) AS contact_id,
              part.company_id, part.subject_id IS NOT NULL AS is_person, sum(minor) AS minor,
              sum(deals) AS deals, count(*) OVER () AS n, sum(sum(minor)) OVER () AS whole
            FROM (SELECT kind, subject_id, ledger.company_id, sum({OWN_HOME}) AS minor,
                count(DISTINCT ledger.deal_id) AS deals
              FROM deal JOIN ledger ON ledger.portal_id = :portal
                AND ledger.deal_id = deal.deal_id
              WHERE deal.portal_id = :portal AND deal.company_id = :company AND {DERIVED}
              GROUP BY 1, 2, 3) AS part
            LEFT JOIN subject ON subject.portal_id = :portal
              AND subject.subject_id = part.subject_id
            LEFT JOIN alias ON alias.portal_id = :portal AND alias.object_type = 'contact'
              AND alias.old_id = subject.contact_id
            GROUP BY 1, 2, 3, 4 HAVING sum(minor) <> 0 ORDER BY minor DESC, 1, 2, 3 LIMIT :limit""",
        company=company_id,
        home=home,
        limit=limit,
    )


def credit_of(
    tx: Transaction, who: str, ids: Collection[int], deal_ids: Collection[int], home: str
) -> dict[int, int]:
    """Return what subjects ("person") or companies ("company") are credited of each deal."""
    if not ids or not deal_ids:
        return {}
    rows = tx.tuples(
        f"""SELECT deal_id, coalesce(sum({HOME}), 0) FROM ledger
            WHERE portal_id = :portal AND {DERIVED} AND deal_id = ANY(CAST(:deals AS bigint[]))
              AND {_WHO[who]} = ANY(CAST(:ids AS bigint[])) GROUP BY deal_id""",
        ids=list(ids),
        deals=list(deal_ids),
        home=home,
    )
    return {deal_id: int(minor) for deal_id, minor in rows}


def credit_at(tx: Transaction, subject_ids: Collection[int], company_id: int, home: str) -> int:
    """Return what subjects are credited of all deals that one company bought."""
    if not subject_ids:
        return 0
    minor = tx.value(
        f"""SELECT coalesce(sum({OWN_HOME}), 0) FROM ledger JOIN deal
              ON deal.portal_id = :portal AND deal.deal_id = ledger.deal_id
                AND deal.company_id = :company
            WHERE ledger.portal_id = :portal AND {DERIVED}
              AND subject_id = ANY(CAST(:ids AS bigint[]))""",
        ids=list(subject_ids),
        company=company_id,
        home=home,
    )
    return int(minor)


class Carrier(NamedTuple):
    """Through whom a company led to a deal: the person with the largest share."""

    deal_id: int
    company_id: int
    contact_id: int | None
    is_removed: bool


def carriers(tx: Transaction, deal_ids: Collection[int]) -> list[Carrier]:
    """Return through whom each company led to each of these deals, where a person did."""
    if not deal_ids:
        return []
    rows = tx.tuples(
        """SELECT DISTINCT ON (deal_id, company_id) deal_id, company_id, contact_id,
             coalesce(body ->> 'removed' = 'true', false) AS is_removed
           FROM source WHERE portal_id = :portal AND company_id IS NOT NULL
             AND deal_id = ANY(CAST(:ids AS bigint[]))
             AND (contact_id IS NOT NULL OR body ->> 'removed' = 'true')
           ORDER BY deal_id, company_id, share DESC, source_key""",
        ids=list(deal_ids),
    )
    return [Carrier(*row) for row in rows]
