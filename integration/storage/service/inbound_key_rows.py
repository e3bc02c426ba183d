"""Inlet keys of a portal: the current one, and those before it until their time is over."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from integration.storage.database import Transaction


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key as it is kept; *ends_at* is empty for the current one."""

    digest: bytes
    sealed: bytes = field(repr=False)
    ends_at: datetime | None


def valid(tx: Transaction) -> list[StoredKey]:
    """Return the keys that count now, the current one first; none: no key was ever kept."""
    rows = tx.rows(
        """SELECT digest, sealed, ends_at FROM inlet_key
           WHERE portal_id = :portal AND (ends_at IS NULL OR ends_at > clock_timestamp())
           ORDER BY ends_at DESC NULLS FIRST"""
    )
    return [StoredKey(bytes(row["digest"]), bytes(row["sealed"]), row["ends_at"]) for row in rows]


def add(tx: Transaction, *, digest: bytes, sealed: bytes) -> None:
    """Keep the current key; there must be no other."""
    tx.run(
        "INSERT INTO inlet_key (portal_id, digest, sealed) VALUES (:portal, :digest, :sealed)",
        digest=digest,
        sealed=sealed,
    )


def end_all(tx: Transaction, *, grace: timedelta) -> None:
    """Let every key end after *grace*; one that ends sooner anyway still does."""
    tx.run(
        """UPDATE inlet_key SET ends_at = least(ends_at, clock_timestamp() + make_interval(secs => :grace))
           WHERE portal_id = :portal""",
        grace=grace.total_seconds(),
    )


def reseal(tx: Transaction, digest: bytes, sealed: bytes) -> None:
    """Put a fresh seal on a key."""
    tx.run(
        "UPDATE inlet_key SET sealed = :sealed WHERE portal_id = :portal AND digest = :digest",
        digest=digest,
        sealed=sealed,
    )


def prune(tx: Transaction) -> None:
    """Remove keys whose time is over."""
    tx.run("DELETE FROM inlet_key WHERE portal_id = :portal AND ends_at <= clock_timestamp()")


def take_turns(tx: Transaction) -> None:
    """Make those who change this portal's keys wait for each other until the transaction ends."""
    tx.run("SELECT FROM portal WHERE portal_id = :portal FOR UPDATE")
