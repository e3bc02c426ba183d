"""Routes of property definitions and their groups."""

from __future__ import annotations

from . import scopes
from .calls import VERSION, Answer, ApiError, Call, Route, batch, invalid, not_found
from .properties import FIELD_TYPES, NAME, TYPES, Definition, from_json, option_from_json
from .records import Json, Value, to_ms

BATCH = 100
UNIQUE_LIMIT = 10
_PLAIN = {"label": "label", "description": "description", "groupName": "group", "fieldType": "field_type",
          "hidden": "hidden", "formField": "form_field", "displayOrder": "display_order"}  # fmt: skip
_EXTRA = (
    "numberDisplayHint",
    "showCurrencySymbol",
    "currencyPropertyName",
    "textDisplayHint",
    "calculationFormula",
)


def _known(call: Call) -> dict[str, Definition]:
    return call.portal.definitions[call.kind]


def list_properties(call: Call) -> Answer:
    """All properties of a type at once; archived ones only when asked for."""
    archived = call.flag("archived")
    found = [one for one in _known(call).values() if (one.archived is not None) == archived]
    return Answer(200, {"results": [one.json() for one in found]})


def read_property(call: Call) -> Answer:
    """One property."""
    found = _known(call).get(call.params["name"])
    if found is None or (found.archived is not None) != call.flag("archived"):
        raise not_found(f"Property {call.params['name']} does not exist")
    return Answer(200, found.json())


def _check_new(call: Call, body: Value) -> Json:
    if not isinstance(body, dict):
        raise invalid("Invalid input JSON: expected an object")
    if missing := [
        key for key in ("name", "label", "type", "fieldType", "groupName") if not body.get(key)
    ]:
        raise invalid(f"Some required fields were not set: {missing}")
    if call.kind == "feedback_submission":
        raise invalid("Properties of feedback submissions cannot be created by API")
    if NAME.fullmatch(str(body["name"])) is None:
        raise invalid(
            f"The property name {body['name']} is not valid: lower-case letters, digits and underscores"
        )
    if body["type"] not in TYPES or body["fieldType"] not in FIELD_TYPES:
        raise invalid(f"{body['type']} with {body['fieldType']} is no valid kind of property")
    if body["groupName"] not in call.portal.groups[call.kind]:
        raise invalid(
            f"Property group {body['groupName']} does not exist",
            sub_category="Properties.GROUP_NOT_FOUND",
        )
    _check_options(body["type"], body.get("options") or [])
    unique = [one for one in _known(call).values() if one.unique and one.archived is None]
    if body.get("hasUniqueValue") and len(unique) >= UNIQUE_LIMIT:
        raise invalid(f"At most {UNIQUE_LIMIT} properties with unique values")
    return body


def _check_options(type_: str, options: Value) -> None:
    if not isinstance(options, list) or not all(isinstance(one, dict) for one in options):
        raise invalid("options must be a list")
    for one in options:
        if missing := [
            key for key in ("label", "value", "hidden", "displayOrder") if key not in one
        ]:
            raise invalid(f"Some required fields were not set on an option: {missing}")
    values = [one["value"] for one in options]
    if len(set(values)) < len(values) or len({one["label"] for one in options}) < len(options):
        raise invalid("Option values and labels must be unique")
    if type_ == "bool" and set(values) != {"true", "false"}:
        raise invalid("A boolean property needs exactly the options true and false")


def _create(call: Call, body: Value) -> Definition:
    checked = _check_new(call, body)
    old = _known(call).get(checked["name"])
    if old is not None and old.archived is None:
        raise ApiError(
            409, "OBJECT_ALREADY_EXISTS", f"A property named '{checked['name']}' already exists.",
            sub_category="Properties.PROPERTY_WITH_NAME_EXISTS",
        )  # fmt: skip
    now = to_ms(None)
    if old is not None:  # an archived namesake comes back as it was, with its values
        old.archived, old.updated = None, now
        return old
    made = from_json(checked, now)
    _known(call)[made.name] = made
    return made


def create_property(call: Call) -> Answer:
    """Create a property; the name of an archived one brings that one back."""
    return Answer(201, _create(call, call.body()).json())


def batch_create(call: Call) -> Answer:
    """Create up to 100; those that fail are errors of a 207."""
    results, errors = [], []
    for body in call.inputs(BATCH):
        try:
            results.append(_create(call, body).json())
        except ApiError as error:
            errors.append(error.standard({"name": [str(body.get("name"))]}))
    return batch(call, 201, results, errors)


def batch_read(call: Call) -> Answer:
    """Read up to 100 by name; unknown ones are errors of a 207."""
    archived = bool(call.fields().get("archived"))
    results: list[Json] = []
    missing: list[str] = []
    for one in call.inputs(BATCH):
        found = _known(call).get(str(one.get("name")))
        if found is None or (found.archived is not None) != archived:
            missing.append(str(one.get("name")))
        else:
            results.append(found.json())
    errors = (
        [not_found("Could not find some properties").standard({"name": missing})] if missing else []
    )
    return batch(call, 200, results, errors)


