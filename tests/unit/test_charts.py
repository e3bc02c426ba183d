"""Charts: what they hold, what they say, and that they fit any page."""

import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import altair as alt
import pytest

from integration.pages.charts import axis, drawing, labels, svg, vega
from integration.pages.charts.axis import COUNT, SHARE, money
from integration.pages.charts.chart import (
    MOST_ROWS,
    MOST_SERIES,
    Chart,
    ChartKind,
    ChartRow,
    readable,
)
from integration.pages.charts.themes import ALONE, PAGE

EUR = money("EUR")
HOSTILE = "</text><script>alert(1)</script>\x00\ufffe&\"'"
NAMES = ("Moved champion", "Referral", "Word of mouth", "None")
MONTHS = tuple(f"{month:02} 2025" for month in range(1, 13))


def a_chart(*values: float | None, kind: ChartKind = ChartKind.BARS, **more: object) -> Chart:
    rows = tuple(ChartRow(f"Row {number}", (value,)) for number, value in enumerate(values))
    return made({"kind": kind, "rows": rows, **more})


def made(values: dict[str, object]) -> Chart:
    usual: dict[str, object] = {
        "name": "sample", "title": "Booked by source", "kind": ChartKind.BARS, "unit": EUR, "series": ("Booked",)
    }  # fmt: skip
    return Chart(**{**usual, **values})  # type: ignore[arg-type]


KINDS = [
    pytest.param(a_chart(100_00, -20_00, None, 0), id="bars"),
    pytest.param(a_chart(*range(12), unit=COUNT, over_time=True), id="columns"),
    pytest.param(a_chart(0.2, 0.5, unit=SHARE, kind=ChartKind.LINE, over_time=True), id="line"),
    pytest.param(a_chart(1, kind=ChartKind.LINE), id="a line of what is no period"),
    pytest.param(
        made({
            "kind": ChartKind.STACKED, "over_time": True, "series": NAMES,
            "rows": tuple(ChartRow(month, (100, 200, None, -300)) for month in MONTHS),
        }), id="stacked",
    ),
    pytest.param(
        made({"series": ("Now", "Before"), "rows": (ChartRow(HOSTILE, (1, 2)), ChartRow("b", (3, 4)))}),
        id="grouped",
    ),
]  # fmt: skip


@pytest.mark.parametrize("chart", KINDS)
@pytest.mark.parametrize("theme", [PAGE, ALONE], ids=["page", "alone"])
@pytest.mark.parametrize("width", [drawing.WIDE, drawing.NARROW])
def test_what_is_drawn_is_valid_vega_lite(chart: Chart, theme: object, width: int) -> None:
    theme = PAGE if theme is PAGE else ALONE
    alt.Chart.from_dict(vega.specification(chart, theme, width, svg.fills(theme, "sample")))


@pytest.mark.parametrize("chart", KINDS)
def test_a_chart_in_a_page_has_nothing_that_a_strict_page_refuses(chart: Chart) -> None:
    drawn = drawing.draw(chart)
    for picture, width in ((drawn.wide, "wide"), (drawn.narrow, "narrow")):
        elements = list(_tree(picture).iter())
        names = {name.rpartition("}")[2] for element in elements for name in element.attrib}
        tags = {element.tag.rpartition("}")[2] for element in elements}
        ids = [element.attrib["id"] for element in elements if "id" in element.attrib]

        assert not names & {"style", "onclick", "onload", "href"}
        assert not tags & {"script", "style", "image", "foreignObject", "a"}
        assert len(ids) == len(set(ids))
        assert all(name.startswith(f"sample-{width}-") for name in ids)
        assert set(re.findall(r"url\(#([^)]+)\)", picture)) <= set(ids)
        assert "http" not in picture.replace("http://www.w3.org/2000/svg", "")


def test_a_chart_says_what_it_is_and_each_bar_what_it_stands_for() -> None:
    root = _tree(drawing.draw(a_chart(123_456, description="Won in 2025")).wide)
    texts = {
        element.attrib.get("id", "bar"): element.text for element in root.iter() if element.text
    }

    assert root.attrib["role"] == "img"
    assert root.attrib["aria-labelledby"] == "sample-wide-title sample-wide-text"
    assert texts["sample-wide-title"] == "Booked by source"
    assert texts["sample-wide-text"] == "Won in 2025"
    assert "Row 0: €1,234.56" in [element.text for element in root.iter()]


def test_a_name_that_holds_markup_is_drawn_as_text() -> None:
    chart = made({"title": HOSTILE, "description": HOSTILE, "rows": (ChartRow(HOSTILE, (1,)),)})

    assert "<script" not in drawing.draw(chart).wide
    assert "<script" not in drawing.svg_file(chart)
    assert drawing.png_file(chart).startswith(b"\x89PNG")


