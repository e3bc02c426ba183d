"""Feeds: since when something that health rests on is no longer read, and that it is again."""

from datetime import datetime, timedelta
from typing import Final

from integration.portal import invalidation, settings
from integration.portal.invalidation import Change
from integration.storage.database import Transaction
from integration.storage.mirror import success_rows
from integration.storage.service import lost_feeds
from integration.storage.service.lost_feeds import ReadingState
from mappings.kinds import ObjectType
from mappings.records.access import readable_types

OPTIONAL_TYPES: Final = (ObjectType.TICKET, ObjectType.FEEDBACK)
"""Object types that health rests on and that an account need not let us read."""
_USAGE: Final = "usage_property"


def look(tx: Transaction, now: datetime) -> None:
    """Note what is no longer read; customers whose health rests on it are concluded again."""
    state = lost_feeds.read(tx, OPTIONAL_TYPES)
    unread = [
        kind for kind in OPTIONAL_TYPES if kind in state.once_read and not is_read(state, kind)
    ]
    noted = [lost_feeds.lose(tx, kind, now) for kind in unread]
    noted.append(_look_at_usage(tx, now, state))
    if any(noted):
        invalidation.record(tx, Change.FEED_CHANGED)


def found_again(tx: Transaction, now: datetime) -> None:
    """Note what is read again, at the end of a pass over everything; then :func:`look`."""
    state = lost_feeds.read(tx, OPTIONAL_TYPES)
    for kind in OPTIONAL_TYPES:
        if kind in state.lost and is_read(state, kind):
            lost_feeds.regain(tx, kind)
            invalidation.record(tx, Change.FEED_CHANGED)
    look(tx, now)


def is_read(state: ReadingState, object_type: str) -> bool:
    """Whether the account lets us read records of a type, and find what changed among them."""
    if {f"records:{object_type}", f"search:{object_type}"} & state.refused:
        return False
    return object_type in readable_types(state.scopes)


def _look_at_usage(tx: Transaction, now: datetime, state: ReadingState) -> bool:
    """Note since when no company's usage changed, if that is too long; return what is new."""
    counting = settings.read(tx)
    name = counting.map.figure_properties().get(_USAGE)
    last = lost_feeds.last_change(tx, ObjectType.COMPANY, name) if name else None
    if counting.map.sent_metric:
        last = success_rows.metrics(tx).get(counting.map.sent_metric)
    is_silent = last is not None and now - last > timedelta(counting.policy.usage_silent_days)
    silent_since = last if is_silent else None
    if silent_since == state.lost.get(_USAGE):
        return False
    lost_feeds.regain(tx, _USAGE)
    return silent_since is None or lost_feeds.lose(tx, _USAGE, silent_since)
