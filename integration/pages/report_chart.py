"""The chart of a report: which form fits it, and its rows as a chart has them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from integration.pages import report_texts
from integration.pages.charts.chart import Chart, ChartKind, ChartRow, Values
from integration.pages.report_texts import Labels
from integration.pages.texts import gettext as _
from integration.reports.report import Report, ReportRow
from integration.reports.report_figures import ADDED_UP
from integration.reports.report_keys import Key
from mappings.kinds import Dimension, Measure
from mappings.records.report_request import PERIODIC, Grouping
from mappings.records.report_view import ChartChoice

# Counted once in each row that they are in.
_DEALS: Final = frozenset({Measure.DEALS, Measure.WON_DEALS})
_KINDS: Mapping[ChartChoice, ChartKind] = {
    ChartChoice.BARS: ChartKind.BARS,
    ChartChoice.STACKED: ChartKind.STACKED,
    ChartChoice.LINE: ChartKind.LINE,
}


def of(report: Report, choice: ChartChoice, name: str, labels: Labels) -> Chart | None:
    """Return the chart of a report's first measure; None where there is nothing to draw."""
    if choice is ChartChoice.NONE or not report.request.by or not report.rows:
        return None
    measure = report.request.measures[0]
    rows, series = (_by_two if len(report.request.by) > 1 else _by_one)(report, measure)
    adds_up = measure in ADDED_UP and not (measure in _DEALS and report.is_shared)
    over_time = _across(report).dimension in PERIODIC
    return Chart(
        name=name,
        title=report_texts.title(report, labels, 1),
        kind=_KINDS.get(choice) or _fitting(report, len(rows), is_stack=adds_up),
        unit=report_texts.unit(measure, report.currency),
        series=series,
        rows=rows,
        description=report_texts.period(report.period),
        over_time=over_time,
        adds_up=adds_up,
        others=_("All others"),
    )


def _fitting(report: Report, rows: int, *, is_stack: bool) -> ChartKind:
    if len(report.request.by) > 1:
        return ChartKind.STACKED if is_stack else ChartKind.LINE
    is_long = _across(report).dimension in PERIODIC and rows > 24  # noqa: PLR2004 - two years
    return ChartKind.LINE if is_long else ChartKind.BARS


def _across(report: Report) -> Grouping:
    """The dimension whose keys stand along the chart: days, where one of two is."""
    periodic = [kind for kind in report.request.by if kind.dimension in PERIODIC]
    return (periodic or list(report.request.by))[0]


def _by_one(report: Report, measure: Measure) -> tuple[tuple[ChartRow, ...], tuple[str, ...]]:
    kind = report.request.by[0]
    rows = [
        ChartRow(report_texts.key(kind, row.keys[0]), _values(row, measure)) for row in report.rows
    ]
    if report.rest is not None and measure in ADDED_UP:
        # It finds no room, and so is a part of all the others.
        rest = report.rest.get(measure)
        rows.append(ChartRow(_("All others"), (rest, None) if report.request.compare else (rest,)))
    if not report.request.compare:
        return tuple(rows), (report_texts.measure(measure),)
    return tuple(rows), (_("This period"), _("The period before"))


def _values(row: ReportRow, measure: Measure) -> Values:
    value = row.values.get(measure)
    return (value,) if row.before is None else (value, row.before.get(measure))


def _by_two(report: Report, measure: Measure) -> tuple[tuple[ChartRow, ...], tuple[str, ...]]:
    """One dimension along the chart, the other as series, the largest first."""
    place = report.request.by.index(_across(report))
    along, other = report.request.by[place], report.request.by[1 - place]
    table: dict[Key, dict[Key, float | None]] = {}
    sums: dict[Key, float] = {}
    for row in report.rows:
        value = row.values.get(measure)
        here, series = row.keys[place], row.keys[1 - place]
        table.setdefault(here, {})[series] = value
        sums[series] = sums.get(series, 0) + abs(value or 0)
    if along.dimension in PERIODIC:
        table = {key: table.get(key, {}) for key in _without_gaps(list(table), along.dimension)}
    names = sorted(sums, key=lambda series: (-sums[series], series.label))
    order: Callable[[Key], str | float] = (
        (lambda key: key.value)
        if along.dimension in PERIODIC
        else (lambda key: -sum(abs(value or 0) for value in table[key].values()))
    )
    rows = [
        ChartRow(report_texts.key(along, here), tuple(table[here].get(name) for name in names))
        for here in sorted(table, key=order)
    ]
    return tuple(rows), tuple(report_texts.key(other, name) for name in names)


def _without_gaps(keys: Sequence[Key], kind: Dimension) -> list[Key]:
    """All periods from the first to the last, also those in which nothing was won."""
    known = {key.value: key for key in keys}
    found, value, last = [], min(known), max(known)
    while value <= last:
        found.append(known.get(value, Key(value, value)))
        value = _NEXT[kind](value)
    return found


def _next_month(value: str) -> str:
    year, month = map(int, value.split("-"))
    return f"{year + month // 12:04}-{month % 12 + 1:02}"


def _next_quarter(value: str) -> str:
    year, quarter = map(int, value.split("-Q"))
    return f"{year + quarter // 4:04}-Q{quarter % 4 + 1}"


_NEXT: Mapping[Dimension, Callable[[str], str]] = {
    Dimension.MONTH: _next_month,
    Dimension.QUARTER: _next_quarter,
    Dimension.YEAR: lambda value: f"{int(value) + 1:04}",
}
