"""Explanations and figures arranged for pages."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from integration.pages.figures import amount, day, likelihood, percent
from mappings.kinds import ObjectType
from mappings.records.catalogue import TYPE_ID, own_properties
from mappings.records.properties import OwnProperty

Json = Mapping[str, Any]
# Lists of names of findings, which the page shows themselves.
_NAMES_ONLY = frozenset({"champions_left"})
_DEEPEST = 8  # levels; reasons come from the database and may have any shape


def leaders(found: Json) -> dict[str, Any]:
    """Return the people and companies that brought most, as pages list them."""
    return {
        "people": [_leader(line, ObjectType.CONTACT) for line in found["people"]],
        "companies": [_leader(line, ObjectType.COMPANY) for line in found["companies"]],
    }


def by_name(object_type: str, stored: Json, currency: str) -> dict[str, str]:
    """Return the same by their names in HubSpot, for a page that shows some of them apart."""
    return {
        prop.name: _shown(prop, str(stored[prop.name]), currency)
        for prop in own_properties(object_type)
        if stored.get(prop.name) not in (None, "")
    }


def values(object_type: str, stored: Json, currency: str) -> list[tuple[str, str]]:
    """Return our properties of a record with their labels, as HubSpot shows them."""
    return [
        (prop.label, _shown(prop, str(stored[prop.name]), currency))
        for prop in own_properties(object_type)
        if stored.get(prop.name) not in (None, "")
    ]


def sentences(reasons: object) -> list[str]:
    """Return every sentence in reasons of any shape, in their order, each once."""
    return list(dict.fromkeys(_sentences(reasons, 0)))


def _sentences(reasons: object, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if isinstance(reasons, str):
        yield reasons
    elif isinstance(reasons, Mapping):
        yield from _of_mapping(reasons, depth)
    elif isinstance(reasons, Sequence):
        for item in reasons:
            yield from _sentences(item, depth + 1)


def _of_mapping(reason: Mapping[str, object], depth: int) -> Iterator[str]:
    """A reason has its sentence under "text", a figure under "because"; others hold reasons."""
    if isinstance(reason.get("text"), str):
        yield str(reason["text"])
    elif isinstance(reason.get("because"), str):
        yield from _of_figure(reason)
    else:
        for key, value in reason.items():
            if not isinstance(value, str) and key not in _NAMES_ONLY:
                yield from _sentences(value, depth + 1)


def _of_figure(figure: Mapping[str, object]) -> Iterator[str]:
    name, because = str(figure.get("name") or "").replace("_", " "), str(figure["because"])
    if because:
        yield f"{name}: {because}" if name else because


def in_hubspot(account: Json, portal_id: int, object_type: str, record_id: int) -> str | None:
    """Return the address of a record in HubSpot; None when HubSpot's host is not known."""
    host = str(account.get("ui_domain") or "")
    if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", host):
        return None
    return f"https://{host}/contacts/{portal_id}/record/{TYPE_ID[object_type]}/{record_id}"


def _leader(line: Json, object_type: ObjectType) -> dict[str, Any]:
    record_id = line.get(f"{object_type}_id")
    return {
        "id": record_id,
        "object_type": object_type,
        "name": line["name"],
        "revenue": line["revenue"],
        "deals": line["deals"],
        "because": line["because"],
    }


def _shown(prop: OwnProperty, value: str, currency: str) -> str:
    label = next((option.label for option in prop.options if option.value == value), None)
    if label is not None:
        return label
    if prop.number_display_hint == "currency":
        return amount(value, currency)
    if prop.number_display_hint == "percentage":
        return _share(prop.name, value)
    return day(value) if prop.type in {"date", "datetime"} else value


def _share(name: str, value: str) -> str:
    """A share in percent, a certainty in words; what is no number stays as it is."""
    try:
        share = float(value)
    except ValueError:
        return value
    return likelihood(share) if name.endswith("_confidence") else percent(share)
