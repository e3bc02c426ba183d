"""The fields of one notification, checked by a schema, or faster where they are plainly right."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from mappings.records import identifiers

_LAST_MS: Final = 253_402_300_799_999  # the last millisecond of the year 9999
_LONG_TEXT: Final = 65_536
_LONG_NAME: Final = 255
_LONG_TYPE: Final = 100
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


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
        return _moment(value)


def _moment(ms: int) -> datetime:
    return EPOCH + timedelta(milliseconds=ms)


_SHORT: Final = validate.Length(max=_LONG_NAME)
REQUIRED: Final = frozenset({"portalId", "subscriptionType", "occurredAt"})
# What all notifications share, then what only some carry. HubSpot adds fields over time: the rest
# is ignored.
FIELDS: Final[Mapping[str, fields.Field[Any]]] = MappingProxyType(
    {
        "portalId": identifiers.Id(required=True),
        "subscriptionType": fields.String(required=True, validate=validate.Length(1, _LONG_TYPE)),
        "occurredAt": _When(required=True),
        "eventId": _Scalar(allow_none=True),
        "subscriptionId": _Scalar(allow_none=True),
        "objectId": identifiers.Id(allow_none=True),
        "objectTypeId": fields.String(allow_none=True, validate=_SHORT),
        "propertyName": fields.String(allow_none=True, validate=_SHORT),
        "propertyValue": _Scalar(allow_none=True),
        "changeSource": _Scalar(allow_none=True),
        "sourceId": _Scalar(allow_none=True),
        "primaryObjectId": identifiers.Id(allow_none=True),
        "newObjectId": identifiers.Id(allow_none=True),
        "mergedObjectIds": fields.List(
            identifiers.Id(), allow_none=True, validate=validate.Length(max=1000)
        ),
        "fromObjectId": identifiers.Id(allow_none=True),
        "toObjectId": identifiers.Id(allow_none=True),
        "fromObjectTypeId": fields.String(allow_none=True, validate=_SHORT),
        "toObjectTypeId": fields.String(allow_none=True, validate=_SHORT),
        "associationType": fields.String(allow_none=True, validate=_SHORT),
        "associationTypeId": _Scalar(allow_none=True),
        "associationRemoved": fields.Boolean(allow_none=True),
    }
)


_ABSENT: Final[Mapping[str, None]] = MappingProxyType(dict.fromkeys(FIELDS))


@lru_cache(maxsize=256)
def _schema(present: frozenset[str]) -> Schema:
    """The schema of notifications with these fields; most of a portal's have the same ones."""
    names = sorted(present | REQUIRED)
    return Schema.from_dict({name: FIELDS[name] for name in names}, name="Notification")(
        unknown=EXCLUDE
    )


def checked(item: Mapping[str, Any]) -> dict[str, Any]:
    """The fields by the schema, which names what is wrong."""
    loaded: dict[str, Any] = _schema(frozenset(item).intersection(FIELDS)).load(item)
    return {**_ABSENT, **loaded}


def _plain_scalar(value: object) -> str | None:
    if type(value) is int:
        return str(value)
    return value if type(value) is str and len(value) <= _LONG_TEXT else None


def _no_plain_form(_: object) -> None:
    """For types of fields that always go through the schema."""


# By type of field: a faultless value as the schema would load it, None for any other.
_PLAIN_VALUES: Final[Mapping[type, Callable[[Any], Any]]] = MappingProxyType(
    {
        identifiers.Id: lambda value: identifiers.read(value) if type(value) is int else None,
        _When: lambda value: (
            _moment(value) if type(value) is int and 0 <= value <= _LAST_MS else None
        ),
        _Scalar: _plain_scalar,
        fields.String: lambda value: (
            value if type(value) is str and 1 <= len(value) <= _LONG_TYPE else None
        ),
        fields.Boolean: lambda value: value if type(value) is bool else None,
    }
)
_PLAIN_BY_NAME: Final = {
    name: _PLAIN_VALUES.get(type(found), _no_plain_form) for name, found in FIELDS.items()
}


def at_a_glance(item: Mapping[str, Any]) -> dict[str, Any] | None:
    """The fields, where each is plainly what the schema wants; None where the schema has to say.

    A drain reads tens of thousands of notifications, nearly all of them
    faultless, and the schema costs ten times as much as this.
    """
    data: dict[str, Any] = dict(_ABSENT)
    for name, value in item.items():
        plain = _PLAIN_BY_NAME.get(name)
        if plain is None or (value is None and name not in REQUIRED):
            continue
        data[name] = plain(value)
        if data[name] is None:
            return None
    return data if all(data[name] is not None for name in REQUIRED) else None
