"""The drawing instructions of a chart: a Vega-Lite specification, made of plain dicts.

Rows and series are drawn by their numbers, so that two of one name stay two; their labels and the
figures at the axis are looked up by number in texts that were written here.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from integration.pages.charts import axis
from integration.pages.charts.chart import Chart, ChartKind
from integration.pages.charts.labels import clean, columns_of, shortened
from integration.pages.charts.themes import Theme

Spec = dict[str, Any]
_SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v6.json"
_BAR: Final = 24  # pixels from one bar to the next
_GROUPED_BAR: Final = 15
_HEIGHT: Final = 240
_PADDING: Final = {"right": 10, "top": 6, "bottom": 6}
_WIDEST_COLUMN: Final = 64
_MOST_POINTS: Final = 60
_SAID: Final[Spec] = {"description": {"field": "said"}}
_LETTER: Final = 7.0  # pixels of an average letter
_WIDE: Final = 500
_DASHES: Final = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4], [1, 3])
_SHAPES: Final = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")


def specification(chart: Chart, theme: Theme, width: int, fills: Sequence[str]) -> Spec:
    """Say how to draw a chart, *width* pixels wide, its series filled with *fills*."""
    drawn = _lines(chart, theme, width) if chart.kind is ChartKind.LINE else None
    if drawn is None:
        drawn = (_columns if chart.over_time else _bars)(chart, theme, width, fills)
    return {
        "$schema": _SCHEMA,
        "width": width,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "padding": {**_PADDING, "left": _left_padding(chart)},
        "background": theme.ground or "transparent",
        **(_title(chart, theme) if theme.ground else {}),
        "config": _config(theme),
        "data": {"values": list(_points(chart))},
        **drawn,
    }


def _config(theme: Theme) -> Spec:
    font = theme.font or "sans-serif"
    return {
        "font": font,
        "view": {"stroke": None},
        "axis": {
            "labelColor": theme.dim,
            "labelFontSize": 12,
            "labelPadding": 6,
            "title": None,
            "domain": False,
            "ticks": False,
            "gridColor": theme.line,
        },
        "legend": {
            "labelColor": theme.ink,
            "labelFontSize": 12,
            "labelLimit": 0,
            "title": None,
            "orient": "top",
            "direction": "horizontal",
            "symbolType": "square",
            "symbolSize": 150,
            "symbolStrokeWidth": 0,
            "columnPadding": 16,
            "offset": 12,
        },
        "text": {"fontSize": 12, "color": theme.ink},
    }


def _left_padding(chart: Chart) -> int:
    """Room for letters that are wider in a reader's font than in the one measured with."""
    if chart.over_time:
        return 10
    return 10 + min(max(columns_of(row.label) for row in chart.rows), 34)


def _title(chart: Chart, theme: Theme) -> Spec:
    """What a page says above a picture; a file has to say it itself."""
    return {
        "title": {
            "text": shortened(chart.title, 76),
            "subtitle": shortened(chart.description, 100),
            "anchor": "start",
            "frame": "group",
            "color": theme.ink,
            "subtitleColor": theme.dim,
            "fontSize": 16,
            "subtitleFontSize": 12,
            "subtitlePadding": 6,
            "offset": 16,
        }
    }


def _points(chart: Chart) -> Iterator[Spec]:
    """A point for each figure: row, series, length, what stands at it, what the pointer says."""
    for row_number, row in enumerate(chart.rows):
        for number, value in enumerate(row.values):
            if value is not None:
                length = axis.length(value, chart.unit)
                yield {
                    "row": row_number,
                    "series": number,
                    "length": length,
                    "shown": axis.short(length, chart.unit),
                    "said": _said(chart, row.label, number, value),
                }


def _said(chart: Chart, label: str, number: int, value: float) -> str:
    names = [label, chart.series[number]] if len(chart.series) > 1 else [label]
    return f"{', '.join(map(clean, names))}: {axis.whole(value, chart.unit)}"


