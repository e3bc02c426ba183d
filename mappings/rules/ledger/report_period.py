"""Report periods: days of the account that are added up, and what they are compared with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from mappings.kinds import Preset
from mappings.rules.ledger import periods
from mappings.rules.ledger.periods import Calendar, Month

_A_DAY = timedelta(days=1)
_MOST_STEPS = 36  # bars that can still be told apart
# Further away than any deal; dates beyond cannot be moved by a year.
_EARLIEST, _LATEST = date(1900, 1, 1), date(2200, 12, 31)


@dataclass(frozen=True, slots=True)
class Period:
    """The days from `first` to `last`, both included; None: open on that side.

    `months` is how many months it stands for, 0 if it is no number of them: a quarter that has just
    begun stands for three.
    """

    first: date | None = None
    last: date | None = None
    months: int = 0

    @property
    def is_all(self) -> bool:
        """Whether it is all time."""
        return self.first is None and self.last is None

    @property
    def month(self) -> Month | None:
        """The month that it is, None for any other."""
        return self.first if self.months == 1 else None

    @property
    def name(self) -> str:
        """Its name for scripts: all, 2026-05, or the first and the last day."""
        if self.is_all:
            return "all"
        if self.month is not None:
            return periods.written(self.month)
        return f"{self.first or ''}/{self.last or ''}"

    def bounds(self, calendar: Calendar) -> tuple[datetime | None, datetime | None]:
        """When it begins and when it is over, for an account with these months."""
        since = None if self.first is None else calendar.start_of_day(self.first)
        until = None if self.last is None else calendar.start_of_day(self.last + _A_DAY)
        return since, until

    def is_running(self, today: date) -> bool:
        """Whether days of it are still to come."""
        return self.last is None or self.last > today


ALL_TIME = Period()


def of_month(month: Month) -> Period:
    """One month."""
    return of_months(month, 1)


def of_months(first: Month, months: int) -> Period:
    """So many months from *first* on."""
    return Period(first, _moved(first, months) - _A_DAY, months)


def full_year(today: date) -> Period:
    """The last twelve months that are over."""
    return full_months(today.replace(day=1), 12)


def full_months(end: Month, months: int) -> Period:
    """So many months before the one that begins with *end*."""
    return of_months(_moved(end, -months), months)


def between(first: date | None, last: date | None) -> Period:
    """The days from *first* to *last*; raise ValueError with a sentence if there are none."""
    for day in (first, last):
        if day is not None and not _EARLIEST <= day <= _LATEST:
            raise ValueError(f"{day} is no day of a report; choose one between 1900 and 2200.")
    if first is not None and last is not None and last < first:
        raise ValueError(f"The period ends on {last}, before it begins on {first}.")
    return Period(first, last, _whole_months(first, last))


def _whole_months(first: date | None, last: date | None) -> int:
    if first is None or last is None or first.day != 1 or (last + _A_DAY).day != 1:
        return 0
    end = last + _A_DAY
    return (end.year - first.year) * 12 + end.month - first.month


def preset(name: Preset, today: date) -> Period:
    """The period that a name means today."""
    return _PRESETS[name](today)


def _quarter(today: date) -> Month:
    return today.replace(month=today.month - (today.month - 1) % 3, day=1)


_PRESETS: Mapping[Preset, Callable[[date], Period]] = {
    Preset.THIS_MONTH: lambda today: of_month(today.replace(day=1)),
    Preset.LAST_MONTH: lambda today: of_month(_moved(today.replace(day=1), -1)),
    Preset.THIS_QUARTER: lambda today: of_months(_quarter(today), 3),
    Preset.LAST_QUARTER: lambda today: of_months(_moved(_quarter(today), -3), 3),
    Preset.THIS_YEAR: lambda today: of_months(today.replace(month=1, day=1), 12),
    Preset.LAST_YEAR: lambda today: of_months(date(today.year - 1, 1, 1), 12),
    Preset.LAST_12_MONTHS: lambda today: of_months(_moved(today.replace(day=1), -11), 12),
    Preset.ALL_TIME: lambda _: ALL_TIME,
}


def before(period: Period, today: date) -> Period | None:
    """The period that *period* is compared with; None if it is open on a side.

    So many months before, where it is whole months; of one that still runs, only as many days of
    that as have passed of it. Otherwise as many days directly before it.
    """
    if period.first is None or period.last is None:
        return None
    if not period.months:
        days = period.last - period.first
        return Period(period.first - days - _A_DAY, period.first - _A_DAY)
    first = _moved(period.first, -period.months)
    if not period.first <= today < period.last:
        return of_months(first, period.months)
    return Period(first, min(_moved(today, -period.months), period.first - _A_DAY))


def _moved(day: date, months: int) -> date:
    """The same day so many months later; where that month is shorter, its last day."""
    count = day.year * 12 + day.month - 1 + months
    month = date(count // 12, count % 12 + 1, 1)
    return min(month + timedelta(days=day.day - 1), periods.after(month) - _A_DAY)


def steps(first: Month, last: Month) -> list[Period]:
    """The months from *first* to *last*, or the years with them where there are too many months."""
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    if months <= _MOST_STEPS:
        return [of_month(_moved(first, number)) for number in range(months)]
    return [of_months(date(year, 1, 1), 12) for year in range(first.year, last.year + 1)]
