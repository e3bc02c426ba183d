"""Months of the books: when each closes, what lands where, and the two ways to look at a month.

A month is a calendar month in the account's own time zone, and is named by its first day. It closes
by itself on a day of the next month (the policy's `books_close_day`), or by a person's order; a
person can open it again. What belongs to a closed month lands in the current one and remembers
where it belongs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from mappings.rules.findings import Entry
from mappings.time_zones import zone_named

FIRST_DAYS = timedelta(days=7)
"""For so long after the first import nothing closes: none of the history was reported yet."""
CALENDAR = "calendar"
"""Who closes a month that nobody closed by hand."""

Month = date
"""A month, by its first day."""


@dataclass(frozen=True, slots=True)
class Closing:
    """One line of the books' log.

    A closing closes `month` and all before it, a reopening opens `month` and all after it.
    `time_zone` is the account's at that time.
    """

    month: Month
    at: datetime
    action: str  # close or reopen
    actor: str = CALENDAR
    reason: str = ""
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Calendar:
    """An account's months: by its time zone, those that were closed by the zone of their closing.

    So what a month reported stays in it when the account moves to another zone, and nothing is in
    two months or in none. `time_zone` is HubSpot's name of the zone, and `since` is when it came
    to be the account's, None when it always was.
    """

    time_zone: str = "UTC"
    since: datetime | None = None
    closed: tuple[tuple[Month, str], ...] = ()  # last closed months with their zones, oldest first

    @classmethod
    def of(
        cls, log: Iterable[Closing], time_zone: str = "UTC", since: datetime | None = None
    ) -> "Calendar":
        """The calendar of an account with this log; a name that is no time zone's counts as UTC."""
        closed: list[tuple[Month, str]] = []
        for line in log:
            if line.action == "close" and (not closed or line.month > closed[-1][0]):
                closed.append((line.month, line.time_zone))
        known = time_zone if zone_named(time_zone) else "UTC"
        return cls(known, since, tuple(closed))

    @property
    def zone(self) -> tzinfo:
        """The account's time zone now."""
        return zone_named(self.time_zone) or UTC

    def start(self, month: Month) -> datetime:
        """The first moment of a month: the end of the month before, by that month's zone."""
        return midnight(month, self._zone_of(before(month)))

    def start_of_day(self, day: date) -> datetime:
        """The first moment of a day: the first of a month begins with the month."""
        if day.day == 1:
            return self.start(day)
        return midnight(day, self._zone_of(day.replace(day=1)))

    def month_of(self, at: datetime) -> Month:
        """The month that *at* lies in."""
        month = at.astimezone(self.zone).date().replace(day=1)
        if not self.closed:
            return month
        # Where a closed month ended by another zone, a few hours count to its neighbour.
        if at < self.start(month):
            return before(month)
        return month if at < self.start(after(month)) else after(month)

    def months(self, since: datetime, until: datetime) -> list[Month]:
        """The months from that of *since* to that of *until*."""
        month, last = self.month_of(since), self.month_of(until)
        months = [month]
        while month < last:
            month = after(month)
            months.append(month)
        return months

    def day_of(self, at: datetime) -> date:
        """The day that *at* lies on; within its month, whatever zone a neighbour closed by."""
        month = self.month_of(at)
        day = at.astimezone(self._zone_of(month)).date()
        return min(max(day, month), after(month) - timedelta(days=1))

    def _zone_of(self, month: Month) -> tzinfo:
        for last, name in self.closed:
            if month <= last:
                return zone_named(name) or UTC
        return self.zone


IN_UTC = Calendar()
"""The months of an account that never told its time zone."""


