"""Detection: a portal's map is guessed at install; what is made later is found, and asked about."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from babel.core import get_global

from integration.admin import account_time, portal_choices, property_reading
from integration.core import logs
from integration.core.errors import Retryable
from integration.hubspot.answer_shapes import Sample
from integration.ingest import owner_reading, stream_answers
from integration.ingest.stream_answers import REFUSALS
from integration.portal import settings, setup_questions
from integration.portal.context import PortalContext
from integration.storage.database import Transaction
from integration.storage.listings import choice_rows
from integration.storage.queue import lanes, stream_troubles
from integration.storage.service import detection_candidates, portals
from mappings.kinds import ObjectType
from mappings.records import map_guesses as rules
from mappings.records.access import readable_types
from mappings.records.catalogue import WRITTEN_TYPES
from mappings.records.detection.choosing import worth_sampling
from mappings.records.detection.profiles import ValueProfile, profile_of
from mappings.records.detection.proposals import proposals
from mappings.records.detection.wishes import wishes
from mappings.records.phones import COUNTRIES
from mappings.records.portal_map import WITHOUT_EFFECT, PortalMap, dump_portal_map
from mappings.records.property_labels import labels_of

_LABELLED = (
    ("contact", "contact"),
    ("deal", "contact"),
    ("contact", "company"),
)
# A portal has a handful; each is a search, of which HubSpot allows four a second.
MOST_SAMPLED = 40
_LOOKED_AGAIN_AFTER = 22  # hours: once a night, whenever the night before was
_log = logs.get(__name__)

Definitions = Mapping[str, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What a portal has besides records, as HubSpot tells it now."""

    definitions: Definitions
    pipelines: Mapping[str, list[dict[str, Any]]]
    labels: list[tuple[str, str, dict[str, Any]]]
    owners: list[dict[str, Any]]
    profiles: Mapping[tuple[str, str], ValueProfile]


def first_settings(portal: PortalContext, definitions: Definitions) -> int:
    """Detect the portal's map and keep it as version 1; settings that exist are never overwritten.

    What is not clear is asked on the set-up page. *definitions* are the properties by object type,
    which the provisioning has read already.
    """
    with portal.transaction() as tx:
        version = settings.read(tx).version
        installed = portals.find(tx, portal.portal_id)
    if version or installed is None:
        return version
    around = _read(portal, installed, definitions)
    portal_map, guesses = _detect(around, installed, portal.runtime.now())
    labels = property_reading.labels_in(definitions, portal_map)
    why = {guess.name: guess.because for guess in guesses}
    with portal.transaction() as tx:
        version = settings.begin(tx, replace(portal_map, labels=labels), why, author="second-order")
        for guess in _with_effect(guesses):
            for question in guess.questions:
                setup_questions.ask(tx, question.kind, question.key, question.asked)
        _remember(tx, portal.portal_id, guesses)
    return version


def look_if_due(portal: PortalContext) -> None:
    """Once a day, look for properties, labels and options that are new or were renamed."""
    with portal.transaction() as tx:
        is_due = detection_candidates.is_due(tx, hours=_LOOKED_AGAIN_AFTER)
    if is_due:
        look(portal)


def look(portal: PortalContext) -> None:
    """Read again what things are called, and propose what was made since the last look.

    Nothing of it is taken: an admin who chose by what there was is asked.
    """
    installed = portal.find()
    if installed is None:
        return
    account_time.look(portal)
    definitions = {
        name: _if_readable(portal, f"properties:{name}", portal.hubspot.properties, name)
        for name in WRITTEN_TYPES
    }
    if not all(definitions.values()):
        # Named as refused; what cannot be seen is not taken for gone.
        with portal.transaction() as tx:
            portals.stamp(tx, portal.portal_id, "looked_at")
        return
    property_reading.read_labels(portal, definitions)
    portal_choices.look(portal)
    around = _read(portal, installed, definitions)
    _, guesses = _detect(around, installed, portal.runtime.now())
    with portal.transaction() as tx:
        # Lane before portal, as workers take their locks: else two could wait for each other.
        lanes.hold(tx, portal.portal_id, "drain")
        chosen = dump_portal_map(settings.read(tx).map)
        offers = [(guess.name, guess.offers) for guess in _with_effect(guesses)]
        for question in proposals(offers, detection_candidates.seen(tx), chosen):
            setup_questions.ask(tx, question.kind, question.key, question.asked)
        _remember(tx, portal.portal_id, guesses)


