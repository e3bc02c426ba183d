"""OAuth tokens (`token`): sealed rows, and the lock under which one process refreshes."""

from dataclasses import dataclass
from datetime import datetime

from integration.storage.database import Transaction

# Refresh at four fifths of a token's life, so that nobody ever holds an expired one.
REFRESH_SHARE = 0.8
SUSPECT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A portal's tokens as stored."""

    sealed: bytes
    version: int
    state: str
    is_due: bool
    suspect_since: datetime | None
    may_ask_again: bool


def read(tx: Transaction, portal_id: int, *, lock: bool = False) -> TokenRow | None:
    """Return the portal's token row; with *lock*, alone until the transaction ends."""
    row = tx.one(
        """SELECT sealed, version, state, suspect_since, refresh_at <= clock_timestamp() AS is_due,
             suspect_since IS NULL
             OR suspect_since <= clock_timestamp() - make_interval(secs => :wait) AS may_ask_again
           FROM token WHERE portal_id = :id"""
        + (" FOR UPDATE" if lock else ""),
        id=portal_id,
        wait=float(SUSPECT_SECONDS),
    )
    if row is None:
        return None
    return TokenRow(
        bytes(row["sealed"]),
        row["version"],
        row["state"],
        row["is_due"],
        row["suspect_since"],
        row["may_ask_again"],
    )


def save(tx: Transaction, portal_id: int, sealed: bytes, *, lifetime: float) -> None:
    """Store fresh tokens that live *lifetime* seconds from now."""
    tx.run(
        """INSERT INTO token (portal_id, sealed, expires_at, refresh_at)
           VALUES (:id, :sealed, clock_timestamp() + make_interval(secs => :life),
                   clock_timestamp() + make_interval(secs => :early))
           ON CONFLICT (portal_id)
           DO UPDATE SET sealed = excluded.sealed, expires_at = excluded.expires_at,
             refresh_at = excluded.refresh_at, version = token.version + 1, state = 'live',
             suspect_since = NULL, updated_at = clock_timestamp()""",
        id=portal_id,
        sealed=sealed,
        life=float(lifetime),
        early=float(lifetime) * REFRESH_SHARE,
    )


def reseal(tx: Transaction, portal_id: int, sealed: bytes, *, version: int) -> None:
    """Replace the ciphertext of an unchanged token (key rotation)."""
    tx.run(
        "UPDATE token SET sealed = :sealed WHERE portal_id = :id AND version = :version",
        id=portal_id,
        sealed=sealed,
        version=version,
    )


def suspect(tx: Transaction, portal_id: int) -> None:
    """Note a refused refresh; it may be a hiccup, so ask again in a minute."""
    tx.run(
        """UPDATE token SET state = 'suspect',
             suspect_since = coalesce(suspect_since, clock_timestamp())
           WHERE portal_id = :id""",
        id=portal_id,
    )


def revoke(tx: Transaction, portal_id: int) -> None:
    """Note a second refusal, a minute later: the app was uninstalled or cut off."""
    tx.run("UPDATE token SET state = 'revoked' WHERE portal_id = :id", id=portal_id)


def all_sealed(tx: Transaction) -> list[tuple[int, int, bytes]]:
    """Return (portal, version, ciphertext) of every token, for key rotation."""
    rows = tx.rows("SELECT portal_id, version, sealed FROM token ORDER BY portal_id")
    return [(row["portal_id"], row["version"], bytes(row["sealed"])) for row in rows]
