"""Advocates: people who have a code, with what came of them; and won deals that they brought."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from integration.storage.database import Row, Transaction

ORDERS = MappingProxyType(
    {
        "visits": "visits DESC, revenue DESC, person_id",
        "referrals": "referrals DESC, revenue DESC, person_id",
        "revenue": "revenue DESC, referrals DESC, person_id",
    }
)
"""By what advocates are ordered, most first."""


@dataclass(frozen=True, slots=True)
class Advocate:
    """A person with a code: `contact_id` is the current record, `code` the newest that leads on.

    `revenue` is second-order revenue in the account's currency, in whole units. `code` is a revoked
    one where `is_living` is False.
    """

    person_id: int
    contact_id: int
    name: str
    company_id: int | None
    code: str
    is_living: bool
    public_name: str | None
    visits: int
    referrals: int
    revenue: Decimal


_ADVOCATES = """
  WITH code AS MATERIALIZED (
    SELECT coalesce(alias.new_id, given.contact_id) AS contact_id, code, visits, made_at,
      revoked_at IS NULL AS is_living, public_name
    FROM referral_code AS given LEFT JOIN alias ON alias.portal_id = given.portal_id
      AND alias.object_type = 'contact' AND alias.old_id = given.contact_id
    WHERE given.portal_id = :portal),
  held AS (
    SELECT coalesce(person.person_id, code.contact_id) AS person_id,
      CAST(sum(visits) AS bigint) AS visits, bool_or(is_living) AS is_living,
      (array_agg(code ORDER BY is_living DESC, made_at DESC, code))[1] AS code,
      (array_agg(public_name ORDER BY is_living DESC, made_at DESC, code))[1] AS public_name,
      min(code.contact_id) AS any_contact_id
    FROM code LEFT JOIN person ON person.portal_id = :portal
      AND person.contact_id = code.contact_id
    GROUP BY 1),
  record_of AS (
    SELECT held.person_id, listed.contact_id, listed.name, listed.company_id, listed.revenue,
      listed.referrals
    FROM held JOIN person ON person.portal_id = :portal AND person.person_id = held.person_id
    JOIN listed_contact AS listed ON listed.portal_id = :portal
      AND listed.contact_id = person.contact_id),
  total AS (
    SELECT person_id, sum(revenue) AS revenue, max(referrals) AS referrals,
      (array_agg(contact_id ORDER BY revenue DESC, contact_id DESC))[1] AS contact_id,
      (array_agg(name ORDER BY revenue DESC, contact_id DESC))[1] AS name,
      (array_agg(company_id ORDER BY revenue DESC, contact_id DESC))[1] AS company_id
    FROM record_of GROUP BY person_id)
  SELECT held.person_id, coalesce(total.contact_id, any_contact_id) AS contact_id,
    coalesce(total.name, '') AS name, total.company_id, code, is_living, public_name, visits,
    coalesce(total.referrals, 0) AS referrals, coalesce(total.revenue, 0) AS revenue
  FROM held LEFT JOIN total USING (person_id)"""


def most(tx: Transaction, order: str, *, limit: int) -> list[Advocate]:
    """Return the advocates with most visits, referrals or revenue (:data:`ORDERS`)."""
    rows = tx.rows(f"{_ADVOCATES} ORDER BY {ORDERS[order]} LIMIT :limit", limit=limit)
    return [Advocate(**row) for row in rows]


def every(tx: Transaction) -> Iterator[Advocate]:
    """Return all of them, those with most revenue first."""
    rows = tx.rows(f"{_ADVOCATES} ORDER BY {ORDERS['revenue']}")
    return (Advocate(**row) for row in rows)


def counts(tx: Transaction) -> Row:
    """Return how many people have a link that leads on, how many visits there were, and lately."""
    row = tx.one(
        """SELECT count(DISTINCT contact_id) FILTER (WHERE revoked_at IS NULL) AS people,
             CAST(coalesce(sum(visits), 0) AS bigint) AS visits,
             (SELECT CAST(coalesce(sum(visits), 0) AS bigint) FROM referral_visit
              WHERE portal_id = :portal AND day > current_date - 30) AS lately
           FROM referral_code WHERE portal_id = :portal"""
    )
    return row or {}


@dataclass(frozen=True, slots=True)
class BroughtDeal:
    """A won deal with a person behind it who recommended us or changed jobs."""

    deal_id: int
    contact_id: int
    kind: str
    won_at: datetime


def brought(tx: Transaction, *, limit: int) -> list[BroughtDeal]:
    """Return the newest won deals that somebody recommended us to."""
    rows = tx.rows(
        """SELECT deal.deal_id, coalesce(alias.new_id, source.contact_id) AS contact_id,
             source.kind, deal.closed_at AS won_at
           FROM deal JOIN source ON source.portal_id = :portal AND source.deal_id = deal.deal_id
             AND source.kind = 'referral' AND source.contact_id IS NOT NULL AND source.share > 0
           LEFT JOIN alias ON alias.portal_id = :portal AND alias.object_type = 'contact'
             AND alias.old_id = source.contact_id
           WHERE deal.portal_id = :portal AND deal.is_won AND deal.closed_at IS NOT NULL
           ORDER BY coalesce(deal.closed_at, timestamptz '-infinity') DESC, deal.deal_id DESC,
             source.source_key LIMIT :limit""",
        limit=limit,
    )
    return [BroughtDeal(**row) for row in rows]


def deal_of(tx: Transaction, deal_id: int, contact_ids: Collection[int]) -> Row | None:
    """Return a deal's state and the kind of source that one of these contacts is of it."""
    return tx.one(
        """SELECT deal.is_won, deal.is_open, deal.closed_at, deal.company_id, source.kind,
             ARRAY(SELECT to_id FROM association WHERE portal_id = :portal
               AND from_type = 'deal' AND from_id = deal.deal_id AND to_type = 'contact')
               AS contact_ids
           FROM deal JOIN source ON source.portal_id = :portal AND source.deal_id = deal.deal_id
           LEFT JOIN alias ON alias.portal_id = :portal AND alias.object_type = 'contact'
             AND alias.old_id = source.contact_id
           WHERE deal.portal_id = :portal AND deal.deal_id = :deal AND source.share > 0
             AND coalesce(alias.new_id, source.contact_id) = ANY(CAST(:ids AS bigint[]))
           ORDER BY source.share DESC LIMIT 1""",
        deal=deal_id,
        ids=list(contact_ids),
    )


def referrals_of(tx: Transaction, contact_ids: Collection[int]) -> list[dict[str, Any]]:
    """Return whom these records of a person referred, each target once, the newest first."""
    rows = tx.rows(
        """SELECT target, max(body ->> 'at') AS at, bool_or(status = 'auto') AS counts
           FROM referral WHERE portal_id = :portal
             AND referrer_contact_id = ANY(CAST(:ids AS bigint[]))
           GROUP BY target ORDER BY 2 DESC NULLS LAST, 1""",
        ids=list(contact_ids),
    )
    return [dict(row) for row in rows]
