"""Deals as numbers (`deal`): buyer, dates and amounts, without parsing a record."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from integration.storage.database import Row, Transaction, as_json

_COLUMNS = """deal_id, company_id, created_at, closed_at, is_won, is_open, is_renewal, amount_minor,
  currency, home_minor, home_currency, open_probability, recurring_minor, recurring_source,
  term_months, is_replaced"""


def store(tx: Transaction, rows: Sequence[Mapping[str, Any]], now: datetime) -> set[int]:
    """Write deals; return those that are new or differ from the stored row.

    One that has another company other than by a merge was given to it *now*.
    """
    changed = tx.rows(
        f"""INSERT INTO deal AS mine (portal_id, {_COLUMNS})
            SELECT :portal, {_COLUMNS}
            FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS t(
              deal_id bigint, company_id bigint, created_at timestamptz, closed_at timestamptz,
              is_won boolean, is_open boolean, is_renewal boolean, amount_minor bigint,
              currency text, home_minor bigint, home_currency text, open_probability bigint,
              recurring_minor bigint, recurring_source text, term_months int, is_replaced boolean)
            ON CONFLICT (portal_id, deal_id) DO UPDATE SET company_id = excluded.company_id,
              company_given_at = CASE
                WHEN mine.company_id IS DISTINCT FROM excluded.company_id
                  AND NOT EXISTS (SELECT FROM alias WHERE alias.portal_id = :portal
                    AND object_type = 'company' AND old_id = mine.company_id
                    AND new_id = excluded.company_id)
                  THEN CAST(:now AS timestamptz) ELSE mine.company_given_at END,
              created_at = excluded.created_at, closed_at = excluded.closed_at,
              is_won = excluded.is_won, is_open = excluded.is_open,
              is_renewal = excluded.is_renewal, amount_minor = excluded.amount_minor,
              currency = excluded.currency, home_minor = excluded.home_minor,
              home_currency = excluded.home_currency, open_probability = excluded.open_probability,
              recurring_minor = excluded.recurring_minor,
              recurring_source = excluded.recurring_source,
              term_months = excluded.term_months, is_replaced = excluded.is_replaced
              -- An equal row is not written: RETURNING gives only the deals that differ.
              WHERE (mine.company_id, mine.created_at, mine.closed_at, mine.is_won, mine.is_open,
                     mine.is_renewal, mine.amount_minor, mine.currency, mine.home_minor,
                     mine.home_currency, mine.open_probability, mine.recurring_minor,
                     mine.recurring_source, mine.term_months, mine.is_replaced)
                IS DISTINCT FROM (excluded.company_id, excluded.created_at, excluded.closed_at,
                     excluded.is_won, excluded.is_open, excluded.is_renewal, excluded.amount_minor,
                     excluded.currency, excluded.home_minor, excluded.home_currency,
                     excluded.open_probability, excluded.recurring_minor,
                     excluded.recurring_source, excluded.term_months, excluded.is_replaced)
            RETURNING deal_id""",
        rows=as_json(rows),
        now=now,
    )
    return {row["deal_id"] for row in changed}


def load(tx: Transaction, deal_ids: Collection[int]) -> dict[int, Row]:
    """Return deals by id."""
    rows = tx.rows(
        f"""SELECT {_COLUMNS}, deal_order FROM deal
            WHERE portal_id = :portal AND deal_id = ANY(CAST(:ids AS bigint[]))""",
        ids=list(deal_ids),
    )
    return {row["deal_id"]: row for row in rows}


def of_companies(tx: Transaction, company_ids: Collection[int]) -> dict[int, list[Row]]:
    """Return the deals of each company, the earliest close first."""
    rows = tx.rows(
        f"""SELECT {_COLUMNS}, deal_order FROM deal
            WHERE portal_id = :portal AND company_id = ANY(CAST(:ids AS bigint[]))
            ORDER BY company_id, closed_at NULLS LAST, deal_id""",
        ids=list(company_ids),
    )
    by_company: dict[int, list[Row]] = {}
    for row in rows:
        by_company.setdefault(row["company_id"], []).append(row)
    return by_company


def acquisitions(tx: Transaction, company_ids: Collection[int]) -> dict[int, tuple[Any, ...]]:
    """Return the first won deal of each company with its close; later deals inherit from it."""
    if not company_ids:
        return {}
    rows = tx.tuples(
        """SELECT DISTINCT ON (company_id) company_id, deal_id, coalesce(closed_at, created_at)
           FROM deal
           WHERE portal_id = :portal AND is_won AND company_id = ANY(CAST(:ids AS bigint[]))
           ORDER BY company_id, coalesce(closed_at, created_at), deal_id""",
        ids=list(company_ids),
    )
    return {company: (deal_id, closed) for company, deal_id, closed in rows}


def won_of(tx: Transaction, company_ids: Collection[int]) -> set[int]:
    """Return the won deals of these companies."""
    if not company_ids:
        return set()
    rows = tx.tuples(
        """SELECT deal_id FROM deal
           WHERE portal_id = :portal AND is_won AND company_id = ANY(CAST(:ids AS bigint[]))""",
        ids=list(company_ids),
    )
    return {row[0] for row in rows}


def buyers(tx: Transaction, company_ids: Collection[int]) -> set[int]:
    """Return which of these companies have a won deal; only their people and answers count."""
    if not company_ids:
        return set()
    rows = tx.tuples(
        """SELECT DISTINCT company_id FROM deal
           WHERE portal_id = :portal AND is_won AND company_id = ANY(CAST(:ids AS bigint[]))""",
        ids=list(company_ids),
    )
    return {row[0] for row in rows}


def repoint(tx: Transaction, merged: Mapping[int, int]) -> set[int]:
    """Give the deals of merged-away companies to the survivors; return them."""
    rows = tx.rows(
        """UPDATE deal SET company_id = t.new_id
           FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS t(old_id bigint, new_id bigint)
           WHERE deal.portal_id = :portal AND deal.company_id = t.old_id RETURNING deal_id""",
        rows=as_json([{"old_id": old, "new_id": new} for old, new in merged.items()]),
    )
    return {row["deal_id"] for row in rows}


def given_at(tx: Transaction, deal_ids: Collection[int]) -> dict[int, datetime]:
    """Return when these deals were given to their company, if ever; a merge gives none away."""
    rows = tx.tuples(
        """SELECT deal_id, company_given_at FROM deal
           WHERE portal_id = :portal AND company_given_at IS NOT NULL
             AND deal_id = ANY(CAST(:ids AS bigint[]))""",
        ids=list(deal_ids),
    )
    return dict(rows)


def people_on(tx: Transaction, deal_id: int, *, most: int) -> int:
    """Return how many contacts are on a deal; no more than *most* are counted."""
    counted = tx.value(
        """SELECT count(*) FROM (SELECT FROM association WHERE portal_id = :portal
             AND from_type = 'deal' AND from_id = :deal AND to_type = 'contact'
             LIMIT :most) AS bounded""",
        deal=deal_id,
        most=most,
    )
    return int(counted)


class CompanyDeal(NamedTuple):
    """A deal of a company, with the number and sum of all its deals of that state."""

    deal_id: int
    state: str  # won, open, lost
    home_minor: int | None
    at: datetime | None
    deals: int
    sum_minor: int


def newest_of_company(
    tx: Transaction, company_id: int, home: str, *, most: int
) -> list[CompanyDeal]:
    """Return the latest deals of each state of a company, won ones first."""
    rows = tx.tuples(
        """SELECT deal_id, state, minor, at, n, total FROM (
             SELECT deal_id, state, minor, at, count(*) OVER own AS n,
               coalesce(sum(minor) OVER own, 0) AS total,
               row_number() OVER (PARTITION BY state ORDER BY at DESC NULLS LAST, deal_id DESC)
                 AS place
             FROM (
               SELECT deal_id, closed_at AS at,
                 CASE WHEN is_won THEN 'won' WHEN is_open THEN 'open' ELSE 'lost' END AS state,
                 coalesce(CASE WHEN home_currency = :home THEN home_minor END,
                   CASE WHEN currency = :home THEN amount_minor END) AS minor
               FROM deal WHERE portal_id = :portal AND company_id = :company) AS own_deals
             WINDOW own AS (PARTITION BY state)) AS placed
           WHERE place <= :most
           ORDER BY CASE state WHEN 'won' THEN 1 WHEN 'open' THEN 2 ELSE 3 END, place""",
        company=company_id,
        home=home,
        most=most,
    )
    return [
        CompanyDeal(deal_id, state, minor, at, int(n), int(total))
        for deal_id, state, minor, at, n, total in rows
    ]
