"""One notification of HubSpot's becomes one Event: where to look, not what is true."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, Literal

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from mappings.records import strict_json
from mappings.records.access import known_type
from mappings.records.rows import Ref

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
_MAX_ID: Final = (1 << 63) - 1
_MAX_KEY: Final = 200
_LAST_MS: Final = 253_402_300_799_999  # the last millisecond of the year 9999
_LONG_TEXT: Final = 65_536


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened to *refs*; look at them. `value` is a hint and may be redacted.

    `merged_ids` are the records that a merge retired, `new_object_id` the
    survivor as far as the notification knew. `dedupe_key` is the same for
    every delivery of the same event, whatever its attempt number.
    """

    portal_id: int
    kind: Kind
    object_type: str
    object_id: int
    refs: tuple[Ref, ...]
    occurred_at: datetime
    dedupe_key: str
    merged_ids: tuple[int, ...] = ()
    new_object_id: int | None = None
    property_name: str | None = None
    value: str | None = None
    change_source: str = ""
    source_id: str = ""
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """A well-formed notification about something we do not follow: answered, counted, dropped."""

    portal_id: int
    subscription_type: str
    reason: str
    dedupe_key: str


@dataclass(frozen=True, slots=True)
class Bad:
    """An item that cannot be understood: set aside with its reason and its own bytes.

    Index -1 stands for the whole body when there was no array to walk through.
    """

    index: int
    reason: str
    raw_item: bytes


class _Id(fields.Integer):
    """A record or portal id: a positive 64-bit number, written as number or digits."""

    def _deserialize(
        self,
        value: Any,  # noqa: ANN401 - marshmallow's signature
        attr: str | None,
        data: Mapping[str, Any] | None,
        **kwargs: Any,  # noqa: ANN401 - as above
    ) -> int:
        del attr, data, kwargs
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < len(str(_MAX_ID)) + 1:
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValidationError("is not an id")
        if not 1 <= value <= _MAX_ID:
            raise ValidationError("is out of range for an id")
        return value


class _Scalar(fields.Field[str]):
    """A property value or source: whatever scalar HubSpot sent, as text."""

    def _deserialize(
        self,
        value: Any,  # noqa: ANN401 - marshmallow's signature
        attr: str | None,
        data: Mapping[str, Any] | None,
        **kwargs: Any,  # noqa: ANN401 - as above
    ) -> str:
        del attr, data, kwargs
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int | float):
            return str(value)
        if not isinstance(value, str):
            raise ValidationError("is neither text nor number")
        return value[:_LONG_TEXT]


class _When(fields.Field[datetime]):
    """Milliseconds since 1970, as HubSpot counts."""

    def _deserialize(
        self,
        value: Any,  # noqa: ANN401 - marshmallow's signature
        attr: str | None,
        data: Mapping[str, Any] | None,
        **kwargs: Any,  # noqa: ANN401 - as above
    ) -> datetime:
        del attr, data, kwargs
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValidationError("is not a time in milliseconds")
        if not 0 <= value <= _LAST_MS:
            raise ValidationError("is no believable time")
        seconds, ms = divmod(value, 1000)
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=ms * 1000)


_SHORT: Final = validate.Length(max=255)
_REQUIRED: Final = frozenset({"portalId", "subscriptionType", "occurredAt"})
# What all notifications share, then what only some carry. HubSpot adds fields over time: the rest is ignored.
_FIELDS: Final[Mapping[str, fields.Field[Any]]] = MappingProxyType(
    {
        "portalId": _Id(required=True),
        "subscriptionType": fields.String(required=True, validate=validate.Length(1, 100)),
        "occurredAt": _When(required=True),
        "eventId": _Scalar(allow_none=True),
        "subscriptionId": _Scalar(allow_none=True),
        "objectId": _Id(allow_none=True),
        "objectTypeId": fields.String(allow_none=True, validate=_SHORT),
        "propertyName": fields.String(allow_none=True, validate=_SHORT),
        "propertyValue": _Scalar(allow_none=True),
        "changeSource": _Scalar(allow_none=True),
        "sourceId": _Scalar(allow_none=True),
        "primaryObjectId": _Id(allow_none=True),
        "newObjectId": _Id(allow_none=True),
        "mergedObjectIds": fields.List(_Id(), allow_none=True, validate=validate.Length(max=1000)),
        "fromObjectId": _Id(allow_none=True),
        "toObjectId": _Id(allow_none=True),
        "fromObjectTypeId": fields.String(allow_none=True, validate=_SHORT),
        "toObjectTypeId": fields.String(allow_none=True, validate=_SHORT),
        "associationType": fields.String(allow_none=True, validate=_SHORT),
        "associationTypeId": _Scalar(allow_none=True),
        "associationRemoved": fields.Boolean(allow_none=True),
    }
)