def _own(call: Call, name: str) -> Definition:
    found = _known(call).get(name)
    if found is None or found.archived is not None:
        raise not_found(f"Property {name} does not exist")
    return found


def update_property(call: Call) -> Answer:
    """Change a property; options are replaced as a whole."""
    found, body = _own(call, call.params["name"]), call.fields()
    if found.hubspot_defined:
        raise invalid(f"{found.name} is defined by HubSpot and cannot be changed")
    if "type" in body and body["type"] not in TYPES:
        raise invalid(f"{body['type']} is no valid kind of property")
    if "groupName" in body and body["groupName"] not in call.portal.groups[call.kind]:
        raise invalid(f"Property group {body['groupName']} does not exist")
    if "options" in body:
        _check_options(body.get("type", found.type), body["options"])
        found.options = [option_from_json(one, place) for place, one in enumerate(body["options"])]
    for key, attribute in _PLAIN.items():
        if key in body:
            setattr(found, attribute, body[key])
    found.type = body.get("type", found.type)
    found.extras |= {key: body[key] for key in _EXTRA if key in body}
    found.updated = to_ms(None)
    return Answer(200, found.json())


def archive_property(call: Call) -> Answer:
    """Archive an own property."""
    _archive(call, call.params["name"])
    return Answer(204)


def _archive(call: Call, name: str) -> None:
    found = _own(call, name)
    if found.hubspot_defined:
        raise invalid(f"{name} is defined by HubSpot and cannot be archived")
    used = [
        one.name
        for one in call.portal.segments.values()
        if f"'{name}'" in repr(one.filter_branch) and one.deleted is None
    ]
    if used:
        raise ApiError(400, "CANNOT_DELETE_PROPERTY_IN_USE", f"{name} is used in {used}")
    found.archived = to_ms(None)


def batch_archive(call: Call) -> Answer:
    """Archive several; unknown names are no error."""
    for one in call.inputs(BATCH):
        found = _known(call).get(str(one.get("name")))
        if found is not None and found.archived is None:
            _archive(call, found.name)
    return Answer(204)


def _group(call: Call, name: str) -> Json:
    label = call.portal.groups[call.kind].get(name)
    if label is None:
        raise not_found(f"Property group {name} does not exist")
    order = list(call.portal.groups[call.kind]).index(name)
    return {"name": name, "label": label, "displayOrder": order, "archived": False}


def list_groups(call: Call) -> Answer:
    """All groups of a type."""
    return Answer(200, {"results": [_group(call, name) for name in call.portal.groups[call.kind]]})


def read_group(call: Call) -> Answer:
    """One group."""
    return Answer(200, _group(call, call.params["name"]))


def create_group(call: Call) -> Answer:
    """A new group; 409 when the name is taken."""
    body = call.fields()
    name, label = body.get("name"), body.get("label")
    if not isinstance(name, str) or not isinstance(label, str) or not name or not label:
        raise invalid("Some required fields were not set: [name, label]")
    if name in call.portal.groups[call.kind]:
        raise ApiError(
            409, "OBJECT_ALREADY_EXISTS", f"A property group named '{name}' already exists."
        )
    call.portal.groups[call.kind][name] = label
    return Answer(201, _group(call, name))


def update_group(call: Call) -> Answer:
    """Another label."""
    body, name = call.fields(), call.params["name"]
    _group(call, name)
    call.portal.groups[call.kind][name] = body.get("label") or call.portal.groups[call.kind][name]
    return Answer(200, _group(call, name))


def archive_group(call: Call) -> Answer:
    """Remove an empty group."""
    name = call.params["name"]
    _group(call, name)
    if any(one.group == name and one.archived is None for one in _known(call).values()):
        raise invalid(f"Property group {name} still has properties")
    del call.portal.groups[call.kind][name]
    return Answer(204)


_AT = f"/crm/properties/{VERSION}/{{type}}"


ROUTES = [
    Route("GET", _AT, list_properties, scopes.reading),
    Route("POST", _AT, create_property, scopes.defining),
    Route("POST", f"{_AT}/batch/create", batch_create, scopes.defining),
    Route("POST", f"{_AT}/batch/read", batch_read, scopes.reading),
    Route("POST", f"{_AT}/batch/archive", batch_archive, scopes.defining),
    Route("GET", f"{_AT}/groups", list_groups, scopes.reading),
    Route("POST", f"{_AT}/groups", create_group, scopes.defining),
    Route("GET", f"{_AT}/groups/{{name}}", read_group, scopes.reading),
    Route("PATCH", f"{_AT}/groups/{{name}}", update_group, scopes.defining),
    Route("DELETE", f"{_AT}/groups/{{name}}", archive_group, scopes.defining),
    Route("GET", f"{_AT}/{{name}}", read_property, scopes.reading),
    Route("PATCH", f"{_AT}/{{name}}", update_property, scopes.defining),
    Route("DELETE", f"{_AT}/{{name}}", archive_property, scopes.defining),
]
