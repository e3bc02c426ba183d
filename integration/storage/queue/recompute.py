"""What conclude has to look at again: claimed in pages, settled only when nothing newer came meanwhile."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from integration.storage.database import Transaction, as_json
from integration.storage.mirror.mirror import DEALS

MAX_ATTEMPTS = 3
_RETRY_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Claim:
    """One record to look at in one stage, as it was asked for at *since*."""

    stage: int
    object_type: str
    record_id: int
    since: datetime
    attempts: int

    @property
    def ref(self) -> tuple[str, int]:
        """The record; a person is looked at by way of a contact."""
        return ("contact" if self.object_type == "person" else self.object_type), self.record_id


# What others rest on comes first; persons are grouped when all contacts of a page are learned.
_ORDER = ("company", "deal", "contact", "ticket", "feedback_submission", "person")
_ORDER_OF_DEALS = ("company", "contact", "ticket", "feedback_submission", "deal", "person")


def claim(tx: Transaction, stage: int, limit: int) -> Sequence[Claim]:
    """Lock a page of due rows of one stage: what others rest on comes first.

    The rows stay until :func:`settle`, so work that is rolled back is due again.
    """
    rows = tx.tuples(
        """SELECT due.* FROM unnest(CAST(:kinds AS text[])) WITH ORDINALITY AS wanted(kind, place)
           CROSS JOIN LATERAL (
             SELECT stage, object_type, record_id, since, attempts FROM stale
             WHERE portal_id = :portal AND stage = :stage AND object_type = wanted.kind
               AND next_at <= clock_timestamp()
             ORDER BY record_id LIMIT :limit FOR UPDATE SKIP LOCKED) AS due
           ORDER BY wanted.place, due.record_id LIMIT :limit""",
        kinds=list(_ORDER_OF_DEALS if stage == DEALS else _ORDER),
        stage=stage,
        limit=limit,
    )
    return [Claim(*row) for row in rows]


def settle(tx: Transaction, claims: Sequence[Claim]) -> None:
    """Forget claims that were served; one that was asked for again meanwhile stays due."""
    tx.run(
        """DELETE FROM stale USING jsonb_to_recordset(CAST(:rows AS jsonb))
             AS t(stage smallint, object_type text, record_id bigint, since timestamptz)
           WHERE stale.portal_id = :portal AND stale.stage = t.stage AND stale.object_type = t.object_type
             AND stale.record_id = t.record_id AND stale.since = t.since""",
        rows=as_json(
            [
                {
                    "stage": one.stage,
                    "object_type": one.object_type,
                    "record_id": one.record_id,
                    "since": one.since,
                }
                for one in claims
            ]
        ),
    )


def count_try(tx: Transaction, claim: Claim) -> None:
    """Count a try before it runs, so that a record that ends the process at work is found out."""
    tx.run(
        """UPDATE stale SET attempts = attempts + 1
           WHERE portal_id = :portal AND stage = :stage AND object_type = :type AND record_id = :id
             AND since = :since""",
        stage=claim.stage,
        type=claim.object_type,
        id=claim.record_id,
        since=claim.since,
    )


def set_aside(tx: Transaction, claims: Mapping[Claim, str]) -> None:
    """Put off records that a rule could not digest; after some tries they stay, with their reason, until replayed."""
    tx.run(
        """UPDATE stale SET attempts = stale.attempts + 1, error = t.error,
             next_at = CASE WHEN stale.attempts + 1 >= :most THEN 'infinity'
                       ELSE clock_timestamp() + make_interval(secs => :seconds) END
           FROM jsonb_to_recordset(CAST(:rows AS jsonb))
             AS t(stage smallint, object_type text, record_id bigint, since timestamptz, error text)
           WHERE stale.portal_id = :portal AND stale.stage = t.stage AND stale.object_type = t.object_type
             AND stale.record_id = t.record_id AND stale.since = t.since""",
        most=MAX_ATTEMPTS,
        seconds=float(_RETRY_SECONDS),
        rows=as_json(
            [
                {
                    "stage": one.stage,
                    "object_type": one.object_type,
                    "record_id": one.record_id,
                    "since": one.since,
                    "error": error[:500],
                }
                for one, error in claims.items()
            ]
        ),
    )


def replay(tx: Transaction) -> int:
    """Make set-aside records due again; return how many."""
    return tx.run(
        """UPDATE stale SET attempts = 0, error = NULL, next_at = clock_timestamp(), since = clock_timestamp()
           WHERE portal_id = :portal AND next_at = 'infinity'"""
    )


def counts(tx: Transaction) -> dict[str, int]:
    """Return how many records wait to be looked at and how many are set aside."""
    row = tx.one(
        """SELECT count(*) FILTER (WHERE next_at < 'infinity') AS waiting,
             count(*) FILTER (WHERE next_at = 'infinity') AS set_aside FROM stale WHERE portal_id = :portal"""
    )
    return dict(row) if row else {"waiting": 0, "set_aside": 0}


def errors(tx: Transaction, *, limit: int = 100) -> list[dict[str, object]]:
    """Return records that could not be digested, with their reasons."""
    rows = tx.rows(
        """SELECT stage, object_type, record_id, attempts, error FROM stale
           WHERE portal_id = :portal AND error IS NOT NULL ORDER BY stage, object_type, record_id LIMIT :limit""",
        limit=limit,
    )
    return [dict(row) for row in rows]
