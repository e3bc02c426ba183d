"""A report as its page shows it: its chart, where its figures lead, what it says of itself."""

from datetime import UTC, date, datetime

import pytest

from integration.pages import report_chart, report_table, report_texts
from integration.pages.charts.chart import ChartKind
from integration.reports.report import Report, ReportRow, Value
from integration.reports.report_keys import Key
from mappings.kinds import Dimension, Measure
from mappings.records.report_request import Grouping, ReportRequest
from mappings.records.report_view import ChartChoice
from mappings.rules.ledger.report_period import Period

MONTH, SOURCE, OWNER = (
    Grouping(kind) for kind in (Dimension.MONTH, Dimension.SOURCE, Dimension.OWNER)
)
YEAR = Period(date(2026, 1, 1), date(2026, 12, 31), 12)


def a_report(
    by: tuple[Grouping, ...],
    rows: dict[tuple[str, ...], Value],
    *,
    measures: tuple[Measure, ...] = (Measure.BOOKED,),
    rest: int | None = None,
) -> Report:
    """A report of one measure; its keys are called as they are written."""
    return Report(
        request=ReportRequest(measures, by),
        currency="EUR",
        period=YEAR,
        rows=tuple(
            ReportRow(tuple(Key(word, word) for word in keys), {measures[0]: value}, ())
            for keys, value in rows.items()
        ),
        total={},
        deals=(),
        settings_version=1,
        asked_at=datetime(2026, 6, 30, tzinfo=UTC),
        rest=None if rest is None else {measures[0]: rest},
        rest_rows=0 if rest is None else 7,
    )


def test_months_in_which_nothing_was_won_have_their_place_in_the_chart() -> None:
    found = a_report(
        (MONTH, SOURCE), {("2025-11", "referral"): 100, ("2026-02", "moved_champion"): 300}
    )
    chart = report_chart.of(found, ChartChoice.FITTING, "report", {})

    assert chart is not None
    assert [row.label for row in chart.rows] == [
        "November 2025", "December 2025", "January 2026", "February 2026",
    ]  # fmt: skip
    assert chart.series == ("moved_champion", "referral")
    assert [row.values for row in chart.rows] == [
        (None, 100),
        (None, None),
        (None, None),
        (300, None),
    ]
    assert (chart.kind, chart.over_time) == (ChartKind.STACKED, True)


def test_the_largest_come_first_where_rows_are_no_days() -> None:
    found = a_report((OWNER, SOURCE), {("Bo", "a"): 1, ("Ana", "a"): 5, ("Ana", "b"): 5})
    chart = report_chart.of(found, ChartChoice.BARS, "report", {})

    assert chart is not None
    assert [row.label for row in chart.rows] == ["Ana", "Bo"]
    assert (chart.kind, chart.over_time) == (ChartKind.BARS, False)


def test_what_the_smallest_rows_add_up_to_is_a_part_of_the_others() -> None:
    found = a_report((OWNER,), {(f"Owner {number}",): 100 for number in range(30)}, rest=77)
    chart = report_chart.of(found, ChartChoice.FITTING, "report", {})

    assert chart is not None
    assert sum(row.values[0] or 0 for row in chart.rows) == 30 * 100 + 77


def test_rates_are_never_stacked_or_added_up() -> None:
    found = a_report(
        (MONTH, OWNER),
        {("2026-01", "Bo"): 0.5, ("2026-01", "Ana"): 1.0},
        measures=(Measure.WIN_RATE,),
    )
    chart = report_chart.of(found, ChartChoice.FITTING, "report", {})

    assert chart is not None
    assert (chart.kind, chart.adds_up) == (ChartKind.LINE, False)


def test_nothing_is_drawn_of_a_total_or_when_nobody_wants_it() -> None:
    assert report_chart.of(a_report((), {}), ChartChoice.FITTING, "report", {}) is None
    assert report_chart.of(a_report((OWNER,), {("a",): 1}), ChartChoice.NONE, "report", {}) is None


DAYS = (("booked_from", "2026-01-01"),)


@pytest.mark.parametrize(
    ("first", "measure", "deals", "words"),
    [
        (Measure.BOOKED, Measure.BOOKED, (("booked", "yes"), *DAYS), "booked=yes&booked_from=2026-01-01"),
        (Measure.BOOKED, Measure.WON, (("booked", "yes"), *DAYS), "state=won&booked_from=2026-01-01"),
        (Measure.WON, Measure.DEALS, (("state", "won"), *DAYS), "booked=yes&booked_from=2026-01-01"),
        (Measure.BOOKED, Measure.PIPELINE, (("booked", "yes"), *DAYS), ""),
        (Measure.PIPELINE, Measure.BOOKED, (("state", "open"),), ""),
        (Measure.BOOKED, Measure.BOOKED, None, ""),
    ],
    ids=["the first", "all wins", "wins with a customer", "other deals", "after other deals", "no list"],
)  # fmt: skip
def test_a_figure_leads_to_its_own_deals_or_nowhere(
    first: Measure, measure: Measure, deals: tuple[tuple[str, str], ...] | None, words: str
) -> None:
    found = a_report((OWNER,), {}, measures=(first, measure))

    assert report_table.deals_address(found, measure, deals) == words


def test_a_report_is_called_by_its_figures_and_what_it_is_by() -> None:
    found = a_report((MONTH, OWNER), {}, measures=(Measure.BOOKED, Measure.DEALS))

    title = report_texts.title(found, {})
    assert (
        title
        == "Second-order revenue and deals with a customer behind them by month and deal owner"
    )
    sentences = list(report_texts.sentences(found, {}, [("Team", "North")]))
    assert sentences[1:3] == [
        "Of deals won from 1 January 2026 to 31 December 2026.",
        "Only Team: North.",
    ]
