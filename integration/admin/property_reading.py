"""Property reading: what HubSpot calls the mapped properties and their options, kept up to date."""

from collections.abc import Iterable, Mapping
from typing import Any

from integration.admin import settings_effects
from integration.core import logs
from integration.core.errors import SecondOrderError
from integration.portal import settings
from integration.portal.context import PortalContext
from mappings.records.portal_map import PortalMap
from mappings.records.property_labels import UNKNOWN, LabelsByProperty, labels_of

Definitions = Mapping[str, Iterable[Mapping[str, Any]]]
_AUTHOR = "second-order"
_REASON = "Labels of mapped properties and their options, as HubSpot has them now."
_log = logs.get(__name__)


def labels_in(definitions: Definitions, portal_map: PortalMap) -> LabelsByProperty:
    """The labels of the text sources' properties; a property that is not there has none."""
    by_name = {
        (object_type, definition.get("name")): labels_of(definition)
        for object_type, own in definitions.items()
        for definition in own
    }
    return {
        (object_type, name): by_name.get((object_type, name), UNKNOWN)
        for object_type, name in portal_map.text_properties
    }


def read_labels(portal: PortalContext, definitions: Definitions | None = None) -> None:
    """Read the labels again; where they changed, conclude anew by them.

    *definitions* are given by who has read them already; else one call for each object type that
    has text sources.
    """
    portal_map = _newest_map(portal)
    types = {object_type for object_type, _ in portal_map.text_properties}
    if definitions is None:
        definitions = {name: portal.hubspot.properties(name) for name in sorted(types)}
    labels = labels_in(definitions, portal_map)
    with portal.transaction() as tx:
        settings_effects.hold_lanes(tx)
        saved = settings.keep_labels(tx, labels, author=_AUTHOR, reason=_REASON)
        if not saved.is_changed:
            return
        settings_effects.record(tx, portal, saved, actor=_AUTHOR, reason=_REASON)
    settings_effects.wake(portal)


def labels_for(portal: PortalContext, wanted: PortalMap) -> LabelsByProperty | None:
    """The labels that a map needs which is about to be saved: known ones, and new ones read now.

    None where HubSpot cannot be asked now: the import asks again.
    """
    known = _newest_map(portal).labels
    new = {ref for ref in wanted.text_properties if ref not in known}
    try:
        definitions = {
            object_type: portal.hubspot.properties(object_type)
            for object_type in sorted({object_type for object_type, _ in new})
        }
    except SecondOrderError as trouble:
        _log.info("labels are read later", portal_id=portal.portal_id, reason=str(trouble))
        return None
    read = labels_in(definitions, wanted)
    return {ref: read[ref] if ref in new else known[ref] for ref in wanted.text_properties}


def read_missing_labels(portal: PortalContext) -> None:
    """Read the labels of properties that were mapped since they were last read."""
    portal_map = _newest_map(portal)
    if not set(portal_map.text_properties) <= portal_map.labels.keys():
        read_labels(portal)


def read_labels_if_possible(portal: PortalContext) -> None:
    """As read_missing_labels; where HubSpot cannot be asked now, the import asks again."""
    try:
        read_missing_labels(portal)
    except SecondOrderError as trouble:
        _log.info("labels are read later", portal_id=portal.portal_id, reason=str(trouble))


def _newest_map(portal: PortalContext) -> PortalMap:
    """The map as it is now: the context may have remembered an older one."""
    with portal.transaction() as tx:
        return settings.read(tx).map
