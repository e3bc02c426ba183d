"""Report periods: what names mean today, which days they have in an account, and what they are compared with."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.kinds import Preset
from mappings.rules.ledger import report_period
from mappings.rules.ledger.periods import Calendar, Closing
from mappings.rules.ledger.report_period import ALL_TIME, Period

TODAY = date(2026, 5, 17)


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        (Preset.THIS_MONTH, "2026-05-01", "2026-05-31"),
        (Preset.LAST_MONTH, "2026-04-01", "2026-04-30"),
        (Preset.THIS_QUARTER, "2026-04-01", "2026-06-30"),
        (Preset.LAST_QUARTER, "2026-01-01", "2026-03-31"),
        (Preset.THIS_YEAR, "2026-01-01", "2026-12-31"),
        (Preset.LAST_YEAR, "2025-01-01", "2025-12-31"),
        (Preset.LAST_12_MONTHS, "2025-06-01", "2026-05-31"),
    ],
)
def test_a_name_means_whole_months_around_today(name: Preset, first: str, last: str) -> None:
    period = report_period.preset(name, TODAY)

    assert (period.first, period.last) == (day(first), day(last))
    assert period == report_period.between(day(first), day(last))


def test_january_looks_back_into_the_year_before() -> None:
    january = date(2026, 1, 31)

    assert report_period.preset(Preset.LAST_MONTH, january).name == "2025-12"
    assert report_period.preset(Preset.LAST_QUARTER, january).first == day("2025-10-01")
    assert report_period.preset(Preset.ALL_TIME, january) == ALL_TIME


@pytest.mark.parametrize(
    ("first", "last", "before"),
    [
        pytest.param("2026-04-01", "2026-04-30", "2026-03-01/2026-03-31", id="a month"),
        pytest.param("2025-07-01", "2025-12-31", "2025-01-01/2025-06-30", id="half a year"),
        pytest.param("2026-04-10", "2026-04-19", "2026-03-31/2026-04-09", id="ten days"),
        pytest.param("2026-05-01", "2026-05-31", "2026-04-01/2026-04-17", id="it still runs"),
        pytest.param("2026-05-01", "2026-05-17", "2026-04-14/2026-04-30", id="chosen until today"),
        pytest.param("2026-04-01", "2026-06-30", "2026-01-01/2026-02-17", id="a running quarter"),
        pytest.param("2026-08-01", "2026-08-31", "2026-07-01/2026-07-31", id="to come"),
    ],
)
def test_a_period_is_compared_with_as_much_time_before(first: str, last: str, before: str) -> None:
    found = report_period.before(report_period.between(day(first), day(last)), TODAY)

    assert found is not None
    assert f"{found.first}/{found.last}" == before


def test_the_thirty_first_is_compared_up_to_the_last_day_of_a_shorter_month() -> None:
    march = report_period.of_months(date(2026, 3, 1), 2)

    found = report_period.before(march, date(2026, 3, 31))

    assert found == Period(date(2026, 1, 1), date(2026, 1, 31))


def test_what_has_no_beginning_or_no_end_is_compared_with_nothing() -> None:
    for period in (ALL_TIME, Period(first=TODAY), Period(last=TODAY)):
        assert report_period.before(period, TODAY) is None


def test_a_period_that_ends_before_it_begins_is_refused_with_its_days() -> None:
    with pytest.raises(ValueError, match="ends on 2026-05-01, before it begins on 2026-05-02"):
        report_period.between(day("2026-05-02"), day("2026-05-01"))
    with pytest.raises(ValueError, match="between 1900 and 2200"):
        report_period.between(date.min, None)


def test_the_days_of_a_period_are_those_of_the_account() -> None:
    pacific = Calendar.of([], "America/Los_Angeles")
    period = report_period.between(day("2026-09-30"), day("2026-09-30"))

    since, until = period.bounds(pacific)

    assert since == datetime(2026, 9, 30, 7, tzinfo=UTC)
    assert until == datetime(2026, 10, 1, 7, tzinfo=UTC)


def test_a_month_ends_where_the_closed_month_before_it_ended() -> None:
    closed = Closing(date(2026, 9, 1), datetime(2026, 10, 10, tzinfo=UTC), "close", time_zone="UTC")
    moved = Calendar.of([closed], "America/Los_Angeles")

    september = report_period.of_month(date(2026, 9, 1)).bounds(moved)
    october = report_period.of_month(date(2026, 10, 1)).bounds(moved)

    assert september[1] == october[0] == datetime(2026, 10, 1, tzinfo=UTC)


@given(
    st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    st.integers(0, 800),
    st.dates(date(2020, 1, 1), date(2032, 1, 1)),
)
def test_the_period_before_lies_before_and_is_no_longer(
    first: date, length: int, today: date
) -> None:
    period = report_period.between(first, first + timedelta(days=length))

    found = report_period.before(period, today)

    assert found is not None
    assert date.min < (found.first or date.min) <= (found.last or date.max) < first
    assert period.months or found.last == first - timedelta(days=1)


def test_a_trend_has_a_step_a_month_or_a_year_where_months_are_too_many() -> None:
    months = report_period.steps(date(2025, 11, 1), date(2026, 2, 1))
    years = report_period.steps(date(2021, 11, 1), date(2026, 2, 1))

    assert [step.name for step in months] == ["2025-11", "2025-12", "2026-01", "2026-02"]
    assert [(step.first, step.months) for step in years] == [
        (date(year, 1, 1), 12) for year in range(2021, 2027)
    ]
