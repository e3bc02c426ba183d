"""A customer's health over time: a point a week in a picture, the end of each month in a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from integration.pages import figures
from integration.pages.charts import drawing
from integration.pages.charts.axis import COUNT
from integration.pages.charts.chart import Chart, ChartKind, ChartRow
from integration.pages.charts.drawing import Drawing
from integration.pages.texts import gettext as _
from mappings.rules.success.health_days import HealthDay

_SHOWN: Final = timedelta(days=366)
_WEEK: Final = 7


@dataclass(frozen=True, slots=True)
class Trend:
    """The picture of a year, and the days that its table shows, the newest first."""

    drawing: Drawing
    month_ends: Sequence[HealthDay]


def of(days: Sequence[HealthDay]) -> Trend | None:
    """Return the trend of the last year that is kept; None without a number in it."""
    if not days:
        return None
    last = days[-1].on
    shown = [day for day in days if last - day.on < _SHOWN]
    weekly = [day for day in shown if (last - day.on).days % _WEEK == 0]
    if not any(day.tenths is not None for day in weekly):
        return None
    chart = Chart(
        name="health-trend",
        title=_("Score, week by week"),
        kind=ChartKind.LINE,
        unit=COUNT,
        series=(_("Score"),),
        rows=tuple(ChartRow(figures.day(day.on), (day.score,)) for day in weekly),
        description=_("Weeks of which too little is known have no point."),
        over_time=True,
        adds_up=False,
    )
    return Trend(drawing.draw(chart), _month_ends(shown))


def _month_ends(days: Sequence[HealthDay]) -> list[HealthDay]:
    by_month = {(day.on.year, day.on.month): day for day in days}
    return list(reversed(by_month.values()))
