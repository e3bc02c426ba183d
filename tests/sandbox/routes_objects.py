"""Routes of records: list, read, create, update, upsert, archive, merge, privacy deletion."""

from __future__ import annotations

from . import scopes, writing
from .calls import VERSION, Answer, ApiError, Call, Route, batch, invalid, not_found, number
from .portal import Portal
from .records import Json, Record, Value
from .showing import cursor, names, uncursor, unreadable, view, with_links

BATCH = 100
PAGE, PAGE_WITH_HISTORY = 100, 50


def list_records(call: Call) -> Answer:
    """A page of records by id."""
    kind, history, archived = call.kind, call.many("propertiesWithHistory"), call.flag("archived")
    limit = call.limit(10, PAGE_WITH_HISTORY if history else PAGE)
    found = call.portal.page(kind, uncursor(call.one("after")), limit + 1, archived=archived)
    show = with_links(
        call,
        kind,
        view(call.portal, kind, call.many("properties"), history, unreadable(call, kind)),
    )
    body: Json = {"results": [show(record) for record in found[:limit]]}
    if len(found) > limit:
        after = cursor(found[limit - 1].id)
        body["paging"] = {
            "next": {
                "after": after,
                "link": f"https://api.hubapi.com{call.request.path}?after={after}",
            }
        }
    return Answer(200, body)


def _by_path(call: Call) -> Record:
    """The record a path names, by id (a merged one leads to the survivor) or by a unique property."""
    kind, id_property = call.kind, call.one("idProperty")
    if id_property and id_property != "hs_object_id":
        writing.check_id_property(call.portal, kind, id_property)
        found = call.portal.find(kind, id_property, call.params["id"])
    else:
        found = call.portal.get(kind, call.record_id)
    if found is None:
        raise not_found()
    return found


def read_one(call: Call) -> Answer:
    """One record; deleted ones with archived=true."""
    kind = call.kind
    record = call.portal.bin[kind].get(call.record_id) if call.flag("archived") else _by_path(call)
    if record is None:
        raise not_found()
    asked, history = call.many("properties"), call.many("propertiesWithHistory")
    show = view(call.portal, kind, asked, history, unreadable(call, kind))
    return Answer(200, with_links(call, kind, show)(record))


def batch_read(call: Call) -> Answer:
    """Up to 100 records; missing ones make it a 207. Results come in HubSpot's order, not ours."""
    kind, body, archived = call.kind, call.fields(), call.flag("archived")
    asked, history = names(body, "properties"), names(body, "propertiesWithHistory")
    show = view(call.portal, kind, asked, history, unreadable(call, kind))
    id_property = body.get("idProperty") or ""
    found: dict[int, Record] = {}
    missing: list[str] = []
    for one in call.inputs(BATCH):
        record = _batch_find(call.portal, kind, one.get("id"), id_property, archived=archived)
        if record is None:
            missing.append(str(one.get("id")))
        else:
            found[record.id] = record
    errors = [_gone(kind).standard({"ids": missing})] if missing else []
    return batch(call, 200, [show(found[one]) for one in sorted(found)], errors)


def _gone(kind: str) -> ApiError:
    name = kind.upper()
    return ApiError(
        404, "OBJECT_NOT_FOUND",
        f"Could not get some {name} objects, they may be deleted or not exist. Check that ids are valid.",
    )  # fmt: skip


def _batch_find(
    portal: Portal, kind: str, given: Value, id_property: str, *, archived: bool
) -> Record | None:
    if id_property and id_property != "hs_object_id":
        writing.check_id_property(portal, kind, id_property)
        return portal.find(kind, id_property, str(given))
    record_id = number(given)
    if archived:
        return portal.bin[kind].get(record_id)
    if portal.hubspot.quirks.batch_read_merged == "missing":
        return portal.records[kind].get(record_id)
    return portal.get(kind, record_id)


def create_one(call: Call) -> Answer:
    """A new record with its associations."""
    kind, body = call.kind, call.fields()
    values = writing.check_new(call.portal, kind, body)
    record = writing.create(call, kind, values, body.get("associations"))
    return Answer(201, view(call.portal, kind, list(values))(record))


def update_one(call: Call) -> Answer:
    """Change a record; ids of merged-away records work."""
    record = _by_path(call)
    values = writing.check_change(call.portal, call.kind, call.fields(), record)
    call.portal.update(call.kind, record.id, values, source=call.hubspot.app.source)
    return Answer(200, view(call.portal, call.kind, list(values))(record))


def archive_one(call: Call) -> Answer:
    """Into the recycle bin; unknown ids are no error."""
    if record := call.portal.get(call.kind, call.record_id):
        call.portal.archive(call.kind, record.id, source=call.hubspot.app.source)
    return Answer(204)


def batch_create(call: Call) -> Answer:
    """With a trace id on every input, bad ones are set aside (207); without, one bad input fails all (400)."""
    kind, inputs = call.kind, call.inputs(BATCH)
    traces = [one.get("objectWriteTraceId") for one in inputs]
    traced = all(traces) and len(set(traces)) == len(traces)
    checked: list[tuple[Json, dict[str, str]]] = []
    errors: list[Json] = []
    emails: set[str] = set()
    for one in inputs:
        try:
            values = writing.check_new(call.portal, kind, one)
            writing.check_email_in_batch(kind, values, emails)
            checked.append((one, values))
        except ApiError as error:
            if not traced:
                raise
            errors.append(error.standard({"objectWriteTraceId": [str(one["objectWriteTraceId"])]}))
    results = []
    for one, values in checked:
        record = writing.create(call, kind, values, one.get("associations"))
        results.append(_traced(one, view(call.portal, kind, list(values))(record)))
    return batch(call, 201, results, errors)


