"""First guesses at a portal's map, each with its reason, and what only its owner can say."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Final

from mappings.kinds import ObjectType
from mappings.records.detection import map_questions
from mappings.records.detection.choosing import Choice, Definitions, PropertyCandidate, choose
from mappings.records.detection.map_questions import Question
from mappings.records.detection.profiles import Profiles
from mappings.records.detection.referral_labels import LabelsOfPairs, referral_labels
from mappings.records.detection.staff_hosts import staff_hosts
from mappings.records.detection.wishes import wishes
from mappings.records.portal_map import WON_BY_FLAG, PortalMap, of_settings
from mappings.records.property_labels import labels_of

_REPLACED = re.compile(
    r"replac|supersed|ersetzt|abgelöst|remplac|reemplaz|sustitu|substitu", re.IGNORECASE
)
_LEFT_SETTING: Final = "left_company_property"
_NO_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Detected:
    """One choice and why; `value` is what the portal map holds under `name`.

    Where it is not clear, `questions` ask an admin, and the value takes nothing unclear.
    `looked_at` names everything that seemed to be meant. `offers` are the same questions as they
    are asked where something in them was not there at an earlier look.
    """

    name: str
    value: object
    because: str
    questions: tuple[Question, ...] = ()
    looked_at: tuple[str, ...] = ()
    offers: tuple[Question, ...] = ()


def detect(
    properties_by_object: Definitions,
    pipelines: Mapping[str, Sequence[Mapping[str, Any]]],
    labels: LabelsOfPairs,
    owners: Sequence[Mapping[str, Any]],
    *,
    home_currency: str = "",
    home_country: str = "",
    profiles: Profiles | None = None,
    now: datetime = _NO_TIME,
) -> tuple[PortalMap, tuple[Detected, ...]]:
    """Choose a default for each setting from what the portal has, with the reason.

    *labels* are (from type, to type, HubSpot's label); *profiles* what the values of properties
    look like at *now*. What is not found, or not clear, stays unmapped: a rule without its property
    concludes nothing.
    """
    choices = choose(list(wishes()), properties_by_object, profiles or {}, now)
    found = [
        *_pipelines(pipelines),
        *map(_property, choices),
        *_left_options(choices, properties_by_object),
        *_buying_role(properties_by_object),
        *_referral_labels(labels),
        _staff(owners),
        Detected("home_currency", home_currency, "It is the account's company currency."),
        Detected("home_country", home_country, "The account's time zone is there."),
    ]
    chosen: dict[str, Any] = {guess.name: guess.value for guess in found}
    return of_settings(chosen), tuple(found)


def _pipelines(pipelines: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Detected]:
    deal_pipelines = pipelines.get(ObjectType.DEAL, ())
    included = [pipeline for pipeline in deal_pipelines if not pipeline.get("archived")]
    replaced = _stage_ids(deal_pipelines, _is_replaced)
    closed = _stage_ids(pipelines.get(ObjectType.TICKET, ()), _is_closed_ticket)
    return [
        Detected(
            "replaced_stages",
            replaced,
            f"{len(replaced)} deal stages say that another contract took over.",
        ),
        Detected(
            "included_pipelines",
            (),
            f"All {len(included)} deal pipelines count until you leave some out.",
        ),
        Detected(
            "won_rule",
            WON_BY_FLAG,
            "HubSpot itself flags won deals, whatever the stages are called.",
        ),
        Detected("ticket_closed_stages", closed, f"{len(closed)} ticket stages are marked closed."),
    ]


def _stage_ids(
    pipelines: Iterable[Mapping[str, Any]], fits: Callable[[Mapping[str, Any]], bool]
) -> tuple[str, ...]:
    stages = chain.from_iterable(pipeline.get("stages") or () for pipeline in pipelines)
    return tuple(str(stage.get("id")) for stage in stages if fits(stage))


def _is_replaced(stage: Mapping[str, Any]) -> bool:
    """Whether a deal in a stage is closed because another contract took its place."""
    is_closed = str((stage.get("metadata") or {}).get("isClosed")).lower() == "true"
    return is_closed and _REPLACED.search(str(stage.get("label"))) is not None


def _is_closed_ticket(stage: Mapping[str, Any]) -> bool:
    return bool((stage.get("metadata") or {}).get("ticketState") == "CLOSED")


def _property(choice: Choice) -> Detected:
    wish, names = choice.wish, tuple(candidate.name for candidate in choice.looked_at)
    if choice.taken is not None:
        because, offers = _because(choice.taken, choice), (map_questions.about_property(choice),)
        return Detected(wish.setting, choice.taken.name, because, (), names, offers)
    if choice.asked:
        because = (
            f"{_quoted(candidate.label for candidate in choice.asked)} may tell {wish.guess.tells},"
            " and nothing is taken until you say so on the set-up page."
        )
        asked = (map_questions.about_property(choice),)
        return Detected(wish.setting, None, because, asked, names, asked)
    because = f"No {wish.object_type} property seems to tell {wish.guess.tells}."
    return Detected(wish.setting, None, because)


def _because(taken: PropertyCandidate, choice: Choice) -> str:
    sentence = f'"{taken.label}" seems to tell {choice.wish.guess.tells}.'
    beaten = (f'"{other.label}" does less: {other.why()}.' for other in choice.passed_over)
    return " ".join([sentence, *beaten])


def _left_options(choices: Sequence[Choice], definitions: Definitions) -> Iterator[Detected]:
    """The options that mean "left": by their labels, unless some do not say what they mean."""
    for choice in choices:
        if choice.wish.setting != _LEFT_SETTING or choice.taken is None:
            continue
        own = _named(definitions, choice.wish.object_type, choice.taken.name)
        asked = map_questions.about_options(choice.taken.name, labels_of(own))
        if own.get("type") == "enumeration" and asked is not None:
            because = "Options count as their labels say; about the others the set-up page asks."
            values = tuple(candidate.value for candidate in asked.asked.candidates)
            yield Detected("left_options", (), because, (asked,), values, (asked,))


def _named(definitions: Definitions, object_type: str, name: str) -> Mapping[str, Any]:
    own = definitions.get(object_type, ())
    return next(definition for definition in own if definition.get("name") == name)


def _has(definitions: Definitions, object_type: str, name: str) -> bool:
    return any(definition.get("name") == name for definition in definitions.get(object_type, ()))


def _buying_role(definitions: Definitions) -> list[Detected]:
    if _has(definitions, ObjectType.CONTACT, "hs_buying_role"):
        return [
            Detected("buying_role_property", "hs_buying_role", "It is HubSpot's own buying role.")
        ]
    return [Detected("buying_role_property", None, "This account has no buying role on contacts.")]


def _referral_labels(labels: LabelsOfPairs) -> list[Detected]:
    found = referral_labels(labels)
    names = tuple(dict.fromkeys(label.text for label in found.certain))
    type_ids = tuple(dict.fromkeys(label.type_id for label in found.certain))
    asked = tuple(map_questions.about_labels(unclear) for unclear in found.unclear)
    because = "No label names a referrer."
    if names:
        because = f"Association labels that name a referrer: {_quoted(names)}."
    if asked:
        unclear = _quoted(label.text for pair in found.unclear for label in pair.labels)
        because += f" Of {unclear} it is not clear who referred whom: the set-up page asks."
    offers = tuple(map_questions.about_found_labels(found))
    looked_at = tuple(candidate.value for offer in offers for candidate in offer.asked.candidates)
    return [
        Detected("referred_by_labels", names, because),
        Detected("referred_by_type_ids", type_ids, because, asked, looked_at, offers),
    ]


def _quoted(texts: Iterable[str]) -> str:
    return ", ".join(f'"{text}"' for text in dict.fromkeys(texts))


def _staff(owners: Sequence[Mapping[str, Any]]) -> Detected:
    hosts = staff_hosts(owners)
    because = "No mail domain is shared by most users of this account."
    if hosts.shared:
        because = "Most users of this account have addresses there."
    offer = (map_questions.about_staff(hosts),)
    asked = offer if hosts.others else ()
    if asked:
        because += " Others have theirs elsewhere: the set-up page asks."
    looked_at = (*hosts.shared, *hosts.others)
    return Detected("staff_domains", hosts.shared, because, asked, looked_at, offer)
