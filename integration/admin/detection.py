"""Detection: a portal's map is guessed from its properties once, as settings version 1."""

from collections.abc import Callable, Mapping
from typing import Any

from babel.core import get_global

from integration.core.errors import Retryable
from integration.ingest import stream_answers
from integration.ingest.stream_answers import REFUSALS
from integration.portal import settings
from integration.portal.context import PortalContext
from integration.storage.service import portals
from mappings.kinds import ObjectType
from mappings.records import map_guesses as rules
from mappings.records.access import readable_types
from mappings.records.catalogue import WRITTEN_TYPES
from mappings.records.phones import COUNTRIES
from mappings.records.portal_map import PortalMap

_LABELLED = (
    ("contact", "contact"),
    ("deal", "contact"),
    ("company", "company"),
    ("contact", "company"),
)

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
    portal_map, guesses = _detect(portal, definitions, installed)
    why = {guess.name: guess.because for guess in guesses}
    with portal.transaction() as tx:
        return settings.begin(tx, portal_map, why, author="second-order")


def _detect(
    portal: PortalContext, definitions: Definitions, installed: portals.Portal
) -> tuple[PortalMap, tuple[rules.Detected, ...]]:
    hubspot = portal.hubspot
    types = readable_types(installed.scopes)
    pipelines: dict[str, list[dict[str, Any]]] = {
        object_type.value: _if_readable(
            portal, f"pipelines:{object_type}", hubspot.pipelines, object_type
        )
        for object_type in (ObjectType.DEAL, ObjectType.TICKET)
        if object_type in types
    }
    labels = [
        (from_type, to_type, label)
        for from_type, to_type in _LABELLED
        for label in _if_readable(
            portal, f"labels:{from_type}>{to_type}", hubspot.labels, from_type, to_type
        )
    ]
    owners = (
        _if_readable(portal, "owners", hubspot.owners)
        if "crm.objects.owners.read" in installed.scopes
        else []
    )
    known = {object_type: definitions.get(object_type, []) for object_type in WRITTEN_TYPES}
    currency = str(installed.account.get("currency") or "")
    country = country_of(str(installed.account.get("time_zone") or ""))
    return rules.detect(
        known, pipelines, labels, owners, home_currency=currency, home_country=country
    )


def country_of(time_zone: str) -> str:
    """The country of a time zone as two letters, by CLDR; "" for a zone of no country, as UTC."""
    # An abbreviation is no place: CLDR has EST for Panama's time.
    if "/" not in time_zone:
        return ""
    zone = get_global("zone_aliases").get(time_zone, time_zone)
    country = get_global("zone_territories").get(zone, "")
    return country if country in COUNTRIES else ""


def _if_readable(
    portal: PortalContext,
    stream: str,
    ask: Callable[..., list[dict[str, Any]]],
    *object_types: str,
) -> list[dict[str, Any]]:
    """HubSpot's answer; nothing, by name, where it refuses: what rests on it is not guessed.

    Raises Retryable until HubSpot has failed to answer several times.
    """
    try:
        return ask(*object_types)
    except REFUSALS as refusal:
        with portal.transaction() as tx:
            stream_answers.refuse(tx, stream, str(refusal))
    except Retryable as fault:
        if not fault.is_server_fault:
            raise
        with portal.transaction() as tx:
            is_given_up = stream_answers.fails_again(tx, stream, fault)
        if not is_given_up:
            raise
    return []
