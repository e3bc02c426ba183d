"""Reminders: what they follow from, and which were done (`reminder_done`)."""

from collections.abc import Collection, Sequence
from datetime import datetime

from integration.storage.database import Row, Transaction
from mappings.rules.success.reminders import Introduced, Reminder

_MOST_MOVES = 500


def introduced(tx: Transaction, since: datetime) -> list[Introduced]:
    """Return the deals of people who were introduced in answer to an ask since then."""
    rows = tx.rows(
        """SELECT ask.ask_id, ask.at AS asked_at,
             coalesce(who.new_id, ask.contact_id) AS contact_id,
             coalesce(place.new_id, ask.company_id) AS company_id,
             deal.deal_id, deal.created_at, deal.closed_at, deal.is_won, deal.is_open
           FROM ask
             LEFT JOIN alias AS who ON who.portal_id = :portal AND who.object_type = 'contact'
               AND who.old_id = ask.contact_id
             LEFT JOIN alias AS place ON place.portal_id = :portal
               AND place.object_type = 'company' AND place.old_id = ask.company_id
             LEFT JOIN alias AS whom ON whom.portal_id = :portal AND whom.object_type = 'contact'
               AND whom.old_id = ask.introduced_contact_id
             JOIN association AS on_deal ON on_deal.portal_id = :portal
               AND on_deal.from_type = 'deal' AND on_deal.to_type = 'contact'
               AND on_deal.to_id = coalesce(whom.new_id, ask.introduced_contact_id)
             JOIN deal ON deal.portal_id = :portal AND deal.deal_id = on_deal.from_id
           WHERE ask.portal_id = :portal AND ask.outcome = 'introduced' AND ask.contact_id > 0
             AND ask.at > :since
           ORDER BY ask.ask_id, deal.deal_id""",
        since=since,
    )
    return [Introduced(**row) for row in {_pair(row): row for row in rows}.values()]


def _pair(row: Row) -> tuple[int, int]:
    """One of several links of the same deal and person is enough."""
    return row["ask_id"], row["deal_id"]


def moves(tx: Transaction, since: datetime) -> Sequence[Row]:
    """Return the moves since then that count, the newest first."""
    return tx.rows(
        """SELECT person_id, move_key, former_contact_id, new_contact_id, former_company_id,
             new_company_id, earliest, latest, confidence, status, body, settings_version
           FROM move WHERE portal_id = :portal AND status IN ('auto', 'confirmed')
             AND coalesce(latest, earliest, timestamptz '-infinity') > :since
           ORDER BY latest DESC, person_id, move_key LIMIT :most""",
        since=since,
        most=_MOST_MOVES,
    )


def done(tx: Transaction, keys: Collection[str]) -> set[str]:
    """Return which of these were done."""
    rows = tx.tuples(
        """SELECT reminder_key FROM reminder_done
           WHERE portal_id = :portal AND reminder_key = ANY(CAST(:keys AS text[]))""",
        keys=list(keys),
    )
    return {row[0] for row in rows}


def note_done(tx: Transaction, reminder: Reminder, at: datetime, *, by: str) -> bool:
    """Note that a reminder was done; False if it was noted before."""
    noted = tx.run(
        """INSERT INTO reminder_done (portal_id, reminder_key, contact_id, done_at, done_by)
           VALUES (:portal, :key, :contact, :at, :by) ON CONFLICT DO NOTHING""",
        key=reminder.key,
        contact=reminder.contact_id,
        at=at,
        by=by,
    )
    return noted == 1


def take_back(tx: Transaction, key: str) -> bool:
    """Say that a reminder was not done after all; False if nobody had noted it."""
    taken = tx.run(
        "DELETE FROM reminder_done WHERE portal_id = :portal AND reminder_key = :key", key=key
    )
    return taken == 1
