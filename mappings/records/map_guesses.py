"""First guesses at a portal's map, each with its reason, for its owner to confirm."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from mappings.kinds import ObjectType
from mappings.records import addresses, text_sources
from mappings.records.portal_map import WON_BY_FLAG, PortalMap, of_settings
from mappings.records.rows import HUBSPOT_DEFINED
from mappings.records.text_sources import DAY, Guess

Definitions = Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Detected:
    """One choice and why; `value` is what the portal map holds under `name`."""

    name: str
    value: object
    because: str


@dataclass(frozen=True, slots=True)
class _Wish:
    """A setting that names a property of one object type, and which would serve."""

    name: str
    object_type: str
    guess: Guess


_NUMBER = frozenset({"number"})
_COMPANY_WISHES: Final = (
    _Wish(
        "renewal_date_property",
        ObjectType.COMPANY,
        Guess(
            r"renewal|contract.?(end|expir)|subscription.?(end|expir)",
            "when a customer's contract ends",
            DAY,
        ),
    ),
    _Wish(
        "usage_property",
        ObjectType.COMPANY,
        Guess(
            r"adoption|usage|active.?users|product.?score|seats.?used",
            "how much a customer uses the product",
            _NUMBER,
        ),
    ),
    _Wish(
        "milestone_property",
        ObjectType.COMPANY,
        Guess(
            r"go.?live|first.?value|onboarding.?(complete|done|finished)|milestone",
            "when a customer first got value",
            DAY,
        ),
    ),
)
_RECURRING = re.compile(r"\b(arr|mrr)\b|recurring|annual.?contract.?value|\bacv\b", re.IGNORECASE)
_REFERRAL_LABEL = re.compile(
    r"refer|recommend|empfohlen|recomend|recommand|introduced", re.IGNORECASE
)
_INVERSE_LABEL = re.compile(
    r"^(referred|referrer of|refers|recommended|introduced)$", re.IGNORECASE
)
_REPLACED = re.compile(
    r"replac|supersed|ersetzt|abgelöst|remplac|reemplaz|sustitu|substitu", re.IGNORECASE
)
# HubSpot's own enumeration of web referral traffic is about pages, not persons.
_NEVER: Final = frozenset(
    {"hs_analytics_source", "hs_latest_source", "hs_analytics_first_referrer"}
)


def detect(
    properties_by_object: Definitions,
    pipelines: Mapping[str, Sequence[Mapping[str, Any]]],
    labels: Iterable[tuple[str, str, Mapping[str, Any]]],
    owners: Sequence[Mapping[str, Any]],
    *,
    home_currency: str = "",
    home_country: str = "",
) -> tuple[PortalMap, tuple[Detected, ...]]:
    """Choose a default for each setting from what the portal has, with the reason.

    *labels* are (from type, to type, HubSpot's label). What is not found stays
    unmapped: a rule without its property concludes nothing.
    """
    found = [
        *_pipelines(pipelines),
        *(_property(wish, properties_by_object) for wish in _wishes()),
        *_recurring(properties_by_object),
        *_buying_role(properties_by_object),
        *_referral_labels(labels),
        *_staff(owners),
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


def _wishes() -> Iterator[_Wish]:
    for source in text_sources.known():
        if source.guess is not None:
            yield _Wish(source.setting, source.object_type, source.guess)
    yield from _COMPANY_WISHES


def _property(wish: _Wish, definitions: Definitions) -> Detected:
    words = re.compile(wish.guess.words, re.IGNORECASE)

    def fits(definition: Mapping[str, Any]) -> bool:
        return definition.get("type") in wish.guess.types and _names(definition, words)

    chosen = _best(definitions.get(wish.object_type, ()), fits)
    if chosen is None:
        because = f"No {wish.object_type} property seems to tell {wish.guess.tells}."
        return Detected(wish.name, None, because)
    label = chosen.get("label") or chosen["name"]
    return Detected(wish.name, chosen["name"], f'"{label}" seems to tell {wish.guess.tells}.')


def _recurring(definitions: Definitions) -> list[Detected]:
    def fits(definition: Mapping[str, Any]) -> bool:
        return definition.get("type") == "number" and _names(definition, _RECURRING)

    own = _best(definitions.get(ObjectType.COMPANY, ()), fits)
    if own is not None:
        because = f'"{own.get("label") or own["name"]}" on companies holds a recurring value.'
        return [
            Detected("recurring_property", own["name"], because),
            Detected("recurring_on", ObjectType.COMPANY.value, because),
        ]
    because = "HubSpot computes a yearly recurring value of a deal from its line items."
    if _has(definitions, ObjectType.DEAL, "hs_arr"):
        return [
            Detected("recurring_property", "hs_arr", because),
            Detected("recurring_on", ObjectType.DEAL.value, because),
        ]
    return [Detected("recurring_property", None, "No property seems to hold a recurring value.")]


def _has(definitions: Definitions, object_type: str, name: str) -> bool:
    return any(definition.get("name") == name for definition in definitions.get(object_type, ()))


def _buying_role(definitions: Definitions) -> list[Detected]:
    if _has(definitions, ObjectType.CONTACT, "hs_buying_role"):
        return [
            Detected("buying_role_property", "hs_buying_role", "It is HubSpot's own buying role.")
        ]
    return [Detected("buying_role_property", None, "This account has no buying role on contacts.")]


def _referral_labels(labels: Iterable[tuple[str, str, Mapping[str, Any]]]) -> list[Detected]:
    chosen = [label for _from, _to, label in labels if _names_referrer(label)]
    names = tuple(dict.fromkeys(str(label["label"]) for label in chosen))
    type_ids = tuple(dict.fromkeys(int(label["typeId"]) for label in chosen))
    because = "No label names a referrer."
    if names:
        words = ", ".join(f'"{name}"' for name in names)
        because = f"Association labels that name a referrer: {words}."
    return [
        Detected("referred_by_labels", names, because),
        Detected("referred_by_type_ids", type_ids, because),
    ]


def _names_referrer(label: Mapping[str, Any]) -> bool:
    """Whether an account's own association label says "referred by", in that direction."""
    name = str(label.get("label") or "")
    if label.get("category") == HUBSPOT_DEFINED or not str(label.get("typeId", "")).isdigit():
        return False
    return bool(_REFERRAL_LABEL.search(name)) and not _INVERSE_LABEL.match(name.strip())


def _staff(owners: Sequence[Mapping[str, Any]]) -> list[Detected]:
    emails = [addresses.email(str(owner.get("email") or "")).value for owner in owners]
    domains = tuple(sorted({email.rpartition("@")[2] for email in emails if email}))
    return [Detected("staff_domains", domains, "The users of this account have addresses there.")]


def _best(
    definitions: Iterable[Mapping[str, Any]], fits: Callable[[Mapping[str, Any]], bool]
) -> Mapping[str, Any] | None:
    """The first that fits: the portal's own before HubSpot's, then by name."""
    fitting = [
        definition for definition in definitions if _is_usable(definition) and fits(definition)
    ]
    return min(
        fitting,
        key=lambda definition: (bool(definition.get("hubspotDefined")), str(definition["name"])),
        default=None,
    )


def _is_usable(definition: Mapping[str, Any]) -> bool:
    name = definition.get("name")
    if not name or name in _NEVER or str(name).startswith("second_order_"):
        return False
    return not definition.get("archived") and not definition.get("hidden")


def _names(definition: Mapping[str, Any], words: re.Pattern[str]) -> bool:
    """Whether a property's name or label holds the words."""
    name = str(definition.get("name") or "").replace("_", " ")
    return bool(words.search(name) or words.search(str(definition.get("label") or "")))
