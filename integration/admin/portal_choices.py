"""Choices: a setting names what the portal has, or is refused by name before it is stored."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from integration.core.errors import NeedsOwner, Refused
from integration.hubspot.gateway import HubSpot
from integration.portal import settings
from integration.portal.context import PortalContext
from integration.storage.mirror import success_rows
from integration.storage.service import missing_choices
from mappings.kinds import ObjectType
from mappings.records import portal_words, score_samples
from mappings.records.access import readable_types
from mappings.records.catalogue import WRITTEN_TYPES
from mappings.records.portal_map import PortalMap, dump_portal_map, load_portal_map
from mappings.records.portal_words import PortalWords

# Pairs of types between which a label can name a referrer or a role.
_LABELLED = (
    (ObjectType.CONTACT, ObjectType.CONTACT),
    (ObjectType.DEAL, ObjectType.CONTACT),
    (ObjectType.COMPANY, ObjectType.COMPANY),
    (ObjectType.CONTACT, ObjectType.COMPANY),
)


# Types whose properties a setting can name.
_NAMED_TYPES = (*WRITTEN_TYPES, ObjectType.TICKET)


class NotThere(Refused):
    """Settings name what the portal does not have: a sentence for each."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(f"{name}: {said}" for name, said in sorted(problems.items())))
        self.problems = dict(problems)


def chosen(portal: PortalContext, wanted: Mapping[str, Any], before: PortalMap) -> PortalMap:
    """Return the map of wanted settings by the portal's own names.

    What differs from *before* is checked. Raises NotThere, marshmallow's ValidationError for what
    can be no setting at all, and what the gateway raises when HubSpot cannot be asked.
    """
    if wanted == dump_portal_map(before):
        return before
    values, problems = portal_words.checked(wanted, before, read(portal))
    if problems:
        raise NotThere(problems)
    problems = _on_other_scales(portal, values, before)
    if problems:
        raise NotThere(problems)
    return load_portal_map(values)


def _on_other_scales(
    portal: PortalContext, values: Mapping[str, Any], before: PortalMap
) -> dict[str, str]:
    """Why a property that is newly named for answers holds none, by a sample of its values."""
    name = values.get("nps_property")
    if not name or name == before.nps_property:
        return {}
    sample = portal.hubspot.sample(ObjectType.CONTACT, name)
    problem = score_samples.problem([record.get(name) for record in sample.records])
    return {"nps_property": problem} if problem else {}


def check_version(portal: PortalContext, number: int) -> None:
    """Raise NotThere when an earlier version names what the portal no longer has."""
    with portal.transaction() as tx:
        now, earlier = settings.read(tx), settings.read_version(tx, number)
    chosen(portal, dump_portal_map(earlier.map), now.map)


def look(portal: PortalContext) -> None:
    """Note which settings name what the portal no longer has; nothing is changed by it."""
    words = read(portal)
    with portal.transaction() as tx:
        counting = settings.read(tx).map
        missing_choices.keep(tx, portal_words.missing(counting, words))


def read(portal: PortalContext) -> PortalWords:
    """Return what the portal has; what it did not grant us to read is missing."""
    installed = portal.find()
    types = readable_types(installed.scopes) if installed else ()
    hubspot = portal.hubspot
    words = portal_words.words_of(
        {kind: hubspot.properties(kind) for kind in _NAMED_TYPES if kind in types},
        _pipelines(hubspot, types),
        _labels(hubspot),
    )
    with portal.transaction() as tx:
        return replace(words, metrics=dict.fromkeys(success_rows.metrics(tx), ""))


def _pipelines(hubspot: HubSpot, types: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    pipelines: dict[str, list[dict[str, Any]]] = {}
    for kind in {ObjectType.DEAL, ObjectType.TICKET} & set(types):
        answer = _if_granted(hubspot.pipelines, kind)
        if answer is not None:
            pipelines[kind] = answer
    return pipelines


def _labels(hubspot: HubSpot) -> list[dict[str, Any]] | None:
    answers = [_if_granted(hubspot.labels, *pair) for pair in _LABELLED]
    known = [answer for answer in answers if answer is not None]
    return [label for answer in known for label in answer] if known else None


def _if_granted(
    ask: Callable[..., list[dict[str, Any]]], *object_types: str
) -> list[dict[str, Any]] | None:
    try:
        return ask(*object_types)
    except NeedsOwner:
        return None
