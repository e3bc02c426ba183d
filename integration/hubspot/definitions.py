"""Property definitions: created in one call, one by one only where that gives no result."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from integration.hubspot import faults
from integration.hubspot.library import Library

Ask = Callable[..., Any]


def create(
    library: Library, ask: Ask, plural: str, properties: Sequence[Mapping[str, object]]
) -> dict[str, str]:
    """Create *properties*; return by name `created`, `exists`, or HubSpot's code of refusal."""
    if not properties:
        return {}
    made = _all_at_once(library, ask, plural, properties)
    outcome = dict.fromkeys(made, "created")
    for definition in properties:
        name = str(definition["name"])
        if name not in outcome:
            outcome[name] = _one(library, ask, plural, definition)
    return outcome


def _all_at_once(
    library: Library, ask: Ask, plural: str, properties: Sequence[Mapping[str, object]]
) -> list[str]:
    try:
        answer = ask(
            "properties.create_many",
            library.property_batches.create,
            object_type=plural,
            batch_input_property_create={"inputs": [dict(definition) for definition in properties]},
        )
    except (faults.BadRequest, faults.AlreadyExists):
        # One that exists or is refused fails the whole call: ask for each alone.
        return []
    results = answer.get("results") if isinstance(answer, dict) else None
    created = [definition for definition in results or () if isinstance(definition, dict)]
    return [str(definition["name"]) for definition in created if definition.get("name")]


def _one(library: Library, ask: Ask, plural: str, definition: Mapping[str, object]) -> str:
    try:
        ask(
            "properties.create",
            library.properties.create,
            object_type=plural,
            property_create=dict(definition),
        )
    except faults.AlreadyExists:
        return "exists"
    except faults.BadRequest as refused:
        return refused.code
    return "created"
