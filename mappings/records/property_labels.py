"""Property labels: how people see a property and its options, beside HubSpot's values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mappings.records import values


@dataclass(frozen=True, slots=True)
class PropertyLabels:
    """A property's own label, and the label of each option by its value."""

    label: str = ""
    options: Mapping[str, str] = field(default_factory=dict)

    def chosen(self, written: str) -> tuple[str, ...]:
        """The labels of the options in a value such as `a;b`.

        What is no option, since HubSpot keeps values of options that were removed, stands for
        itself; so does a text.
        """
        chosen = (self.options.get(value, value) for value in self.values_in(written))
        return tuple(dict.fromkeys(chosen))

    def knows(self, written: str) -> bool:
        """Whether every option in a value is known; a text has none."""
        return not self.options or set(self.values_in(written)) <= self.options.keys()

    def values_in(self, written: str) -> tuple[str, ...]:
        """The options' values in a value such as `a;b`; a text as it stands."""
        return values.several(written) if self.options else (written,)


UNKNOWN = PropertyLabels()


def labels_of(definition: Mapping[str, Any]) -> PropertyLabels:
    """The labels of a property's definition as HubSpot gives it."""
    options = definition.get("options") or ()
    by_value = {str(option.get("value")): _label(option) for option in options}
    return PropertyLabels(str(definition.get("label") or ""), by_value)


def _label(option: Mapping[str, Any]) -> str:
    return str(option.get("label") or option.get("value") or "").strip()


LabelsByProperty = Mapping[tuple[str, str], PropertyLabels]
"""By object type and property name."""


def dump_labels(known: LabelsByProperty) -> dict[str, Any]:
    """Labels as a portal's settings document keeps them: by object type, then by property."""
    stored: dict[str, Any] = {}
    for (object_type, name), labels in sorted(known.items()):
        entry = {"label": labels.label, "options": dict(labels.options)}
        stored.setdefault(object_type, {})[name] = entry
    return stored


def load_labels(stored: object) -> dict[tuple[str, str], PropertyLabels]:
    """Labels from a settings document; what cannot be read is left out."""
    return {
        (object_type, name): PropertyLabels(str(entry.get("label") or ""), _texts(entry))
        for object_type, properties in _entries(stored)
        for name, entry in _entries(properties)
        if isinstance(entry, Mapping)
    }


def _texts(entry: Mapping[str, Any]) -> dict[str, str]:
    return {value: str(label) for value, label in _entries(entry.get("options"))}


def _entries(stored: object) -> Iterable[tuple[str, Any]]:
    return stored.items() if isinstance(stored, Mapping) else ()
