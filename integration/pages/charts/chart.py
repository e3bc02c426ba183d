"""A chart as plain data: what it is of, its rows, and how many of them can be read."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from integration.pages.charts.axis import Unit
from integration.pages.texts import gettext as _

MOST_ROWS: Final = 20
"""More bars cannot be read below each other; the rest becomes one bar where it adds up."""
MOST_SERIES: Final = 6
"""More colours cannot be told apart; the rest becomes one series where it adds up."""
MOST_COLUMNS: Final = 60
"""More periods are drawn as a line."""
_TOO_LONG: Final = 4
"""Others that are so many times as long as the longest bar would leave nothing of it to see."""

Values = tuple[float | None, ...]


class ChartKind(StrEnum):
    """How rows are drawn."""

    BARS = "bars"
    STACKED = "stacked"
    LINE = "line"


@dataclass(frozen=True, slots=True)
class ChartRow:
    """What a row is of, and its figure in each series; None where there is none.

    Money is in minor units, a share between 0 and 1.
    """

    label: str
    values: Values


@dataclass(frozen=True, slots=True)
class Chart:
    """What to draw. *name* is unique on its page: the ids in the picture begin with it.

    *over_time*: the rows are periods and stand in their order beside each other; other rows lie
    below each other. *adds_up*: rows that find no room are added to one that is called *others*;
    *ends_with_others* says that they were.
    """

    name: str
    title: str
    kind: ChartKind
    unit: Unit
    series: tuple[str, ...]
    rows: tuple[ChartRow, ...]
    description: str = ""
    over_time: bool = False
    adds_up: bool = True
    others: str = field(default_factory=lambda: _("All others"))
    ends_with_others: bool = False

    @property
    def has_figures(self) -> bool:
        """Whether there is anything to draw."""
        return any(value is not None for row in self.rows for value in row.values)


def readable(chart: Chart) -> Chart:
    """Return the chart with as many rows and series as can be told apart."""
    fewer = _fewer_series(chart) if len(chart.series) > MOST_SERIES else chart
    if not fewer.over_time:
        return _fewer_rows(fewer) if len(fewer.rows) > MOST_ROWS else fewer
    return replace(fewer, kind=ChartKind.LINE) if len(fewer.rows) > MOST_COLUMNS else fewer


def _fewer_rows(chart: Chart) -> Chart:
    kept, rest = chart.rows[: MOST_ROWS - 1], chart.rows[MOST_ROWS - 1 :]
    others = ChartRow(
        chart.others, tuple(map(_sum, zip(*(row.values for row in rest), strict=True)))
    )
    if chart.adds_up and _length(others) <= _TOO_LONG * max(map(_length, kept)):
        return replace(chart, rows=(*kept, others), ends_with_others=True)
    return replace(chart, rows=chart.rows[:MOST_ROWS])


def _length(row: ChartRow) -> float:
    """How long a row's bars are, end to end."""
    return sum(abs(value) for value in row.values if value is not None)


def _fewer_series(chart: Chart) -> Chart:
    if not chart.adds_up:
        rows = [ChartRow(row.label, row.values[:MOST_SERIES]) for row in chart.rows]
        return replace(chart, series=chart.series[:MOST_SERIES], rows=tuple(rows))
    kept = MOST_SERIES - 1
    rows = [
        ChartRow(row.label, (*row.values[:kept], _sum(row.values[kept:]))) for row in chart.rows
    ]
    return replace(chart, series=(*chart.series[:kept], chart.others), rows=tuple(rows))


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