def _with_effect(guesses: Iterable[rules.Detected]) -> list[rules.Detected]:
    """The guesses that a rule uses: nobody is asked about the others, nor were they looked at.

    So they are proposed the night after a rule begins to use them.
    """
    return [guess for guess in guesses if guess.name not in WITHOUT_EFFECT]


def _remember(tx: Transaction, portal_id: int, guesses: Iterable[rules.Detected]) -> None:
    looked_at = [
        (guess.name, candidate) for guess in _with_effect(guesses) for candidate in guess.looked_at
    ]
    detection_candidates.keep(tx, looked_at)
    portals.stamp(tx, portal_id, "looked_at")


def _read(
    portal: PortalContext, installed: portals.Portal, definitions: Definitions
) -> _Surroundings:
    hubspot, types = portal.hubspot, readable_types(installed.scopes)
    known = {object_type: definitions.get(object_type, []) for object_type in WRITTEN_TYPES}
    pipelines = {
        object_type.value: _if_readable(
            portal, f"pipelines:{object_type}", hubspot.pipelines, object_type
        )
        for object_type in (ObjectType.DEAL, ObjectType.TICKET)
        if object_type in types
    }
    if pipelines.get(ObjectType.DEAL):
        with portal.transaction() as tx:
            choice_rows.keep_stages(tx, pipelines[ObjectType.DEAL])
    labels = [
        (from_type, to_type, label)
        for from_type, to_type in _LABELLED
        for label in _if_readable(
            portal, f"labels:{from_type}>{to_type}", hubspot.labels, from_type, to_type
        )
    ]
    owners = (
        _if_readable(portal, "owners", lambda: owner_reading.refresh(portal))
        if "crm.objects.owners.read" in installed.scopes
        else []
    )
    return _Surroundings(known, pipelines, labels, owners, _profiles(portal, known))


def _profiles(
    portal: PortalContext, definitions: Definitions
) -> dict[tuple[str, str], ValueProfile]:
    """Sample the values of the properties among which has to be chosen; one search for each."""
    labels = {
        (object_type, str(definition.get("name"))): labels_of(definition)
        for object_type, own in definitions.items()
        for definition in own
    }
    profiles: dict[tuple[str, str], ValueProfile] = {}
    candidates = worth_sampling(wishes(), definitions, portal.runtime.now())
    for object_type, name in candidates[:MOST_SAMPLED]:
        sample = _sample(portal, object_type, name)
        if sample is not None:
            written = [record.get(name) for record in sample.records]
            profiles[object_type, name] = profile_of(
                written, labels[object_type, name], filled=sample.total
            )
    return profiles


def _sample(portal: PortalContext, object_type: str, name: str) -> Sample | None:
    """Some values of a property; None where HubSpot does not tell: then its name has to."""
    try:
        return portal.hubspot.sample(object_type, name)
    except REFUSALS as refusal:
        reason = str(refusal)
    except Retryable as fault:
        if not fault.is_server_fault:
            raise
        reason = str(fault)
    _log.info("values not readable", portal_id=portal.portal_id, property=name, reason=reason)
    return None


def _detect(
    around: _Surroundings, installed: portals.Portal, now: datetime
) -> tuple[PortalMap, tuple[rules.Detected, ...]]:
    return rules.detect(
        around.definitions,
        around.pipelines,
        around.labels,
        around.owners,
        home_currency=str(installed.account.get("currency") or ""),
        home_country=country_of(installed.time_zone),
        profiles=around.profiles,
        now=now,
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
        answer = ask(*object_types)
    except REFUSALS as refusal:
        with portal.transaction() as tx:
            stream_answers.refuse(tx, stream, str(refusal))
        return []
    except Retryable as fault:
        if not fault.is_server_fault:
            raise
        with portal.transaction() as tx:
            is_given_up = stream_answers.fails_again(tx, stream, fault)
        if not is_given_up:
            raise
        return []
    with portal.transaction() as tx:
        stream_troubles.forget(tx, [stream])
    return answer
