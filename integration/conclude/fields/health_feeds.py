"""Feeds of health: what of a portal is read, what never was and why, and what no longer is."""

from datetime import datetime

from integration.conclude.batch import Batch
from integration.portal import feeds
from integration.storage.service import lost_feeds
from integration.storage.service.lost_feeds import ReadingState
from mappings.kinds import ObjectType
from mappings.rules.success.health_factors import Feed, FigureFeeds, HealthFeeds


def load(batch: Batch) -> HealthFeeds:
    """Read the state of each feed, in one query."""
    state = lost_feeds.read(batch.tx, feeds.OPTIONAL_TYPES)
    return HealthFeeds(
        touches=_touches(batch, state),
        answers=Feed(lost_at=_lost_at(batch, state, ObjectType.FEEDBACK)),
        tickets=_tickets(batch, state),
        figures=FigureFeeds(
            usage=_usage(batch, state),
            milestone=_figure(batch, state, "milestone_property"),
            renewal=_figure(batch, state, "renewal_date_property"),
            recurring=_figure(batch, state, "recurring_property"),
        ),
        awaited=batch.portal_map.reads_activities and state.touches_awaited,
    )


def _touches(batch: Batch, state: ReadingState) -> Feed:
    if not batch.portal_map.reads_activities:
        return Feed("activities are not read, as Settings say")
    return Feed() if state.touches_read else Feed("no activity is read")


def _tickets(batch: Batch, state: ReadingState) -> Feed:
    lost_at = _lost_at(batch, state, ObjectType.TICKET)
    if lost_at is None and not feeds.is_read(state, ObjectType.TICKET):
        return Feed("tickets may not be read")
    return Feed(lost_at=lost_at)


def _lost_at(batch: Batch, state: ReadingState, object_type: str) -> datetime | None:
    """Since when records of a type are not read; from now on, where nobody noted it yet."""
    if object_type in state.lost:
        return state.lost[object_type]
    is_lost = object_type in state.once_read and not feeds.is_read(state, object_type)
    return batch.now if is_lost else None


def _usage(batch: Batch, state: ReadingState) -> Feed:
    if batch.portal_map.sent_metric:
        return Feed(lost_at=state.lost.get("usage_property"))
    return _figure(batch, state, "usage_property")


def _figure(batch: Batch, state: ReadingState, setting: str) -> Feed:
    if setting not in batch.portal_map.figure_properties():
        return Feed("not mapped")
    since = (state.lost.get(setting), state.missing.get(setting))
    return Feed(lost_at=min(filter(None, since), default=None))
