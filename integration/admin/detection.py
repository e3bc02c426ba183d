"""Look at a portal's own properties once, guess its map, and keep it as the first settings version."""

from collections.abc import Callable, Mapping
from typing import Any

from integration.core import logs
from integration.core.errors import NeedsOwner
from integration.hubspot.gateway import HubSpot
from integration.portal import settings
from integration.portal.context import PortalContext
from integration.storage.service import portals
from mappings.records import map_guesses as rules
from mappings.records.access import readable_types
from mappings.records.catalogue import WRITTEN_TYPES
from mappings.records.portal_map import PortalMap

_LABELLED = (
    ("contact", "contact"),
    ("deal", "contact"),
    ("company", "company"),
    ("contact", "company"),
)
_log = logs.get(__name__)

Definitions = Mapping[str, list[dict[str, Any]]]


def first_settings(portal: PortalContext, definitions: Definitions) -> int:
    """Detect the portal's map and keep it as version 1; settings that exist are never overwritten.

    *definitions* are the properties by object type, which the provisioning has read already.
    """
    with portal.transaction() as tx:
        version = settings.read(tx).version
        installed = portals.find(tx, portal.portal_id)
    if version or installed is None:
        return version
    portal_map, guesses = _detect(portal.hubspot, definitions, installed)
    why = {guess.name: guess.because for guess in guesses}
    with portal.transaction() as tx:
        return settings.begin(tx, portal_map, why, author="second-order")


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
