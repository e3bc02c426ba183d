"""Mentions of a person in a raw delivery, item by item, so that an item can be taken out alone."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from types import MappingProxyType
from typing import Any, Final

from mappings.kinds import ObjectType
from mappings.records import strict_json
from mappings.records.access import known_type

_LONGEST_ID: Final = 19  # digits of a 64-bit number
_NUMBER: Final = re.compile(r"\d+")
_ESCAPED: Final = re.compile(r"\\u([0-9a-fA-F]{4})")
# HubSpot numbers its object types, portals' own ones included; contacts are 0-1.
_TYPE_ID: Final = re.compile(r"\d{1,9}-\d{1,12}")
# Objects whose notifications we do not follow, and that are no contacts.
_OTHER_TYPES: Final = frozenset({"product", "line_item", "conversation"})


@dataclass(frozen=True, slots=True)
class Person:
    """A person to find: their contacts' ids, and words that name them, in small letters."""

    contact_ids: frozenset[int]
    words: tuple[str, ...] = ()


def without(body: bytes, person: Person, *, source: str) -> bytes | None:
    """A delivery without the items that speak of *person*; None when nothing is left.

    When no item does, the same bytes are returned. What cannot be read counts as one item.
    """
    try:
        items = strict_json.items(body)
    except strict_json.BadJson:
        return None if speaks_of(body, person, source=source) else body
    kept = [item.raw for item in items if not speaks_of(item.raw, person, source=source)]
    if len(kept) == len(items):
        return body
    return b"[" + b",".join(kept) + b"]" if kept else None


def speaks_of(raw: bytes, person: Person, *, source: str) -> bool:
    """Whether one item speaks of *person*: by the id of a contact, or by a word that names them.

    An id counts, too, where the item does not say of what type the record is. In an unreadable
    item numbers are compared as wholes: contact 12 is not 991299.
    """
    try:
        value = strict_json.loads(raw)
    except strict_json.BadJson:
        text = _plain(raw)
        return not person.contact_ids.isdisjoint(_numbers(text)) or _is_named(text, person)
    if not person.contact_ids.isdisjoint(_ids(value, source)):
        return True
    return any(_is_named(text, person) for text in _texts(value))


def contact_ids(body: bytes, *, source: str) -> set[int]:
    """Every id in a delivery that is a contact's, or may be one."""
    try:
        items = strict_json.items(body)
    except strict_json.BadJson:
        items = [strict_json.Item(body)]
    return set(chain.from_iterable(_ids_in(item.raw, source) for item in items))


def _ids_in(raw: bytes, source: str) -> Iterator[int]:
    try:
        value = strict_json.loads(raw)
    except strict_json.BadJson:
        return _numbers(_plain(raw))
    return _ids(value, source)


def _ids(value: object, source: str) -> Iterator[int]:
    """Ids that are a contact's, or of a record whose type is not given."""
    if isinstance(value, list):
        for element in value:
            yield from _ids(element, source)
    elif isinstance(value, Mapping):
        for name, content in value.items():
            if _may_name_a_contact(name, value, source):
                yield from _ids(content, source)
    elif (record_id := _id(value)) is not None:
        yield record_id


def _may_name_a_contact(name: str, item: Mapping[str, Any], source: str) -> bool:
    if source != "hubspot":
        return name not in _OF_INLETS
    if name in _OF_NOTIFICATIONS:
        return False
    types = [given for given in _TYPES.get(name, _unknown)(item) if isinstance(given, str)]
    names = list(filter(None, types))
    return not names or any(map(_may_be_contact, names))


def _may_be_contact(type_name: str) -> bool:
    known = known_type(type_name)
    if known is not None:
        return known == ObjectType.CONTACT
    lowered = type_name.strip().lower()
    return lowered not in _OTHER_TYPES and not _TYPE_ID.fullmatch(lowered)


def _own_types(item: Mapping[str, Any]) -> list[object]:
    prefix = _prefix(item)
    return [None if prefix == "object" else prefix, item.get("objectTypeId")]


def _from_types(item: Mapping[str, Any]) -> list[object]:
    return [item.get("fromObjectTypeId") or _classic(item)[0] or _prefix(item)]


def _to_types(item: Mapping[str, Any]) -> list[object]:
    return [item.get("toObjectTypeId") or _classic(item)[1]]


def _unknown(_: Mapping[str, Any]) -> list[object]:
    return []


def _prefix(item: Mapping[str, Any]) -> str:
    """The type in "contact.creation"; empty when there is none."""
    subscription = item.get("subscriptionType", item.get("eventType"))
    return subscription.rpartition(".")[0] if isinstance(subscription, str) else ""


def _classic(item: Mapping[str, Any]) -> tuple[str, str]:
    """The types in "CONTACT_TO_COMPANY"; empty when there are none."""
    association = item.get("associationType")
    if not isinstance(association, str):
        return "", ""
    start, _, end = association.partition("_TO_")
    return (start, end) if end else ("", "")


def _id(value: object) -> int | None:
    """A record id however it is written, 12, 12.0 or "12"; a boolean is none."""
    if isinstance(value, str):
        digits = value.strip()
        is_id = digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST_ID
        return int(digits) if is_id else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if value == int(value) else None


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for element in value:
            yield from _texts(element)
    elif isinstance(value, Mapping):
        for content in value.values():
            yield from _texts(content)


def _is_named(text: str, person: Person) -> bool:
    lowered = text.lower()
    return any(word in lowered for word in person.words)


def _plain(raw: bytes) -> str:
    """Unreadable bytes as text, escapes resolved: an id or a name may be written with them."""
    text = raw.decode("utf-8", errors="replace")
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def _numbers(text: str) -> Iterator[int]:
    for digits in _NUMBER.findall(text):
        if len(digits) <= _LONGEST_ID:
            yield int(digits)


# Whose id a field of a notification holds.
_TYPES: Final[Mapping[str, Callable[[Mapping[str, Any]], list[object]]]] = MappingProxyType(
    {
        "objectId": _own_types,
        "primaryObjectId": _own_types,
        "newObjectId": _own_types,
        "mergedObjectIds": _own_types,
        "fromObjectId": _from_types,
        "toObjectId": _to_types,
    }
)
# Fields whose numbers are no record's. Any other may hold one: HubSpot adds fields over time.
_OF_NOTIFICATIONS: Final = frozenset(
    {
        "portalId", "appId", "eventId", "subscriptionId", "subscriptionType", "eventType",
        "occurredAt", "attemptNumber", "objectTypeId", "fromObjectTypeId", "toObjectTypeId",
        "associationType", "associationTypeId", "associationCategory", "associationRemoved",
        "isPrimaryAssociation", "propertyName", "propertyValue", "changeSource", "changeFlag",
        "sourceId", "messageId", "messageType",
    }
)  # fmt: skip
_OF_INLETS: Final = frozenset(
    {
        "id",
        "key",
        "score",
        "answered_at",
        "email",
        "comment",
        "metric",
        "value",
        "at",
        "company_id",
        "domain",
    }
)
