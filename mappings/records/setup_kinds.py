"""Kinds of set-up questions: what each asks about, and what its answer changes in the settings.

A new kind is a row of `KINDS`; whoever asks gives text, candidates and proposal.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from mappings.kinds import ObjectType
from mappings.records.portal_map import (
    SINCE_ALWAYS,
    SINCE_REACHED,
    PortalMap,
    dump_portal_map,
    load_portal_map,
)
from mappings.rules.policy import DEFAULT

CUSTOMER_RULE: Final = "customer_rule"
MOVE_WINDOW: Final = "move_window"
PROPERTY: Final = "property"
REFERRAL_LABELS: Final = "referral_labels"
STAFF_HOSTS: Final = "staff_hosts"
LEFT_OPTIONS: Final = "left_options"
# The values of its answers: the first won deal, or a lifecycle stage and since when it counts.
BY_DEALS: Final = "deals"
BY_STAGE_ALWAYS: Final = "stage_always"
BY_STAGE_REACHED: Final = "stage_reached"


@dataclass(frozen=True, slots=True)
class Choice:
    """The settings as an answer wants them: the whole map, and values of the policy by name."""

    portal_map: PortalMap
    policy: Mapping[str, int | float | bool | str | None] = field(default_factory=dict)


Choose = Callable[[PortalMap, str, Sequence[str]], Choice]


@dataclass(frozen=True, slots=True)
class SetupKind:
    """One kind of set-up question.

    `choose` says what the values chosen for a key make of the present map. `fields` are the fields
    of the map or the policy that this concerns: whoever changes one of them by hand has answered,
    too. Where
    `waits` is given, nothing is written to HubSpot until the answer, or until so long after the
    question; then the proposal is taken. Otherwise it stays open, and the settings as they are.
    """

    name: str
    title: str
    choose: Choose
    fields: Callable[[str], Collection[str]]
    waits: timedelta | None = None


def _customer_rule(portal_map: PortalMap, key: str, values: Sequence[str]) -> Choice:
    """The key is the stage that companies of this portal are customers by."""
    if BY_DEALS in values:
        return Choice(replace(portal_map, customer_stage=""))
    since = SINCE_ALWAYS if BY_STAGE_ALWAYS in values else SINCE_REACHED
    return Choice(replace(portal_map, customer_stage=key, customer_stage_since=since))


def _move_window(portal_map: PortalMap, _key: str, values: Sequence[str]) -> Choice:
    """A value is the window in days; the default is stored as one."""
    days = int(next(iter(values)))
    chosen = None if days == DEFAULT.move_to_deal_days else days
    return Choice(portal_map, {"move_to_deal_days": chosen})


def _property(portal_map: PortalMap, key: str, values: Sequence[str]) -> Choice:
    """The key is the setting; one that asks about a property found later says which, too."""
    setting, chosen = _setting(key), next(iter(values), "")
    named = {**dump_portal_map(portal_map), setting: chosen or None}
    if setting == "recurring_property" and chosen not in {"", portal_map.recurring_property}:
        named["recurring_on"] = ObjectType.COMPANY.value
    return Choice(load_portal_map(named))


def _setting(key: str) -> str:
    """The first part of a key: of a question about what was found later, a second follows."""
    return key.partition(":")[0]


def _referral_labels(portal_map: PortalMap, _key: str, values: Sequence[str]) -> Choice:
    """A value is a label's type id and its text."""
    chosen = [value.partition(":") for value in values]
    ids = (*portal_map.referred_by_type_ids, *(int(type_id) for type_id, _, _ in chosen))
    texts = (*portal_map.referred_by_labels, *(text for _, _, text in chosen))
    return Choice(
        replace(
            portal_map,
            referred_by_type_ids=tuple(dict.fromkeys(ids)),
            referred_by_labels=tuple(dict.fromkeys(texts)),
        )
    )


def _staff_hosts(portal_map: PortalMap, _key: str, values: Sequence[str]) -> Choice:
    return Choice(replace(portal_map, staff_domains=tuple(values)))


def _left_options(portal_map: PortalMap, key: str, values: Sequence[str]) -> Choice:
    """The key is the property. Where no option means left, it does not tell who left."""
    if values:
        return Choice(replace(portal_map, left_options=tuple(values)))
    texts = {name: own for name, own in portal_map.texts.items() if _setting(key) not in own}
    return Choice(replace(portal_map, texts=texts, left_options=()))


KINDS: Final[Mapping[str, SetupKind]] = {
    kind.name: kind
    for kind in (
        SetupKind(
            CUSTOMER_RULE,
            "Who is a customer",
            _customer_rule,
            fields=lambda _: ("customer_stage", "customer_stage_since"),
            waits=timedelta(hours=24),
        ),
        # These do not wait: until somebody answers, nothing is taken that could move money.
        SetupKind(
            PROPERTY, "What your properties tell", _property, fields=lambda key: (_setting(key),)
        ),
        SetupKind(
            REFERRAL_LABELS,
            "Who referred whom",
            _referral_labels,
            fields=lambda _: ("referred_by_labels", "referred_by_type_ids"),
        ),
        SetupKind(
            STAFF_HOSTS,
            "Your own people",
            _staff_hosts,
            fields=lambda _: ("staff_domains",),
        ),
        SetupKind(
            MOVE_WINDOW,
            "How far back job changes count",
            _move_window,
            fields=lambda _: ("move_to_deal_days",),
        ),
        SetupKind(LEFT_OPTIONS, "Who left", _left_options, fields=lambda _: ("left_options",)),
    )
}
