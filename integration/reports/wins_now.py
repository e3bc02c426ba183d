"""Wins as a whole: how many went well of late, of which kinds, and what is waited for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from integration.portal import settings, success_items
from integration.portal.context import PortalContext
from integration.storage.findings import win_rows
from integration.storage.ledger import period_rows
from integration.storage.mirror import success_rows
from mappings.kinds import WinKind
from mappings.rules.ledger.periods import Calendar

WEEK: Final = timedelta(days=7)
SHOWN: Final = 200
"""Awaited companies that a page shows; those with the most items."""


@dataclass(frozen=True, slots=True)
class WinsNow:
    """Wins since a day of the last week, and since the one before which all are dead, by kind.

    Days are the account's. `is_any` says that there ever was one, `has_awaited` that items wait for
    unknown companies.
    """

    week_from: date
    week: Mapping[WinKind, int]
    fresh_from: date
    fresh: Mapping[WinKind, int]
    fresh_days: int
    is_any: bool
    has_awaited: bool


@dataclass(frozen=True, slots=True)
class Awaited:
    """A company that was told of and that HubSpot does not have, by how it was named."""

    named: str
    is_domain: bool
    items: int
    since: datetime
    until: datetime  # when the newest of them is given up


@dataclass(frozen=True, slots=True)
class AwaitedCompanies:
    """The companies that items wait for, and how many items wait in all."""

    companies: Sequence[Awaited]
    items: int
    most_items: int
    days: int


def read(portal: PortalContext) -> WinsNow:
    """Count the wins of late."""
    now = portal.runtime.now()
    with portal.transaction() as tx:
        days = settings.read(tx).policy.win_dead_days
        calendar = period_rows.read(tx).calendar
        today = calendar.day_of(now)
        week_from, fresh_from = today - WEEK, today - timedelta(days)
        return WinsNow(
            week_from=week_from,
            week=win_rows.count_since(tx, _start(week_from, calendar), now),
            fresh_from=fresh_from,
            fresh=win_rows.count_since(tx, _start(fresh_from, calendar), now),
            fresh_days=days,
            is_any=win_rows.is_any(tx),
            has_awaited=success_rows.has_awaited(tx),
        )


def _start(day: date, calendar: Calendar) -> datetime:
    return datetime.combine(day, time.min, calendar.zone)


def awaited(portal: PortalContext) -> AwaitedCompanies:
    """Read which companies items wait for, those with the most items first."""
    with portal.transaction() as tx:
        rows = success_rows.awaited(tx, limit=SHOWN)
        items = success_rows.waiting_items(tx, at_most=success_items.MOST_WAITING)
    keep = timedelta(success_items.KEEP_WAITING_DAYS)
    companies = [
        Awaited(
            named=row["company_ref"].partition(":")[2],
            is_domain=row["company_ref"].startswith("domain:"),
            items=row["items"],
            since=row["since"],
            until=row["latest"] + keep,
        )
        for row in rows
    ]
    return AwaitedCompanies(companies, items, success_items.MOST_WAITING, keep.days)
