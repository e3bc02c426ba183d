"""Months of the books: when each closes, what lands where, and the two ways to look at a month.

A month is a calendar month in UTC. It closes by itself on a day of the next month (the policy's
`books_close_day`), or by a person's order; a person can open it again. What belongs to a closed
month lands in the current one and remembers where it belongs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mappings.rules.findings import Entry

FIRST_DAYS = timedelta(days=7)
"""For so long after the first import nothing closes: none of the history was reported yet."""
CALENDAR = "calendar"
"""Who closes a month that nobody closed by hand."""


@dataclass(frozen=True, slots=True)
class Closing:
    """One line of the books' log.

    A closing closes `month` and all before it, a reopening opens `month` and all after it.
    """

    month: datetime
    at: datetime
    action: str  # close or reopen
    actor: str = CALENDAR
    reason: str = ""


def month_of(at: datetime) -> datetime:
    """The first moment of the month that *at* lies in."""
    return at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def after(month: datetime) -> datetime:
    """The first moment of the next month."""
    return month_of(month + timedelta(days=32))


def before(month: datetime) -> datetime:
    """The first moment of the month before."""
    return month_of(month - timedelta(days=1))


def read_month(text: str) -> datetime:
    """A month written as 2026-05; raises ValueError with a sentence."""
    try:
        return datetime.strptime(text.strip(), "%Y-%m").replace(tzinfo=UTC)
    except ValueError as error:
        raise ValueError(f"{text!r} is no month; write it as 2026-05") from error


def due(
    log: Sequence[Closing], close_day: int, opened_at: datetime | None, now: datetime
) -> Closing | None:
    """The closing that the calendar brings by *now* and the log lacks; None when there is none.

    *opened_at* is when the first import was through; until a week after it no month closes.
    """
    if opened_at is None or close_day < 1:
        return None
    this = month_of(now)
    at = this + timedelta(days=min(close_day, 28) - 1)
    if at > now:
        at = before(this) + timedelta(days=min(close_day, 28) - 1)
    month = before(month_of(at))
    is_known = any(line.actor == CALENDAR and line.month >= month for line in log)
    if is_known or at < opened_at + FIRST_DAYS:
        return None
    return Closing(month, at, "close", CALENDAR, f"closed on day {close_day} of the next month")


def locked_before(log: Iterable[Closing]) -> datetime | None:
    """The first moment that is still open, by the log in its order; None while every month is."""
    locked: datetime | None = None
    held: datetime | None = None  # a month opened by hand stays open until it is closed by hand
    for line in log:
        if line.action == "reopen":
            held = line.month if held is None else min(held, line.month)
            continue
        if line.actor != CALENDAR and held is not None and line.month >= held:
            held = None
        locked = after(line.month) if locked is None else max(locked, after(line.month))
    if locked is None or held is None:
        return locked
    return min(locked, held)


def closed_at(log: Iterable[Closing], month: datetime) -> datetime | None:
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
    rows: Iterable[Entry], month: datetime, closed: datetime | None
) -> tuple[Entry, ...]:
    """What the ledger said of *month* when it closed: the rows dated in it and recorded by then.

    While the month is open (*closed* None) that is all rows dated in it.
    """
    return tuple(
        row
        for row in rows
        if month_of(row.effective_at) == month
        and (closed is None or row.recorded_at is None or row.recorded_at < closed)
    )


def as_known(rows: Iterable[Entry], month: datetime) -> tuple[Entry, ...]:
    """What is known today of the wins of *month*: all its rows, whenever they were booked."""
    return tuple(row for row in rows if month_of(belongs_at(row)) == month)
