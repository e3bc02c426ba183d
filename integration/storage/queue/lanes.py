"""Lanes (`lane`): leases with an end and a fence, and what is due."""

from collections.abc import Sequence
from dataclasses import dataclass

from integration.core.errors import Retryable
from integration.storage.database import Transaction

# Longer than any slice of work; a killed worker's lane is idle for no longer than this.
LEASE_SECONDS = 30
KINDS = ("drain", "write", "import", "mail", "days", "upload")
KILLED = "the process at work on this lane was killed"
FAULT = "a fault of ours, see the log"
_STUBBORN = 3


class LeaseLost(Retryable):
    """Another worker took over the lane; stop."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on one lane of a portal until it ends or is renewed."""

    portal_id: int
    kind: str
    fence: int


@dataclass(frozen=True, slots=True)
class PastTrouble:
    """What a lane met last, and how often in a row it met trouble."""

    words: str
    failures: int

    @property
    def ended_a_process(self) -> bool:
        """Whether the last holder was killed before it gave the lane back, or failed unforeseen."""
        return self.words == KILLED or self.words.endswith(FAULT)

    @property
    def is_stubborn(self) -> bool:
        """Whether it comes again and again, so that one row may be why the lane gets nowhere."""
        return self.failures >= _STUBBORN


def due(tx: Transaction) -> Sequence[tuple[int, str]]:
    """Return lanes with work and no worker, longest waiting first (a service transaction)."""
    rows = tx.rows(
        """SELECT portal_id, kind FROM (
             SELECT portal_id, kind, due_at FROM lane WHERE due_at <= clock_timestamp()
             UNION ALL  -- a lease that ran out unreturned: its holder was killed in its work
             SELECT portal_id, kind, lease_until FROM lane WHERE lease_until < clock_timestamp()
             UNION ALL
             SELECT portal_id, 'drain', min(received_at) FROM inbox
             WHERE state = 'waiting' AND portal_id IS NOT NULL
               AND (next_at IS NULL OR next_at <= clock_timestamp())
             GROUP BY portal_id
           ) AS waiting
           JOIN portal USING (portal_id) LEFT JOIN lane USING (portal_id, kind)
           WHERE portal.state = 'active'
             AND (lane.lease_until IS NULL OR lane.lease_until < clock_timestamp())
             AND (lane.retry_after IS NULL OR lane.retry_after <= clock_timestamp())
           GROUP BY portal_id, kind ORDER BY min(waiting.due_at)"""
    )
    return [(row["portal_id"], row["kind"]) for row in rows]


def want(tx: Transaction, portal_id: int, kind: str, *, after: float = 0) -> None:
    """Record that a lane has work, from *after* seconds on."""
    tx.run(
        """INSERT INTO lane (portal_id, kind, due_at)
           VALUES (:id, :kind, clock_timestamp() + make_interval(secs => :after))
           ON CONFLICT (portal_id, kind)
           DO UPDATE SET due_at = least(lane.due_at, excluded.due_at)""",
        id=portal_id,
        kind=kind,
        after=float(after),
    )


def take(tx: Transaction, portal_id: int, kind: str) -> Lease | None:
    """Take the lane's lease.

    None while somebody holds it, the portal is not active, or it must wait. A lane whose row
    another transaction has locked is not waited for: it stays due, and is taken later.
    """
    fence = tx.value(
        """UPDATE lane
           SET fence = fence + 1, due_at = NULL,
             lease_until = clock_timestamp() + make_interval(secs => :seconds),
             -- A lease that ended by itself was not given back: its holder was killed.
             trouble = CASE WHEN lease_until IS NULL THEN trouble ELSE :killed END
           WHERE portal_id = :id AND (portal_id, kind) IN (
             SELECT portal_id, kind FROM lane JOIN portal USING (portal_id)
             WHERE portal_id = :id AND kind = :kind AND portal.state = 'active'
               AND (lease_until IS NULL OR lease_until < clock_timestamp())
               AND (retry_after IS NULL OR retry_after <= clock_timestamp())
             FOR UPDATE OF lane SKIP LOCKED)
           RETURNING fence""",
        id=portal_id,
        kind=kind,
        seconds=float(LEASE_SECONDS),
        killed=KILLED,
    )
    fence = fence or _take_first(tx, portal_id, kind)
    return Lease(portal_id, kind, fence) if fence else None


