"""Drawing of charts: inside of a page, and as SVG and PNG files.

Beside a chart there has to be a table of the same rows: a picture holds as many of them as can be
read, the table holds all. Nothing is fetched, and no script runs in the browser.
"""

import threading
from dataclasses import dataclass
from typing import Final

import vl_convert
from markupsafe import Markup

from integration.core import logs
from integration.pages.charts import axis, svg, vega
from integration.pages.charts.axis import COUNT
from integration.pages.charts.chart import Chart, ChartKind, ChartRow, readable
from integration.pages.charts.themes import ALONE, PAGE, Theme
from mappings.formats import NOTHING

WIDE: Final = 720
"""Pixels; what a chart is on a screen and in a file."""
NARROW: Final = 340
"""Pixels; what a chart is on a phone."""
_PNG_SCALE: Final = 2
_log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart as a page shows it, for wide and for narrow screens; both empty without figures.

    `shown` is what was drawn: fewer rows and series than `chart` has, where it has too many.
    """

    chart: Chart
    shown: Chart
    wide: Markup
    narrow: Markup

    @property
    def left_out(self) -> int:
        """How many rows have no place of their own in it."""
        return len(self.chart.rows) - len(self.shown.rows) + self.shown.ends_with_others

    def written(self, value: float | None) -> str:
        """A figure of the table beside the picture, in all its digits."""
        return NOTHING if value is None else axis.whole(value, self.chart.unit)


def draw(chart: Chart) -> Drawing:
    """Draw a chart for a page, in the page's own colours, light and dark."""
    if not chart.has_figures:
        return Drawing(chart, chart, Markup(), Markup())
    shown = readable(chart)
    wide = _picture(shown, PAGE, WIDE, f"{chart.name}-wide")
    narrow = _picture(shown, PAGE, NARROW, f"{chart.name}-narrow")
    # Both are written from a tree, which escapes every text.
    return Drawing(chart, shown, Markup(wide), Markup(narrow))  # noqa: S704


def svg_file(chart: Chart) -> str:
    """Return a chart as a file of its own: with its title, dark on white."""
    return _picture(readable(chart), ALONE, WIDE, chart.name)


def png_file(chart: Chart) -> bytes:
    """Return a chart in pixels, for slides and documents."""
    picture: bytes = vl_convert.svg_to_png(svg_file(chart), scale=_PNG_SCALE)
    return picture


def warm_up() -> None:
    """Start the drawing engine in the background, so that no page waits for it."""
    threading.Thread(target=_draw_something, name="charts", daemon=True).start()


def _draw_something() -> None:
    sample = Chart("sample", "", ChartKind.BARS, COUNT, ("",), (ChartRow("", (1,)),))
    try:
        draw(sample)
    except Exception as trouble:  # noqa: BLE001 - a page that has a chart will say it again
        _log.warning("charts cannot be drawn", reason=str(trouble))


def _picture(chart: Chart, theme: Theme, width: int, prefix: str) -> str:
    specification = vega.specification(chart, theme, width, svg.fills(theme, prefix))
    picture = vl_convert.vegalite_to_svg(specification, allowed_base_urls=[])
    return svg.finished(
        picture, theme, prefix, chart.title, chart.description, series=len(chart.series)
    )
