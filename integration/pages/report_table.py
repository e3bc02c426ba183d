"""The table of a report: columns that sort, rows whose figures lead to their deals, a total."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode

from flask import url_for

from integration.pages import figures, report_texts
from integration.pages.report_texts import Labels
from integration.pages.texts import gettext as _
from integration.reports.report import Report, ReportRow, Value, Values
from integration.reports.report_deals import Pairs
from mappings.kinds import Measure
from mappings.records import report_view
from mappings.records.report_request import PERIODIC, Grouping
from mappings.records.report_view import ReportView

MOST_ROWS: Final = 1_000
"""A page shows so many rows; files have all of them."""
_MANY_TIMES = 10  # from here on percent are no longer read
_OF_ALL_WINS: Final = frozenset(
    {Measure.FIRST_ORDER, Measure.WON, Measure.WON_DEALS, Measure.COVERAGE, Measure.SHARE}
)
_OF_OTHER_DEALS: Final = frozenset({Measure.PIPELINE, Measure.WIN_RATE})
# How the list of deals says which of them are counted.
_ALL_WINS, _WITH_CUSTOMER = ("state", "won"), ("booked", "yes")
_COUNTED: Final = (_ALL_WINS, _WITH_CUSTOMER)


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, the address that sorts by it, and how it is sorted now, for aria-sort."""

    label: str
    address: str
    sorted: str = ""
    is_figure: bool = True


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure, the list of the deals behind it, and the change since the period before."""

    text: str
    address: str = ""
    before: str = ""
    change: str = ""
    direction: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """The keys of a row as people read them, and its figures."""

    keys: tuple[str, ...]
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A report as a table; `left_out` rows stand in its files only, and add up to `rest`."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    total: tuple[Cell, ...]
    rest: tuple[Cell, ...] = ()
    left_out: int = 0


def of(portal_id: int, view: ReportView, report: Report, labels: Labels, address: str) -> Table:
    """Return the table of a report; to *address* the words of a view are added."""
    rows = _sorted(report, view.sort)
    return Table(
        columns=tuple(_columns(view, report, labels, address)),
        rows=tuple(_row(portal_id, report, row) for row in rows),
        total=tuple(
            _cell(portal_id, report, measure, report.total, report.before, report.deals)
            for measure in report.request.measures
        ),
        rest=tuple(
            _cell(portal_id, report, measure, report.rest, None, None)
            for measure in report.request.measures
        )
        if report.rest is not None
        else (),
        left_out=report.rest_rows,
    )


def _columns(view: ReportView, report: Report, labels: Labels, address: str) -> Iterable[Column]:
    for kind in report.request.by:
        yield _column(
            view, kind.word, report_texts.grouping(kind, labels), address, is_figure=False
        )
    for measure in report.request.measures:
        yield _column(view, measure.value, report_texts.measure(measure), address, is_figure=True)


def _column(view: ReportView, word: str, label: str, address: str, *, is_figure: bool) -> Column:
    """Figures are sorted from the largest first, names from the first letter; again turns it."""
    first = f"-{word}" if is_figure else word
    other = word if is_figure else f"-{word}"
    chosen = other if view.sort == first else first
    now = {word: "ascending", f"-{word}": "descending"}.get(view.sort, "")
    query = urlencode(report_view.pairs(replace(view, sort=chosen)))
    return Column(label, f"{address}{query}", now, is_figure)


def _sorted(report: Report, sort: str) -> Sequence[ReportRow]:
    """The rows by a column; in the report's own order without one, or for one that it lacks."""
    word, is_down = sort.removeprefix("-"), sort.startswith("-")
    for place, kind in enumerate(report.request.by):
        if kind.word == word:
            return sorted(
                report.rows, key=lambda row: _key_order(kind, row, place), reverse=is_down
            )
    for measure in report.request.measures:
        if measure.value == word:
            known = [row for row in report.rows if row.values.get(measure) is not None]
            known.sort(key=lambda row: row.values[measure] or 0, reverse=is_down)
            return [*known, *(row for row in report.rows if row.values.get(measure) is None)]
    return report.rows


def _key_order(kind: Grouping, row: ReportRow, place: int) -> str:
    key = row.keys[place]
    return key.value if kind.dimension in PERIODIC else key.label.casefold()


def _row(portal_id: int, report: Report, row: ReportRow) -> Row:
    keys = zip(report.request.by, row.keys, strict=True)
    return Row(
        keys=tuple(report_texts.key(kind, key) for kind, key in keys),
        cells=tuple(
            _cell(portal_id, report, measure, row.values, row.before, row.deals)
            for measure in report.request.measures
        ),
    )


def _cell(
    portal_id: int,
    report: Report,
    measure: Measure,
    values: Values,
    before: Values | None,
    deals: Pairs | None,
) -> Cell:
    value = values.get(measure)
    text = report_texts.figure(measure, value, report.currency)
    words = deals_address(report, measure, deals) if value else ""
    list_of_deals = url_for("lists.deals", portal_id=portal_id)
    address = f"{list_of_deals}?{words}" if words else ""
    if before is None:
        return Cell(text, address)
    earlier = before.get(measure)
    change, direction = _change(measure, value, earlier)
    said = report_texts.figure(measure, earlier, report.currency)
    return Cell(text, address, said, change, direction)


def _change(measure: Measure, value: Value, before: Value) -> tuple[str, str]:
    """How much a figure moved: in percent of the one before, shares in points."""
    if value is None or before is None or value == before:
        return "", ""
    direction = "up" if value > before else "down"
    if measure in report_texts.SHARES:
        points = figures.count(round(abs(value - before) * 100))
        return _("%(points)s points", points=points), direction
    if before <= 0 or value < 0:
        return "", direction
    if value > _MANY_TIMES * before:
        return _("%(times)s times", times=figures.count(round(value / before))), direction
    return figures.percent(abs(value - before) / before), direction


def deals_address(report: Report, measure: Measure, deals: Pairs | None) -> str:
    """The words of the list of the deals behind a figure; empty where the list has no such filter.

    *deals* are those behind the report's first measure, with the same days.
    """
    first = report.request.measures[0]
    if deals is None or (measure is not first and {measure, first} & _OF_OTHER_DEALS):
        return ""
    if (measure in _OF_ALL_WINS) == (first in _OF_ALL_WINS):
        return urlencode(deals)
    counted = _ALL_WINS if measure in _OF_ALL_WINS else _WITH_CUSTOMER
    return urlencode([counted, *(pair for pair in deals if pair not in _COUNTED)])