def test_two_rows_of_one_name_stay_two() -> None:
    chart = made({"rows": (ChartRow("Anna Smith", (100,)), ChartRow("Anna Smith", (200,)))})
    said = [element.text for element in _tree(drawing.draw(chart).wide).iter()]

    assert {"Anna Smith: €1.00", "Anna Smith: €2.00"} <= set(said)


def test_what_has_no_figures_is_not_drawn() -> None:
    assert not drawing.draw(a_chart()).wide
    assert not drawing.draw(a_chart(None, None)).wide
    assert drawing.draw(a_chart(0)).wide


def test_rows_that_find_no_room_are_one_bar_that_adds_up() -> None:
    chart = a_chart(*[500] * 15, *range(40))
    shown = readable(chart)

    assert len(shown.rows) == MOST_ROWS
    assert shown.ends_with_others
    assert sum(row.values[0] or 0 for row in shown.rows) == 15 * 500 + sum(range(40))
    assert drawing.draw(chart).left_out == 55 - MOST_ROWS + 1


def test_others_that_would_dwarf_every_bar_stand_in_the_table_only() -> None:
    drawn = drawing.draw(a_chart(*[500] * 5_000))

    assert not drawn.shown.ends_with_others
    assert len(drawn.shown.rows) == MOST_ROWS
    assert drawn.left_out == 5_000 - MOST_ROWS
    assert len(drawn.wide) < 20_000


def test_rates_have_no_others() -> None:
    shown = readable(a_chart(*[0.5] * 30, unit=SHARE, adds_up=False))

    assert not shown.ends_with_others
    assert len(shown.rows) == MOST_ROWS


def test_series_that_find_no_room_are_one_that_adds_up() -> None:
    values = tuple(range(1, 11))
    names = tuple(f"Owner {number}" for number in values)
    shown = readable(
        made({"kind": ChartKind.STACKED, "series": names, "rows": (ChartRow("All", values),)})
    )

    assert shown.series == (*names[: MOST_SERIES - 1], "All others")
    assert sum(value or 0 for value in shown.rows[0].values) == sum(values)


def test_more_periods_than_columns_have_room_are_a_line() -> None:
    assert readable(a_chart(*range(300), over_time=True)).kind is ChartKind.LINE


@pytest.mark.parametrize(
    ("values", "marks"),
    [([], [0, 1]), ([0], [0, 1]), ([12], [0, 2.5, 5, 7.5, 10, 12.5]), ([-30, 100], [-50, 0, 50, 100]), ([4e9], [0, 1e9, 2e9, 3e9, 4e9])],
)  # fmt: skip
def test_the_marks_of_an_axis_are_round_and_hold_zero_and_every_value(
    values: list[float], marks: list[float]
) -> None:
    assert axis.marks(values, EUR) == marks


def test_nobody_counts_half_a_deal() -> None:
    assert axis.marks([2], COUNT) == [0, 1, 2]


@pytest.mark.parametrize(
    ("length", "unit", "text"),
    [(1_234_567, EUR, "€1.2M"), (40_000, EUR, "€40K"), (-7_000, EUR, "-€7K"), (0.125, SHARE, "12%"), (0.031, SHARE, "3.1%"), (2_579, COUNT, "2.6K"), (5, money("XXZ"), "5")],
)  # fmt: skip
def test_figures_at_bars_have_few_digits(length: float, unit: axis.Unit, text: str) -> None:
    assert axis.short(length, unit) == text


def test_money_is_drawn_in_its_own_digits() -> None:
    assert axis.length(123_456, EUR) == 1_234.56
    assert axis.length(123_456, money("JPY")) == 123_456
    assert axis.length(123_456, money("KWD")) == 123.456


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Acme", "Acme"),
        ("A very long company name", "A very lo…"),
        ("株式会社長い名前", "株式会社…"),
        ("a\nb\u202ec\x07", "a b c"),
        ("e\N{COMBINING ACUTE ACCENT}" * 10, "e\N{COMBINING ACUTE ACCENT}" * 10),
        ("شركة الاختبار العربية", "شركة الاخ…\N{RIGHT-TO-LEFT MARK}"),
    ],
    ids=["short", "long", "wide letters", "what cannot be drawn", "accents", "right to left"],
)
def test_labels_are_cut_to_their_room(text: str, shown: str) -> None:
    assert labels.shortened(text, 10) == shown


def test_neighbouring_colours_differ_also_without_colour() -> None:
    lightness = [_lightness(colour) for colour in ALONE.series]
    differences = [abs(one - other) for one, other in pairwise(lightness)]

    assert min(differences) > 8, lightness
    assert max(lightness) < 70  # on white paper


def _tree(picture: str) -> ET.Element:
    return ET.fromstring(picture)  # noqa: S314 - drawn here


def _lightness(colour: str) -> float:
    """L* of a colour, 0 to 100."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = sum(
        part * weight for part, weight in zip(linear, (0.2126, 0.7152, 0.0722), strict=True)
    )
    return float(116 * luminance ** (1 / 3) - 16)
