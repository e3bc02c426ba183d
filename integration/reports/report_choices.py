"""Report choices: what a report can be by and of in this account, and what of it is gone."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Final

from integration.portal import settings
from integration.portal.context import PortalContext
from integration.reports import report, report_keys
from integration.reports.report import ReportRow
from integration.reports.report_keys import Key
from integration.storage.database import Transaction
from integration.storage.listings import choice_rows
from integration.storage.mirror import owner_rows
from mappings.kinds import Dimension, Measure, ObjectType
from mappings.records.portal_map import PortalMap
from mappings.records.report_request import NOTHING, PERIODIC, Grouping, ReportRequest

_PROPERTY_OWNER: Final[Mapping[Dimension, ObjectType]] = {
    Dimension.DEAL_PROPERTY: ObjectType.DEAL,
    Dimension.COMPANY_PROPERTY: ObjectType.COMPANY,
}
# What HubSpot calls the standard properties whose labels are not read.
STANDARD_LABELS: Final[Mapping[str, str]] = {
    "dealtype": "Deal type",
    "dealstage": "Deal stage",
    "deal_currency_code": "Currency",
    "lifecyclestage": "Lifecycle stage",
    "hs_csm_sentiment": "CSM sentiment",
    "type": "Type",
}
MOST_VALUES: Final = 500
"""So many values of a filter are shown to choose from, the largest."""
# Each record has its own value of these, so that nothing can be grouped by them.
_NO_SEGMENT: Final = frozenset(
    {
        "name", "domain", "dealname", "amount", "amount_in_home_currency", "hs_exchange_rate",
        "closedate", "createdate", "hs_lastmodifieddate", "hs_merged_object_ids", "pipeline",
        "hubspot_owner_id", "hs_primary_associated_company", "hs_parent_company_id",
        "hs_additional_domains", "hs_deal_stage_probability", "hs_is_closed", "hs_is_closed_won",
        "hs_is_closed_lost",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Choices:
    """What a report can be by; properties with what people call them, by their word."""

    dimensions: tuple[Grouping, ...]
    properties: Mapping[Grouping, str]


@dataclass(frozen=True, slots=True)
class Gone:
    """A part of a report that the account no longer has.

    `refuses`: without it the report would be one of other deals, so that nothing is shown.
    """

    grouping: Grouping
    value: str = ""
    label: str = ""
    refuses: bool = False


def choices(portal_map: PortalMap) -> Choices:
    """Return all that a report of this account can be by."""
    plain = [Grouping(kind) for kind in Dimension if kind not in _PROPERTY_OWNER]
    figures = {*portal_map.figure_properties().values(), portal_map.recurring_property}
    properties = {
        Grouping(kind, name): _called(portal_map, owner, name)
        for kind, owner in _PROPERTY_OWNER.items()
        for name in portal_map.read_properties(owner)
        if name not in _NO_SEGMENT and name not in figures
    }
    return Choices(tuple(plain), properties)


def property_label(portal_map: PortalMap, grouping: Grouping) -> str:
    """Return what people call a property."""
    return _called(portal_map, _PROPERTY_OWNER[grouping.dimension], grouping.property_name)


def is_read(portal_map: PortalMap, grouping: Grouping) -> bool:
    """Whether a property's values are known; what is no property always is."""
    owner = _PROPERTY_OWNER.get(grouping.dimension)
    return owner is None or grouping.property_name in portal_map.read_properties(owner)


def without_gone(portal_map: PortalMap, request: ReportRequest) -> tuple[ReportRequest, list[Gone]]:
    """Return what can still be asked, and what cannot since its property is not read any more.

    A grouping is left out of the rows. A filter is left out, too, but says that it refuses.
    """
    kept_by = tuple(grouping for grouping in request.by if is_read(portal_map, grouping))
    kept = {
        grouping: values
        for grouping, values in request.filters.items()
        if is_read(portal_map, grouping)
    }
    gone = [Gone(grouping) for grouping in request.by if grouping not in kept_by]
    gone += [
        Gone(grouping, value, refuses=True)
        for grouping, values in request.filters.items()
        for value in values
        if grouping not in kept
    ]
    return replace(request, by=kept_by, filters=kept), gone


def left(tx: Transaction, request: ReportRequest) -> list[Gone]:
    """Return the filters whose owner, team or pipeline HubSpot no longer has.

    What was won for them counts all the same.
    """
    found: list[Gone] = []
    for grouping, chosen in request.filters.items():
        known = _known(tx, grouping.dimension)
        if known:
            gone = [value for value in chosen if value not in known and value != NOTHING]
            found += [Gone(grouping, value) for value in gone]
    return found


def _known(tx: Transaction, kind: Dimension) -> AbstractSet[str]:
    """What the account has of a kind; empty where that is not known, or no matter."""
    if kind is Dimension.PIPELINE:
        return set(choice_rows.stages(tx)["pipeline"])
    if kind not in {Dimension.OWNER, Dimension.TEAM}:
        return frozenset()
    owners = [owner for owner in owner_rows.every(tx).values() if not owner.is_archived]
    if kind is Dimension.OWNER:
        return {str(owner.owner_id) for owner in owners}
    return {owner.team.team_id for owner in owners if owner.team}


def values(
    portal: PortalContext, request: ReportRequest, grouping: Grouping
) -> Sequence[ReportRow]:
    """Return what a filter can be, with what is behind each value in the request's period."""
    others = {kind: chosen for kind, chosen in request.filters.items() if kind != grouping}
    asked = replace(
        request,
        measures=(Measure.WON, Measure.BOOKED),
        by=(grouping,),
        filters=others,
        compare=False,
    )
    return report.of(portal, asked, most=MOST_VALUES).rows


def named(
    tx: Transaction, filters: Iterable[tuple[Grouping, Sequence[str]]]
) -> dict[tuple[str, str], Key]:
    """Return what people read for the values of filters, by the words of an address."""
    found: dict[tuple[str, str], Key] = {}
    for grouping, chosen in filters:
        groups = [(None if value == NOTHING else value,) for value in chosen]
        keys = report_keys.of(tx, (grouping,), groups, ())
        for key in keys.known.values():
            found[grouping.word, key.value] = key
    return found


def can_filter(grouping: Grouping) -> bool:
    """Whether it is chosen by value: days are chosen by the period."""
    return grouping.dimension not in PERIODIC


def counting_map(portal: PortalContext) -> PortalMap:
    """Return the account's map that counts now."""
    with portal.transaction() as tx:
        return settings.read(tx).map


def _called(portal_map: PortalMap, owner: ObjectType, name: str) -> str:
    label = portal_map.labels_of(owner, name).label
    return (
        label
        or STANDARD_LABELS.get(name)
        or name.removeprefix("hs_").replace("_", " ").capitalize()
    )
