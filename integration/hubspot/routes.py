"""Routes: each HubSpot call in use, dated, beside the path that the client library knows."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal
from urllib.parse import quote

# Changing this one word moves the whole app to another release of the API.
DATE: Final = "2026-03"

Allowance = Literal["standard", "search"]


@dataclass(frozen=True, slots=True)
class Route:
    """One call: its name, method and dated path; `sdk` is the client library's path."""

    name: str
    method: str
    path: str
    sdk: str | None = None
    allowance: Allowance = "standard"

    def fill(self, **parts: str) -> str:
        """Return the path with its placeholders filled, each quoted whole."""
        return self.path.format(**{name: quote(part, safe="") for name, part in parts.items()})


_OBJECTS = f"/crm/objects/{DATE}/{{objectType}}"
_V3 = "/crm/v3/objects/{objectType}"
_PROPERTIES = f"/crm/properties/{DATE}/{{objectType}}"
_V3_PROPERTIES = "/crm/v3/properties/{objectType}"
_BETWEEN = f"/crm/associations/{DATE}/{{fromObjectType}}/{{toObjectType}}"
_V4_BETWEEN = "/crm/v4/associations/{fromObjectType}/{toObjectType}"

_TABLE: Final = (
    Route("objects.page", "GET", _OBJECTS, _V3),
    Route("objects.get", "GET", f"{_OBJECTS}/{{objectId}}", f"{_V3}/{{objectId}}"),
    Route("objects.read", "POST", f"{_OBJECTS}/batch/read", f"{_V3}/batch/read"),
    Route("objects.create", "POST", _OBJECTS),
    Route("objects.update", "POST", f"{_OBJECTS}/batch/update", f"{_V3}/batch/update"),
    Route("objects.search", "POST", f"{_OBJECTS}/search", f"{_V3}/search", allowance="search"),
    Route("properties.all", "GET", _PROPERTIES, _V3_PROPERTIES),
    Route("properties.create", "POST", _PROPERTIES, _V3_PROPERTIES),
    Route(
        "properties.create_many",
        "POST",
        f"{_PROPERTIES}/batch/create",
        f"{_V3_PROPERTIES}/batch/create",
    ),
    Route(
        "properties.update",
        "PATCH",
        f"{_PROPERTIES}/{{propertyName}}",
        f"{_V3_PROPERTIES}/{{propertyName}}",
    ),
    Route("properties.archive", "POST", f"{_PROPERTIES}/batch/archive"),
    Route("groups.all", "GET", f"{_PROPERTIES}/groups", f"{_V3_PROPERTIES}/groups"),
    Route("groups.create", "POST", f"{_PROPERTIES}/groups", f"{_V3_PROPERTIES}/groups"),
    Route("associations.read", "POST", f"{_BETWEEN}/batch/read", f"{_V4_BETWEEN}/batch/read"),
    Route("associations.labels", "GET", f"{_BETWEEN}/labels", f"{_V4_BETWEEN}/labels"),
    Route(
        "pipelines.all",
        "GET",
        f"/crm/pipelines/{DATE}/{{objectType}}",
        "/crm/v3/pipelines/{objectType}",
    ),
    Route("owners.page", "GET", f"/crm/owners/{DATE}", "/crm/v3/owners/"),
    Route("account", "GET", f"/account-info/{DATE}/details"),
    Route("uninstall", "DELETE", f"/appinstalls/{DATE}/external-install"),
    Route("oauth.token", "POST", f"/oauth/{DATE}/token"),
    Route("oauth.introspect", "POST", f"/oauth/{DATE}/token/introspect"),
    Route("oauth.revoke", "POST", f"/oauth/{DATE}/token/revoke"),
)

ROUTES: Final[Mapping[str, Route]] = MappingProxyType({route.name: route for route in _TABLE})


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(template)))


# Fixed paths before those with placeholders: "/groups" is no property name, "/batch/read" no
# record.
_BY_SDK: Final = tuple(
    (route, _pattern(route.sdk))
    for route in sorted(_TABLE, key=lambda route: (route.sdk or "").count("{"))
    if route.sdk is not None
)


class UnknownRoute(LookupError):
    """The client library wanted to call a path that is not in the table."""


def dated(method: str, sdk_path: str) -> tuple[Route, str]:
    """Return the route behind a path of the client library, and the dated path to call.

    Raises UnknownRoute: what is not in the table is never called.
    """
    for route, pattern in _BY_SDK:
        found = pattern.fullmatch(sdk_path) if route.method == method else None
        if found:
            # The library has quoted its parts already.
            return route, route.path.format(**found.groupdict())
    raise UnknownRoute(f"{method} {sdk_path} is not in the table of routes")
