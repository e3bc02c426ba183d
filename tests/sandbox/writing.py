"""What HubSpot checks before an app's write becomes a fact."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from .associations import Label
from .calls import Answer, ApiError, Call, Handler, invalid, not_found, number
from .pipelines import Stage
from .portal import Portal
from .properties import Invalid, Problem, accept
from .records import Json, Record, Value, object_type

_FORWARD = (
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
)


def not_feedback(handler: Handler) -> Handler:
    """Feedback submissions have no write routes."""

    def guarded(call: Call) -> Answer:
        if call.kind == "feedback_submission":
            raise not_found("No such route for feedback submissions")
        return handler(call)

    return guarded


def check_values(portal: Portal, kind: str, given: Value) -> dict[str, str]:
    """The values as stored, or 400 with every problem found."""
    if not isinstance(given, dict):
        raise invalid("Some required fields were not set: [properties]")
    values: dict[str, str] = {}
    problems: list[Problem] = []
    owners = {str(owner.id) for owner in portal.owners.values() if not owner.archived}
    currencies = {portal.currency, *portal.rates}
    for name, value in given.items():
        definition = portal.definitions[kind].get(name)
        if definition is None or definition.archived is not None:
            problems.append(
                Problem(name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')
            )
        elif definition.read_only:
            message = f'"{name}" is a read only property; its value cannot be set.'
            problems.append(Problem(name, "READ_ONLY_VALUE", message))
        else:
            try:
                values[name] = _stage_or(
                    portal, kind, name, accept(definition, value, owners, currencies)
                )
            except Invalid as refusal:
                problems.append(Problem(name, *refusal.args))
    if problems:
        raise _refuse(problems)
    return values


def _stage_or(portal: Portal, kind: str, name: str, value: str) -> str:
    pipelines = portal.pipelines.get(kind, {})
    if name in {"dealstage", "hs_pipeline_stage"} and value:
        stages: dict[str, Stage] = {
            stage.id: stage for one in pipelines.values() for stage in one.stages
        }
        if value not in stages:
            raise Invalid(
                "INVALID_OPTION", f"{value} was not one of the allowed options: {sorted(stages)}"
            )
    if name in {"pipeline", "hs_pipeline"} and value and value not in pipelines:
        raise Invalid(
            "INVALID_OPTION", f"{value} was not one of the allowed options: {sorted(pipelines)}"
        )
    return value


def _refuse(problems: list[Problem]) -> ApiError:
    told = orjson.dumps([problem.json() for problem in problems]).decode()
    errors = [
        {
            "message": problem.message,
            "code": problem.code,
            "context": {"propertyName": [problem.name]},
        }
        for problem in problems
    ]
    return invalid(f"Property values were not valid: {told}", errors=errors)


def check_new(portal: Portal, kind: str, body: Json) -> dict[str, str]:
    """Values of a record to create."""
    values = check_values(portal, kind, body.get("properties"))
    _check_least(kind, values)
    _default_pipeline(portal, kind, values)
    if kind == "contact" and values.get("email"):
        refuse_taken_email(portal, values["email"], None)
    for definition in portal.definitions[kind].values():
        taken = values.get(definition.name) if definition.unique else None
        if taken and portal.find(kind, definition.name, taken):
            raise ApiError(409, "CONFLICT", f"{definition.name} {taken} is already in use")
    _check_links(portal, kind, body.get("associations"))
    return values


def _check_least(kind: str, values: Mapping[str, str]) -> None:
    enough = {
        "contact": [["email"], ["firstname"], ["lastname"]],
        "company": [["domain"], ["name"]],
        "deal": [["dealname", "dealstage"]],
        "ticket": [["subject", "hs_pipeline_stage"]],
    }.get(kind)
    if enough and not any(all(values.get(name) for name in names) for names in enough):
        wanted = " or ".join(" and ".join(names) for names in enough)
        code = "MISSING_REQUIRED_PROPERTY"
        raise invalid(
            f"Error creating {kind.upper()}. Required: {wanted}",
            errors=[{"message": wanted, "code": code}],
        )


def _default_pipeline(portal: Portal, kind: str, values: dict[str, str]) -> None:
    names = {"deal": ("dealstage", "pipeline"), "ticket": ("hs_pipeline_stage", "hs_pipeline")}.get(
        kind
    )
    if names and not values.get(names[1]):
        for pipeline in portal.pipelines[kind].values():
            if any(stage.id == values.get(names[0]) for stage in pipeline.stages):
                values[names[1]] = pipeline.id
                return


def check_change(portal: Portal, kind: str, body: Json, record: Record) -> dict[str, str]:
    """Values of a record to change. A lifecycle stage that would move back stays, as in HubSpot."""
    values = check_values(portal, kind, body.get("properties"))
    if kind == "contact" and values.get("email"):
        refuse_taken_email(portal, values["email"], record.id)
    stage, now = values.get("lifecyclestage"), record.get("lifecyclestage")
    if stage in _FORWARD and now in _FORWARD and _FORWARD.index(stage) < _FORWARD.index(now):
        del values["lifecyclestage"]
    for name, value in values.items():
        if value.startswith(";") and portal.definitions[kind][name].field_type == "checkbox":
            several = dict.fromkeys([*record.get(name).split(";"), *value.split(";")])
            values[name] = ";".join(part for part in several if part)
    return values


def refuse_taken_email(portal: Portal, email: str, own_id: int | None) -> None:
    """409 when another contact has this address."""
    taken = portal.find("contact", "email", email)
    if taken is not None and taken.id != own_id:
        raise ApiError(409, "CONFLICT", f"Contact already exists. Existing ID: {taken.id}")


def check_email_in_batch(kind: str, values: Mapping[str, str], seen: set[str]) -> None:
    """Two contacts of one batch must not share an address."""
    email = values.get("email") if kind == "contact" else None
    if email and email in seen:
        raise ApiError(409, "CONFLICT", f"Contact already exists in this batch: {email}")
    if email:
        seen.add(email)


def check_id_property(portal: Portal, kind: str, name: str) -> None:
    """Only the e-mail of contacts and properties with unique values address records."""
    definition = portal.definitions[kind].get(name)
    if (kind, name) != ("contact", "email") and (definition is None or not definition.unique):
        raise invalid(f"Property {name} is not a unique identifier of {kind}")


def refuse_twice(ids: list[str]) -> None:
    """A batch must not name a record twice."""
    twice = sorted({one for one in ids if ids.count(one) > 1}) if len(set(ids)) < len(ids) else []
    if twice:
        raise invalid(f"Duplicate IDs found in batch input: {twice}. IDs must be unique")


def create(call: Call, kind: str, values: Mapping[str, str], links: Value) -> Record:
    """Make the record and its associations as the app."""
    source = call.hubspot.app.source
    record = call.portal.create(kind, values, source=source)
    for to, to_id, labels in _check_links(call.portal, kind, links):
        call.portal.associate(
            kind, record.id, to, to_id, *[label.type_id for label in labels], source=source
        )
    return record


def _check_links(portal: Portal, kind: str, links: Value) -> list[tuple[str, int, list[Label]]]:
    found = []
    for link in links or []:
        labels = [association_type(portal, kind, None, one) for one in link.get("types") or []]
        if not labels:
            raise invalid("associations need types")
        to, to_id = labels[0].to_type, number((link.get("to") or {}).get("id"))
        if portal.get(to, to_id) is None:
            raise not_found(f"No {to} with id {to_id} to associate with")
        found.append((to, to_id, labels))
    return found


def association_type(portal: Portal, kind: str, to: str | None, spec: Value) -> Label:
    """The type a body names by category and id, in the right direction."""
    if not isinstance(spec, dict):
        raise invalid("an association type needs associationCategory and associationTypeId")
    type_id, category = spec.get("associationTypeId"), spec.get("associationCategory")
    targets = [to] if to else portal.hubspot.types()
    for target in targets:
        label = (
            portal.labels.pair(kind, object_type(target)).get(type_id)
            if isinstance(type_id, int)
            else None
        )
        if label is not None and label.category == category:
            return label
    raise invalid(
        f"One or more association types in the request are invalid: {category} {type_id} from {kind}"
    )
