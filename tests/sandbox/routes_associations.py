"""Routes of associations: batch read with paging per record, writes, labels."""

from __future__ import annotations

from collections.abc import Iterable

from . import scopes
from .associations import PRIMARY_IDS, Label
from .calls import VERSION, Answer, ApiError, Call, Route, batch, invalid, not_found, number
from .records import TYPE_IDS, Json, Value
from .showing import cursor, uncursor
from .writing import association_type

READ_BATCH, WRITE_BATCH, PAGE = 1_000, 2_000, 500
LABELS_PER_PAIR = 10


def _spec(label: Label) -> Json:
    return {"category": label.category, "typeId": label.type_id, "label": label.label}


def _rows(call: Call, one_id: int, after: int, limit: int) -> tuple[list[Json], int | None]:
    """Links of a record behind a cursor, and where the next page starts."""
    one, other = call.type_of("from"), call.type_of("to")
    known = call.portal.labels.pair(one, other)
    linked = sorted(call.portal.associated(one, one_id, other).items())
    rest = [pair for pair in linked if pair[0] > after]
    numbers = call.hubspot.quirks.association_ids_as_numbers
    rows = [
        {
            "toObjectId": other_id if numbers else str(other_id),
            "associationTypes": [_spec(known[type_id]) for type_id in sorted(types)],
        }
        for other_id, types in rest[:limit]
        for _ in range(call.hubspot.quirks.association_repeats)
    ]
    return rows, rest[limit - 1][0] if len(rest) > limit else None


def batch_read(call: Call) -> Answer:
    """Up to 1 000 records; each pages for itself; one without links is an error of a 207."""
    one, other = call.type_of("from"), call.type_of("to")
    results: list[Json] = []
    errors: list[Json] = []
    for wanted in call.inputs(READ_BATCH):
        given = number(wanted.get("id"))
        record = call.portal.get(one, given)
        after = uncursor(str(wanted.get("after") or ""))
        size = call.hubspot.quirks.association_page
        rows, more = _rows(call, record.id, after, size) if record is not None else ([], None)
        if not rows:
            errors.append(_none(one, given, other))
            continue
        result: Json = {"from": {"id": str(given)}, "to": rows}
        if more is not None:
            result["paging"] = {"next": {"after": cursor(more), "link": f"?after={cursor(more)}"}}
        results.append(result)
    return batch(call, 200, results, errors)


def _none(one: str, given: int, other: str) -> Json:
    error = ApiError(
        404, "OBJECT_NOT_FOUND", f"No {other} is associated with {one} {given}.",
        sub_category="crm.associations.NO_ASSOCIATIONS_FOUND",
    )  # fmt: skip
    context = {
        "fromObjectId": [str(given)], "fromObjectType": [TYPE_IDS[one]], "toObjectType": [TYPE_IDS[other]],
    }  # fmt: skip
    return error.standard(context)


def list_for_record(call: Call) -> Answer:
    """The links of one record, 500 a page."""
    record = call.portal.get(call.type_of("from"), call.record_id)
    if record is None:
        raise not_found()
    rows, more = _rows(call, record.id, uncursor(call.one("after")), call.limit(PAGE, PAGE))
    body: Json = {"results": rows}
    if more is not None:
        body["paging"] = {"next": {"after": cursor(more)}}
    return Answer(200, body)


def _ends(call: Call, one: Value, other: Value) -> tuple[int, int]:
    """Both live records of a link to write; 404 when one is missing."""
    first = call.portal.get(call.type_of("from"), number(one))
    second = call.portal.get(call.type_of("to"), number(other))
    if first is None or second is None:
        raise not_found("One or more objects to associate were not found")
    return first.id, second.id


def _associate(call: Call, one: int, other: int, labels: Iterable[Label]) -> Json:
    kind, to = call.type_of("from"), call.type_of("to")
    call.portal.associate(
        kind, one, to, other, *[label.type_id for label in labels], source=call.hubspot.app.source
    )
    return _between(call, one, other)


