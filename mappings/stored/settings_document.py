"""A portal's stored settings: its map with the reasons, labels, its policy, codes of referrers.

Like every stored shape it has a version and a tolerant reader: an entry that this code does not
know, or of another type, counts as not chosen. What a form sends is checked elsewhere, and refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from marshmallow import ValidationError

from mappings.records.portal_map import PortalMap, load_portal_map
from mappings.records.property_labels import load_labels
from mappings.rules.policy import Policy
from mappings.stored.shapes import VERSION

Document = dict[str, Any]
SETTINGS_VERSION = 3
# By version: the document as the next one would have written it, for entries of another name now.
_UPGRADES: Mapping[int, Callable[[Document], Document]] = MappingProxyType({})
_PARTS = ("map", "why", "policy", "referral_codes", "labels")


def settings_in(body: object) -> Document:
    """A stored document as the newest version would have written it."""
    document: Document = dict(body) if isinstance(body, Mapping) else {}
    version = document.get(VERSION, 0)
    for older in range(version if type(version) is int else 0, SETTINGS_VERSION):
        document = _UPGRADES[older](document) if older in _UPGRADES else document
    odd = {name for name in _PARTS if not isinstance(document.get(name, {}), Mapping)}
    return {name: value for name, value in document.items() if name not in odd}


def settings_body(document: Mapping[str, Any]) -> Document:
    """A document as it is stored."""
    return {**document, VERSION: SETTINGS_VERSION}


def map_in(document: Mapping[str, Any]) -> PortalMap:
    """The portal's map; the default where an entry cannot be read."""
    return replace(_choices_in(document), labels=load_labels(document.get("labels")))


def _choices_in(document: Mapping[str, Any]) -> PortalMap:
    entries: Document = dict(document.get("map") or {})
    try:
        return load_portal_map(entries)
    except ValidationError as wrong:
        faults = wrong.messages if isinstance(wrong.messages, Mapping) else {}
        return load_portal_map(_without(entries, faults))


def _without(entries: Document, faults: Mapping[str, Any]) -> Document:
    """Entries without the faulty ones, given as marshmallow's messages by name."""
    kept = dict(entries)
    for name, fault in faults.items():
        value = kept.pop(name, None)
        # Of a list only the faulty items: an empty one could mean all.
        if isinstance(value, list) and isinstance(fault, Mapping):
            kept[name] = [item for place, item in enumerate(value) if place not in fault]
    return kept


def policy_in(document: Mapping[str, Any], version: int = 1) -> Policy:
    """The portal's policy: its own values where they can be read, the defaults elsewhere."""
    return Policy.from_dict({**dict(document.get("policy") or {}), "version": version})


def codes_in(document: Mapping[str, Any]) -> dict[str, int]:
    """The contact of each referral code, by casefolded code."""
    codes = dict(document.get("referral_codes") or {})
    ids = {code: str(contact) for code, contact in codes.items() if str(contact).isdecimal()}
    return {code.casefold(): int(contact_id) for code, contact_id in ids.items()}
