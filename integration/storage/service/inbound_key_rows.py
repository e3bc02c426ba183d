"""Inbound keys of a portal (`inlet_key`): the current one, and earlier ones until their end."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from integration.storage.database import Transaction


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A stored key; *ends_at* is None for the current one."""

    digest: bytes
    sealed: bytes = field(repr=False)
    ends_at: datetime | None


def valid(tx: Transaction) -> list[StoredKey]:
    """Return the keys that count now, the current one first; none if no key was ever kept."""
    rows = tx.rows(
        """SELECT digest, sealed, ends_at FROM inlet_key
           WHERE portal_id = :portal AND (ends_at IS NULL OR ends_at > clock_timestamp())
           ORDER BY ends_at DESC NULLS FIRST"""
    )
    return [StoredKey(bytes(row["digest"]), bytes(row["sealed"]), row["ends_at"]) for row in rows]


def add(tx: Transaction, *, digest: bytes, sealed: bytes) -> None:
    """Store the current key; there must be no other."""
    tx.run(
        "INSERT INTO inlet_key (portal_id, digest, sealed) VALUES (:portal, :digest, :sealed)",
        digest=digest,
        sealed=sealed,
    )


def end_all(tx: Transaction, *, grace: timedelta) -> None:
    """Let every key end after *grace*, or sooner where that was set before."""
    tx.run(
        """UPDATE inlet_key
           SET ends_at = least(ends_at, clock_timestamp() + make_interval(secs => :grace))
           WHERE portal_id = :portal""",
        grace=grace.total_seconds(),
    )


def reseal(tx: Transaction, digest: bytes, sealed: bytes) -> None:
    """Replace the seal of a key."""
    tx.run(
        "UPDATE inlet_key SET sealed = :sealed WHERE portal_id = :portal AND digest = :digest",
        digest=digest,
        sealed=sealed,
    )


def prune(tx: Transaction) -> None:
    """Delete keys whose time is over."""
    tx.run("DELETE FROM inlet_key WHERE portal_id = :portal AND ends_at <= clock_timestamp()")


def take_turns(tx: Transaction) -> None:
    """Make changes of this portal's keys wait for each other until the transaction ends."""
    tx.run("SELECT FROM portal WHERE portal_id = :portal FOR UPDATE")
