"""Pulses (`pulse`): how owners say that it goes with a company, one a month."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from integration.storage.database import Row, Transaction
from mappings.rules.success.pulse import Pulse

_COLUMNS = "month, value, at, words, user_id"
LONGEST_WORDS = 500


def keep(tx: Transaction, pulse: Pulse) -> None:
    """Store a pulse; the last one of a month replaces those before it."""
    tx.run(
        """INSERT INTO pulse (portal_id, company_id, month, value, words, user_id, at)
           VALUES (:portal, :company, :month, :value, :words, :user, :at)
           ON CONFLICT (portal_id, company_id, month) DO UPDATE SET value = excluded.value,
             words = excluded.words, user_id = excluded.user_id, at = excluded.at""",
        company=pulse.company_id,
        month=pulse.month,
        value=pulse.value,
        words=pulse.words,
        user=pulse.user_id,
        at=pulse.at,
    )


def of_companies(tx: Transaction, company_ids: Collection[int]) -> Mapping[int, Sequence[Pulse]]:
    """Return the pulses of companies, oldest first; those of merged records are the survivor's."""
    if not company_ids:
        return {}
    rows = tx.rows(
        f"""WITH mine AS MATERIALIZED (
              SELECT id AS old_id, id FROM unnest(CAST(:ids AS bigint[])) AS id
              UNION SELECT old_id, new_id FROM alias
              WHERE portal_id = :portal AND object_type = 'company'
                AND new_id = ANY(CAST(:ids AS bigint[])))
            SELECT mine.id AS company_id, {_COLUMNS}
            FROM mine JOIN pulse ON pulse.portal_id = :portal AND pulse.company_id = mine.old_id
            ORDER BY mine.id, month, at""",
        ids=list(company_ids),
    )
    pulses: dict[int, list[Pulse]] = {}
    for row in rows:
        pulses.setdefault(row["company_id"], []).append(_pulse(row))
    return pulses


def month_of(day: date) -> date:
    """The month that a day is in, by its first day."""
    return day.replace(day=1)


def _pulse(row: Row) -> Pulse:
    return Pulse(
        row["company_id"], row["month"], row["value"], row["at"], row["words"], row["user_id"]
    )
