"""Our own HubSpot properties: the shape of one, and the few kinds we use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from mappings.kinds import ObjectType

# On every record: when any of our values on it last changed.
UPDATED_AT = "second_order_updated_at"
GROUP_NAME: Final = "second_order"
GROUP_LABEL: Final = "Second-order revenue"


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of an enumeration: what we write, and what a seller reads."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class OwnProperty:
    """A property we create, keep in shape and write; nobody else's is ever touched."""

    object_type: str
    name: str
    label: str
    description: str
    type: str
    field_type: str
    options: Sequence[Option] = ()
    number_display_hint: str | None = None
    shows_currency: bool = False
    currency_property: str | None = None
    text_display_hint: str | None = None

    def definition(self) -> dict[str, object]:
        """The body HubSpot wants when the property is created."""
        body: dict[str, object] = {
            "groupName": GROUP_NAME,
            "name": self.name,
            "label": self.label,
            "description": self.description,
            "type": self.type,
            "fieldType": self.field_type,
            # Ours are filled by us: they have no place in a web form.
            "formField": False,
            "hidden": False,
            "displayOrder": -1,
            "hasUniqueValue": False,
        }
        if self.options:
            body["options"] = self._option_bodies()
        if self.number_display_hint:
            body["numberDisplayHint"] = self.number_display_hint
        if self.shows_currency:
            body["showCurrencySymbol"] = True
        if self.currency_property:
            body["currencyPropertyName"] = self.currency_property
        if self.text_display_hint:
            body["textDisplayHint"] = self.text_display_hint
        return body

    def drift(self, current: Mapping[str, object]) -> dict[str, object]:
        """What must be patched so that *current*, HubSpot's definition, matches; empty if nothing.

        Only what our own values depend on is repaired: type, field, group and
        options. A label or description that an admin reworded stays theirs,
        and so do options they added: HubSpot replaces the whole list on a
        patch, so theirs are sent along.
        """
        wanted = self.definition()
        patch: dict[str, object] = {
            key: wanted[key]
            for key in ("type", "fieldType", "groupName")
            if current.get(key) is not None and current.get(key) != wanted[key]
        }
        options = self._missing_options(current.get("options"))
        if options is not None:
            patch["options"] = options
        if current.get("hidden") is True:
            patch["hidden"] = False
        return patch

    def _option_bodies(self) -> list[dict[str, object]]:
        return [
            {"label": option.label, "value": option.value, "hidden": False, "displayOrder": place}
            for place, option in enumerate(self.options)
        ]

    def _missing_options(self, current: object) -> list[dict[str, object]] | None:
        """All options with ours added to *current*; None when none of ours is missing."""
        present = _mappings(current)
        values = {option.get("value") for option in present}
        missing = [body for body in self._option_bodies() if body["value"] not in values]
        if not missing:
            return None
        options = [_option_body(option, place) for place, option in enumerate(present)]
        for place, body in enumerate(missing, len(options)):
            options.append({**body, "displayOrder": place})
        return options


def _mappings(items: object) -> list[Mapping[str, object]]:
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []


def _option_body(option: Mapping[str, object], place: int) -> dict[str, object]:
    return {
        "label": option.get("label") or option.get("value") or "",
        "value": option.get("value") or "",
        "hidden": bool(option.get("hidden")),
        "displayOrder": option.get("displayOrder", place),
    }


def text(object_type: str, name: str, label: str, description: str) -> OwnProperty:
    """One line of words."""
    return OwnProperty(object_type, name, label, description, "string", "text")


def paragraph(object_type: str, name: str, label: str, description: str) -> OwnProperty:
    """Several lines of words."""
    return OwnProperty(
        object_type, name, label, description, "string", "textarea", text_display_hint="multi_line"
    )


def number(object_type: str, name: str, label: str, description: str) -> OwnProperty:
    """A plain count or score."""
    return OwnProperty(
        object_type, name, label, description, "number", "number", number_display_hint="formatted"
    )


def percent(object_type: str, name: str, label: str, description: str) -> OwnProperty:
    """A share between 0 and 1, shown as a percentage."""
    return OwnProperty(
        object_type, name, label, description, "number", "number", number_display_hint="percentage"
    )


def money(object_type: str, name: str, label: str, description: str) -> OwnProperty:
    """Money; on a deal in the deal's own currency, elsewhere in the portal's."""
    return OwnProperty(
        object_type,
        name,
        label,
        description,
        "number",
        "number",
        number_display_hint="currency",
        shows_currency=True,
        # The field exists, its effect could not be tried: see "Money of a deal" in docs/hubspot.md.
        currency_property="deal_currency_code" if object_type == ObjectType.DEAL else None,
    )


def home_money(object_type: str, name: str, label: str, description: str) -> OwnProperty:
    """Money in the account's own currency, on a deal too: what a report may add up."""
    return replace(money(object_type, name, label, description), currency_property=None)


def day(object_type: str, name: str, label: str, description: str) -> OwnProperty:
    """A calendar day."""
    return OwnProperty(object_type, name, label, description, "date", "date")


def moment(object_type: str, name: str, label: str, description: str) -> OwnProperty:
    """A point in time."""
    return OwnProperty(object_type, name, label, description, "datetime", "date")


def choice(
    object_type: str, name: str, label: str, description: str, options: Mapping[str, str]
) -> OwnProperty:
    """One of a few values: usable in lists, workflows and report filters."""
    return OwnProperty(
        object_type,
        name,
        label,
        description,
        "enumeration",
        "select",
        options=tuple(Option(value, words) for value, words in options.items()),
    )
