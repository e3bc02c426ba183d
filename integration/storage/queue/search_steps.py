"""The search for changes (`search_step`): a cursor for each type, moved with its page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from integration.storage.database import Transaction


@dataclass(frozen=True, slots=True)
class SearchStep:
    """One type's search: what changed after `since`, with ids above `last_id`.

    `unread` counts records that it found and that have to be read.
    """

    object_type: str
    since: datetime
    began_at: datetime
    last_id: int
    unread: int


def begin(tx: Transaction, types: Sequence[str], *, since: datetime, at: datetime) -> None:
    """Begin to search these types, from *since* or from where their last search ended."""
    tx.run(
        """INSERT INTO search_step AS mine (portal_id, object_type, since, began_at)
           SELECT :portal, kind, :since, :at FROM unnest(CAST(:types AS text[])) AS kind
           ON CONFLICT (portal_id, object_type) DO UPDATE
             SET since = least(mine.since, excluded.since), began_at = excluded.began_at,
               last_id = 0, unread = 0""",
        types=list(types),
        since=since,
        at=at,
    )


def under_way(tx: Transaction) -> list[SearchStep]:
    """Return the searches that are not at their end."""
    rows = tx.rows(
        """SELECT object_type, since, began_at, last_id, unread FROM search_step
           WHERE portal_id = :portal AND began_at IS NOT NULL ORDER BY object_type"""
    )
    return [SearchStep(**row) for row in rows]


def advance(tx: Transaction, object_type: str, *, last_id: int, unread: int) -> None:
    """Move a type's cursor behind the page that was just stored."""
    tx.run(
        """UPDATE search_step SET last_id = :last, unread = unread + :unread
           WHERE portal_id = :portal AND object_type = :type""",
        type=object_type,
        last=last_id,
        unread=unread,
    )


def finish(tx: Transaction, types: Sequence[str]) -> None:
    """End searches that found all there was: the next ones begin where these began."""
    tx.run(
        """UPDATE search_step SET since = began_at, began_at = NULL
           WHERE portal_id = :portal AND object_type = ANY(:types) AND began_at IS NOT NULL""",
        types=list(types),
    )


def break_off(tx: Transaction, types: Sequence[str]) -> None:
    """End searches without a result: the next ones ask for the same time again."""
    tx.run(
        """UPDATE search_step SET began_at = NULL
           WHERE portal_id = :portal AND object_type = ANY(:types)""",
        types=list(types),
    )
