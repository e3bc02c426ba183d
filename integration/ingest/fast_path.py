"""Notifications of the usual shapes, read at a fraction of the cost, with exactly the result of the careful way.

Nine of ten notifications are one flat object about one record. Whatever is odd about one, however
slightly, makes it somebody else's: ``mappings.records.events`` reads that one, or the whole
delivery.
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


class _CommonShape(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """Every field of a usual notification; a value of another type makes it an unusual one."""

    portalId: _Id  # noqa: N815 - HubSpot's name
    subscriptionType: _Name  # noqa: N815 - HubSpot's name
    occurredAt: _Moment  # noqa: N815 - HubSpot's name
    objectId: _Id  # noqa: N815 - HubSpot's name
    eventId: _Number  # noqa: N815 - HubSpot's name
    subscriptionId: _Number  # noqa: N815 - HubSpot's name
    attemptNumber: _Number  # noqa: N815 - HubSpot's name
    appId: _Number | None = None  # noqa: N815 - HubSpot's name
    objectTypeId: _Name | None = None  # noqa: N815 - HubSpot's name
    propertyName: _Name | None = None  # noqa: N815 - HubSpot's name
    propertyValue: str | None = None  # noqa: N815 - HubSpot's name
    changeSource: str | None = None  # noqa: N815 - HubSpot's name
    sourceId: str | None = None  # noqa: N815 - HubSpot's name
    changeFlag: str | None = None  # noqa: N815 - HubSpot's name
    isSensitive: bool | None = None  # noqa: N815 - HubSpot's name


_elements = msgspec.json.Decoder(list[msgspec.Raw])
_usual = msgspec.json.Decoder(_CommonShape)
_ALWAYS: Final = 7


def events_of(
    portal_id: int, envelope: Delivery, carefully: Callable[[bytes], Sequence[InboundEvent]]
) -> Sequence[InboundEvent] | None:
    """Read a delivery; None when it has to be read carefully as a whole.

    *carefully* reads a body the careful way; here it gets unusual elements one by one. One that it finds bad may
    be so for what the text around it says: then nobody but the careful reader can tell.
    """
    if len(envelope.body) > _LONGEST_BODY:
        return None
    try:
        elements = _elements.decode(envelope.body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    found: list[InboundEvent] = []
    for element in elements:
        raw = bytes(element)
        letter = _read(portal_id, envelope, raw)
        if letter is None:
            alone = carefully(b"[" + raw + b"]")
            if len(alone) != 1 or alone[0].kind == "bad":
                return None
            letter = alone[0]
        found.append(letter)
    return found


def _read(portal_id: int, envelope: Delivery, raw: bytes) -> InboundEvent | None:
    """One notification, or None when anything about it is unusual."""
    if b"\\" in raw or b" :" in raw or len(raw.translate(None, _CONTROLS)) != len(raw):
        return None
    try:
        item = _usual.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    # A key that comes twice, or with a null, shows in the number of keys.
    if item.portalId != portal_id or raw.count(b'":') != _ALWAYS + _more(item):
        return None
    what = _meaning(item.subscriptionType, item.objectTypeId)
    key = _key(item)
    if what is None or key is None or (what[0] == "property_change" and item.propertyName is None):
        return None
    payload: dict[str, object] = {"refs": [[what[1], item.objectId]]}
    if item.propertyName is not None:
        payload["property"] = item.propertyName
    happened = _EPOCH + timedelta(milliseconds=item.occurredAt)
    received = envelope.received_at
    return InboundEvent(
        envelope.source, key, what[0], what[1], item.objectId, payload,
        # A clock that runs ahead must not make its events the newest for ever.
        min(happened, received), received,
    )  # fmt: skip


def _more(item: _CommonShape) -> int:
    """How many of the optional fields are there."""
    return (
        (item.appId is not None)
        + (item.objectTypeId is not None)
        + (item.propertyName is not None)
        + (item.propertyValue is not None)
        + (item.changeSource is not None)
        + (item.sourceId is not None)
        + (item.changeFlag is not None)
        + (item.isSensitive is not None)
    )


@lru_cache(maxsize=1024)
def _meaning(subscription: str, object_type_id: str | None) -> tuple[str, str] | None:
    """What the careful reader makes of such a notification: (kind, object type); None when it is not usual."""
    probe = {
        "portalId": 1,
        "occurredAt": 0,
        "objectId": 1,
        "propertyName": "x",
        "subscriptionType": subscription,
    }
    if object_type_id is not None:
        probe["objectTypeId"] = object_type_id
    if ":" in subscription or ":" in (object_type_id or ""):
        return None
    try:
        found = events.read(probe)
    except ValidationError:
        return None
    is_usual = isinstance(found, events.Event) and found.kind in _KINDS and len(found.refs) == 1
    return (found.kind, found.object_type) if is_usual and isinstance(found, events.Event) else None


def _key(item: _CommonShape) -> str | None:
    """The careful reader's key, where none of its parts needs care."""
    name = item.propertyName or ""
    if ":" in name:
        return None
    key = (
        f"{item.portalId}:{item.subscriptionId}:{item.subscriptionType}:{item.objectTypeId or ''}:{item.objectId}"
        f"::::::{name}:{item.occurredAt}:{item.eventId}"
    )
    return key if len(key) <= _LONGEST_KEY else None
