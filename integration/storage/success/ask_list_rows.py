"""Rows of the list of people to ask: who is ready or waits, what they are worth, whom they know."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from integration.storage.database import AS_WRITTEN, Row, Transaction
from mappings.kinds import ObjectType

MOST_READY = 2_000
MOST_PAIRS = 2_000
_HOME = "coalesce(deal.home_minor, CASE WHEN deal.currency = :home THEN deal.amount_minor END)"
_NAMED = """LEFT JOIN listed_company AS company
    ON company.portal_id = :portal AND company.company_id = mine.company_id
  LEFT JOIN listed_contact AS contact
    ON contact.portal_id = :portal AND contact.contact_id = mine.contact_id"""
_NAMES = """company.name AS company, company.owner_id, company.band, contact.name AS person,
  contact.nps"""
_POINTS = "win_points + sentiment_points + health_points + relationship_points"


def ready(tx: Transaction) -> Sequence[Row]:
    """Return the readiest person of each company at which somebody is to be asked now.

    `others` counts who else is ready there. At most so many companies, the readiest first.
    """
    return tx.rows(
        f"""WITH best AS (
              SELECT DISTINCT ON (company_id) readiness.*, {_POINTS} AS points,
                count(*) OVER (PARTITION BY company_id) - 1 AS others
              FROM readiness WHERE portal_id = :portal AND state = 'ask_now'
              ORDER BY company_id, {_POINTS} DESC, contact_id)
            SELECT mine.*, {_NAMES}, win.kind AS win_kind, win.words AS win_words, win.at AS win_at
            FROM best AS mine {_NAMED}
              LEFT JOIN win ON win.portal_id = :portal AND win.company_id = mine.company_id
                AND win.win_key = mine.win_key
            ORDER BY points DESC, company_id LIMIT :most""",
        most=MOST_READY,
    )


def best_of(tx: Transaction, object_type: str, record_id: int) -> Row | None:
    """Return the best row of a contact's person, or of a company; None where nobody was judged."""
    which = (
        "mine.company_id = :id"
        if object_type == ObjectType.COMPANY
        else """mine.contact_id IN (SELECT :id UNION SELECT other.contact_id FROM person AS own
          JOIN person AS other ON other.portal_id = :portal AND other.person_id = own.person_id
          WHERE own.portal_id = :portal AND own.contact_id = :id)"""
    )
    return tx.one(
        f"""SELECT mine.*, {_POINTS} AS points, 0 AS others, {_NAMES}, win.kind AS win_kind,
              win.words AS win_words, win.at AS win_at
            FROM readiness AS mine {_NAMED}
              LEFT JOIN win ON win.portal_id = :portal AND win.company_id = mine.company_id
                AND win.win_key = mine.win_key
            WHERE mine.portal_id = :portal AND {which}
            ORDER BY array_position(ARRAY['ask_now', 'wait', 'resting', 'never'], mine.state),
              coalesce({_POINTS}, 0) DESC, mine.company_id, mine.contact_id LIMIT 1""",
        id=record_id,
    )


def counts(tx: Transaction, owner_ids: Collection[int] | None) -> dict[str, int]:
    """Return how many people are in each state; of some owners' companies, or of all."""
    rows = tx.tuples(
        f"""SELECT mine.state, count(DISTINCT mine.person_id) FROM readiness AS mine {_NAMED}
            WHERE mine.portal_id = :portal AND {_owned(owner_ids)} GROUP BY mine.state""",
        owners=list(owner_ids or ()),
    )
    return dict(rows)


def reasons(tx: Transaction, state: str, owner_ids: Collection[int] | None) -> dict[str, int]:
    """Return how many people of a state each closed gate keeps; "" of those that none does."""
    rows = tx.tuples(
        f"""SELECT coalesce(gate, ''), count(DISTINCT mine.person_id)
            FROM readiness AS mine LEFT JOIN LATERAL unnest(mine.gates) AS gate ON true {_NAMED}
            WHERE mine.portal_id = :portal AND mine.state = :state AND {_owned(owner_ids)}
            GROUP BY 1 ORDER BY 2 DESC, 1""",
        state=state,
        owners=list(owner_ids or ()),
    )
    return dict(rows)


