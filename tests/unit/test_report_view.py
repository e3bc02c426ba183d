"""A report's address: one for each view, whatever a form said, and read again to the same."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.reports.ready_reports import READY
from mappings.kinds import Preset
from mappings.records import report_view
from mappings.records.report_view import ChartChoice, ReportView


def view_of(address: str) -> ReportView:
    return report_view.read(parse_qsl(address, keep_blank_values=True))


def test_what_a_form_leaves_empty_is_not_asked_for() -> None:
    found = view_of("by=&by=source&owner=&from=&to=&chart=fitting&sort=")

    assert report_view.pairs(found) == [("measure", "booked"), ("by", "source")]


def test_a_named_period_counts_before_the_days_that_a_form_still_has() -> None:
    named = view_of("period=last_year&from=2026-01-01&to=2026-02-01")
    by_days = view_of("period=days&from=2026-01-01&to=2026-02-01")

    assert (named.request.preset, named.request.first) == (Preset.LAST_YEAR, None)
    assert (by_days.request.preset, str(by_days.request.first)) == (None, "2026-01-01")


@given(
    by=st.lists(
        st.sampled_from(["source", "month", "owner", "company.type"]), max_size=2, unique=True
    ),
    chart=st.sampled_from(ChartChoice),
    period=st.sampled_from(["", "all", "this_month", "days"]),
    sort=st.sampled_from(["", "booked", "-booked"]),
)
def test_the_address_of_a_view_is_read_to_that_view(
    by: list[str], chart: ChartChoice, period: str, sort: str
) -> None:
    words = [
        ("chart", chart.value),
        ("sort", sort),
        ("period", period),
        *(("by", word) for word in by),
    ]
    view = report_view.read(words)

    assert report_view.read(report_view.pairs(view)) == view


@pytest.mark.parametrize("ready", READY.values(), ids=list(READY))
def test_ready_reports_say_what_they_can_be_asked(ready: object) -> None:
    view = READY[getattr(ready, "key", "")].view

    assert view.request.by
    assert view.request.preset