def _between(call: Call, one: int, other: int) -> Json:
    kind, to = call.type_of("from"), call.type_of("to")
    known = call.portal.labels.pair(kind, to)
    types = call.portal.links.of(kind, one, to).get(other, set())
    return {
        "fromObjectTypeId": TYPE_IDS[kind],
        "fromObjectId": str(one),
        "toObjectTypeId": TYPE_IDS[to],
        "toObjectId": str(other),
        "labels": [known[type_id].label for type_id in sorted(types) if known[type_id].label],
    }


def _labels(call: Call, specs: Value) -> list[Label]:
    if not isinstance(specs, list) or not specs:
        raise invalid("Some required fields were not set: [types]")
    return [
        association_type(call.portal, call.type_of("from"), call.type_of("to"), one)
        for one in specs
    ]


def _id(one: Json, key: str) -> Value:
    inner = one.get(key)
    return inner.get("id") if isinstance(inner, dict) else None


def batch_create(call: Call) -> Answer:
    """Add links with labels; what cannot be linked is an error of a 207."""
    results, errors = [], []
    for one in call.inputs(WRITE_BATCH):
        try:
            first, second = _ends(call, _id(one, "from"), _id(one, "to"))
            results.append(_associate(call, first, second, _labels(call, one.get("types"))))
        except ApiError as error:
            errors.append(
                error.standard(
                    {"fromObjectId": [str(_id(one, "from"))], "toObjectId": [str(_id(one, "to"))]}
                )
            )
    return batch(call, 201, results, errors)


def _default(call: Call, one: Value, other: Value) -> list[Json]:
    first, second = _ends(call, one, other)
    kind, to = call.type_of("from"), call.type_of("to")
    plain = call.portal.labels.plain(kind, to)
    if plain is None:
        raise invalid(f"{kind} and {to} cannot be associated")
    _associate(call, first, second, [])
    there, back = {"id": str(first)}, {"id": str(second)}
    return [
        {"from": there, "to": back, "associationSpec": _written(plain.type_id)},
        {"from": back, "to": there, "associationSpec": _written(plain.inverse_id)},
    ]


def _written(type_id: int) -> Json:
    return {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}


def batch_default(call: Call) -> Answer:
    """Add unlabelled links."""
    results = [
        row
        for one in call.inputs(WRITE_BATCH)
        for row in _default(call, _id(one, "from"), _id(one, "to"))
    ]
    return batch(call, 200, results)


def put_default(call: Call) -> Answer:
    """Add one unlabelled link."""
    return batch(call, 200, _default(call, call.params["id"], call.params["other"]))


def put_labels(call: Call) -> Answer:
    """Replace the set of labels between two records."""
    first, second = _ends(call, call.params["id"], call.params["other"])
    kind, to = call.type_of("from"), call.type_of("to")
    wanted = _labels(call, call.body())
    kept = {label.type_id for label in wanted}
    known = call.portal.labels.pair(kind, to)
    has = call.portal.links.of(kind, first, to).get(second, set())
    extra = [one for one in has if one not in kept | PRIMARY_IDS and known[one].label is not None]
    if extra:
        call.portal.dissociate(kind, first, to, second, *extra, source=call.hubspot.app.source)
    return Answer(201, _associate(call, first, second, wanted))


def delete_link(call: Call) -> Answer:
    """Remove everything between two records."""
    kind, to = call.type_of("from"), call.type_of("to")
    first, second = number(call.params["id"]), number(call.params["other"])
    call.portal.dissociate(kind, first, to, second, source=call.hubspot.app.source)
    return Answer(204)


def batch_archive(call: Call) -> Answer:
    """Remove everything between records."""
    kind, to = call.type_of("from"), call.type_of("to")
    for one in call.inputs(WRITE_BATCH):
        for other in one.get("to") or []:
            first, second = number(_id(one, "from")), number(other.get("id"))
            call.portal.dissociate(kind, first, to, second, source=call.hubspot.app.source)
    return _done(call)


def batch_archive_labels(call: Call) -> Answer:
    """Take labels off; without the unlabelled type the link goes."""
    kind, to = call.type_of("from"), call.type_of("to")
    for one in call.inputs(WRITE_BATCH):
        first, second = number(_id(one, "from")), number(_id(one, "to"))
        chosen = [label.type_id for label in _labels(call, one.get("types"))]
        call.portal.dissociate(kind, first, to, second, *chosen, source=call.hubspot.app.source)
    return _done(call)


