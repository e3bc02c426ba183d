"""What happened around a person or a company, in the order of time, a page at a time by keys.

A page is the first rows behind a place, so that a story of five thousand entries costs one query,
as any other. A row names its kind and the records; what they say is read for the page's rows alone.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from integration.storage.database import Row, Transaction
from integration.storage.ledger.entry_rows import DERIVED

LAST: Final = datetime(9999, 12, 30, tzinfo=UTC)
"""When something happened whose date nobody knows: behind everything else."""


class Place(NamedTuple):
    """A place in a story: behind the entry of this time and key."""

    at: datetime
    key: str


class Happened(NamedTuple):
    """One entry: when, which kind, which records, and what finds the finding that tells it."""

    at: datetime
    key: str
    what: str  # won, brought, referred, was_referred, left, arrived, win
    deal_id: int | None
    company_id: int | None
    finding: Sequence[str]


# The time in a finding's body, which other code may have written.
_AT = r"""CASE WHEN body ->> 'at' ~ '^[0-9]{4}-[01][0-9]-[0-3][0-9]T'
  THEN CAST(body ->> 'at' AS timestamptz) END"""
_REFERRAL = """ARRAY[owner_type, CAST(owner_id AS text), referral_key]"""
_REFERRAL_KEY = "owner_type || ':' || owner_id || ':' || referral_key"
_MOVE = "ARRAY[CAST(person_id AS text), move_key]"
_MOVE_KEY = "person_id || ':' || move_key"
_SHOWN_MOVE = "status IN ('auto', 'confirmed', 'review')"


def _referrals(what: str, where: str) -> str:
    return f"""SELECT coalesce({_AT}, :last), '{what}:' || {_REFERRAL_KEY}, '{what}',
      CAST(NULL AS bigint), referrer_company_id, {_REFERRAL}
    FROM referral WHERE portal_id = :portal AND status <> 'rejected' AND {where}"""


def _moves(what: str, company: str, where: str) -> str:
    """Both ends of a move are dated by when it shows; the person is gone before they are back."""
    order = "1" if what == "left" else "2"
    return f"""SELECT coalesce(latest, :last), '{order}{what}:' || {_MOVE_KEY}, '{what}',
      CAST(NULL AS bigint), {company}, {_MOVE}
    FROM move WHERE portal_id = :portal AND {_SHOWN_MOVE} AND {company} IS NOT NULL AND {where}"""


def _wins(where: str) -> str:
    return f"""SELECT at, 'win:' || win_key, 'win', CAST(NULL AS bigint), company_id,
      ARRAY[words, split_part(win_key, ':', 1), coalesce(CAST(contact_id AS text), '')]
    FROM win WHERE portal_id = :portal AND at <= clock_timestamp() AND {where}"""


_WON_AT = "coalesce(deal.closed_at, deal.created_at)"
# A person's answers, and a company's deals, are in their stories already.
_OF_OWN = "contact_id = ANY(CAST(:contacts AS bigint[])) AND win_key NOT LIKE 'answer:%'"
_OF_PERSON = f"""
  SELECT {_WON_AT}, 'won:' || deal.deal_id, 'won', deal.deal_id, deal.company_id,
    array_remove(array_agg(DISTINCT on_deal.label), NULL)
  FROM association AS on_deal JOIN deal ON deal.portal_id = :portal
    AND deal.deal_id = on_deal.from_id AND deal.is_won
  WHERE on_deal.portal_id = :portal AND on_deal.to_type = 'contact'
    AND on_deal.to_id = ANY(CAST(:contacts AS bigint[])) AND on_deal.from_type = 'deal'
  GROUP BY deal.deal_id, deal.company_id, deal.closed_at, deal.created_at
  UNION ALL
  SELECT min(coalesce(origin_at, effective_at)), 'brought:' || deal_id, 'brought', deal_id,
    CAST(NULL AS bigint), CAST('{{}}' AS text[])
  FROM ledger WHERE portal_id = :portal AND {DERIVED}
    AND subject_id = ANY(CAST(:subjects AS bigint[]))
    AND NOT EXISTS (SELECT FROM association AS on_deal WHERE on_deal.portal_id = :portal
      AND on_deal.from_type = 'deal' AND on_deal.from_id = ledger.deal_id
      AND on_deal.to_type = 'contact' AND on_deal.to_id = ANY(CAST(:contacts AS bigint[])))
  GROUP BY deal_id HAVING sum(share) <> 0
  UNION ALL {_referrals("referred", "referrer_contact_id = ANY(CAST(:contacts AS bigint[]))")}
  UNION ALL {_referrals("was_referred", "target = ANY(CAST(:targets AS text[]))")}
  UNION ALL {_moves("left", "former_company_id", "person_id = :person")}
  UNION ALL {_moves("arrived", "new_company_id", "person_id = :person")}
  UNION ALL {_wins(_OF_OWN)}"""
_COMPANIES = "ANY(CAST(:companies AS bigint[]))"
_OF_COMPANY = f"""
  SELECT {_WON_AT}, 'won:' || deal_id, 'won', deal_id, company_id, CAST('{{}}' AS text[])
  FROM deal WHERE portal_id = :portal AND is_won AND company_id = :company
  UNION ALL
  SELECT min(coalesce(origin_at, effective_at)), 'brought:' || deal_id, 'brought', deal_id,
    CAST(NULL AS bigint), CAST('{{}}' AS text[])
  FROM ledger WHERE portal_id = :portal AND {DERIVED}
    AND company_id = ANY(CAST(:companies AS bigint[]))
  GROUP BY deal_id HAVING sum(share) <> 0
  UNION ALL {_referrals("referred", "referrer_company_id = ANY(CAST(:companies AS bigint[]))")}
  UNION ALL {_referrals("was_referred", "target = ANY(CAST(:targets AS text[]))")}
  UNION ALL {_moves("left", "former_company_id", f"former_company_id = {_COMPANIES}")}
  UNION ALL {_moves("arrived", "new_company_id", f"new_company_id = {_COMPANIES}")}
  UNION ALL {_wins("company_id = :company AND win_key NOT LIKE 'deal:%'")}"""
_NAMED = "told(at, key, what, deal_id, company_id, finding)"


def of_person(
    tx: Transaction,
    person_id: int,
    contact_ids: Collection[int],
    subject_ids: Collection[int],
    *,
    after: Place | None,
    limit: int,
) -> list[Happened]:
    """Return a page of what happened with the records of one human, oldest first."""
    return _page(
        tx,
        _OF_PERSON,
        after,
        limit,
        person=person_id,
        contacts=list(contact_ids),
        subjects=list(subject_ids),
        targets=[f"contact:{contact_id}" for contact_id in contact_ids],
    )


def of_company(
    tx: Transaction,
    company_id: int,
    company_ids: Collection[int],
    *,
    after: Place | None,
    limit: int,
) -> list[Happened]:
    """Return a page of what happened with a company, oldest first.

    *company_ids* are its id and those that were merged into it.
    """
    return _page(
        tx,
        _OF_COMPANY,
        after,
        limit,
        company=company_id,
        companies=list(company_ids),
        targets=[f"company:{number}" for number in company_ids],
    )


def _page(
    tx: Transaction, told: str, after: Place | None, limit: int, **values: object
) -> list[Happened]:
    behind = """WHERE (at, key COLLATE "C") > (:at, CAST(:key AS text))""" if after else ""
    rows = tx.tuples(
        f"""SELECT at, key, what, deal_id, company_id, finding FROM ({told}) AS {_NAMED}
            {behind} ORDER BY at, key COLLATE "C" LIMIT :limit""",
        at=after.at if after else LAST,
        key=after.key if after else "",
        limit=limit,
        last=LAST,
        **values,
    )
    return [Happened(*row) for row in rows]


def moves(tx: Transaction, keys: Collection[tuple[int, str]]) -> dict[tuple[int, str], Row]:
    """Return moves by person and key."""
    if not keys:
        return {}
    rows = tx.rows(
        """SELECT person_id, move_key, former_contact_id, new_contact_id, former_company_id,
             new_company_id, earliest, latest, confidence, status, body, settings_version
           FROM move JOIN unnest(CAST(:persons AS bigint[]), CAST(:keys AS text[]))
             AS wanted(person_id, move_key) USING (person_id, move_key)
           WHERE portal_id = :portal""",
        persons=[person_id for person_id, _ in keys],
        keys=[key for _, key in keys],
    )
    return {(row["person_id"], row["move_key"]): row for row in rows}


def referrals(
    tx: Transaction, keys: Collection[tuple[str, int, str]]
) -> dict[tuple[str, int, str], Row]:
    """Return referrals by the record that tells them and key."""
    if not keys:
        return {}
    rows = tx.rows(
        """SELECT owner_type, owner_id, referral_key, target, referrer_contact_id,
             referrer_company_id, status, body
           FROM referral
           JOIN unnest(CAST(:types AS text[]), CAST(:ids AS bigint[]), CAST(:keys AS text[]))
             AS wanted(owner_type, owner_id, referral_key)
             USING (owner_type, owner_id, referral_key)
           WHERE portal_id = :portal""",
        types=[key[0] for key in keys],
        ids=[key[1] for key in keys],
        keys=[key[2] for key in keys],
    )
    return {(row["owner_type"], row["owner_id"], row["referral_key"]): row for row in rows}


def departures(
    tx: Transaction, company_ids: Collection[int], *, strength: int, limit: int
) -> tuple[Sequence[Row], int]:
    """Return the latest champions who left a company, and how many there are in all.

    *strength*, in ppm, is what makes a champion; a body without one counts as none.
    """
    of_champions = """move WHERE portal_id = :portal
      AND former_company_id = ANY(CAST(:ids AS bigint[])) AND status IN ('auto', 'confirmed')
      AND CASE WHEN body ->> 'strength' ~ '^[0-9]{1,18}$'
        THEN CAST(body ->> 'strength' AS bigint) >= :strength ELSE false END"""
    rows = tx.rows(
        f"""SELECT person_id, move_key, former_contact_id, new_contact_id, former_company_id,
              new_company_id, earliest, latest, confidence, status, body, settings_version,
              count(*) OVER () AS n
            FROM {of_champions}
            ORDER BY latest DESC NULLS LAST, person_id, move_key LIMIT :limit""",
        ids=list(company_ids),
        strength=strength,
        limit=limit,
    )
    return rows, int(rows[0]["n"]) if rows else 0


class DealOfTwo(NamedTuple):
    """A deal of one of two companies with one human on it, with the sums of all alike."""

    company_id: int
    deal_id: int
    state: str  # won, open, lost
    home_minor: int | None
    deals: int
    sum_minor: int


def deals_of_two(
    tx: Transaction,
    contact_ids: Collection[int],
    company_ids: Collection[int],
    home: str,
    most: int,
) -> list[DealOfTwo]:
    """Return the largest deals that one human was on at each of two companies, by their state.

    `deals` and `sum_minor` are of all deals of that company and state.
    """
    rows = tx.tuples(
        """SELECT company_id, deal_id, state, minor, n, total FROM (
             SELECT company_id, deal_id, state, minor, count(*) OVER own AS n,
               coalesce(sum(minor) OVER own, 0) AS total,
               row_number() OVER (PARTITION BY company_id, state
                 ORDER BY minor DESC NULLS LAST, deal_id) AS place
             FROM (
               SELECT DISTINCT deal.company_id, deal.deal_id,
                 CASE WHEN is_won THEN 'won' WHEN is_open THEN 'open' ELSE 'lost' END AS state,
                 coalesce(CASE WHEN home_currency = :home THEN home_minor END,
                   CASE WHEN currency = :home THEN amount_minor END) AS minor
               FROM association AS on_deal JOIN deal ON deal.portal_id = :portal
                 AND deal.deal_id = on_deal.from_id
                 AND deal.company_id = ANY(CAST(:companies AS bigint[]))
               WHERE on_deal.portal_id = :portal AND on_deal.to_type = 'contact'
                 AND on_deal.to_id = ANY(CAST(:contacts AS bigint[]))
                 AND on_deal.from_type = 'deal') AS theirs
             WINDOW own AS (PARTITION BY company_id, state)) AS placed
           WHERE place <= :most ORDER BY company_id, state, place""",
        contacts=list(contact_ids),
        companies=list(company_ids),
        home=home,
        most=most,
    )
    return [
        DealOfTwo(company_id, deal_id, state, minor, int(n), int(total))
        for company_id, deal_id, state, minor, n, total in rows
    ]
