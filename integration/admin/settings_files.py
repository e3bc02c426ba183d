"""Settings in a file: a map and a policy as `second-order policy` prints them, read and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integration.admin import policies
from integration.core.errors import Refused
from integration.portal import settings
from integration.portal.settings import PolicyValue
from mappings.records.portal_map import PortalMap, dump_portal_map

_MAP, _POLICY = "map", "policy"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The settings that a file asks for; what it does not name stays as it is.

    `map_values` are all settings of a map, as they are stored.
    """

    map_values: Mapping[str, Any]
    policy: Mapping[str, PolicyValue | None]


def read(present: PortalMap, content: object) -> Wanted:
    """Return what a file asks for; Refused with the names of all that cannot be read.

    Names stand under "map" and "policy", or side by side. A value may be given as
    `{"value": …, "default": …}`.
    """
    if not isinstance(content, Mapping):
        raise Refused("The file is no JSON object of settings by name")
    by_name = {name: _plain(value) for name, value in _side_by_side(content).items()}
    known = dump_portal_map(PortalMap())
    of_map = {name: value for name, value in by_name.items() if name in known}
    of_policy = {name: _as_text(value) for name, value in by_name.items() if name not in known}
    return Wanted({**dump_portal_map(present), **of_map}, policies.checked(of_policy))


def _side_by_side(content: Mapping[str, Any]) -> dict[str, Any]:
    sections = [content.get(name) for name in (_MAP, _POLICY)]
    rest = {name: value for name, value in content.items() if name not in (_MAP, _POLICY)}
    for section in sections:
        if isinstance(section, Mapping):
            rest |= section
    return _flat(rest)


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by name; those of a table have its name before theirs."""
    tables = {name: value for name, value in values.items() if _is_table(value)}
    plain = {name: value for name, value in values.items() if name not in tables}
    return plain | settings.values_by_name(tables)


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping) and "value" not in value


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON is any
    return value["value"] if isinstance(value, Mapping) and "value" in value else value


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
