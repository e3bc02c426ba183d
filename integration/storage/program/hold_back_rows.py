"""Who is held back from being asked (`hold_back`, `ask_trial`): each lot, and whom it drew how.

Both are kept when a hold-back ends: what it showed rests on them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from integration.storage.database import AS_WRITTEN, Row, Transaction

_COLUMNS = "hold_back_id, share, seed, started_by, started_at, ended_by, ended_at"


@dataclass(frozen=True, slots=True)
class HoldBack:
    """A time in which a share (ppm) of ready people is held back, by a lot with this seed."""

    hold_back_id: int
    share: int
    seed: str
    started_by: str
    started_at: datetime
    ended_by: str | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class TrialRow:
    """Somebody who became ready, by the lowest number of their records, and their side."""

    person_id: int
    ready_at: datetime
    arm: str


def running(tx: Transaction) -> HoldBack | None:
    """Return the hold-back that is under way."""
    row = tx.one(f"SELECT {_COLUMNS} FROM hold_back WHERE portal_id = :portal AND ended_at IS NULL")
    return HoldBack(**row) if row else None


def every(tx: Transaction) -> list[HoldBack]:
    """Return all of them, the newest first."""
    rows = tx.rows(
        f"SELECT {_COLUMNS} FROM hold_back WHERE portal_id = :portal ORDER BY hold_back_id DESC"
    )
    return [HoldBack(**row) for row in rows]


def start(tx: Transaction, share: int, seed: str, at: datetime, *, by: str) -> bool:
    """Begin to hold people back; False if that is under way already."""
    return (
        tx.run(
            """INSERT INTO hold_back (portal_id, share, seed, started_by, started_at)
               VALUES (:portal, :share, :seed, :by, :at) ON CONFLICT DO NOTHING""",
            share=share,
            seed=seed,
            by=by,
            at=at,
        )
        > 0
    )


def end(tx: Transaction, at: datetime, *, by: str) -> bool:
    """End the hold-back that is under way; False if none is."""
    return (
        tx.run(
            """UPDATE hold_back SET ended_at = :at, ended_by = :by
               WHERE portal_id = :portal AND ended_at IS NULL""",
            at=at,
            by=by,
        )
        > 0
    )


def lowest_ids(tx: Transaction, contact_ids: Collection[int]) -> dict[int, int]:
    """Return the lowest number that each contact ever had, records merged into it included."""
    lowest = {contact_id: contact_id for contact_id in contact_ids}
    rows = tx.tuples(
        """SELECT new_id, min(old_id) FROM alias
           WHERE portal_id = :portal AND object_type = 'contact'
             AND new_id = ANY(CAST(:ids AS bigint[])) GROUP BY new_id""",
        ids=list(contact_ids),
    )
    return lowest | {new_id: min(new_id, old_id) for new_id, old_id in rows}


def drawn(
    tx: Transaction, hold_back_id: int, contact_ids: Collection[int]
) -> list[tuple[int, TrialRow]]:
    """Return how these contacts were drawn, earliest first, under old numbers, too."""
    rows = tx.rows(
        """WITH mine AS (
             SELECT id AS old_id, id FROM unnest(CAST(:ids AS bigint[])) AS id
             UNION SELECT old_id, new_id FROM alias
             WHERE portal_id = :portal AND object_type = 'contact'
               AND new_id = ANY(CAST(:ids AS bigint[])))
           SELECT mine.id, person_id, ready_at, arm FROM mine JOIN ask_trial
             ON ask_trial.portal_id = :portal AND hold_back_id = :hold_back
             AND person_id = mine.old_id
           ORDER BY ready_at, person_id""",
        ids=list(contact_ids),
        hold_back=hold_back_id,
    )
    return [(row["id"], TrialRow(row["person_id"], row["ready_at"], row["arm"])) for row in rows]


def held_now(tx: Transaction, *, limit: int) -> list[tuple[int, datetime]]:
    """Return who is held back now, the newest first: today's contact, and since when."""
    return [
        (row[0], row[1])
        for row in tx.tuples(
            """SELECT coalesce(alias.new_id, person_id), ready_at
               FROM hold_back JOIN ask_trial USING (portal_id, hold_back_id)
               LEFT JOIN alias ON alias.portal_id = ask_trial.portal_id
                 AND alias.object_type = 'contact' AND alias.old_id = person_id
               WHERE hold_back.portal_id = :portal AND ended_at IS NULL AND arm = 'held_back'
               ORDER BY ready_at DESC, person_id LIMIT :limit""",
            limit=limit,
        )
    ]