def _bars(chart: Chart, theme: Theme, width: int, fills: Sequence[str]) -> Spec:
    """Bars below each other; what each is of stands to its left."""
    is_grouped = _is_grouped(chart)
    step = _GROUPED_BAR * len(chart.series) + 9 if is_grouped else _BAR
    columns = 34 if width > _WIDE else 16
    has_texts = chart.kind is ChartKind.BARS
    encoding: Spec = {
        "y": _places(chart, columns, range(len(chart.rows)), labelAlign="right"),
        "x": _lengths(chart, width, room=_room(chart, width) if has_texts else 0),
    }
    if is_grouped:
        encoding["yOffset"] = {"field": "series", "type": "ordinal"}
    texts = _texts(chart, along="x") if has_texts else []
    return {
        "height": {"step": step, "for": "position"},
        "encoding": encoding,
        "layer": [_mark(chart, theme, width, fills), *texts],
    }


def _columns(chart: Chart, theme: Theme, width: int, fills: Sequence[str]) -> Spec:
    """Columns beside each other, in their order."""
    labelled, columns = _labelled_periods(chart, width)
    has_texts = len(labelled) == len(chart.rows) and not _is_grouped(chart)
    has_texts = has_texts and chart.kind is ChartKind.BARS
    encoding: Spec = {
        "x": _places(chart, columns, labelled, labelAngle=0) | {"scale": _slim(chart, width)},
        "y": _lengths(chart, width, room=0.08 if has_texts else 0),
    }
    if _is_grouped(chart):
        encoding["xOffset"] = {"field": "series", "type": "ordinal"}
    texts = _texts(chart, along="y") if has_texts else []
    return {
        "height": _HEIGHT,
        "encoding": encoding,
        "layer": [_mark(chart, theme, width, fills), *texts],
    }


def _slim(chart: Chart, width: int) -> Spec:
    """Columns that stay columns where there are few of them."""
    wide = _WIDEST_COLUMN * (len(chart.series) if _is_grouped(chart) else 1)
    padding = max(0.25, 1 - wide * len(chart.rows) / width)
    return {**_domain(chart), "paddingInner": padding, "paddingOuter": padding / 2}


def _domain(chart: Chart) -> Spec:
    return {"domain": list(range(len(chart.rows)))}


def _lines(chart: Chart, theme: Theme, width: int) -> Spec:
    """A line for each series, told apart by colour, dashes and the form of its points."""
    labelled, columns = _labelled_periods(chart, width)
    encoding: Spec = {
        "x": _places(chart, columns, labelled, labelAngle=0)
        | {"scale": {**_domain(chart), "type": "point", "padding": 0.3}},
        "y": _lengths(chart, width, room=0),
        "color": _by_series(chart, width, theme.series),
    }
    line = {"type": "line", "strokeWidth": 2, "aria": False}
    layers = [{"mark": line, "encoding": {"strokeDash": _by_series(chart, width, _DASHES)}}]
    if len(chart.rows) <= _MOST_POINTS:
        point = {"type": "point", "filled": True, "opacity": 1, "size": 40}
        shape = _by_series(chart, width, _SHAPES)
        layers.append({"mark": point, "encoding": {"shape": shape, **_SAID}})
    return {"height": _HEIGHT, "encoding": encoding, "layer": layers}


def _is_grouped(chart: Chart) -> bool:
    return chart.kind is ChartKind.BARS and len(chart.series) > 1


def _mark(chart: Chart, theme: Theme, width: int, fills: Sequence[str]) -> Spec:
    """A bar; a thin line of paper parts those that are stacked."""
    is_stacked = chart.kind is ChartKind.STACKED and len(chart.series) > 1
    edge = {"stroke": theme.paper, "strokeWidth": 1} if is_stacked else {"cornerRadiusEnd": 2}
    encoding = {"color": _by_series(chart, width, fills), **_SAID}
    return {"mark": {"type": "bar", **edge}, "encoding": encoding}


def _texts(chart: Chart, *, along: str) -> list[Spec]:
    """The figures at the ends of the bars, beyond zero on the side of the bar."""
    if along == "x":
        after, before = {"align": "left", "dx": 5}, {"align": "right", "dx": -5}
    else:
        after, before = {"baseline": "bottom", "dy": -4}, {"baseline": "top", "dy": 4}
    return [
        {
            "transform": [{"filter": f"datum.length {compared} 0"}],
            "mark": {"type": "text", "aria": False, **place},
            "encoding": {"text": {"field": "shown"}},
        }
        for compared, place in ((">=", after), ("<", before))
        if any(_is_on_side(value, compared) for row in chart.rows for value in row.values)
    ]


