"""Usage intake: what products send becomes events, each read by itself, and takes effect."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from integration.core.forget_keys import ForgetKeys
from integration.ingest import inbound
from integration.portal import invalidation, success_items
from integration.portal.invalidation import Change
from integration.portal.occurrence import refs
from integration.storage.database import Transaction
from integration.storage.mirror import inbound_items
from integration.storage.mirror.success_rows import SentItem
from integration.storage.queue import inbox_events
from integration.storage.queue.inbox import Delivery
from integration.storage.queue.inbox_events import InboundEvent, WaitingEvent
from mappings.kinds import ObjectType
from mappings.records import usage_items
from mappings.records.events import Bad
from mappings.records.usage_items import UsageItem, UsageKind

SOURCE: Final = "usage"
KIND: Final = "usage"
_MESSAGE: Final = "usage_message"  # a whole delivery with an id: sent again, it is known by it
_EMPTY: Final = b"[]"


def source_of(message_id: str | None) -> str:
    """Return what a delivery is called in the inbox: with its id, if its sender gave it one."""
    return f"{SOURCE}:{message_id}" if message_id else SOURCE


def is_usage(delivery: Delivery) -> bool:
    """Whether a product sent this delivery."""
    return delivery.source.partition(":")[0] == SOURCE


def once(tx: Transaction, deliveries: Sequence[Delivery]) -> list[Delivery]:
    """Return the deliveries, those emptied whose id came before; no query where none has an id."""
    ids = {_message_id(delivery) for delivery in deliveries if is_usage(delivery)} - {""}
    seen = inbox_events.known_keys(tx, SOURCE, [_message_key(one) for one in ids])
    kept = []
    for delivery in deliveries:
        key = _message_key(_message_id(delivery)) if is_usage(delivery) else ""
        kept.append(replace(delivery, body=_EMPTY) if key in seen else delivery)
        if is_usage(delivery) and _message_id(delivery):
            seen.add(key)
    return kept


def events_of(delivery: Delivery) -> list[InboundEvent]:
    """Read a delivery: each item is an event, and so is the delivery itself if it has an id."""
    message_id = _message_id(delivery)
    # What cannot be read is replayed as a delivery without an id, for its id is known by then.
    plain = replace(delivery, source=SOURCE)
    events = [_message_event(delivery, message_id)] if message_id else []
    for read in usage_items.items(delivery.body):
        if isinstance(read, Bad):
            events.append(inbound.unreadable_event(plain, read, is_whole_body=True))
        else:
            events.append(event_of(plain, read))
    return events


def _message_id(delivery: Delivery) -> str:
    return delivery.source.partition(":")[2]


def _message_key(message_id: str) -> str:
    return f"message:{message_id}"


def _message_event(delivery: Delivery, message_id: str) -> InboundEvent:
    return InboundEvent(
        source=SOURCE,
        dedupe_key=_message_key(message_id),
        kind=_MESSAGE,
        object_type=None,
        object_id=None,
        payload={},
        occurred_at=delivery.received_at,
        received_at=delivery.received_at,
        state="done",
    )


def event_of(delivery: Delivery, read: UsageItem) -> InboundEvent:
    """An item as an event; a clock that runs ahead must not make it the newest for ever."""
    item = read.not_after(delivery.received_at)
    is_taken_back = item.kind == UsageKind.WITHDRAWN
    return InboundEvent(
        source=SOURCE,
        dedupe_key=f"withdrawn:{item.key}" if is_taken_back else item.key,
        kind=KIND,
        object_type=ObjectType.COMPANY,
        object_id=item.company_id,
        payload=item.plain(),
        occurred_at=item.at,
        received_at=delivery.received_at,
    )


def take(
    tx: Transaction, events: Sequence[WaitingEvent], *, keys: ForgetKeys, now: datetime
) -> None:
    """Let items take effect; those for which there is no room are set aside with the reason."""
    if not events:
        return
    sent = [SentItem(SOURCE, UsageItem.of(event.payload), now) for event in events]
    kept = success_items.keep(tx, sent, keys=keys)
    companies = refs(ObjectType.COMPANY, kept.companies)
    invalidation.record(tx, Change.OUTSIDE_REPORTED, records=companies)
    refused = {one.item.key for one in kept.refused}
    aside = [event for event in events if event.dedupe_key in refused]
    if aside:
        inbox_events.settle_events(tx, aside, "set_aside", success_items.TOO_MANY_WAIT)


def blank(tx: Transaction) -> None:
    """Empty the payload of settled items: they are stored where a person can be forgotten."""
    inbound_items.blank(tx, (KIND,))
