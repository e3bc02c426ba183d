"""Provisioning: our properties in a portal are made when missing and repaired when they drifted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from integration.core import logs
from integration.core.errors import RecordGone, Refused
from integration.hubspot.gateway import HubSpot
from integration.portal import invalidation
from integration.portal.context import PortalContext
from integration.portal.invalidation import Change
from integration.storage.program import program_row
from integration.storage.queue import outbox
from integration.storage.service import portals
from mappings.kinds import ObjectType
from mappings.records.catalogue import OF_PROGRAM, WRITTEN_TYPES, group_definition, own_properties
from mappings.records.properties import GROUP_LABEL, GROUP_NAME, OwnProperty

_log = logs.get(__name__)

Definition = Mapping[str, Any]
PropertyKey = tuple[str, str]


@dataclass(slots=True)
class Provisioned:
    """What a provisioning did; `definitions` are the properties found, by object type."""

    definitions: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    groups: list[str] = field(default_factory=list)
    created: list[PropertyKey] = field(default_factory=list)
    repaired: list[PropertyKey] = field(default_factory=list)
    paused: dict[PropertyKey, str] = field(default_factory=dict)

    @property
    def changed_nothing(self) -> bool:
        """Whether only reads were made."""
        return not (self.groups or self.created or self.repaired)

    def sentence(self) -> str:
        """The outcome in words, for pages and audit lines."""
        if self.changed_nothing and not self.paused:
            return "All our properties were there and in order."
        parts = [f"{len(self.created)} properties made", f"{len(self.repaired)} repaired"]
        if self.paused:
            parts.append(f"{len(self.paused)} paused")
        return ", ".join(parts) + "."


def provision(portal: PortalContext) -> Provisioned:
    """Make our properties what the catalogue says; a second run only reads.

    Those of the referral program are made only where it is on. A property that carries one of our
    names but is not ours, or that HubSpot does not let us make,
    is paused with a sentence, and everything else goes on. Raises what the gateway raises when
    HubSpot cannot be asked.
    """
    with portal.transaction() as tx:
        left_out = frozenset() if program_row.read(tx).is_on else OF_PROGRAM
    done = Provisioned()
    for object_type in WRITTEN_TYPES:
        wanted = [prop for prop in own_properties(object_type) if prop.name not in left_out]
        _provision_type(portal.hubspot, object_type, wanted, done)
    with portal.transaction() as tx:
        outbox.resume_properties(tx)
        for (object_type, name), sentence in done.paused.items():
            outbox.pause_property(tx, object_type, name, sentence)
        if done.created:
            invalidation.record(tx, Change.PROPERTIES_MADE)
        portals.stamp(tx, portal.portal_id, "provisioned_at")
    _log.info(
        "provisioned",
        portal_id=portal.portal_id,
        created=len(done.created),
        repaired=len(done.repaired),
        paused=len(done.paused),
    )
    return done


def provision_program(portal: PortalContext) -> Provisioned:
    """Make the referral program's own properties, before anything is written to them.

    A refusal pauses them as in :func:`provision`.
    """
    done = Provisioned()
    object_type = ObjectType.CONTACT.value
    wanted = [prop for prop in own_properties(object_type) if prop.name in OF_PROGRAM]
    _provision_type(portal.hubspot, object_type, wanted, done)
    with portal.transaction() as tx:
        for (paused_type, name), sentence in done.paused.items():
            outbox.pause_property(tx, paused_type, name, sentence)
    return done


def _provision_type(
    hubspot: HubSpot, object_type: str, wanted: Sequence[OwnProperty], done: Provisioned
) -> None:
    definitions = hubspot.properties(object_type)
    done.definitions[object_type] = definitions
    by_name = _by_name(definitions)
    missing = [prop for prop in wanted if prop.name not in by_name]
    if not any(definition.get("groupName") == GROUP_NAME for definition in definitions):
        _make_group(hubspot, object_type, done)
    if missing:
        _create(hubspot, object_type, missing, done)
    for prop in wanted:
        if prop.name in by_name:
            _repair(hubspot, prop, by_name[prop.name], done)


def _make_group(hubspot: HubSpot, object_type: str, done: Provisioned) -> None:
    # Without a property in it the group does not show; creating it says whether it is there.
    if hubspot.create_group(object_type, group_definition()):
        done.groups.append(object_type)


def _create(
    hubspot: HubSpot, object_type: str, missing: Sequence[OwnProperty], done: Provisioned
) -> None:
    outcomes = hubspot.create_properties(object_type, [prop.definition() for prop in missing])
    made_meanwhile: dict[str, Definition] | None = None
    for prop in missing:
        outcome = outcomes.get(prop.name, "no answer")
        if outcome == "created":
            done.created.append((object_type, prop.name))
        elif outcome == "exists":
            # It was made between our two calls: read it, then treat it like any other.
            made_meanwhile = made_meanwhile or _by_name(hubspot.properties(object_type))
            _repair(hubspot, prop, made_meanwhile.get(prop.name, {}), done)
        else:
            done.paused[object_type, prop.name] = (
                f"HubSpot does not let us make {prop.name} on {object_type} records ({outcome})."
                " Ask an admin to look at the account's property limits,"
                " then press Repair properties."
            )


def _repair(hubspot: HubSpot, prop: OwnProperty, present: Definition, done: Provisioned) -> None:
    key = (prop.object_type, prop.name)
    if _is_foreign(prop, present):
        done.paused[key] = (
            f'The account has a property "{prop.name}" of its own on {prop.object_type} records'
            f" (type {present.get('type') or 'unknown'}, not in the group {GROUP_LABEL})."
            " We leave it alone and do not write this value."
            " Delete or archive that property, then press Repair properties."
        )
        return
    patch = prop.drift(present)
    if not patch:
        return
    try:
        hubspot.update_property(prop.object_type, prop.name, patch)
    except (Refused, RecordGone) as trouble:
        done.paused[key] = (
            f"{prop.name} on {prop.object_type} records was changed in HubSpot"
            f" and could not be repaired ({trouble})."
            " Delete it in HubSpot, then press Repair properties."
        )
        return
    done.repaired.append(key)


def _by_name(definitions: Sequence[Definition]) -> dict[str, Definition]:
    return {str(definition.get("name")): definition for definition in definitions}


def _is_foreign(prop: OwnProperty, present: Definition) -> bool:
    """Whether a property is not ours but has our name: HubSpot's own, or another type elsewhere."""
    limits = present.get("modificationMetadata") or {}
    is_read_only = limits.get("readOnlyDefinition") or limits.get("readOnlyValue")
    if present.get("hubspotDefined") or is_read_only:
        return True
    return present.get("groupName") != GROUP_NAME and present.get("type") != prop.type