def _traced(one: Json, body: Json) -> Json:
    trace = one.get("objectWriteTraceId")
    return body | {"objectWriteTraceId": trace} if trace else body


def batch_update(call: Call) -> Answer:
    """Missing ids make a 207; an invalid value fails the whole batch with 400 and nothing is written."""
    kind, inputs = call.kind, call.inputs(BATCH)
    writing.refuse_twice([str(one.get("id")) for one in inputs])
    todo: list[tuple[Json, Record, dict[str, str]]] = []
    missing: list[str] = []
    errors: list[Json] = []
    for one in inputs:
        record = _to_update(call.portal, kind, one)
        if record is None:
            missing.append(str(one.get("id")))
            continue
        try:
            todo.append((one, record, writing.check_change(call.portal, kind, one, record)))
        except ApiError as error:
            if not (call.hubspot.quirks.update_trace_ids_help and one.get("objectWriteTraceId")):
                raise
            errors.append(error.standard({"objectWriteTraceId": [str(one["objectWriteTraceId"])]}))
    if missing:
        errors.append(_gone(kind).standard({"ids": missing}))
    results = []
    for one, record, values in todo:
        call.portal.update(kind, record.id, values, source=call.hubspot.app.source)
        results.append(_traced(one, view(call.portal, kind, list(values))(record)))
    results.sort(key=lambda body: int(body["id"]))
    return batch(call, 200, results, errors)


def _to_update(portal: Portal, kind: str, one: Json) -> Record | None:
    id_property = one.get("idProperty") or ""
    if id_property and id_property != "hs_object_id":
        writing.check_id_property(portal, kind, id_property)
        return portal.find(kind, id_property, str(one.get("id")))
    record_id = number(one.get("id"))
    if portal.hubspot.quirks.batch_update_merged == "survivor":
        return portal.get(kind, record_id)
    return portal.records[kind].get(record_id)


def batch_upsert(call: Call) -> Answer:
    """Update by a unique property, or create."""
    kind, inputs = call.kind, call.inputs(BATCH)
    writing.refuse_twice([str(one.get("id")) for one in inputs])
    todo: list[tuple[Json, Record | None, dict[str, str]]] = []
    for one in inputs:
        name = one.get("idProperty") or ""
        if not name:
            raise invalid("idProperty is required for upserts")
        writing.check_id_property(call.portal, kind, name)
        record = call.portal.find(kind, name, str(one.get("id")))
        given = {"properties": {name: one.get("id"), **(one.get("properties") or {})}}
        if record is None:
            todo.append((one, None, writing.check_new(call.portal, kind, given)))
        else:
            todo.append((one, record, writing.check_change(call.portal, kind, one, record)))
    results = []
    for one, record, values in todo:
        made = record or writing.create(call, kind, values, None)
        if record is not None:
            call.portal.update(kind, record.id, values, source=call.hubspot.app.source)
        body = view(call.portal, kind, list(values))(made) | {"new": record is None}
        results.append(_traced(one, body))
    return batch(call, 200, results)


def batch_archive(call: Call) -> Answer:
    """Up to 100 into the recycle bin; unknown ids are no error."""
    for one in call.inputs(BATCH):
        if record := call.portal.get(call.kind, number(one.get("id"))):
            call.portal.archive(call.kind, record.id, source=call.hubspot.app.source)
    return Answer(204)


def merge(call: Call) -> Answer:
    """Two become a third one with a new id."""
    body, kind = call.fields(), call.kind
    one, other = number(body.get("primaryObjectId")), number(body.get("objectIdToMerge"))
    first, second = call.portal.get(kind, one), call.portal.get(kind, other)
    if first is None or second is None:
        raise not_found()
    if first is second:
        raise invalid(f"Cannot merge object {one} with itself")
    made = call.portal.merge(kind, first.id, second.id, source=call.hubspot.app.source)
    return Answer(200, view(call.portal, kind, ["hs_merged_object_ids"])(made))


def gdpr_delete(call: Call) -> Answer:
    """Privacy deletion, by id or e-mail."""
    if call.kind != "contact":
        raise not_found()
    body = call.fields()
    if body.get("idProperty") == "email":
        found = call.portal.find("contact", "email", str(body.get("objectId")))
    else:
        wanted = number(body.get("objectId"))
        found = call.portal.get("contact", wanted) or call.portal.bin["contact"].get(wanted)
    if found is not None:
        call.portal.gdpr_delete(found.id, source=call.hubspot.app.source)
    return Answer(204)


_AT = f"/crm/objects/{VERSION}/{{type}}"
_READ = [
    Route("GET", _AT, list_records, scopes.reading),
    Route("POST", f"{_AT}/batch/read", batch_read, scopes.reading),
    Route("GET", f"{_AT}/{{id}}", read_one, scopes.reading),
]
_WRITE = [
    Route(method, f"{_AT}{path}", writing.not_feedback(handler), scopes.writing)
    for method, path, handler in (
        ("POST", "", create_one), ("PATCH", "/{id}", update_one), ("DELETE", "/{id}", archive_one),
        ("POST", "/batch/create", batch_create), ("POST", "/batch/update", batch_update),
        ("POST", "/batch/upsert", batch_upsert), ("POST", "/batch/archive", batch_archive),
        ("POST", "/merge", merge), ("POST", "/gdpr-delete", gdpr_delete),
    )
]  # fmt: skip
ROUTES = [*_READ, *_WRITE]