_ABSENT: Final[Mapping[str, None]] = MappingProxyType(dict.fromkeys(_FIELDS))


@lru_cache(maxsize=256)
def _schema(present: frozenset[str]) -> Schema:
    """The schema for a notification with these fields: a drain reads thousands, most of them of one shape."""
    names = sorted(present | _REQUIRED)
    return Schema.from_dict({name: _FIELDS[name] for name in names}, name="Notification")(unknown=EXCLUDE)


def split(raw: bytes) -> list[Event | Unknown | Bad]:
    """Every notification of a delivered body, each judged alone; never raises."""
    try:
        elements = strict_json.items(raw)
    except strict_json.BadJson as fault:
        return [Bad(-1, str(fault), raw)]
    return [
        Bad(index, str(element.fault), element.raw) if element.fault is not None else _read_or_bad(index, element)
        for index, element in enumerate(elements)
    ]


def read(item: object) -> Event | Unknown:
    """One notification; raises ValidationError that names the field in its text."""
    if not isinstance(item, Mapping):
        raise ValidationError("a notification is a JSON object")
    # Documentation says eventType, deliveries say subscriptionType: docs/hubspot.md, "Notifications".
    named = item if "subscriptionType" in item else {**item, "subscriptionType": item.get("eventType")}
    present = frozenset(named).intersection(_FIELDS)
    data: dict[str, Any] = {**_ABSENT, **_schema(present).load(named)}
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
        return "; ".join(str(message) for message in messages)
    return "; ".join(f"{name}: {_flat(said)}" for name, said in sorted(messages.items(), key=str))


def _flat(said: object) -> str:
    if isinstance(said, dict):
        return ", ".join(f"{key}: {_flat(value)}" for key, value in said.items())
    if isinstance(said, list):
        return " ".join(_flat(one) for one in said)
    return str(said)


def _read_or_bad(index: int, element: strict_json.Item) -> Event | Unknown | Bad:
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
        Ref(object_type, object_id),
        property_name=name,
        value=data["propertyValue"] if kind == "property_change" else None,
    )


def _merge(data: Mapping[str, Any], object_type: str) -> Event:
    """The survivor is the new record, else the primary one, else the object itself; reading it will tell."""
    survivor = data["newObjectId"] or data["primaryObjectId"] or data["objectId"]
    if survivor is None:
        raise ValidationError({"newObjectId": ["is missing, and so are primaryObjectId and objectId"]})
    named = [data["primaryObjectId"], data["objectId"], *(data["mergedObjectIds"] or ())]
    merged = tuple(dict.fromkeys(one for one in named if one is not None and one != survivor))
    refs = tuple(Ref(object_type, one) for one in (survivor, *merged))
    return _event(data, "merge", refs[0], refs=refs, merged_ids=merged, new_object_id=survivor)


def _association(data: Mapping[str, Any], prefix: str) -> Event | Unknown:
    ends = _association_types(data, prefix)
    sides = [known_type(end) for end in ends]
    ids = [int(_required(data, "fromObjectId")), int(_required(data, "toObjectId"))]
    refs = tuple(Ref(kind, one) for kind, one in zip(sides, ids, strict=True) if kind is not None)
    if not refs:
        return _unknown(data, "neither side is of a type we follow")
    return _event(data, "association_change", refs[0], refs=refs, removed=bool(data["associationRemoved"]))


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


def _event(data: Mapping[str, Any], kind: Kind, ref: Ref, **more: Any) -> Event:  # noqa: ANN401 - Event's own fields
    more.setdefault("refs", (ref,))
    return Event(
        portal_id=data["portalId"],
        kind=kind,
        object_type=ref.object_type,
        object_id=ref.id,
        occurred_at=data["occurredAt"],
        dedupe_key=_key(data),
        change_source=data["changeSource"] or "",
        source_id=data["sourceId"] or "",
        **more,
    )


def _unknown(data: Mapping[str, Any], reason: str) -> Unknown:
    return Unknown(data["portalId"], data["subscriptionType"], reason, _key(data))


def _key(data: Mapping[str, Any]) -> str:
    """The same for each delivery of an event: all that identifies it, and never the attempt number."""
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
        int(data["occurredAt"].timestamp() * 1000),
        data["eventId"],
    )
    key = ":".join("" if part is None else str(part).replace(":", "%3A") for part in parts)
    if len(key) <= _MAX_KEY:
        return key
    return f"{data['portalId']}:sha256:{hashlib.sha256(key.encode()).hexdigest()}"
