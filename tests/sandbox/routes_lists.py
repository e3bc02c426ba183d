"""Routes of lists (segments): create, find, change, members."""

from __future__ import annotations

from urllib.parse import unquote

from . import scopes
from .calls import VERSION, Answer, ApiError, Call, Route, invalid, not_found, number
from .portal import Portal
from .records import Json, Record, UnknownType, Value, iso, object_type, to_ms
from .routes_search import matches
from .segments import Segment
from .showing import cursor, uncursor

MEMBERS_PAGE, SEARCH_PAGE = 250, 500
FIRST_ID = 200
_OPERATORS = {
    "IS_EQUAL_TO": "EQ", "IS_NOT_EQUAL_TO": "NEQ", "IS_GREATER_THAN": "GT", "IS_GREATER_THAN_OR_EQUAL_TO": "GTE",
    "IS_LESS_THAN": "LT", "IS_LESS_THAN_OR_EQUAL_TO": "LTE", "IS_ANY_OF": "IN", "IS_NONE_OF": "NOT_IN",
    "IS_KNOWN": "HAS_PROPERTY", "IS_UNKNOWN": "NOT_HAS_PROPERTY", "CONTAINS": "CONTAINS_TOKEN", "IS": "EQ",
}  # fmt: skip


def members(portal: Portal, segment: Segment) -> list[int]:
    """Record ids in a list: set by hand, or by its property filters (other filters match nobody)."""
    if segment.processing_type != "DYNAMIC":
        return sorted(one for one in segment.members if one in portal.records[segment.object_type])
    branches = (segment.filter_branch or {}).get("filterBranches") or []
    tests = []
    for branch in branches:
        if branch.get("filterBranches"):
            continue
        filters = [_as_search(one) for one in branch.get("filters") or []]
        if all(filters):
            tests.append(matches(portal, segment.object_type, [one for one in filters if one]))
    return [
        record.id
        for record in portal.all(segment.object_type)
        if any(test(record) for test in tests)
    ]


def _as_search(one: Json) -> Json | None:
    operation = one.get("operation") or {}
    operator = _OPERATORS.get(str(operation.get("operator")))
    if one.get("filterType") != "PROPERTY" or operator is None:
        return None
    value = operation.get("value")
    said: Json = {"propertyName": one.get("property"), "operator": operator}
    said["value"] = str(value).lower() if isinstance(value, bool) else str(value)
    if operator in {"IN", "NOT_IN"}:
        said["values"] = operation.get("values") or [value]
    return said


def _show(call: Call, segment: Segment, *, with_filters: bool = True) -> Json:
    return segment.json(len(members(call.portal, segment)), with_filters=with_filters)


def _names_taken(call: Call, name: str) -> bool:
    return any(
        one.name.lower() == name.lower() and one.deleted is None
        for one in call.portal.segments.values()
    )


def _check_branch(call: Call, kind: str, branch: Value) -> None:
    if (
        not isinstance(branch, dict)
        or branch.get("filterBranchType") != "OR"
        or branch.get("filters")
    ):
        raise invalid("The root of the filters must be an OR branch without filters of its own")
    inner = branch.get("filterBranches")
    if not inner or any(one.get("filterBranchType") != "AND" for one in inner):
        raise invalid("The OR branch must hold AND branches")
    for one in inner:
        for each in one.get("filters") or []:
            name = each.get("property")
            definition = call.portal.definitions[kind].get(str(name))
            if each.get("filterType") == "PROPERTY" and (
                definition is None or definition.archived is not None
            ):
                raise invalid(f"Property {name} does not exist")


def create_list(call: Call) -> Answer:
    """A new list; the name must be free."""
    body = call.fields()
    if missing := [key for key in ("name", "objectTypeId", "processingType") if not body.get(key)]:
        raise invalid(f"Some required fields were not set: {missing}")
    try:
        kind = object_type(str(body["objectTypeId"]))
    except UnknownType:
        raise invalid(f"Unable to infer object type from: {body['objectTypeId']}") from None
    if body["processingType"] not in {"DYNAMIC", "MANUAL", "SNAPSHOT"}:
        raise invalid(f"Unknown processing type {body['processingType']}")
    if _names_taken(call, body["name"]):
        raise ApiError(
            400, "VALIDATION_ERROR", f"List name '{body['name']}' is already in use.",
            sub_category="ILS.DUPLICATE_LIST_NAMES",
        )  # fmt: skip
    if body["processingType"] == "DYNAMIC":
        _check_branch(call, kind, body.get("filterBranch"))
    now = to_ms(None)
    new_id = max(call.portal.segments, default=FIRST_ID) + 1
    made = Segment(
        new_id, body["name"], kind, body["processingType"], body.get("filterBranch"), now, now
    )
    call.portal.segments[new_id] = made
    return Answer(200, {"list": _show(call, made)})


def _segment(call: Call) -> Segment:
    found = call.portal.segments.get(number(call.params["list"]))
    if found is None or found.deleted is not None:
        raise not_found(f"List {call.params['list']} does not exist")
    return found


def read_list(call: Call) -> Answer:
    """One list."""
    return Answer(
        200, {"list": _show(call, _segment(call), with_filters=call.flag("includeFilters"))}
    )


def read_by_name(call: Call) -> Answer:
    """One list by its name."""
    name = unquote(call.params["name"]).lower()
    for one in call.portal.segments.values():
        if one.name.lower() == name and one.deleted is None and one.object_type == call.kind:
            return Answer(200, {"list": _show(call, one, with_filters=call.flag("includeFilters"))})
    raise not_found(f"List {name} does not exist")


