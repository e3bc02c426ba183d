"""Answers as concluded (`person_answer`): each with its person, its employer and their role."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from integration.storage.database import Row, Transaction, as_json

_COLUMNS = "person_id, company_id, score, answered_at, decides, comment"


@dataclass(frozen=True, slots=True)
class PersonAnswer:
    """One answer of a person, given by way of a contact; `decides` by the role they had."""

    contact_id: int
    answer_id: str
    person_id: int
    company_id: int | None
    score: int
    answered_at: datetime
    decides: bool
    comment: str = ""


def keep(tx: Transaction, contact_ids: Collection[int], answers: Sequence[PersonAnswer]) -> None:
    """Make these the answers of these contacts; others that they had are not theirs any more."""
    if not contact_ids:
        return
    rows = [
        {
            "contact_id": answer.contact_id,
            "answer_id": answer.answer_id,
            "person_id": answer.person_id,
            "company_id": answer.company_id,
            "score": answer.score,
            "answered_at": answer.answered_at.isoformat(),
            "decides": answer.decides,
            "comment": answer.comment,
        }
        for answer in answers
    ]
    mine = ", ".join(f"mine.{name}" for name in _COLUMNS.split(", "))
    theirs = mine.replace("mine.", "excluded.")
    tx.run(
        f"""WITH told AS MATERIALIZED (
              SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS t(
                contact_id bigint, answer_id text, person_id bigint, company_id bigint,
                score smallint, answered_at timestamptz, decides boolean, comment text)),
            gone AS (
              DELETE FROM person_answer AS old
              WHERE portal_id = :portal AND contact_id = ANY(CAST(:ids AS bigint[]))
                AND NOT EXISTS (SELECT FROM told WHERE told.contact_id = old.contact_id
                  AND told.answer_id = old.answer_id))
            INSERT INTO person_answer AS mine (portal_id, contact_id, answer_id, {_COLUMNS})
            SELECT :portal, contact_id, answer_id, {_COLUMNS} FROM told
            ON CONFLICT (portal_id, contact_id, answer_id) DO UPDATE
              SET ({_COLUMNS}) = ROW({theirs})
              WHERE ({mine}) IS DISTINCT FROM ({theirs})""",
        ids=list(contact_ids),
        rows=as_json(rows),
    )


_COUNTS = """count(*) FILTER (WHERE score >= 9) AS promoters,
  count(*) FILTER (WHERE score BETWEEN 7 AND 8) AS passives,
  count(*) FILTER (WHERE score <= 6) AS detractors"""
# A company that was merged since has its answers under the id of today.
_TODAY = """LEFT JOIN alias ON alias.portal_id = :portal AND alias.object_type = 'company'
  AND alias.old_id = answered.company_id"""
_AT = "coalesce(alias.new_id, answered.company_id)"


def by_company(tx: Transaction, *, since: datetime, until: datetime, fresh: datetime) -> list[Row]:
    """Count each person's latest answer of a time, by company; without one, by person.

    The rows have `company_id`, None for a person without one, the counts of all answers and of
    those who decide (`key_…`), how many came after *fresh*, and when the last one did.
    """
    return list(
        tx.rows(
            f"""WITH answered AS MATERIALIZED (
                  SELECT DISTINCT ON (person_id) person_id, company_id, score, decides, answered_at
                  FROM person_answer
                  WHERE portal_id = :portal AND answered_at >= :since AND answered_at <= :until
                  ORDER BY person_id, answered_at DESC, answer_id DESC),
                placed AS (SELECT answered.*, {_AT} AS today_id FROM answered {_TODAY})
                SELECT max(today_id) AS company_id, {_COUNTS},
                  count(*) FILTER (WHERE decides AND score >= 9) AS key_promoters,
                  count(*) FILTER (WHERE decides AND score BETWEEN 7 AND 8) AS key_passives,
                  count(*) FILTER (WHERE decides AND score <= 6) AS key_detractors,
                  count(*) FILTER (WHERE answered_at >= :fresh) AS fresh,
                  max(answered_at) AS latest_at
                FROM placed GROUP BY coalesce(today_id, -person_id)
                ORDER BY coalesce(max(today_id), 0), max(answered_at)""",
            since=since,
            until=until,
            fresh=fresh,
        )
    )


def by_period(tx: Transaction, starts: Sequence[datetime], *, until: datetime) -> list[Row]:
    """Add up each person's latest answer within each period, with the sums over its companies.

    *starts* are the first moments of periods that follow each other; `period` counts them from 1.
    `nn`, `ns` and `ss` are those of the rule's tally.
    """
    # One look along the index of each person's answers: an answer counts unless the one after it
    # is of the same period.
    return list(
        tx.rows(
            f"""WITH given AS (
                  SELECT person_id, company_id, score, answered_at, answer_id,
                    width_bucket(answered_at, CAST(:starts AS timestamptz[])) AS period
                  FROM person_answer
                  WHERE portal_id = :portal AND answered_at >= :since AND answered_at <= :until),
                ordered AS (
                  SELECT person_id, company_id, score, period, lag(period) OVER (
                    PARTITION BY person_id ORDER BY answered_at DESC, answer_id DESC) AS next_period
                  FROM given),
                answered AS (
                  SELECT person_id, company_id, score, period FROM ordered
                  WHERE next_period IS DISTINCT FROM period),
                company AS (
                  SELECT period, {_COUNTS} FROM answered {_TODAY}
                  GROUP BY period, coalesce({_AT}, -person_id)),
                counted AS (
                  SELECT *, promoters + passives + detractors AS n, promoters - detractors AS s
                  FROM company)
                SELECT period, count(*) AS companies, CAST(sum(promoters) AS bigint) AS promoters,
                  CAST(sum(passives) AS bigint) AS passives,
                  CAST(sum(detractors) AS bigint) AS detractors, CAST(sum(n * n) AS bigint) AS nn,
                  CAST(sum(n * s) AS bigint) AS ns, CAST(sum(s * s) AS bigint) AS ss
                FROM counted GROUP BY period ORDER BY period""",
            starts=list(starts),
            since=min(starts),
            until=until,
        )
    )


def comments(tx: Transaction, *, since: datetime, until: datetime, limit: int) -> list[Row]:
    """Return the newest answers of a time that say why, at most *limit*."""
    return list(
        tx.rows(
            f"""SELECT contact_id, answer_id, score, answered_at, comment, {_AT} AS company_id
                FROM person_answer AS answered {_TODAY}
                WHERE answered.portal_id = :portal AND answered_at >= :since
                  AND answered_at <= :until AND comment <> ''
                ORDER BY answered_at DESC, contact_id, answer_id LIMIT :limit""",
            since=since,
            until=until,
            limit=limit,
        )
    )


def written_by(tx: Transaction, contact_ids: Collection[int]) -> list[Row]:
    """Return what these contacts wrote with their answers, the newest first."""
    if not contact_ids:
        return []
    return list(
        tx.rows(
            f"""SELECT contact_id, answer_id, score, answered_at, comment, {_AT} AS company_id
                FROM person_answer AS answered {_TODAY}
                WHERE answered.portal_id = :portal AND contact_id = ANY(CAST(:ids AS bigint[]))
                  AND comment <> ''
                ORDER BY answered_at DESC, contact_id, answer_id""",
            ids=list(contact_ids),
        )
    )


def segments(tx: Transaction, company_ids: Collection[int]) -> list[Row]:
    """Return what these companies can be told apart by: owner, lifecycle stage, health band."""
    return list(
        tx.rows(
            """SELECT record_id AS company_id, left(properties ->> 'name', 300) AS name,
                 CASE WHEN properties ->> 'hubspot_owner_id' ~ '^[0-9]{1,18}$'
                   THEN CAST(properties ->> 'hubspot_owner_id' AS bigint) END AS owner_id,
                 btrim(coalesce(properties ->> 'lifecyclestage', '')) AS stage,
                 coalesce(band, '') AS band
               FROM record LEFT JOIN listed_company ON listed_company.portal_id = :portal
                 AND listed_company.company_id = record.record_id
               WHERE record.portal_id = :portal AND object_type = 'company'
                 AND record_id = ANY(CAST(:ids AS bigint[]))""",
            ids=list(company_ids),
        )
    )


def won_by_company(
    tx: Transaction, company_ids: Collection[int], *, since: datetime, until: datetime, home: str
) -> dict[int, int]:
    """Return what these companies bought in a time, in the account's currency's minor units."""
    rows = tx.tuples(
        """SELECT company_id, CAST(sum(coalesce(home_minor,
             CASE WHEN currency = :home THEN amount_minor END)) AS bigint)
           FROM deal
           WHERE portal_id = :portal AND is_won AND company_id = ANY(CAST(:ids AS bigint[]))
             AND coalesce(closed_at, created_at) BETWEEN :since AND :until
           GROUP BY company_id""",
        ids=list(company_ids),
        since=since,
        until=until,
        home=home,
    )
    return {company_id: minor for company_id, minor in rows if minor is not None}
