"""Property definitions, and what HubSpot accepts as a value of each type."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from .records import Json, iso

STRING_LIMIT = 65_536
TYPES = frozenset({"string", "number", "bool", "enumeration", "date", "datetime", "phone_number"})
FIELD_TYPES = frozenset(
    {"text", "textarea", "html", "number", "select", "radio", "checkbox", "booleancheckbox", "date", "file",
     "phonenumber", "calculation_equation"}
)  # fmt: skip
NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
_EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;]+")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_DAY_MS = 86_400_000
_LAST_MS = 253_402_300_799_999  # the end of the year 9999
_EXTRAS = (
    "numberDisplayHint", "showCurrencySymbol", "currencyPropertyName", "textDisplayHint", "externalOptions",
    "referencedObjectType", "calculationFormula", "dataSensitivity",
)  # fmt: skip


@dataclass(slots=True)
class Option:
    """One choice of an enumeration."""

    label: str
    value: str
    hidden: bool = False
    display_order: int = -1
    description: str | None = None

    def json(self) -> Json:
        """As the properties routes show it."""
        body: Json = {
            "label": self.label, "value": self.value, "hidden": self.hidden, "displayOrder": self.display_order,
        }  # fmt: skip
        return body if self.description is None else body | {"description": self.description}


@dataclass(slots=True)
class Definition:
    """A property of an object type."""

    name: str
    label: str
    type: str = "string"
    field_type: str = "text"
    group: str = ""
    options: list[Option] = field(default_factory=list)
    description: str = ""
    calculated: bool = False
    read_only: bool = False
    hubspot_defined: bool = False
    external: str = ""
    form_field: bool = False
    hidden: bool = False
    unique: bool = False
    display_order: int = -1
    archived: int | None = None
    created: int = 0
    updated: int = 0
    extras: Json = field(default_factory=dict)

    def json(self) -> Json:
        """As the properties routes show it."""
        body: Json = {
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "fieldType": self.field_type,
            "groupName": self.group,
            "description": self.description,
            "options": [option.json() for option in self.options],
            "displayOrder": self.display_order,
            "calculated": self.calculated,
            "externalOptions": self.external == "OWNER",
            "hasUniqueValue": self.unique,
            "hidden": self.hidden,
            "hubspotDefined": self.hubspot_defined,
            "formField": self.form_field,
            "archived": self.archived is not None,
            "dataSensitivity": "non_sensitive",
            "modificationMetadata": {
                "archivable": not self.hubspot_defined,
                "readOnlyDefinition": self.hubspot_defined,
                "readOnlyOptions": self.hubspot_defined and not self.options,
                "readOnlyValue": self.read_only,
            },
            "createdAt": iso(self.created),
            "updatedAt": iso(self.updated),
        }
        if self.external == "OWNER":
            body["referencedObjectType"] = "OWNER"
        if self.archived is not None:
            body["archivedAt"] = iso(self.archived)
        return body | self.extras


def from_json(body: Json, at: int) -> Definition:
    """A definition from a create request that was checked before."""
    options = [option_from_json(one, place) for place, one in enumerate(body.get("options") or [])]
    return Definition(
        name=str(body["name"]).lower(),
        label=str(body["label"]),
        type=body["type"],
        field_type=body["fieldType"],
        group=body["groupName"],
        options=options,
        description=body.get("description") or "",
        form_field=bool(body.get("formField", False)),
        hidden=bool(body.get("hidden", False)),
        unique=bool(body.get("hasUniqueValue", False)),
        display_order=int(body.get("displayOrder", -1)),
        external="OWNER" if body.get("referencedObjectType") == "OWNER" else "",
        calculated="calculationFormula" in body,
        read_only="calculationFormula" in body,
        created=at,
        updated=at,
        extras={key: body[key] for key in _EXTRAS if key in body},
    )


def option_from_json(body: Json, place: int) -> Option:
    """One option of a create or update request."""
    return Option(
        str(body["label"]), str(body["value"]), bool(body.get("hidden")), int(body.get("displayOrder", place)),
        body.get("description"),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a value is refused; *code* is HubSpot's word for it."""

    name: str
    code: str
    message: str

    def json(self) -> Json:
        """As it stands inside the message of a 400."""
        return {"isValid": False, "message": self.message, "error": self.code, "name": self.name}