def midnight(day: date, zone: tzinfo) -> datetime:
    """The first moment of a day somewhere; where clocks skip midnight, when they do."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def after(month: Month) -> Month:
    """The next month."""
    return (month + timedelta(days=32)).replace(day=1)


def before(month: Month) -> Month:
    """The month before."""
    return (month - timedelta(days=1)).replace(day=1)


def read_month(text: str) -> Month:
    """A month written as 2026-05; raises ValueError with a sentence."""
    try:
        return datetime.strptime(text.strip(), "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError as error:
        raise ValueError(f"{text!r} is no month; write it as 2026-05") from error


def written(month: Month) -> str:
    """A month as addresses and scripts write it: 2026-05."""
    return f"{month:%Y-%m}"


def due(
    log: Sequence[Closing],
    close_day: int,
    opened_at: datetime | None,
    now: datetime,
    calendar: Calendar = IN_UTC,
) -> Closing | None:
    """The closing that the calendar brings by *now* and the log lacks; None when there is none.

    *opened_at* is when the first import was through; until a week after it no month closes.
    """
    if opened_at is None or close_day < 1:
        return None
    day = _latest_close_day(min(close_day, 28), now.astimezone(calendar.zone).date())
    month, at = before(day.replace(day=1)), midnight(day, calendar.zone)
    if calendar.since is not None:
        # What was booked before the account came to this zone was booked into an open month.
        at = max(at, calendar.since)
    is_known = any(line.actor == CALENDAR and line.month >= month for line in log)
    if is_known or at < opened_at + FIRST_DAYS:
        return None
    reason = f"closed on day {close_day} of the next month"
    return Closing(month, at, "close", CALENDAR, reason, calendar.time_zone)


def _latest_close_day(close_day: int, today: date) -> date:
    day = today.replace(day=close_day)
    return day if day <= today else before(day.replace(day=1)).replace(day=close_day)


def first_open(log: Iterable[Closing]) -> Month | None:
    """The first month that is still open, by the log in its order; None while every one is."""
    opened: Month | None = None
    held: Month | None = None  # a month opened by hand stays open until it is closed by hand
    for line in log:
        if line.action == "reopen":
            held = line.month if held is None else min(held, line.month)
            continue
        if line.actor != CALENDAR and held is not None and line.month >= held:
            held = None
        opened = after(line.month) if opened is None else max(opened, after(line.month))
    if opened is None or held is None:
        return opened
    return min(opened, held)


def locked_before(log: Sequence[Closing], calendar: Calendar = IN_UTC) -> datetime | None:
    """The first moment that is still open; None while every month is."""
    month = first_open(log)
    return None if month is None else calendar.start(month)


def closed_at(log: Iterable[Closing], month: Month) -> datetime | None:
    """When a month was closed for the first time: what it said then is what was reported."""
    closings = (line for line in log if line.action == "close" and line.month >= month)
    return min((line.at for line in closings), default=None)


def land(
    belongs: datetime, at: datetime, locked: datetime | None
) -> tuple[datetime, datetime | None]:
    """When a row counts, and where it belongs if that is another day.

    A closed month takes no more rows.
    """
    if locked is not None and belongs < locked:
        return max(at, locked), belongs
    return belongs, None


def belongs_at(row: Entry) -> datetime:
    """When the win was that a row belongs to, wherever it landed."""
    return row.origin_at or row.effective_at


def as_reported(
    rows: Iterable[Entry], month: Month, closed: datetime | None, calendar: Calendar = IN_UTC
) -> tuple[Entry, ...]:
    """What the ledger said of *month* when it closed: the rows dated in it and recorded by then.

    While the month is open (*closed* None) that is all rows dated in it.
    """
    return tuple(
        row
        for row in rows
        if calendar.month_of(row.effective_at) == month
        and (closed is None or row.recorded_at is None or row.recorded_at < closed)
    )


def as_known(rows: Iterable[Entry], month: Month, calendar: Calendar = IN_UTC) -> tuple[Entry, ...]:
    """What is known today of the wins of *month*: all its rows, whenever they were booked."""
    return tuple(row for row in rows if calendar.month_of(belongs_at(row)) == month)
