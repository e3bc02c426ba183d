"""Search: filters, sorting, its own limits, and its lag."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from . import scopes
from .calls import VERSION, Answer, Call, Route, invalid
from .portal import Portal
from .properties import Definition
from .records import Json, Record, UnknownType, Value, object_type
from .showing import unreadable, view

MOST = 10_000
PAGE = 200
BODY_LIMIT = 3_000
GROUPS, FILTERS, ALL_FILTERS = 5, 6, 18
_TEXT = (
    "email",
    "firstname",
    "lastname",
    "phone",
    "company",
    "name",
    "domain",
    "dealname",
    "subject",
    "content",
)
Test = Callable[[Record], bool]


def search(call: Call) -> Answer:
    """Live records that match; late by quirks.search_lag, never more than 10 000."""
    kind, body = call.kind, call.fields()
    if len(call.request.body) > BODY_LIMIT:
        raise invalid(f"Search requests must not be longer than {BODY_LIMIT} characters")
    limit, after = _whole(body.get("limit"), 10), _whole(body.get("after"), 0)
    if not 1 <= limit <= PAGE:
        raise invalid(f"limit must be between 1 and {PAGE}")
    if after + limit > MOST:
        raise invalid(f"Paging beyond {MOST} results is not possible")
    found = [
        record
        for record in _candidates(call.portal, kind)
        if all(test(record) for test in _tests(call, kind, body))
    ]
    _sort(call.portal, kind, found, body.get("sorts"))
    show = view(call.portal, kind, body.get("properties") or [], unread=unreadable(call, kind))
    answer: Json = {
        "total": len(found),
        "results": [show(record) for record in found[after : after + limit]],
    }
    if after + limit < len(found):
        answer["paging"] = {"next": {"after": str(after + limit)}}
    return Answer(200, answer)


def _whole(value: Value, default: int) -> int:
    if value in {None, ""}:
        return default
    text = str(value)
    if not text.isdigit():
        raise invalid(f"{text} is not a whole number")
    return int(text)


def _candidates(portal: Portal, kind: str) -> list[Record]:
    lag = portal.hubspot.quirks.search_lag
    if not lag:
        return portal.all(kind)
    border = portal.hubspot.monotonic() - lag
    return [
        record
        for record in portal.all(kind)
        if portal.touched.get((kind, record.id), border) <= border
    ]


def _tests(call: Call, kind: str, body: Json) -> list[Test]:
    groups = body.get("filterGroups") or []
    sizes = [len(group.get("filters") or []) for group in groups]
    if len(groups) > GROUPS or any(size > FILTERS for size in sizes) or sum(sizes) > ALL_FILTERS:
        raise invalid(f"At most {GROUPS} filter groups of {FILTERS} filters, {ALL_FILTERS} in all")
    tests: list[Test] = []
    if groups:
        built = [
            [_filter(call.portal, kind, one) for one in group.get("filters") or []]
            for group in groups
        ]
        tests.append(lambda record: any(all(test(record) for test in tests) for tests in built))
    if query := str(body.get("query") or "").lower():
        tests.append(lambda record: any(query in record.get(name).lower() for name in _TEXT))
    return tests


def _filter(portal: Portal, kind: str, one: Json) -> Test:
    name, operator = str(one.get("propertyName") or ""), one.get("operator")
    if name.startswith("associations."):
        return _association(portal, kind, name.partition(".")[2], one)
    definition = portal.definitions[kind].get(name)
    if definition is None or definition.archived is not None:
        raise invalid(f"There was a problem with the request. Property {name} does not exist")
    build = _OPERATORS.get(str(operator))
    if build is None:
        raise invalid(f"Unknown operator {operator}")
    check = build(definition, one)
    return lambda record: check(portal.value(record, name) or "")


def _association(portal: Portal, kind: str, to: str, one: Json) -> Test:
    try:
        target = object_type(to)
    except UnknownType:
        raise invalid(f"Unable to infer object type from: {to}") from None
    wanted = {
        int(value)
        for value in [*(one.get("values") or []), one.get("value")]
        if str(value).isdigit()
    }
    return lambda record: bool(wanted & portal.associated(kind, record.id, target).keys())


def _key(definition: Definition, text: str) -> Value:
    """A value made comparable; None when it is empty or does not belong to the type."""
    if not text:
        return None
    if definition.type in {"number", "datetime", "date"}:
        try:
            return float(text)
        except ValueError:
            return _time(text) if definition.type != "number" else None
    return text if definition.type == "enumeration" else text.lower()


def _time(text: str) -> float | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000


def _compare(
    holds: Callable[[Value, Any], bool],
) -> Callable[[Definition, Json], Callable[[str], bool]]:
    def build(definition: Definition, one: Json) -> Callable[[str], bool]:
        wanted = _key(definition, str(one.get("value", "")))

        def check(text: str) -> bool:
            value = _key(definition, text)
            return value is not None and wanted is not None and holds(value, wanted)

        return check

    return build


def _between(definition: Definition, one: Json) -> Callable[[str], bool]:
    low, high = (
        _key(definition, str(one.get("value", ""))),
        _key(definition, str(one.get("highValue", ""))),
    )
    if low is None or high is None:
        raise invalid("BETWEEN needs value and highValue")
    return lambda text: (value := _key(definition, text)) is not None and bool(low <= value <= high)


def _in(definition: Definition, one: Json) -> Callable[[str], bool]:
    """Text must be given in lower case here, as with the real search."""
    values = one.get("values")
    if not isinstance(values, list) or not values:
        raise invalid("IN needs values")
    wanted = {
        value if definition.type == "string" else _key(definition, str(value)) for value in values
    }
    return lambda text: _key(definition, text) in wanted


def _token(definition: Definition, one: Json) -> Callable[[str], bool]:
    wanted = str(one.get("value", "")).lower().strip("*")
    return lambda text: bool(wanted) and wanted in text.lower()


def _opposite(
    build: Callable[[Definition, Json], Callable[[str], bool]], *, of_known: bool
) -> Callable[[Definition, Json], Callable[[str], bool]]:
    def turned(definition: Definition, one: Json) -> Callable[[str], bool]:
        check = build(definition, one)
        return lambda text: not check(text) and (bool(text) or not of_known)

    return turned


_EQ = _compare(lambda value, wanted: bool(value == wanted))
_OPERATORS: dict[str, Callable[[Definition, Json], Callable[[str], bool]]] = {
    "EQ": _EQ,
    "NEQ": _opposite(_EQ, of_known=False),
    "LT": _compare(lambda value, wanted: bool(value < wanted)),
    "LTE": _compare(lambda value, wanted: bool(value <= wanted)),
    "GT": _compare(lambda value, wanted: bool(value > wanted)),
    "GTE": _compare(lambda value, wanted: bool(value >= wanted)),
    "BETWEEN": _between,
    "IN": _in,
    "NOT_IN": _opposite(_in, of_known=True),
    "HAS_PROPERTY": lambda _definition, _one: bool,
    "NOT_HAS_PROPERTY": lambda _definition, _one: lambda text: not text,
    "CONTAINS_TOKEN": _token,
    "NOT_CONTAINS_TOKEN": _opposite(_token, of_known=False),
}


def _sort(portal: Portal, kind: str, found: list[Record], sorts: Sequence[Any] | None) -> None:
    if not sorts:
        return
    if len(sorts) > 1:
        raise invalid("Only one sort is supported")
    given = sorts[0] if isinstance(sorts[0], dict) else {"propertyName": str(sorts[0]).lstrip("-")}
    descending = given.get("direction") == "DESCENDING" or (
        isinstance(sorts[0], str) and sorts[0].startswith("-")
    )
    name = str(given.get("propertyName"))
    definition = portal.definitions[kind].get(name)
    if definition is None:
        raise invalid(f"Property {name} does not exist")

    def key(record: Record) -> tuple[bool, Value, int]:
        value = _key(definition, portal.value(record, name) or "")
        return (value is None, 0 if value is None else value, record.id)

    found.sort(key=key, reverse=descending)


def matches(portal: Portal, kind: str, filters: Sequence[Json]) -> Test:
    """A test that all these search filters hold, for dynamic lists."""
    tests = [_filter(portal, kind, one) for one in filters]
    return lambda record: all(test(record) for test in tests)


ROUTES = [
    Route("POST", f"/crm/objects/{VERSION}/{{type}}/search", search, scopes.reading, search=True)
]