class Invalid(ValueError):
    """A value HubSpot refuses; args are (code, message)."""


def accept(
    definition: Definition, value: object, owners: Collection[str], currencies: Collection[str]
) -> str:
    """The value as HubSpot stores it. Raises Invalid."""
    text = _as_text(value)
    if text == "":
        return ""
    if "\x00" in text:
        raise Invalid("INVALID_STRING", "a value must not hold NUL")
    if definition.external == "OWNER":
        if text not in owners:
            raise Invalid("INVALID_OWNER_ID", f"Owner {text} does not exist")
        return text
    if definition.external == "CURRENCY":
        if text not in currencies:
            raise Invalid(
                "INVALID_OPTION", f"{text} was not one of the allowed options: {sorted(currencies)}"
            )
        return text
    if definition.name == "email" and definition.hubspot_defined:
        return _email(text)
    return _BY_TYPE[definition.type](definition, text)


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, str):
        return value
    raise Invalid("INVALID_STRING", "a value is a string, a number or a boolean")


def _email(text: str) -> str:
    if _EMAIL.fullmatch(text) is None:
        raise Invalid("INVALID_EMAIL", f"Email address {text} is invalid")
    return text.lower()


def _string(_: Definition, text: str) -> str:
    if len(text) > STRING_LIMIT:
        raise Invalid("VALUE_TOO_LONG", f"Property values cannot exceed {STRING_LIMIT} characters.")
    return text


def _number(_: Definition, text: str) -> str:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        raise Invalid("INVALID_NUMBER", f"{text} was not a valid number.") from None
    if not number.is_finite() or abs(number) > Decimal("1e308"):
        raise Invalid("INVALID_NUMBER", f"{text} was not a valid number.")
    return text.strip()


def _bool(_: Definition, text: str) -> str:
    if text.lower() not in {"true", "false"}:
        raise Invalid("INVALID_BOOLEAN", f"{text} was not a valid boolean.")
    return text.lower()


def _enumeration(definition: Definition, text: str) -> str:
    known = {option.value for option in definition.options}
    parts = (
        [part for part in text.split(";") if part]
        if definition.field_type == "checkbox"
        else [text]
    )
    for part in parts:
        if part not in known:
            raise Invalid(
                "INVALID_OPTION", f"{part} was not one of the allowed options: {sorted(known)}"
            )
    return text


def _date(_: Definition, text: str) -> str:
    if _DAY.fullmatch(text):
        try:
            return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date().isoformat()
        except ValueError:
            raise Invalid("INVALID_DATE", f"{text} is not a day of the calendar") from None
    ms = _milliseconds(text, "INVALID_DATE")
    if ms % _DAY_MS:
        raise Invalid("INVALID_DATE", f"{text} is not at midnight UTC")
    return iso(ms)[:10]


def _datetime(_: Definition, text: str) -> str:
    if _DAY.match(text) is None:
        return iso(_milliseconds(text, "INVALID_DATE"))
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid("INVALID_DATE", f"{text} is not ISO 8601") from None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return iso(round(at.timestamp() * 1000))


def _milliseconds(text: str, code: str) -> int:
    try:
        ms = int(text)
    except ValueError:
        raise Invalid(code, f"{text} was not a valid long.") from None
    if not -62_135_596_800_000 <= ms <= _LAST_MS:
        raise Invalid(code, f"{text} is out of range")
    return ms


_BY_TYPE = {
    "string": _string,
    "phone_number": _string,
    "number": _number,
    "bool": _bool,
    "enumeration": _enumeration,
    "date": _date,
    "datetime": _datetime,
}