def others(
    tx: Transaction,
    state: str,
    gate: str,
    owner_ids: Collection[int] | None,
    after: tuple[int, int],
    limit: int,
) -> Sequence[Row]:
    """Return people of a state, whom a gate keeps if one is named, by company and number."""
    return tx.rows(
        f"""SELECT mine.company_id, mine.contact_id, mine.state, mine.because, mine.opens_at,
              EXISTS (SELECT FROM do_not_ask JOIN person AS own ON own.portal_id = :portal
                AND own.contact_id = do_not_ask.contact_id AND own.person_id = mine.person_id
                WHERE do_not_ask.portal_id = :portal AND withdrawn_at IS NULL) AS is_noted,
              {_NAMES}
            FROM readiness AS mine {_NAMED}
            WHERE mine.portal_id = :portal AND mine.state = :state
              AND (:gate = '' OR :gate = ANY(mine.gates)) AND {_owned(owner_ids)}
              AND (mine.company_id, mine.contact_id) > (:company, :contact)
            ORDER BY mine.company_id, mine.contact_id LIMIT :limit""",
        state=state,
        gate=gate,
        owners=list(owner_ids or ()),
        company=after[0],
        contact=after[1],
        limit=limit,
    )


def _owned(owner_ids: Collection[int] | None) -> str:
    return "true" if owner_ids is None else "company.owner_id = ANY(CAST(:owners AS bigint[]))"


def worth(
    tx: Transaction, company_ids: Collection[int], since: datetime, home: str
) -> dict[int, tuple[int, datetime | None]]:
    """Return what these companies bought since then, in home currency, and their first purchase."""
    rows = tx.tuples(
        f"""SELECT company_id,
              coalesce(sum({_HOME}) FILTER (WHERE coalesce(closed_at, created_at) > :since), 0),
              min(coalesce(closed_at, created_at)) FILTER (WHERE amount_minor > 0)
            FROM deal WHERE portal_id = :portal AND is_won
              AND company_id = ANY(CAST(:ids AS bigint[])) GROUP BY company_id""",
        ids=list(company_ids),
        since=since,
        home=home,
    )
    return {company_id: (int(amount), first_at) for company_id, amount, first_at in rows}


_PROSPECTS = f"""prospects AS MATERIALIZED (
  SELECT DISTINCT ON (on_deal.contact_id) on_deal.contact_id, deal.deal_id, deal.company_id,
    coalesce({_HOME}, 0) AS minor
  FROM (SELECT * FROM deal WHERE portal_id = :portal AND is_open AND company_id IS NOT NULL
      {AS_WRITTEN}) AS deal
    CROSS JOIN LATERAL (SELECT count(*) AS times FROM (
      SELECT FROM deal AS won WHERE won.portal_id = :portal
        AND won.company_id = deal.company_id AND won.is_won LIMIT 1) AS one) AS bought
    CROSS JOIN LATERAL (
      SELECT to_id AS contact_id FROM association WHERE portal_id = :portal
        AND from_type = 'deal' AND from_id = deal.deal_id AND to_type = 'contact'
      {AS_WRITTEN}) AS on_deal
  WHERE bought.times = 0
  ORDER BY on_deal.contact_id, coalesce({_HOME}, 0) DESC, deal.deal_id)"""


# Where a contact's person was ever found, by all of their records.
_KEYS_OF = f"""SELECT held.kind, held.value FROM (
    SELECT other.contact_id FROM person AS own
      JOIN person AS other ON other.portal_id = :portal AND other.person_id = own.person_id
    WHERE own.portal_id = :portal AND own.contact_id = {{}} {AS_WRITTEN}) AS record
  CROSS JOIN LATERAL (
    SELECT kind, value FROM identity_key
    WHERE portal_id = :portal AND contact_id = record.contact_id {AS_WRITTEN}) AS held
  WHERE held.kind IN ('at', 'host')"""


