"""The account's months: in its own time zone, across its clocks and across a change of the zone."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.rules.ledger import periods
from mappings.rules.ledger.periods import Calendar, Closing
from mappings.time_zones import zone_named

PACIFIC, BERLIN, FAR_EAST = "America/Los_Angeles", "Europe/Berlin", "Pacific/Kiritimati"
SEPTEMBER, OCTOBER, NOVEMBER = (date(2026, number, 1) for number in (9, 10, 11))


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def closing(month: date, zone: str, on: str = "2026-10-10") -> Closing:
    return Closing(month, at(on, zone), "close", time_zone=zone)


def test_a_deal_closed_in_the_evening_counts_to_that_day_and_month() -> None:
    late = at("2026-09-30T22:30", PACIFIC)

    assert late == at("2026-10-01T05:30")
    assert Calendar.of([], PACIFIC).month_of(late) == SEPTEMBER
    assert Calendar.of([], PACIFIC).day_of(late) == date(2026, 9, 30)
    assert Calendar.of([], "UTC").month_of(late) == OCTOBER


@pytest.mark.parametrize(
    ("zone", "month", "first"),
    [
        (PACIFIC, OCTOBER, "2026-10-01T07:00"),
        (PACIFIC, date(2026, 12, 1), "2026-12-01T08:00"),
        (BERLIN, OCTOBER, "2026-09-30T22:00"),
        (FAR_EAST, OCTOBER, "2026-09-30T10:00"),
        ("Asia/Kathmandu", OCTOBER, "2026-09-30T18:15"),
        # Clocks went from midnight to one o'clock: the month began at one.
        ("America/Asuncion", date(2017, 10, 1), "2017-10-01T04:00"),
        # Clocks went back from one o'clock to midnight: the month began at the first midnight.
        ("America/Havana", date(2015, 11, 1), "2015-11-01T04:00"),
    ],
)
def test_a_month_begins_at_the_accounts_midnight(zone: str, month: date, first: str) -> None:
    calendar = Calendar.of([], zone)
    start, instant = calendar.start(month), timedelta(microseconds=1)

    assert start == at(first)
    assert calendar.month_of(start) == month
    assert calendar.month_of(start - instant) == periods.before(month)


@given(
    zone=st.sampled_from(sorted(available_timezones() - {"localtime", "Factory"})),
    moment=st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds the zone
)
def test_every_moment_is_in_one_month_whatever_the_clocks_do(zone: str, moment: datetime) -> None:
    calendar = Calendar.of([], zone)
    month = calendar.month_of(moment)

    assert calendar.start(month) <= moment < calendar.start(periods.after(month))
    assert calendar.day_of(moment).replace(day=1) == month


@given(
    zones=st.lists(st.sampled_from([PACIFIC, BERLIN, FAR_EAST, "UTC"]), min_size=2, max_size=4),
    moment=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds the zone
)
def test_every_moment_is_in_one_month_wherever_the_account_was(
    zones: list[str], moment: datetime
) -> None:
    months = (date(2026, 3 * number, 1) for number in range(1, 4))
    log = [closing(month, zone) for month, zone in zip(months, zones, strict=False)]
    calendar = Calendar.of(log, zones[-1])
    month = calendar.month_of(moment)

    assert calendar.start(month) <= moment < calendar.start(periods.after(month))
    assert calendar.day_of(moment).replace(day=1) == month


@pytest.mark.parametrize(("before", "after"), [(PACIFIC, BERLIN), (BERLIN, PACIFIC)])
def test_a_closed_month_keeps_what_it_had_when_the_account_moves(before: str, after: str) -> None:
    """From Los Angeles to Berlin nine hours were September already, and back there are nine that are not yet October."""
    log = [closing(SEPTEMBER, before)]
    was, moved = Calendar.of(log, before), Calendar.of(log, after)

    end = was.start(OCTOBER)
    assert moved.start(OCTOBER) == end
    assert [moved.month_of(end - timedelta(hours=1)), moved.month_of(end)] == [SEPTEMBER, OCTOBER]
    assert moved.day_of(end) == OCTOBER
    assert moved.start(NOVEMBER) == periods.midnight(NOVEMBER, ZoneInfo(after))
    assert moved.start(SEPTEMBER) == was.start(SEPTEMBER)


def test_a_month_opened_again_keeps_the_zone_it_was_closed_in() -> None:
    log = [
        closing(SEPTEMBER, PACIFIC),
        Closing(SEPTEMBER, at("2026-10-20"), "reopen", "ana", "late", BERLIN),
        Closing(SEPTEMBER, at("2026-10-21"), "close", "ana", "done", BERLIN),
    ]

    assert Calendar.of(log, BERLIN).start(OCTOBER) == at("2026-10-01T07:00")


def test_a_month_closes_when_its_day_begins_for_the_account() -> None:
    opened, calendar = at("2025-01-01"), Calendar.of([], PACIFIC)

    early = periods.due((), 10, opened, at("2026-10-10T06:59"), calendar)
    due = periods.due((), 10, opened, at("2026-10-10T07:00"), calendar)

    assert early is not None
    assert due is not None
    assert (early.month, due.month) == (date(2026, 8, 1), SEPTEMBER)
    assert (due.at, due.time_zone) == (at("2026-10-10", PACIFIC), PACIFIC)
    assert periods.locked_before([due], calendar) == at("2026-10-01", PACIFIC)


def test_nothing_that_was_booked_before_the_account_moved_was_booked_into_a_closed_month() -> None:
    """In Berlin the tenth began nine hours ago; in Los Angeles September was open until now."""
    now = at("2026-10-10T05:00")
    calendar = Calendar.of([], BERLIN, since=now)

    due = periods.due((), 10, at("2025-01-01"), now, calendar)

    assert due is not None
    assert due.at == now


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("America/New_York", "America/New_York"),
        (" us/eastern ", "US/Eastern"),
        ("europe/berlin", "Europe/Berlin"),
        ("Etc/GMT+5", "Etc/GMT+5"),
        ("EST", "EST"),
    ],
)
def test_a_zone_is_known_by_its_name_however_it_is_spelt(name: str, known: str) -> None:
    assert str(zone_named(name)) == known


@pytest.mark.parametrize(
    "name",
    ["", "Mars/Olympus", "America", "../../etc/passwd", "/etc/localtime", "localtime", "Factory",
     "GMT+05:30", "Europe/Berlin\0", "x" * 5000, "+02:00"],
)  # fmt: skip
def test_a_name_that_is_no_zones_is_no_zone_and_opens_no_file(name: str) -> None:
    assert zone_named(name) is None
    assert Calendar.of([], name).start(OCTOBER) == at("2026-10-01")
