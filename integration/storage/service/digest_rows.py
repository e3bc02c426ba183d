"""Digests (`digest`, `digest_delivery`): who wants one how often, and what became of each.

A delivery is keyed by user, rhythm and period, also after the digest was ended and asked for again:
nobody gets two for one period.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from integration.storage.database import Row, Transaction
from mappings.kinds import Rhythm

# A message is handed over within a minute; who began it earlier is at work no more.
LOST_AFTER_MINUTES = 10
KEEP_DAYS = 400
_DIGEST = "digest_id, user_id, rhythm, report_id, language, made_by, made_at"


@dataclass(frozen=True, slots=True)
class Digest:
    """What one user wants to get, and how often: a saved report, or with 0 the overview."""

    digest_id: int
    user_id: int
    rhythm: Rhythm
    report_id: int
    language: str
    made_by: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """One digest of one period on its way, or what became of it."""

    user_id: int
    rhythm: Rhythm
    report_id: int
    first_day: date
    state: str
    tries: int
    trouble: str
    made_at: datetime
    next_at: datetime
    changed_at: datetime


def want(
    tx: Transaction, user_id: int, rhythm: Rhythm, report_id: int, *, language: str, by: str
) -> None:
    """Have a user get digests; of one that they get already only the language changes."""
    tx.run(
        """INSERT INTO digest (portal_id, user_id, rhythm, report_id, language, made_by)
           VALUES (:portal, :user, :rhythm, :report, :language, :by)
           ON CONFLICT (portal_id, user_id, rhythm, report_id)
           DO UPDATE SET language = excluded.language""",
        user=user_id,
        rhythm=rhythm.value,
        report=report_id,
        language=language,
        by=by,
    )


def every(tx: Transaction) -> Sequence[Digest]:
    """Return all digests of the portal."""
    rows = tx.rows(f"SELECT {_DIGEST} FROM digest WHERE portal_id = :portal ORDER BY digest_id")
    return [_digest(row) for row in rows]


def find(tx: Transaction, digest_id: int) -> Digest | None:
    """Return a digest."""
    row = tx.one(
        f"SELECT {_DIGEST} FROM digest WHERE portal_id = :portal AND digest_id = :number",
        number=digest_id,
    )
    return _digest(row) if row else None


def of_delivery(tx: Transaction, delivery: Delivery) -> Digest | None:
    """Return the digest that is delivered; None if it was ended meanwhile."""
    row = tx.one(
        f"""SELECT {_DIGEST} FROM digest
            WHERE portal_id = :portal AND user_id = :user AND rhythm = :rhythm
              AND report_id = :report""",
        user=delivery.user_id,
        rhythm=delivery.rhythm.value,
        report=delivery.report_id,
    )
    return _digest(row) if row else None


def end(tx: Transaction, digest_id: int) -> bool:
    """End a digest; return whether there was one."""
    return (
        tx.run(
            "DELETE FROM digest WHERE portal_id = :portal AND digest_id = :number", number=digest_id
        )
        == 1
    )


def plan(tx: Transaction, digest: Digest, first_day: date) -> None:
    """Note that a period's digest is to go out; nothing if that was noted before."""
    tx.run(
        """INSERT INTO digest_delivery (portal_id, user_id, rhythm, report_id, first_day)
           VALUES (:portal, :user, :rhythm, :report, :first) ON CONFLICT DO NOTHING""",
        user=digest.user_id,
        rhythm=digest.rhythm.value,
        report=digest.report_id,
        first=first_day,
    )


def waiting(tx: Transaction) -> Sequence[Delivery]:
    """Return deliveries that wait for their time."""
    return _deliveries(tx, "state = 'waiting' ORDER BY next_at")


def due(tx: Transaction) -> Sequence[Delivery]:
    """Return deliveries that wait no longer."""
    return _deliveries(
        tx, "state = 'waiting' AND next_at <= clock_timestamp() ORDER BY next_at, user_id"
    )


def troubled(tx: Transaction, *, days: int) -> Sequence[Delivery]:
    """Return deliveries of the last days that met trouble, the newest first."""
    return _deliveries(
        tx,
        """trouble IS NOT NULL AND state <> 'sent'
             AND changed_at > clock_timestamp() - make_interval(days => :days)
           ORDER BY changed_at DESC LIMIT 50""",
        days=days,
    )


def take(tx: Transaction, delivery: Delivery) -> bool:
    """Begin to send one that waits; False when it waits no more."""
    return _change(tx, delivery, "sending", "", was="waiting")


def settle(tx: Transaction, delivery: Delivery, state: str, trouble: str) -> None:
    """Note what became of one that was being sent."""
    _change(tx, delivery, state, trouble, was="sending")


def try_again(tx: Transaction, delivery: Delivery, trouble: str, *, after: float) -> None:
    """Let one that was certainly not taken wait again."""
    tx.run(
        """UPDATE digest_delivery SET state = 'waiting', tries = tries + 1, trouble = :trouble,
             changed_at = clock_timestamp(),
             next_at = clock_timestamp() + make_interval(secs => :after)
           WHERE portal_id = :portal AND user_id = :user AND rhythm = :rhythm
             AND report_id = :report AND first_day = :first AND state = 'sending'""",
        user=delivery.user_id,
        rhythm=delivery.rhythm.value,
        report=delivery.report_id,
        first=delivery.first_day,
        trouble=trouble[:500],
        after=after,
    )


def give_up_lost(tx: Transaction, trouble: str) -> None:
    """Name those that a killed process was sending: they may have gone out, so none goes again."""
    tx.run(
        """UPDATE digest_delivery SET state = 'unclear', trouble = :trouble,
             changed_at = clock_timestamp()
           WHERE portal_id = :portal AND state = 'sending'
             AND changed_at < clock_timestamp() - make_interval(mins => :minutes)""",
        trouble=trouble,
        minutes=LOST_AFTER_MINUTES,
    )
    tx.run(
        """DELETE FROM digest_delivery WHERE portal_id = :portal
             AND changed_at < clock_timestamp() - make_interval(days => :days)""",
        days=KEEP_DAYS,
    )


def _change(tx: Transaction, delivery: Delivery, state: str, trouble: str, *, was: str) -> bool:
    changed = tx.run(
        """UPDATE digest_delivery SET state = :state, changed_at = clock_timestamp(),
             trouble = coalesce(nullif(:trouble, ''), trouble)
           WHERE portal_id = :portal AND user_id = :user AND rhythm = :rhythm
             AND report_id = :report AND first_day = :first AND state = :was""",
        user=delivery.user_id,
        rhythm=delivery.rhythm.value,
        report=delivery.report_id,
        first=delivery.first_day,
        state=state,
        trouble=trouble[:500],
        was=was,
    )
    return changed == 1


def _deliveries(tx: Transaction, which: str, **values: object) -> Sequence[Delivery]:
    rows = tx.rows(
        f"""SELECT user_id, rhythm, report_id, first_day, state, tries,
              coalesce(trouble, '') AS trouble, made_at, next_at, changed_at
            FROM digest_delivery WHERE portal_id = :portal AND {which}""",
        **values,
    )
    return [Delivery(**{**row, "rhythm": Rhythm.of(row["rhythm"]) or Rhythm.MONTH}) for row in rows]


def _digest(row: Row) -> Digest:
    return Digest(**{**row, "rhythm": Rhythm.of(row["rhythm"]) or Rhythm.MONTH})