def met(tx: Transaction, contact_ids: Collection[int], since: datetime, home: str) -> Sequence[Row]:
    """Return with whom on an open deal these contacts were in one meeting, and when last.

    Deals of companies that bought before are no news: only prospects count. Meetings are looked up
    by their people: a join of two such tables is turned around where they were not counted yet.
    """
    if not contact_ids:
        return ()
    prospects = tx.rows(f"WITH {_PROSPECTS} SELECT * FROM prospects", home=home)
    theirs: dict[int, list[Row]] = {}
    by_contact = {row["contact_id"]: row for row in prospects}
    for contact_id, activity_id, _ in _meetings(tx, by_contact, since):
        theirs.setdefault(activity_id, []).append(by_contact[contact_id])
    found: dict[tuple[int, int], Row] = {}
    for asked_id, activity_id, at in _meetings(tx, contact_ids, since):
        for row in theirs.get(activity_id, ()):
            if row["contact_id"] != asked_id:
                found[asked_id, row["contact_id"]] = {**row, "asked_id": asked_id, "at": at}
    return sorted(found.values(), key=_by_money)[:MOST_PAIRS]


def _by_money(row: Row) -> tuple[int, int, int]:
    return -row["minor"], row["asked_id"], row["contact_id"]


def _meetings(
    tx: Transaction, contact_ids: Collection[int], since: datetime
) -> list[tuple[int, int, datetime]]:
    """The meetings of these contacts, the earliest first: who, which, when."""
    return tx.tuples(
        """SELECT contact_id, activity_id, at FROM touch
           WHERE portal_id = :portal AND contact_id = ANY(CAST(:ids AS bigint[]))
             AND activity_type = 'meeting' AND at > :since
           ORDER BY at, activity_id, contact_id""",
        ids=list(contact_ids),
        since=since,
    )


def shared_employers(tx: Transaction, contact_ids: Collection[int], home: str) -> Sequence[Row]:
    """Return who on an open deal was ever found at a company at which these contacts were, too.

    Whether they were there at the same time is for the caller to find out. All records of a person
    count.
    """
    if not contact_ids:
        return ()
    return tx.rows(
        f"""WITH {_PROSPECTS},
              mine AS MATERIALIZED (
                SELECT asked.id AS asked_id, held.kind, held.value
                FROM unnest(CAST(:ids AS bigint[])) AS asked(id)
                  CROSS JOIN LATERAL ({_KEYS_OF.format("asked.id")}) AS held),
              theirs AS MATERIALIZED (
                SELECT prospects.*, held.kind, held.value FROM prospects
                  CROSS JOIN LATERAL ({_KEYS_OF.format("prospects.contact_id")}) AS held)
            SELECT DISTINCT mine.asked_id, theirs.contact_id, theirs.deal_id, theirs.company_id,
              theirs.minor
            FROM mine JOIN theirs USING (kind, value)
            WHERE mine.asked_id <> theirs.contact_id
            ORDER BY theirs.minor DESC, 1, 2 LIMIT :most""",
        ids=list(contact_ids),
        home=home,
        most=MOST_PAIRS,
    )


def late_deals(tx: Transaction, least_probability: int, home: str) -> Mapping[int, Row]:
    """Return of each owner the largest open deal that is near its decision, of a prospect."""
    rows = tx.rows(
        f"""SELECT DISTINCT ON (deal.owner_id) deal.owner_id, deal.deal_id, deal.name,
              company.name AS company
            FROM deal LEFT JOIN listed_company AS company ON company.portal_id = :portal
                AND company.company_id = deal.company_id
            WHERE deal.portal_id = :portal AND deal.is_open AND deal.owner_id IS NOT NULL
              AND deal.open_probability >= :least AND NOT EXISTS (
                SELECT FROM deal AS won WHERE won.portal_id = :portal
                  AND won.company_id = deal.company_id AND won.is_won)
            ORDER BY deal.owner_id, coalesce({_HOME}, 0) DESC, deal.deal_id""",
        least=least_probability,
        home=home,
    )
    return {row["owner_id"]: row for row in rows}
