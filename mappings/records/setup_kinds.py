"""Kinds of set-up questions: what each asks about, and what its answer changes in the settings.

A new kind is a row of `KINDS`; whoever asks gives text, candidates and proposal.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from mappings.records.portal_map import SINCE_ALWAYS, SINCE_REACHED, PortalMap

CUSTOMER_RULE: Final = "customer_rule"
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
    of the map that this concerns: whoever changes one of them in Settings has answered, too. Where
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
    )
}
