"""First guesses at a portal's map, each with its reason, for its owner to confirm."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mappings.records import addresses, text_sources
from mappings.records.portal_map import WON_BY_FLAG, PortalMap, of_settings
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
        "company",
        Guess(
            r"renewal|contract.?(end|expir)|subscription.?(end|expir)",
            "when a customer's contract ends",
            DAY,
        ),
    ),
    _Wish(
        "usage_property",
        "company",
        Guess(
            r"adoption|usage|active.?users|product.?score|seats.?used",
            "how much a customer uses the product",
            _NUMBER,
        ),
    ),
    _Wish(
        "milestone_property",
        "company",
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
    """Choose sensible defaults from what the portal has, saying for each why.

    *labels* are (from type, to type, HubSpot's label). What is not found stays
    unmapped: a rule without its property is silent, it never guesses.
    """
    found = [
        *_pipelines(pipelines),
        *(guess for wish in _wishes() for guess in _property(wish, properties_by_object)),
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
    deals = [str(one.get("id")) for one in pipelines.get("deal", ()) if not one.get("archived")]
    closed = tuple(
        str(stage.get("id"))
        for pipeline in pipelines.get("ticket", ())
        for stage in pipeline.get("stages") or ()
        if (stage.get("metadata") or {}).get("ticketState") == "CLOSED"
    )
    replaced = tuple(
        str(stage.get("id"))
        for pipeline in pipelines.get("deal", ())
        for stage in pipeline.get("stages") or ()
        if str((stage.get("metadata") or {}).get("isClosed")).lower() == "true"
        and _REPLACED.search(str(stage.get("label")))
    )
    return [
        Detected(
            "replaced_stages",
            replaced,
            f"{len(replaced)} deal stages say that another contract took over.",
        ),
        Detected(
            "included_pipelines",
            (),
            f"All {len(deals)} deal pipelines count until you leave some out.",
        ),
        Detected(
            "won_rule",
            WON_BY_FLAG,
            "HubSpot itself flags won deals, whatever the stages are called.",
        ),
        Detected("ticket_closed_stages", closed, f"{len(closed)} ticket stages are marked closed."),
    ]


def _wishes() -> Iterator[_Wish]:
    for source in text_sources.known():
        if source.guess is not None:
            yield _Wish(source.setting, source.object_type, source.guess)
    yield from _COMPANY_WISHES


def _property(wish: _Wish, definitions: Definitions) -> list[Detected]:
    words = re.compile(wish.guess.words, re.IGNORECASE)

    def fits(definition: Mapping[str, Any]) -> bool:
        return definition.get("type") in wish.guess.types and _speaks(definition, words)

    chosen = _best(definitions.get(wish.object_type, ()), fits)
    if chosen is None:
        return [
            Detected(
                wish.name, None, f"No {wish.object_type} property seems to tell {wish.guess.tells}."
            )
        ]
    label = chosen.get("label") or chosen["name"]
    return [Detected(wish.name, chosen["name"], f'"{label}" seems to tell {wish.guess.tells}.')]


def _recurring(definitions: Definitions) -> list[Detected]:
    def fits(definition: Mapping[str, Any]) -> bool:
        return definition.get("type") == "number" and _speaks(definition, _RECURRING)

    own = _best(definitions.get("company", ()), fits)
    if own is not None:
        because = f'"{own.get("label") or own["name"]}" on companies holds a recurring value.'
        return [
            Detected("recurring_property", own["name"], because),
            Detected("recurring_on", "company", because),
        ]
    because = "HubSpot computes a yearly recurring value of a deal from its line items."
    if any(one.get("name") == "hs_arr" for one in definitions.get("deal", ())):
        return [
            Detected("recurring_property", "hs_arr", because),
            Detected("recurring_on", "deal", because),
        ]
    return [Detected("recurring_property", None, "No property seems to hold a recurring value.")]


def _buying_role(definitions: Definitions) -> list[Detected]:
    if any(one.get("name") == "hs_buying_role" for one in definitions.get("contact", ())):
        return [
            Detected("buying_role_property", "hs_buying_role", "It is HubSpot's own buying role.")
        ]
    return [Detected("buying_role_property", None, "This account has no buying role on contacts.")]


def _referral_labels(labels: Iterable[tuple[str, str, Mapping[str, Any]]]) -> list[Detected]:
    chosen = [
        (str(label.get("label")), int(label["typeId"]))
        for _from, _to, label in labels
        if label.get("label")
        and str(label.get("typeId", "")).isdigit()
        and label.get("category") != "HUBSPOT_DEFINED"
        and _REFERRAL_LABEL.search(str(label["label"]))
        and not _INVERSE_LABEL.match(str(label["label"]).strip())
    ]
    names = tuple(dict.fromkeys(name for name, _ in chosen))
    words = ", ".join(f'"{name}"' for name in names)
    because = (
        f"Association labels that name a referrer: {words}."
        if names
        else "No label names a referrer."
    )
    return [
        Detected("referred_by_labels", names, because),
        Detected(
            "referred_by_type_ids", tuple(dict.fromkeys(number for _, number in chosen)), because
        ),
    ]


def _staff(owners: Sequence[Mapping[str, Any]]) -> list[Detected]:
    hosts = [
        found.rpartition("@")[2]
        for owner in owners
        if (found := addresses.email(str(owner.get("email") or "")).value)
    ]
    domains = tuple(sorted(set(hosts)))
    return [Detected("staff_domains", domains, "The users of this account have addresses there.")]


def _best(
    definitions: Iterable[Mapping[str, Any]], fits: Callable[[Mapping[str, Any]], bool]
) -> Mapping[str, Any] | None:
    """The portal's own property before one of HubSpot's, then by name, so that the choice is stable."""
    usable = [
        one
        for one in definitions
        if one.get("name")
        and one["name"] not in _NEVER
        and not str(one["name"]).startswith("second_order_")
        and not one.get("archived")
        and not one.get("hidden")
        and fits(one)
    ]
    usable.sort(key=lambda one: (bool(one.get("hubspotDefined")), str(one["name"])))
    return usable[0] if usable else None


def _speaks(definition: Mapping[str, Any], words: re.Pattern[str]) -> bool:
    name = str(definition.get("name") or "").replace("_", " ")
    return bool(words.search(name) or words.search(str(definition.get("label") or "")))
