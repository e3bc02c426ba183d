"""Who brought most: people and companies with the most booked credit of the wins of a period."""

from collections.abc import Sequence

from integration.storage.database import AS_WRITTEN, Row, Transaction
from integration.storage.ledger.entry_rows import DERIVED, HOME
from integration.storage.ledger.total_rows import BELONGS, Wins

_NAMED_DEALS = 5
# A forgotten person who was their company's only one stays in the company's sum alone: a line would
# name them.
_IS_ALONE = """subject.contact_id IS NULL AND NOT EXISTS (
  SELECT FROM balance AS other
  WHERE other.portal_id = :portal AND other.company_id = part.company_id
    AND other.subject_id <> part.subject_id)"""


def people(tx: Transaction, home: str, wins: Wins, *, limit: int) -> Sequence[Row]:
    """Return the people with the most credit, all records of a person as one.

    `contact_id` is the record of the latest win, None of a person who was forgotten; `deal_ids` are
    the deals with most of it.
    """
    return tx.rows(
        f"""WITH part AS (
              SELECT subject_id, company_id, deal_id, sum({HOME}) AS minor, max(won_at) AS newest
              FROM balance WHERE portal_id = :portal AND {DERIVED} AND subject_id IS NOT NULL
                AND {BELONGS}
              GROUP BY 1, 2, 3),
            credited AS MATERIALIZED (
              SELECT part.*, coalesce(alias.new_id, subject.contact_id) AS today
              FROM part JOIN subject ON subject.portal_id = :portal
                AND subject.subject_id = part.subject_id
              LEFT JOIN alias ON alias.portal_id = :portal
                AND alias.object_type = 'contact' AND alias.old_id = subject.contact_id
              WHERE NOT ({_IS_ALONE}))
            SELECT (array_agg(today ORDER BY newest DESC, today DESC))[1] AS contact_id,
              sum(minor) AS minor, count(DISTINCT deal_id) AS deals,
              (array_agg(deal_id ORDER BY minor DESC, deal_id))[1:{_NAMED_DEALS}] AS deal_ids
            FROM credited LEFT JOIN LATERAL (  -- one by one: of all people a few were credited
              SELECT person_id FROM person
              WHERE person.portal_id = :portal AND person.contact_id = today {AS_WRITTEN}
            ) AS person ON true
            GROUP BY coalesce(person.person_id, today, -subject_id) HAVING sum(minor) > 0
            ORDER BY minor DESC, contact_id LIMIT :limit""",
        home=home,
        **wins.bounds,
        limit=limit,
    )


def companies(tx: Transaction, home: str, wins: Wins, *, limit: int) -> Sequence[Row]:
    """Return the companies with the most credit, what was merged into them included.

    `deal_ids` are the deals with most of it.
    """
    return tx.rows(
        f"""SELECT id, sum(minor) AS minor, count(*) AS deals,
              (array_agg(deal_id ORDER BY minor DESC, deal_id))[1:{_NAMED_DEALS}] AS deal_ids
            FROM (
              SELECT coalesce(alias.new_id, company_id) AS id, deal_id, sum({HOME}) AS minor
              FROM balance LEFT JOIN alias ON alias.portal_id = :portal
                AND alias.object_type = 'company' AND alias.old_id = company_id
              WHERE balance.portal_id = :portal AND {DERIVED} AND company_id IS NOT NULL
                AND {BELONGS}
              GROUP BY 1, 2) AS part
            GROUP BY id HAVING sum(minor) > 0 ORDER BY minor DESC, id LIMIT :limit""",
        home=home,
        **wins.bounds,
        limit=limit,
    )