def _is_on_side(value: float | None, compared: str) -> bool:
    return value is not None and (value < 0) == (compared == "<")


def _places(chart: Chart, columns: int, labelled: Sequence[int], **more: object) -> Spec:
    """Where rows stand, with the labels of those that have room for one."""
    labels = [shortened(row.label, columns) for row in chart.rows]
    return {
        "field": "row",
        "type": "ordinal",
        "sort": None,
        "scale": {**_domain(chart), "paddingInner": 0.25},
        "axis": {
            "values": list(labelled),
            "labelExpr": f"{json.dumps(labels)}[datum.value]",
            "labelLimit": 0,
            "labelOverlap": False,
            "grid": False,
            **more,
        },
    }


def _lengths(chart: Chart, width: int, *, room: float) -> Spec:
    """How long values are; *room* is left beyond the longest, as a part of all, for its text."""
    numbers = axis.marks(_extremes(chart), chart.unit)
    if width <= _WIDE and not chart.over_time:
        numbers = numbers[:: 1 + len(numbers) // 4]
    written = [axis.short(number, chart.unit) for number in numbers]
    texts = {
        json.dumps(_plain(number)): text for number, text in zip(numbers, written, strict=True)
    }
    low, high = min(numbers + _extremes(chart)), max(numbers + _extremes(chart))
    reach = (high - low) * room
    return {
        "field": "length",
        "type": "quantitative",
        "stack": "zero" if chart.kind is ChartKind.STACKED else None,
        "scale": {"domain": [low - (reach if low < 0 else 0), high + reach], "nice": False},
        "axis": {
            "values": list(map(_plain, numbers)),
            "labelExpr": f"{json.dumps(texts)}[datum.value]",
            "labelOverlap": False,
        },
    }


def _plain(number: float) -> float:
    """A number as scripts write it: 40000, not 40000.0."""
    return int(number) if float(number).is_integer() else number


def _extremes(chart: Chart) -> list[float]:
    """The lengths that have to find room: of stacked bars, all above and all below zero."""
    known = [[value for value in row.values if value is not None] for row in chart.rows]
    if chart.kind is ChartKind.STACKED:
        above = [sum(value for value in values if value > 0) for values in known]
        below = [sum(value for value in values if value < 0) for values in known]
        known = [above, below]
    return [axis.length(value, chart.unit) for values in known for value in values]


def _room(chart: Chart, width: int) -> float:
    """The part of the length that the longest text at a bar takes."""
    texts = [axis.short(length, chart.unit) for length in _extremes(chart)]
    longest = max((columns_of(text) for text in texts), default=0)
    return (longest + 1) * _LETTER / (width * 0.6)


def _labelled_periods(chart: Chart, width: int) -> tuple[list[int], int]:
    """Which periods have room for their label, and how many columns it may take."""
    longest = max((columns_of(row.label) for row in chart.rows), default=1)
    columns = min(longest, 14)
    most = max(int(width * 0.9 / ((columns + 1.5) * _LETTER)), 1)
    every = -(-len(chart.rows) // most)
    return list(range(0, len(chart.rows), every)), columns


def _by_series(chart: Chart, width: int, looks: Sequence[object]) -> Spec:
    """How each series looks, with a legend where there are several."""
    numbers = list(range(len(chart.series)))
    return {
        "field": "series",
        "type": "ordinal",
        "scale": {"domain": numbers, "range": list(looks[: len(numbers)])},
        "legend": _legend(chart, width),
    }


def _legend(chart: Chart, width: int) -> Spec | None:
    if len(chart.series) < 2:  # noqa: PLR2004 - one series needs no telling apart
        return None
    names = [shortened(name, 26) for name in chart.series]
    longest = max(map(columns_of, names))
    columns = max(int(width / ((longest + 4) * _LETTER)), 1)
    is_line = chart.kind is ChartKind.LINE
    return {
        "labelExpr": f"{json.dumps(names)}[datum.value]",
        "columns": columns,
        **({"symbolStrokeWidth": 2} if is_line else {}),
    }