def search_lists(call: Call) -> Answer:
    """Lists whose name holds the query."""
    body = call.fields()
    query, offset, count = (
        str(body.get("query") or "").lower(),
        int(body.get("offset") or 0),
        int(body.get("count") or 20),
    )
    found = [
        one
        for one in call.portal.segments.values()
        if query in one.name.lower() and one.deleted is None
    ]
    page = found[offset : offset + min(count, SEARCH_PAGE)]
    rows = [_show(call, one, with_filters=False) | {"additionalProperties": {}} for one in page]
    more = offset + len(page) < len(found)
    return Answer(
        200, {"lists": rows, "hasMore": more, "offset": offset + len(page), "total": len(found)}
    )


def list_members(call: Call) -> Answer:
    """Members by record id."""
    segment = _segment(call)
    limit, after = call.limit(100, MEMBERS_PAGE), uncursor(call.one("after"))
    found = [one for one in members(call.portal, segment) if one > after]
    rows = [
        {
            "recordId": str(one),
            "membershipTimestamp": iso(segment.members.get(one, segment.updated)),
        }
        for one in found[:limit]
    ]
    body: Json = {"results": rows, "total": len(members(call.portal, segment))}
    if len(found) > limit:
        body["paging"] = {"next": {"after": cursor(found[limit - 1])}}
    return Answer(200, body)


def lists_of_record(call: Call) -> Answer:
    """The lists a record is in."""
    record: Record | None = call.portal.get(call.kind, call.record_id)
    found = [
        one for one in call.portal.segments.values()
        if record is not None and one.deleted is None and one.object_type == call.kind
        and record.id in members(call.portal, one)
    ]  # fmt: skip
    rows = [
        {"listId": str(one.id), "listVersion": one.version, "isPublicList": True,
         "firstAddedTimestamp": iso(one.created), "lastAddedTimestamp": iso(one.updated)}
        for one in found
    ]  # fmt: skip
    return Answer(200, {"results": rows, "total": len(rows)})


def _changed(call: Call, adding: list[str], removing: list[str]) -> Answer:
    segment = _segment(call)
    if segment.processing_type == "DYNAMIC":
        raise invalid("Members of a dynamic list cannot be set")
    live = call.portal.records[segment.object_type]
    added = [one for one in map(number, adding) if one in live and one not in segment.members]
    removed = [one for one in map(number, removing) if one in segment.members]
    segment.members.update(dict.fromkeys(added, to_ms(None)))
    for one in removed:
        del segment.members[one]
    missing = [one for one in adding if number(one) not in live]
    return Answer(200, {
        "recordIdsMissing": missing, "recordIdsRemoved": [str(one) for one in removed],
        "recordsIdsAdded": [str(one) for one in added],
    })  # fmt: skip


def add_members(call: Call) -> Answer:
    """Add records to a manual list."""
    return _changed(call, call.body(), [])


def remove_members(call: Call) -> Answer:
    """Take records out of a manual list."""
    return _changed(call, [], call.body())


def change_members(call: Call) -> Answer:
    """Add and take out at once."""
    body = call.fields()
    return _changed(call, body.get("recordIdsToAdd") or [], body.get("recordIdsToRemove") or [])


def update_filters(call: Call) -> Answer:
    """Other filters for a dynamic list."""
    segment, branch = _segment(call), call.fields().get("filterBranch")
    _check_branch(call, segment.object_type, branch)
    segment.filter_branch, segment.updated = branch, to_ms(None)
    segment.version += 1
    return Answer(200, {"updatedList": _show(call, segment)})


def update_name(call: Call) -> Answer:
    """Another name."""
    segment, name = _segment(call), call.one("listName")
    if not name or (_names_taken(call, name) and name.lower() != segment.name.lower()):
        raise invalid(f"List name '{name}' is already in use.")
    segment.name, segment.updated = name, to_ms(None)
    return Answer(200, {"updatedList": _show(call, segment, with_filters=False)})


def delete_list(call: Call) -> Answer:
    """Delete, restorably."""
    _segment(call).deleted = to_ms(None)
    return Answer(204)


def restore_list(call: Call) -> Answer:
    """Bring a deleted list back."""
    found = call.portal.segments.get(number(call.params["list"]))
    if found is None:
        raise not_found(f"List {call.params['list']} does not exist")
    found.deleted = None
    return Answer(204)


_AT = f"/crm/lists/{VERSION}"
ROUTES = [
    Route("POST", _AT, create_list, scopes.lists_create),
    Route("POST", f"{_AT}/search", search_lists, scopes.lists_read),
    Route("GET", f"{_AT}/object-type-id/{{type}}/name/{{name}}", read_by_name, scopes.lists_read),
    Route("GET", f"{_AT}/records/{{type}}/{{id}}/memberships", lists_of_record, scopes.lists_read),
    Route("GET", f"{_AT}/{{list}}", read_list, scopes.lists_read),
    Route("DELETE", f"{_AT}/{{list}}", delete_list, scopes.lists_change),
    Route("PUT", f"{_AT}/{{list}}/restore", restore_list, scopes.lists_change),
    Route("GET", f"{_AT}/{{list}}/memberships", list_members, scopes.lists_read),
    Route("PUT", f"{_AT}/{{list}}/memberships/add", add_members, scopes.lists_change),
    Route("PUT", f"{_AT}/{{list}}/memberships/remove", remove_members, scopes.lists_change),
    Route("PUT", f"{_AT}/{{list}}/memberships/add-and-remove", change_members, scopes.lists_change),
    Route("PUT", f"{_AT}/{{list}}/update-list-filters", update_filters, scopes.lists_change),
    Route("PUT", f"{_AT}/{{list}}/update-list-name", update_name, scopes.lists_change),
]