def _take_first(tx: Transaction, portal_id: int, kind: str) -> int | None:
    """Take a lane that nobody had work for before; None when it has a row."""
    fence: int | None = tx.value(
        """INSERT INTO lane (portal_id, kind, fence, lease_until)
           SELECT portal_id, :kind, 1, clock_timestamp() + make_interval(secs => :seconds)
           FROM portal WHERE portal_id = :id AND state = 'active'
             -- ON CONFLICT alone would wait for whoever has the row locked.
             AND NOT EXISTS (SELECT FROM lane WHERE portal_id = :id AND kind = :kind)
           ON CONFLICT (portal_id, kind) DO NOTHING RETURNING fence""",
        id=portal_id,
        kind=kind,
        seconds=float(LEASE_SECONDS),
    )
    return fence


def renew(tx: Transaction, lease: Lease) -> None:
    """Keep the lease, inside the transaction whose work depends on it.

    Raises :class:`LeaseLost` when somebody else holds the lane now, so that the transaction
    rolls back.
    """
    kept = tx.run(
        """UPDATE lane SET lease_until = clock_timestamp() + make_interval(secs => :seconds)
           WHERE portal_id = :id AND kind = :kind AND fence = :fence""",
        id=lease.portal_id,
        kind=lease.kind,
        fence=lease.fence,
        seconds=float(LEASE_SECONDS),
    )
    if not kept:
        raise LeaseLost(f"Portal {lease.portal_id}: another worker took over its {lease.kind} lane")


def release(tx: Transaction, lease: Lease, *, again_after: float | None) -> None:
    """Give the lane back after good work.

    It has work again after *again_after* seconds; None: not known yet.
    """
    tx.run(
        """UPDATE lane SET lease_until = NULL, failures = 0, retry_after = NULL, trouble = NULL,
             due_at = CASE WHEN CAST(:after AS float8) IS NULL THEN due_at
                      ELSE least(due_at, clock_timestamp() + make_interval(secs => :after)) END
           WHERE portal_id = :id AND kind = :kind AND fence = :fence""",
        id=lease.portal_id,
        kind=lease.kind,
        fence=lease.fence,
        after=again_after,
    )


def back_off(tx: Transaction, lease: Lease, *, seconds: float, trouble: str) -> None:
    """Give the lane back after trouble: its work is due again, but only after *seconds*."""
    tx.run(
        """UPDATE lane SET lease_until = NULL, failures = failures + 1, trouble = :trouble,
             due_at = clock_timestamp(),
             retry_after = clock_timestamp() + make_interval(secs => :seconds)
           WHERE portal_id = :id AND kind = :kind AND fence = :fence""",
        id=lease.portal_id,
        kind=lease.kind,
        fence=lease.fence,
        seconds=float(seconds),
        trouble=trouble[:500],
    )


def hold(tx: Transaction, portal_id: int, kind: str) -> None:
    """Wait for the end of the lane's transactions, and let none begin before ours ends."""
    tx.run(
        """INSERT INTO lane (portal_id, kind) VALUES (:id, :kind)
           -- Changes nothing, and locks the row that every transaction of the lane writes.
           ON CONFLICT (portal_id, kind) DO UPDATE SET fence = lane.fence""",
        id=portal_id,
        kind=kind,
    )


def failures(tx: Transaction, lease: Lease) -> int:
    """Return how often in a row this lane has met trouble."""
    number = tx.value(
        "SELECT failures FROM lane WHERE portal_id = :id AND kind = :kind",
        id=lease.portal_id,
        kind=lease.kind,
    )
    return int(number or 0)


def past_trouble(tx: Transaction, lease: Lease) -> PastTrouble:
    """Return what the lane's last holders met."""
    row = tx.one(
        "SELECT trouble, failures FROM lane WHERE portal_id = :id AND kind = :kind",
        id=lease.portal_id,
        kind=lease.kind,
    )
    return PastTrouble(row["trouble"] or "", row["failures"]) if row else PastTrouble("", 0)


def clear_waits(tx: Transaction, portal_id: int) -> None:
    """Clear back-offs, for a portal that was reconnected."""
    tx.run(
        "UPDATE lane SET retry_after = NULL, failures = 0, trouble = NULL WHERE portal_id = :id",
        id=portal_id,
    )
