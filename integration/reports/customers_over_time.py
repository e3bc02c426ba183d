"""Customers over time: bands at the ends of months, those of a day, and who was in touch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from integration.portal import record_names, settings
from integration.portal.context import PortalContext
from integration.storage.ledger import period_rows
from integration.storage.success import health_day_rows
from integration.storage.success.health_day_rows import MonthCount
from mappings.kinds import ObjectType
from mappings.rules.ledger.comparison import Rate
from mappings.rules.success.health import UNKNOWN_BAND
from mappings.rules.success.health_course import LOOKED_BACK
from mappings.rules.success.health_override import BANDS

SHOWN_MONTHS: Final = 12
MOST_MOVED: Final = 100
"""So many customers whose band changed are listed."""


@dataclass(frozen=True, slots=True)
class MonthEnd:
    """Active customers as a month ended, by band, the best first, and the share in touch.

    `day` is its last day that is kept.
    """

    day: date
    bands: Sequence[tuple[str, int]]
    touched: Rate


@dataclass(frozen=True, slots=True)
class Moved:
    """A customer whose band is another than it was 30 days before; scores are in points."""

    company_id: int
    before: str
    after: str
    score_before: float | None
    score_after: float | None


@dataclass(frozen=True, slots=True)
class DayOfAll:
    """How many customers were in which band on a day, and 30 days before; and who moved.

    `moved` is cut at `MOST_MOVED`; those that fell most come first.
    """

    day: date
    bands: Mapping[str, int]
    earlier: Mapping[str, int]
    earlier_day: date
    moved: Sequence[Moved]
    names: Mapping[tuple[str, int], str]


@dataclass(frozen=True, slots=True)
class Months:
    """The ends of the last months of which days are kept, the oldest first; maybe none."""

    ends: Sequence[MonthEnd]
    touch_days: int


def months(portal: PortalContext) -> Months:
    """Read the last twelve months of an account's customers."""
    with portal.transaction() as tx:
        touch_days = settings.read(tx).policy.touch_days
        today = portal.runtime.now().astimezone(period_rows.read(tx).calendar.zone).date()
        since = _months_before(today - timedelta(1), SHOWN_MONTHS - 1)
        found = health_day_rows.month_ends(tx, since, touch_days=touch_days)
        return Months([_month_end(line) for line in found], touch_days)


def _month_end(line: MonthCount) -> MonthEnd:
    bands = [(band, line.bands.get(band, 0)) for band in (*BANDS, UNKNOWN_BAND)]
    return MonthEnd(line.day, bands, Rate(line.touched, line.customers))


def _months_before(day: date, number: int) -> date:
    months = day.year * 12 + day.month - 1 - number
    return date(months // 12, months % 12 + 1, 1)


def on(portal: PortalContext, day: date) -> DayOfAll:
    """Read how all customers were on a day; nothing where no such day is kept."""
    earlier = day - LOOKED_BACK
    with portal.transaction() as tx:
        rows = health_day_rows.moved(tx, earlier, day, limit=MOST_MOVED)
        moved = [
            Moved(company_id, before, after, _points(then), _points(now))
            for company_id, before, after, then, now in rows
        ]
        refs = {(ObjectType.COMPANY.value, line.company_id) for line in moved}
        return DayOfAll(
            day,
            health_day_rows.bands_on(tx, day),
            health_day_rows.bands_on(tx, earlier),
            earlier,
            moved,
            record_names.shown(tx, refs),
        )


def _points(tenths: int | None) -> float | None:
    return None if tenths is None else tenths / 10
