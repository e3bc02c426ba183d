"""Where a report's figures lead: the list of deals with the same filters, in the list's words."""

from collections.abc import Iterable, Mapping
from datetime import date

from mappings.kinds import Dimension, Measure
from mappings.records.report_request import NOTHING, Grouping, ReportRequest

Pairs = tuple[tuple[str, str], ...]
Chosen = tuple[Grouping, str]
# What the list of deals calls a filter, and how it writes that a deal has no such value.
_FILTERS: Mapping[Dimension, tuple[str, Pairs | None]] = {
    Dimension.SOURCE: ("kind", None),
    Dimension.OWNER: ("owner", (("no_owner", "yes"),)),
    Dimension.PIPELINE: ("pipeline", None),
    Dimension.COMPANY: ("company", None),
    Dimension.CREDITED: ("from_company", None),
    Dimension.ADVOCATE: ("advocate", None),
    Dimension.ORDER: ("order", None),
    Dimension.TIMING: ("timing", None),
}
# A key of these that is no number is no record: the pool, somebody who was removed.
_RECORDS = frozenset({Dimension.COMPANY, Dimension.CREDITED, Dimension.ADVOCATE})
_REST = "first_order"
_OF_ALL_WINS = frozenset({Measure.FIRST_ORDER, Measure.WON, Measure.WON_DEALS, Measure.COVERAGE})


def pairs(
    request: ReportRequest, first: date | None, last: date | None, chosen: Iterable[Chosen]
) -> Pairs | None:
    """Return the filter of a figure's deals; None where their list cannot tell them apart."""
    found = [*_filters(request), *chosen]
    said = [_said(grouping, value) for grouping, value in found]
    if None in said:
        return None
    filters = [pair for part in said for pair in part or ()]
    return (*_counted(request, first, last), *dict.fromkeys(filters))


def _filters(request: ReportRequest) -> list[Chosen]:
    return [(grouping, value) for grouping, values in request.filters.items() for value in values]


def _said(grouping: Grouping, value: str) -> Pairs | None:
    name, without = _FILTERS.get(grouping.dimension, ("", None))
    if value == NOTHING or not name:
        return without
    if value == _REST or (grouping.dimension in _RECORDS and not value.isdigit()):
        return None
    return ((name, value),)


def _counted(request: ReportRequest, first: date | None, last: date | None) -> Pairs:
    """Which deals the first measure is of, and their days."""
    measure = request.measures[0]
    if measure is Measure.PIPELINE:
        return (("state", "open"),)
    if measure in _OF_ALL_WINS:
        return (("state", "won"), *_days("booked", first, last))
    if measure is Measure.WIN_RATE:
        return (("state", "won"), ("state", "lost"), *_days("closed", first, last))
    return (("booked", "yes"), *_days("booked", first, last))


def _days(what: str, first: date | None, last: date | None) -> Pairs:
    ends = ((f"{what}_from", first), (f"{what}_to", last))
    return tuple((name, day.isoformat()) for name, day in ends if day is not None)
