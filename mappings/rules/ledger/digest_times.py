"""Digest times: the week or month a digest is of, by its first day, and when it goes out."""

from datetime import date, datetime, timedelta

from mappings.kinds import Rhythm
from mappings.rules.ledger import report_period
from mappings.rules.ledger.periods import Calendar
from mappings.rules.ledger.report_period import Period

_SENT_AT = timedelta(hours=7)  # of the account's day, before people begin to work
_A_DAY, _A_WEEK = timedelta(days=1), timedelta(days=7)


def newest_due(rhythm: Rhythm, now: datetime, calendar: Calendar) -> date:
    """The first day of the newest week or month whose digest should have gone out by now."""
    running = _first_day(rhythm, calendar.day_of(now))
    over = _first_day(rhythm, running - _A_DAY)
    if goes_out(rhythm, over, calendar) <= now:
        return over
    return _first_day(rhythm, over - _A_DAY)


def next_out(rhythm: Rhythm, now: datetime, calendar: Calendar) -> datetime:
    """When the next digest goes out, after now."""
    newest = newest_due(rhythm, now, calendar)
    return goes_out(rhythm, _following(rhythm, newest), calendar)


def goes_out(rhythm: Rhythm, first: date, calendar: Calendar) -> datetime:
    """When the digest goes out of the week or month that begins with *first*."""
    return calendar.start_of_day(_following(rhythm, first)) + _SENT_AT


def period(rhythm: Rhythm, first: date) -> Period:
    """The week or month that begins with *first*."""
    if rhythm is Rhythm.MONTH:
        return report_period.of_month(first)
    return report_period.between(first, first + _A_WEEK - _A_DAY)


def _first_day(rhythm: Rhythm, day: date) -> date:
    """The first day of the week or month that a day is in."""
    return day - timedelta(days=day.weekday()) if rhythm is Rhythm.WEEK else day.replace(day=1)


def _following(rhythm: Rhythm, first: date) -> date:
    # A month has at most 31 days: the day 31 days on is in the next one.
    return first + _A_WEEK if rhythm is Rhythm.WEEK else _first_day(rhythm, first + 31 * _A_DAY)