def note(tx: Transaction, hold_back_id: int, arms: Mapping[int, str], at: datetime) -> None:
    """Note that these people became ready, and on which side each is; who was noted stays so."""
    tx.run(
        """INSERT INTO ask_trial (portal_id, hold_back_id, person_id, ready_at, arm)
           SELECT :portal, :hold_back, person_id, :at, arm
           FROM unnest(CAST(:persons AS bigint[]), CAST(:arms AS text[])) AS t (person_id, arm)
           ON CONFLICT DO NOTHING""",
        hold_back=hold_back_id,
        at=at,
        persons=list(arms),
        arms=[str(arm) for arm in arms.values()],
    )


def people(tx: Transaction, hold_back_id: int, home: str, followed: timedelta) -> list[Row]:
    """Return everybody who was drawn, each human once, with what came of it in time.

    Of two people who were found to be one, who was ready first counts. Referrals are counted by
    whom they brought; money is in the smallest unit of the currency *home*, of deals that were
    created in time: the person's share of those won, and of open ones by their probability.
    """
    return list(
        tx.rows(
            f"""WITH drawn AS MATERIALIZED (
                 SELECT person_id, ready_at, arm, coalesce(alias.new_id, person_id) AS contact_id
                 FROM ask_trial LEFT JOIN alias ON alias.portal_id = ask_trial.portal_id
                   AND alias.object_type = 'contact' AND alias.old_id = person_id
                 WHERE ask_trial.portal_id = :portal AND hold_back_id = :hold_back),
               human AS MATERIALIZED (
                 SELECT DISTINCT ON (coalesce(grouped.person_id, drawn.contact_id))
                   coalesce(grouped.person_id, drawn.contact_id) AS human_id, drawn.*
                 FROM drawn LEFT JOIN LATERAL (
                   SELECT person.person_id FROM person WHERE person.portal_id = :portal
                     AND person.contact_id = drawn.contact_id {AS_WRITTEN}) AS grouped ON true
                 ORDER BY 1, ready_at, drawn.person_id),
               member AS MATERIALIZED (
                 SELECT human_id, ready_at, own.contact_id FROM human CROSS JOIN LATERAL (
                   SELECT contact_id FROM person WHERE person.portal_id = :portal
                     AND person.person_id = human_id {AS_WRITTEN}) AS own
                 UNION SELECT human_id, ready_at, contact_id FROM human),
               referred AS (
                 SELECT human_id, count(DISTINCT target) AS referrals
                 FROM member CROSS JOIN LATERAL (
                   SELECT target, CAST(body ->> 'at' AS timestamptz) AS at FROM referral
                   WHERE referral.portal_id = :portal
                     AND referrer_contact_id = member.contact_id AND status = 'auto'
                   {AS_WRITTEN}) AS made
                 WHERE at > ready_at AND at <= ready_at + :followed GROUP BY human_id),
               brought AS (
                 SELECT DISTINCT ON (human_id, deal.deal_id) human_id, deal.is_won, deal.is_open,
                   deal.open_probability, share,
                   CASE WHEN deal.home_currency = :home AND deal.home_minor IS NOT NULL
                     THEN deal.home_minor WHEN upper(deal.currency) = :home
                     THEN deal.amount_minor END AS minor
                 FROM member CROSS JOIN LATERAL (
                   SELECT deal_id, share FROM source WHERE source.portal_id = :portal
                     AND source.contact_id = member.contact_id AND source.kind = 'referral'
                   {AS_WRITTEN}) AS led
                 CROSS JOIN LATERAL (
                   SELECT * FROM deal WHERE deal.portal_id = :portal
                     AND deal.deal_id = led.deal_id {AS_WRITTEN}) AS deal
                 WHERE deal.created_at > ready_at AND deal.created_at <= ready_at + :followed
                 ORDER BY human_id, deal.deal_id, share DESC),
               money AS (
                 SELECT human_id,
                   sum(CASE WHEN is_won THEN minor * (share / 1e12) ELSE 0 END) AS won,
                   sum(CASE WHEN is_open THEN minor * (share / 1e12) * (open_probability / 1e6)
                     ELSE 0 END) AS pipeline
                 FROM brought WHERE minor > 0 GROUP BY human_id)
               SELECT person_id, arm, ready_at, coalesce(referrals, 0) AS referrals,
                 CAST(round(coalesce(won, 0)) AS bigint) AS won_minor,
                 CAST(round(coalesce(pipeline, 0)) AS bigint) AS pipeline_minor
               FROM human LEFT JOIN referred USING (human_id) LEFT JOIN money USING (human_id)
               ORDER BY person_id""",
            hold_back=hold_back_id,
            home=home,
            followed=followed,
        )
    )
