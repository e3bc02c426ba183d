"""What the board's numbers are made of: first purchases, who was active, promoters, moves."""

from datetime import datetime
from typing import Any, NamedTuple

from integration.storage.database import Transaction
from mappings.rules.findings import SHARE_ONE

# Both are of the database's own making, and read with care all the same.
_REFERRED_AT = r"""CASE WHEN referral.body ->> 'at' ~ '^[0-9]{4}-[01][0-9]-[0-3][0-9]T'
  THEN CAST(referral.body ->> 'at' AS timestamptz) END"""
_MOVED_AT = r"""CASE WHEN body ->> 'moved_at' ~ '^[0-9]{4}-[01][0-9]-[0-3][0-9]T'
  THEN CAST(body ->> 'moved_at' AS timestamptz) ELSE latest END"""


class FirstPurchase(NamedTuple):
    """A company's first won deal; `shares` are of `SHARE_ONE`, by kind of source."""

    company_id: int
    deal_id: int
    created_at: datetime
    won_at: datetime
    shares: dict[str, int]


def first_purchases(tx: Transaction) -> list[FirstPurchase]:
    """Return the first purchase of every company, with who led to it."""
    rows = tx.tuples(
        """WITH first AS MATERIALIZED (
             SELECT DISTINCT ON (company_id) company_id, deal_id, created_at,
               coalesce(closed_at, created_at) AS won_at
             FROM deal WHERE portal_id = :portal AND is_won AND amount_minor > 0
               AND company_id IS NOT NULL
             ORDER BY company_id, coalesce(closed_at, created_at), deal_id),
           shared AS (
             SELECT deal_id, kind, sum(share) AS share
             FROM source JOIN first USING (deal_id)
             WHERE portal_id = :portal AND share > 0 GROUP BY deal_id, kind),
           of_deal AS (
             SELECT deal_id, jsonb_object_agg(kind, share) AS shares FROM shared GROUP BY deal_id)
           SELECT company_id, deal_id, created_at, won_at, coalesce(shares, '{}')
           FROM first LEFT JOIN of_deal USING (deal_id) ORDER BY company_id"""
    )
    return [
        FirstPurchase(company_id, deal_id, created_at, won_at, _whole(shares))
        for company_id, deal_id, created_at, won_at, shares in rows
    ]


def _whole(shares: dict[str, Any]) -> dict[str, int]:
    return {kind: min(int(share), SHARE_ONE) for kind, share in shares.items()}


def active(tx: Transaction, at: datetime, *, days: int) -> int:
    """Count the companies that were active customers at a moment.

    They paid something that recurs, or had won a deal within so many days.
    """
    counted = tx.value(
        """SELECT count(*) FROM (
             SELECT company_id FROM deal WHERE portal_id = :portal AND is_won AND amount_minor > 0
               AND company_id IS NOT NULL AND coalesce(closed_at, created_at) <= :at
               AND coalesce(closed_at, created_at) > CAST(:at AS timestamptz)
                 - make_interval(days => :days)
             UNION
             SELECT company_id FROM recurring_value WHERE portal_id = :portal AND since <= :at
               AND (until IS NULL OR until > :at) AND home_minor > 0) AS active_then""",
        at=at,
        days=days,
    )
    return int(counted)


def promoters(tx: Transaction, since: datetime, until: datetime) -> list[tuple[int, datetime]]:
    """Return the first promoter's answer of each person within a time."""
    return tx.tuples(
        """SELECT person_id, min(answered_at) FROM person_answer
           WHERE portal_id = :portal AND score >= 9
             AND answered_at >= :since AND answered_at < :until
           GROUP BY person_id""",
        since=since,
        until=until,
    )


def referrals(tx: Transaction, since: datetime, until: datetime) -> dict[int, list[datetime]]:
    """Return when each person referred somebody within a time; rejected ones are no referrals."""
    rows = tx.tuples(
        f"""WITH made AS MATERIALIZED (
              SELECT coalesce(alias.new_id, referrer_contact_id) AS contact_id,
                {_REFERRED_AT} AS made_at
              FROM referral LEFT JOIN alias ON alias.portal_id = :portal
                AND alias.object_type = 'contact' AND alias.old_id = referrer_contact_id
              WHERE referral.portal_id = :portal AND status <> 'rejected'
                AND referrer_contact_id IS NOT NULL)
            SELECT coalesce(person_id, made.contact_id), made_at
            FROM made LEFT JOIN person ON person.portal_id = :portal
              AND person.contact_id = made.contact_id
            WHERE made_at >= :since AND made_at < :until""",
        since=since,
        until=until,
    )
    found: dict[int, list[datetime]] = {}
    for person_id, at in rows:
        found.setdefault(person_id, []).append(at)
    return found


def champions_moved(
    tx: Transaction, since: datetime, until: datetime, *, strength: int
) -> list[tuple[datetime, bool]]:
    """Return sure moves of champions within a time, and whether a deal came of each.

    That is a deal of the new company with the person's record on it that was opened after they
    came.
    """
    return tx.tuples(
        f"""WITH moved AS MATERIALIZED (
              SELECT new_company_id, new_contact_id, {_MOVED_AT} AS at FROM move
              WHERE portal_id = :portal AND status IN ('auto', 'confirmed')
                AND new_company_id IS NOT NULL AND former_company_id <> new_company_id
                AND CASE WHEN body ->> 'strength' ~ '^[0-9]{{1,18}}$'
                  THEN CAST(body ->> 'strength' AS bigint) >= :strength ELSE false END)
            SELECT at, EXISTS (
              SELECT FROM deal JOIN association ON association.portal_id = :portal
                AND from_type = 'deal' AND from_id = deal.deal_id AND to_type = 'contact'
                AND to_id = new_contact_id
              WHERE deal.portal_id = :portal AND deal.company_id = new_company_id
                AND deal.created_at >= at)
            FROM moved WHERE at >= :since AND at < :until""",
        since=since,
        until=until,
        strength=strength,
    )


class Worth(NamedTuple):
    """What customers are worth in all: how many, their own revenue, and with what they led to."""

    customers: int
    direct_minor: int
    all_in_minor: int


def worth(tx: Transaction) -> Worth:
    """Add up the all-in values of customers that bought something."""
    row = tx.tuples(
        """SELECT count(*), coalesce(sum(direct_minor), 0),
             coalesce(sum(direct_minor + (SELECT coalesce(sum(part), 0) FROM unnest(by_order)
               AS part)), 0)
           FROM all_in WHERE portal_id = :portal AND direct_minor > 0"""
    )[0]
    return Worth(*map(int, row))
