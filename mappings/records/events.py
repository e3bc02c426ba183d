"""Events: HubSpot's notifications, each naming records to read and not what is true of them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, Literal

from marshmallow import ValidationError

from mappings.records import strict_json, values
from mappings.records.access import known_type
from mappings.records.notification import EPOCH, at_a_glance, checked
from mappings.records.rows import RecordRef

Kind = Literal[
    "creation",
    "deletion",
    "property_change",
    "association_change",
    "merge",
    "restore",
    "privacy_deletion",
]

_KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "creation": "creation",
        "deletion": "deletion",
        "propertyChange": "property_change",
        "associationChange": "association_change",
        "merge": "merge",
        "restore": "restore",
        "privacyDeletion": "privacy_deletion",
    }
)
_MAX_KEY: Final = 200
_MILLISECOND: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Event:
    """A change to `refs`, which have to be read. `value` is a hint and may be redacted.

    `merged_ids` are the records that a merge retired, `new_object_id` the
    survivor as far as the notification knew. `dedupe_key` is the same for
    every delivery of the same event, whatever its attempt number.
    """

    portal_id: int
    kind: Kind
    object_type: str
    object_id: int
    refs: tuple[RecordRef, ...]
    occurred_at: datetime
    dedupe_key: str
    merged_ids: tuple[int, ...] = ()
    new_object_id: int | None = None
    property_name: str | None = None
    value: str | None = None
    change_source: str = ""
    source_id: str = ""
    removed: bool = False
    association_type_id: int | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """A well-formed notification of a kind that we do not follow: answered, counted, dropped."""

    portal_id: int
    subscription_type: str
    reason: str
    dedupe_key: str


@dataclass(frozen=True, slots=True)
class Bad:
    """An item that cannot be understood: set aside with its reason and its own bytes.

    Index -1 stands for the whole body when it is no array.
    """

    index: int
    reason: str
    raw_item: bytes


def split(raw: bytes) -> list[Event | Unknown | Bad]:
    """Every notification of a delivered body, each read alone; never raises."""
    try:
        elements = strict_json.items(raw)
    except strict_json.BadJson as fault:
        return [Bad(-1, str(fault), raw)]
    return [_read_or_bad(index, element) for index, element in enumerate(elements)]


def read(item: object) -> Event | Unknown:
    """One notification; raises ValidationError that names the field in its text."""
    if not isinstance(item, Mapping):
        raise ValidationError("a notification is a JSON object")
    # Documentation says eventType, deliveries say subscriptionType: docs/hubspot.md,
    # "Notifications".
    if "subscriptionType" not in item:
        item = {**item, "subscriptionType": item.get("eventType")}
    data = at_a_glance(item) or checked(item)
    prefix, _, what = data["subscriptionType"].rpartition(".")
    kind = _KINDS.get(what)
    if kind is None or not prefix:
        return _unknown(data, "no kind of notification we follow")
    if kind == "association_change":
        return _association(data, prefix)
    object_type = known_type(_required(data, "objectTypeId") if prefix == "object" else prefix)
    if object_type is None:
        return _unknown(data, "no object type we follow")
    return _merge(data, object_type) if kind == "merge" else _plain(data, kind, object_type)


def describe(error: ValidationError) -> str:
    """A ValidationError in one line, naming each field."""
    messages = error.messages
    if not isinstance(messages, dict):
        return "; ".join(map(str, messages))
    by_field = sorted(messages.items(), key=str)
    return "; ".join(f"{name}: {_flat(message)}" for name, message in by_field)


def _flat(message: object) -> str:
    if isinstance(message, dict):
        return ", ".join(f"{key}: {_flat(value)}" for key, value in message.items())
    if isinstance(message, list):
        return " ".join(map(_flat, message))
    return str(message)


def _read_or_bad(index: int, element: strict_json.Item) -> Event | Unknown | Bad:
    if element.fault is not None:
        return Bad(index, str(element.fault), element.raw)
    try:
        return read(element.value)
    except ValidationError as error:
        return Bad(index, describe(error), element.raw)


def _plain(data: Mapping[str, Any], kind: Kind, object_type: str) -> Event:
    object_id = int(_required(data, "objectId"))
    name = _required(data, "propertyName") if kind == "property_change" else data["propertyName"]
    return _event(
        data,
        kind,
        RecordRef(object_type, object_id),
        property_name=name,
        value=data["propertyValue"] if kind == "property_change" else None,
    )


def _merge(data: Mapping[str, Any], object_type: str) -> Event:
    """A merge; which record survived is a guess until it is read."""
    # The new record, else the primary one, else the object itself.
    survivor = data["newObjectId"] or data["primaryObjectId"] or data["objectId"]
    if survivor is None:
        raise ValidationError(
            {"newObjectId": ["is missing, and so are primaryObjectId and objectId"]}
        )
    ids = dict.fromkeys(
        [data["primaryObjectId"], data["objectId"], *(data["mergedObjectIds"] or ())]
    )
    merged = tuple(merged_id for merged_id in ids if merged_id not in {None, survivor})
    refs = tuple(RecordRef(object_type, record_id) for record_id in (survivor, *merged))
    return _event(data, "merge", refs[0], refs=refs, merged_ids=merged, new_object_id=survivor)


def _association(data: Mapping[str, Any], prefix: str) -> Event | Unknown:
    types = map(known_type, _association_types(data, prefix))
    ids = (int(_required(data, "fromObjectId")), int(_required(data, "toObjectId")))
    ends = zip(types, ids, strict=True)
    refs = tuple(RecordRef(kind, record_id) for kind, record_id in ends if kind is not None)
    if not refs:
        return _unknown(data, "neither side is of a type we follow")
    return _event(
        data,
        "association_change",
        refs[0],
        refs=refs,
        removed=bool(data["associationRemoved"]),
        association_type_id=_type_id(data["associationTypeId"]),
    )


def _type_id(written: str | None) -> int | None:
    """The association type, if it is the number that HubSpot sends."""
    return None if written is None else values.record_id(str(written)).value


def _association_types(data: Mapping[str, Any], prefix: str) -> tuple[str, str]:
    if data["fromObjectTypeId"] and data["toObjectTypeId"]:
        return data["fromObjectTypeId"], data["toObjectTypeId"]
    classic, _, other = _required(data, "associationType").partition("_TO_")
    if not other:
        raise ValidationError({"associationType": ["does not read like CONTACT_TO_COMPANY"]})
    return (classic or prefix), other


def _required(data: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - the schema knows the type
    if data[name] is None or data[name] == "":
        raise ValidationError({name: ["is missing"]})
    return data[name]


def _event(data: Mapping[str, Any], kind: Kind, ref: RecordRef, **more: Any) -> Event:  # noqa: ANN401 - Event's own fields
    more.setdefault("refs", (ref,))
    return Event(
        portal_id=data["portalId"],
        kind=kind,
        object_type=ref.object_type,
        object_id=ref.record_id,
        occurred_at=data["occurredAt"],
        dedupe_key=_key(data),
        change_source=data["changeSource"] or "",
        source_id=data["sourceId"] or "",
        **more,
    )


def _unknown(data: Mapping[str, Any], reason: str) -> Unknown:
    return Unknown(data["portalId"], data["subscriptionType"], reason, _key(data))


def _key(data: Mapping[str, Any]) -> str:
    """The same key for each delivery of an event: without the number of the attempt."""
    parts = (
        data["portalId"],
        data["subscriptionId"],
        data["subscriptionType"],
        data["objectTypeId"],
        data["objectId"],
        data["fromObjectId"],
        data["toObjectId"],
        data["associationTypeId"],
        data["associationRemoved"],
        data["newObjectId"],
        data["propertyName"],
        (data["occurredAt"] - EPOCH) // _MILLISECOND,
        data["eventId"],
    )
    key = ":".join("" if part is None else str(part).replace(":", "%3A") for part in parts)
    if len(key) <= _MAX_KEY:
        return key
    return f"{data['portalId']}:sha256:{hashlib.sha256(key.encode()).hexdigest()}"
