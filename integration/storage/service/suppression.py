"""Suppression (`suppression`): keyed hashes of contacts that must not come back."""

from collections.abc import Mapping
from datetime import datetime

from integration.core.forget_keys import Mark
from integration.storage.database import Transaction

# Longer nobody may be remembered, not even as a hash.
KEEP_YEARS = 3


CONTACT, ADDRESS = "contact", "address"


def remember(tx: Transaction, mark: Mark, kind: str = CONTACT) -> None:
    """Remember an erased contact, or an address of theirs."""
    tx.run(
        """INSERT INTO suppression (portal_id, object_type, mark, key_id)
           VALUES (:portal, :kind, :mark, :key)
           ON CONFLICT DO NOTHING""",
        kind=kind,
        mark=mark.digest,
        key=mark.key_id,
    )


def digests(tx: Transaction, kind: str = CONTACT) -> set[bytes]:
    """Return the hashes of contacts that must not come back, whichever key made them."""
    rows = tx.rows(
        "SELECT mark FROM suppression WHERE portal_id = :portal AND object_type = :kind", kind=kind
    )
    return {bytes(row["mark"]) for row in rows}


def keys_in_use(tx: Transaction) -> Mapping[str | None, tuple[int, datetime]]:
    """Return how many hashes each key made and when the last one ends; None: not known."""
    rows = tx.rows(
        """SELECT key_id, count(*) FILTER (WHERE object_type = 'contact') AS n,
             max(at) + make_interval(years => :years) AS until
           FROM suppression WHERE portal_id = :portal GROUP BY key_id""",
        years=KEEP_YEARS,
    )
    return {row["key_id"]: (row["n"], row["until"]) for row in rows}


def name_key(tx: Transaction, key_id: str) -> int:
    """Name the key of the hashes that have no key's name; return how many those were."""
    return tx.run(
        "UPDATE suppression SET key_id = :key WHERE portal_id = :portal AND key_id IS NULL",
        key=key_id,
    )


def prune(tx: Transaction) -> None:
    """Delete hashes whose time is over: even that somebody was forgotten is then forgotten."""
    tx.run(
        """DELETE FROM suppression WHERE portal_id = :portal
             AND at < clock_timestamp() - make_interval(years => :years)""",
        years=KEEP_YEARS,
    )
