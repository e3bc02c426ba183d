"""The fast path: usual notifications, read at a fraction of the careful reader's cost.

Nine of ten notifications are one flat object about one record. The careful reader,
``mappings.records.events``, reads all others; both give exactly the same events.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Final

import msgspec
from marshmallow import ValidationError
from msgspec import Meta

from integration.storage.queue.inbox import Delivery
from integration.storage.queue.inbox_events import InboundEvent
from mappings.records import events

_LONGEST_BODY: Final = 1 << 20
_LONGEST_KEY: Final = 200
# The end of the year 9999, the last that Python has.
_LAST_MS: Final = 253_402_300_799_999
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CONTROLS: Final = bytes(range(32))
_KINDS: Final = frozenset(
    {"creation", "deletion", "property_change", "restore", "privacy_deletion"}
)

_Id = Annotated[int, Meta(ge=1, le=(1 << 63) - 1)]
_Number = Annotated[int, Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
_Name = Annotated[str, Meta(min_length=1, max_length=100)]
_Moment = Annotated[int, Meta(ge=0, le=_LAST_MS)]


class _CommonShape(msgspec.Struct, rename="camel", forbid_unknown_fields=True, gc=False):
    """Every field of a usual notification; a value of another type makes it an unusual one."""

    portal_id: _Id
    subscription_type: _Name
    occurred_at: _Moment
    object_id: _Id
    event_id: _Number
    subscription_id: _Number
    attempt_number: _Number
    app_id: _Number | None = None
    object_type_id: _Name | None = None
    property_name: _Name | None = None
    property_value: str | None = None
    change_source: str | None = None
    source_id: str | None = None
    change_flag: str | None = None
    is_sensitive: bool | None = None


_elements = msgspec.json.Decoder(list[msgspec.Raw])
_usual = msgspec.json.Decoder(_CommonShape)
# Fields of _CommonShape without a default.
_REQUIRED_FIELDS: Final = 7


def events_of(
    portal_id: int, delivery: Delivery, carefully: Callable[[bytes], Sequence[InboundEvent]]
) -> Sequence[InboundEvent] | None:
    """Read a delivery; None when it has to be read carefully as a whole.

    *carefully* is the careful reader of a body; it gets unusual elements one by one. Where it finds
    one bad, the text around it may be the reason, so it has to read the whole body.
    """
    if len(delivery.body) > _LONGEST_BODY:
        return None
    try:
        elements = _elements.decode(delivery.body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    inbound_events: list[InboundEvent] = []
    for element in elements:
        raw = bytes(element)
        event = _read(portal_id, delivery, raw)
        if event is None:
            alone = carefully(b"[" + raw + b"]")
            if len(alone) != 1 or alone[0].kind == "bad":
                return None
            event = alone[0]
        inbound_events.append(event)
    return inbound_events


def _read(portal_id: int, delivery: Delivery, raw: bytes) -> InboundEvent | None:
    """One notification, or None when anything about it is unusual."""
    item = _decode(raw)
    if item is None or item.portal_id != portal_id:
        return None
    meaning = _meaning(item.subscription_type, item.object_type_id)
    key = _key(item)
    if meaning is None or key is None:
        return None
    kind, object_type = meaning
    if kind == "property_change" and item.property_name is None:
        return None
    payload: dict[str, object] = {"refs": [[object_type, item.object_id]]}
    if item.property_name is not None:
        payload["property"] = item.property_name
    happened_at = _EPOCH + timedelta(milliseconds=item.occurred_at)
    received_at = delivery.received_at
    return InboundEvent(
        source=delivery.source,
        dedupe_key=key,
        kind=kind,
        object_type=object_type,
        object_id=item.object_id,
        payload=payload,
        # A clock that runs ahead must not make its events the newest for ever.
        occurred_at=min(happened_at, received_at),
        received_at=received_at,
    )


def _decode(raw: bytes) -> _CommonShape | None:
    """A notification of the common shape; None when its text or its fields are unusual."""
    # Escapes, spaced keys and control characters: the decoder takes more than the careful reader.
    if b"\\" in raw or b" :" in raw or len(raw.translate(None, _CONTROLS)) != len(raw):
        return None
    try:
        item = _usual.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    # A key that comes twice, or with a null, shows in the number of keys.
    return item if raw.count(b'":') == _REQUIRED_FIELDS + _optional_fields(item) else None


def _optional_fields(item: _CommonShape) -> int:
    """How many of the optional fields are there."""
    return (
        (item.app_id is not None)
        + (item.object_type_id is not None)
        + (item.property_name is not None)
        + (item.property_value is not None)
        + (item.change_source is not None)
        + (item.source_id is not None)
        + (item.change_flag is not None)
        + (item.is_sensitive is not None)
    )


@lru_cache(maxsize=1024)
def _meaning(subscription: str, object_type_id: str | None) -> tuple[str, str] | None:
    """The careful reader's kind and object type of such a notification; None for an unusual one."""
    probe = {
        "portalId": 1,
        "occurredAt": 0,
        "objectId": 1,
        "propertyName": "x",
        "subscriptionType": subscription,
    }
    if object_type_id is not None:
        probe["objectTypeId"] = object_type_id
    # The dedupe key joins its parts with colons; a part that has one is escaped by the reader.
    if ":" in subscription or ":" in (object_type_id or ""):
        return None
    try:
        event = events.read(probe)
    except ValidationError:
        return None
    if not isinstance(event, events.Event):
        return None
    is_usual = event.kind in _KINDS and len(event.refs) == 1
    return (event.kind, event.object_type) if is_usual else None


def _key(item: _CommonShape) -> str | None:
    """The careful reader's key, where none of its parts needs care."""
    name = item.property_name or ""
    if ":" in name:
        return None
    key = (
        f"{item.portal_id}:{item.subscription_id}:{item.subscription_type}"
        f":{item.object_type_id or ''}:{item.object_id}"
        f"::::::{name}:{item.occurred_at}:{item.event_id}"
    )
    return key if len(key) <= _LONGEST_KEY else None
