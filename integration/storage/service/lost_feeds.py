"""Feeds (`lost_feed`): what of a portal is read for health, and since when it no longer is."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from integration.storage.database import Transaction


@dataclass(frozen=True, slots=True)
class ReadingState:
    """What a portal lets us read, and what of it is there.

    `scopes` were granted; `refused` are streams that HubSpot refuses; `once_read` are object types
    of which a list was read. `touches_read` says that activities were read, `touches_awaited` that
    the first pass over them is under way. `lost` and `missing` say since when a feed is not read,
    and since when a setting names what is no longer there.
    """

    scopes: frozenset[str]
    refused: frozenset[str]
    once_read: frozenset[str]
    touches_read: bool
    touches_awaited: bool
    lost: Mapping[str, datetime]
    missing: Mapping[str, datetime]


def read(tx: Transaction, object_types: Collection[str]) -> ReadingState:
    """Return the state of a portal, as to records of these types."""
    ((scopes, refused, once_read, touches_read, touches_awaited, lost, missing),) = tx.tuples(
        """SELECT (SELECT scopes FROM portal WHERE portal_id = :portal),
             ARRAY(SELECT stream FROM stream_trouble
               WHERE portal_id = :portal AND refused_at IS NOT NULL),
             ARRAY(SELECT kind FROM unnest(CAST(:types AS text[])) AS kind WHERE EXISTS (
               SELECT FROM record WHERE portal_id = :portal AND object_type = kind)
               OR EXISTS (SELECT FROM import_step
                 WHERE portal_id = :portal AND stream = 'records:' || kind AND calls > 0)),
             (SELECT coalesce(bool_and(told), false) FROM touch_step WHERE portal_id = :portal),
             EXISTS (SELECT FROM touch_step WHERE portal_id = :portal AND NOT (told OR weighed)),
             (SELECT json_object_agg(feed, lost_at) FROM lost_feed WHERE portal_id = :portal),
             (SELECT json_object_agg(setting, since) FROM missing_choice
              WHERE portal_id = :portal)""",
        types=list(object_types),
    )
    return ReadingState(
        frozenset(scopes or ()),
        frozenset(refused),
        frozenset(once_read),
        touches_read,
        touches_awaited,
        _moments(lost),
        _moments(missing),
    )


def _moments(texts: Mapping[str, str] | None) -> dict[str, datetime]:
    return {name: datetime.fromisoformat(text) for name, text in (texts or {}).items()}


def lose(tx: Transaction, feed: str, at: datetime) -> bool:
    """Note that a feed is no longer read; the first day of it stays. Return whether that is new."""
    lost = tx.run(
        """INSERT INTO lost_feed (portal_id, feed, lost_at) VALUES (:portal, :feed, :at)
           ON CONFLICT (portal_id, feed) DO NOTHING""",
        feed=feed,
        at=at,
    )
    return lost == 1


def regain(tx: Transaction, feed: str) -> None:
    """Note that a feed is read."""
    tx.run("DELETE FROM lost_feed WHERE portal_id = :portal AND feed = :feed", feed=feed)


def last_change(tx: Transaction, object_type: str, name: str) -> datetime | None:
    """Return when a property last got another value on any record, as far as histories tell."""
    at: datetime | None = tx.value(
        """SELECT max(CAST(version ->> 'timestamp' AS timestamptz))
           FROM record CROSS JOIN LATERAL jsonb_array_elements(history -> :name) AS version
           WHERE portal_id = :portal AND object_type = :type AND gone_at IS NULL
             AND jsonb_exists(history, :name)""",
        type=object_type,
        name=name,
    )
    return at