def _done(call: Call) -> Answer:
    """v4 says nothing; the dated form answers with an empty batch."""
    return Answer(204) if "/v4/" in call.request.path else batch(call, 200, [])


def list_labels(call: Call) -> Answer:
    """All types of a pair, the unlabelled one included."""
    known = call.portal.labels.pair(call.type_of("from"), call.type_of("to"))
    return Answer(200, {"results": [_spec(label) for label in known.values()]})


def create_label(call: Call) -> Answer:
    """A custom label; both directions with their ids."""
    body, kind, to = call.fields(), call.type_of("from"), call.type_of("to")
    label, name = body.get("label"), body.get("name")
    if not isinstance(label, str) or not isinstance(name, str) or not label or not name:
        raise invalid("Some required fields were not set: [label, name]")
    if "-" in name or name[0].isdigit():
        raise invalid("name must not hold a hyphen or start with a digit")
    own = [
        one for one in call.portal.labels.pair(kind, to).values() if one.category == "USER_DEFINED"
    ]
    if len(own) >= LABELS_PER_PAIR:
        raise invalid(f"At most {LABELS_PER_PAIR} labels per pair of objects")
    if call.portal.labels.named(kind, to, label) or call.portal.labels.named(kind, to, name):
        raise invalid(f"There is already a label {label}")
    made = call.portal.define_label(kind, to, label, body.get("inverseLabel"), name)
    back = call.portal.labels.pair(to, kind).get(made.inverse_id)
    both = [made] if back is None or made.inverse_id == made.type_id else [made, back]
    return Answer(200, {"results": [_spec(one) for one in both]})


def _own_label(call: Call, type_id: int) -> Label:
    found = call.portal.labels.pair(call.type_of("from"), call.type_of("to")).get(type_id)
    if found is None or found.category != "USER_DEFINED":
        raise not_found(f"No custom label {type_id}")
    return found


def rename_label(call: Call) -> Answer:
    """Another text for a custom label."""
    body = call.fields()
    found = _own_label(call, number(body.get("associationTypeId")))
    if not isinstance(body.get("label"), str):
        raise invalid("Some required fields were not set: [label]")
    call.portal.labels.rename(
        found.from_type, found.to_type, found.type_id, body["label"], body.get("inverseLabel")
    )
    return Answer(204)


def delete_label(call: Call) -> Answer:
    """Forget a custom label."""
    found = _own_label(call, number(call.params["label"]))
    call.portal.labels.remove(found.from_type, found.to_type, found.type_id)
    return Answer(204)


_PAIR = f"/crm/associations/{VERSION}/{{from}}/{{to}}"
_RECORD = f"/crm/objects/{VERSION}/{{from}}/{{id}}/associations"
ROUTES = [
    Route("POST", f"{_PAIR}/batch/read", batch_read, scopes.both_reading),
    Route("POST", f"{_PAIR}/batch/create", batch_create, scopes.both_writing),
    Route("POST", f"{_PAIR}/batch/associate/default", batch_default, scopes.both_writing),
    Route("POST", f"{_PAIR}/batch/archive", batch_archive, scopes.both_writing),
    Route("POST", f"{_PAIR}/batch/labels/archive", batch_archive_labels, scopes.both_writing),
    Route("GET", f"{_PAIR}/labels", list_labels, scopes.both_reading),
    Route("POST", f"{_PAIR}/labels", create_label, scopes.both_writing),
    Route("PUT", f"{_PAIR}/labels", rename_label, scopes.both_writing),
    Route("DELETE", f"{_PAIR}/labels/{{label}}", delete_label, scopes.both_writing),
    Route("GET", f"{_RECORD}/{{to}}", list_for_record, scopes.both_reading),
    Route("PUT", f"{_RECORD}/default/{{to}}/{{other}}", put_default, scopes.both_writing),
    Route("PUT", f"{_RECORD}/{{to}}/{{other}}", put_labels, scopes.both_writing),
    Route("DELETE", f"{_RECORD}/{{to}}/{{other}}", delete_link, scopes.both_writing),
]
