"""Look at a portal's own properties once, guess its map, and keep it as the first settings version."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from integration.core import logs
from integration.core.errors import NeedsOwner
from integration.hubspot.gateway import HubSpot
from integration.portal.context import PortalContext
from integration.storage.database import Transaction
from integration.storage.service import portals
from mappings.records import map_guesses as rules
from mappings.records.access import readable_types
from mappings.records.catalogue import WRITTEN_TYPES
from mappings.records.portal_map import PortalMap, dump_portal_map, load_portal_map

_LABELLED = (
    ("contact", "contact"),
    ("deal", "contact"),
    ("company", "company"),
    ("contact", "company"),
)
# A settings body: the map, which the rules read; why it says so, which the page shows; the policy,
# when changed.
MAP, WHY = "map", "why"
_log = logs.get(__name__)

Definitions = Mapping[str, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Settings:
    """A portal's settings as they count now."""

    version: int
    map: PortalMap
    why: Mapping[str, str]


def current(tx: Transaction) -> Settings:
    """Return the portal's newest settings; the defaults, as version 0, before the first."""
    version, body = portals.settings(tx)
    return Settings(version, load_portal_map(body.get(MAP) or {}), dict(body.get(WHY) or {}))


def change_map(tx: Transaction, portal_map: PortalMap, *, author: str) -> int:
    """Append settings with this map and return their version; what a person chose is marked as theirs."""
    _, body = portals.settings(tx)
    now = current(tx)
    before, after = dump_portal_map(now.map), dump_portal_map(portal_map)
    chosen = {name: "You chose this." for name, value in after.items() if value != before[name]}
    changed = {**body, MAP: after, WHY: {**now.why, **chosen}}
    return portals.save_settings(tx, changed, author=author, reason="Changed in Settings.")


def first_settings(portal: PortalContext, definitions: Definitions) -> int:
    """Detect the portal's map and keep it as version 1; settings that exist are never overwritten.

    *definitions* are the properties by object type, which the provisioning has read already.
    """
    with portal.transaction() as tx:
        version, _ = portals.settings(tx)
        installed = portals.find(tx, portal.portal_id)
    if version or installed is None:
        return version
    portal_map, guesses = _detect(portal.hubspot, definitions, installed)
    why = {guess.name: guess.because for guess in guesses}
    with portal.transaction() as tx:
        if portals.settings(tx)[0]:
            return portals.settings(tx)[0]
        body = {MAP: dump_portal_map(portal_map), WHY: why}
        return portals.save_settings(tx, body, author="second-order", reason="Detected at install.")


def _detect(
    hubspot: HubSpot, definitions: Definitions, installed: portals.Portal
) -> tuple[PortalMap, tuple[rules.Detected, ...]]:
    types = readable_types(installed.scopes)
    pipelines: dict[str, list[dict[str, Any]]] = {
        kind: _granted(lambda kind=kind: hubspot.pipelines(kind))  # type: ignore[misc]  # the loop's value, now
        for kind in ("deal", "ticket")
        if kind in types
    }
    labels = [
        (one, other, label)
        for one, other in _LABELLED
        for label in _granted(lambda one=one, other=other: hubspot.labels(one, other))  # type: ignore[misc]  # as above
    ]
    owners = _granted(hubspot.owners) if "crm.objects.owners.read" in installed.scopes else []
    known = {kind: definitions.get(kind, []) for kind in WRITTEN_TYPES}
    currency = str(installed.account.get("currency") or "")
    return rules.detect(known, pipelines, labels, owners, home_currency=currency)


def _granted(ask: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """What HubSpot tells, or nothing where the portal does not let us look: a guess less is no trouble."""
    try:
        return ask()
    except NeedsOwner as trouble:
        _log.info("not readable here", error=str(trouble))
        return []
