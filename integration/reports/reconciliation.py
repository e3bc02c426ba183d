"""Reconciliation: a month's won deals in HubSpot beside what the books have of them.

What HubSpot adds up is first-order plus second-order revenue; where it is not, each deal says why.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

from integration.portal import record_names, settings
from integration.portal.context import PortalContext
from integration.portal.occurrence import refs
from integration.reports import bookkeeping
from integration.storage.database import Row, Transaction
from integration.storage.findings import stored_shapes
from integration.storage.ledger import overview_rows, reconciliation_rows
from integration.storage.ledger.period_rows import Periods
from integration.storage.queue import import_runs, recompute
from mappings.kinds import Mismatch, ObjectType, SourceKind
from mappings.rules.findings import Entry
from mappings.rules.ledger import changes, periods, reconciling
from mappings.rules.ledger.changes import Change
from mappings.rules.ledger.periods import Calendar, Closing, Month
from mappings.rules.ledger.reconciling import Booked, HubSpotSide, Span

MOST_DEALS = 200
"""So many deals that differ are named; all are counted and added up."""
MOST_ENTRIES = 500
"""So many entries that tell two views apart are read."""


@dataclass(frozen=True, slots=True)
class Side:
    """One deal of the month from both sides, in minor units; `why` None where they agree."""

    deal_id: int
    currency: str
    hubspot: int | None  # None: HubSpot has no win of it in this month
    hubspot_home: int | None
    second_order: int
    first_order: int
    second_order_home: int | None
    first_order_home: int | None
    is_booked: bool
    why: Mismatch | None

    @property
    def booked(self) -> int:
        """Both orders together."""
        return self.second_order + self.first_order

    @property
    def booked_home(self) -> int:
        """The same in the account's currency, as far as it is known there."""
        return (self.second_order_home or 0) + (self.first_order_home or 0)

    @property
    def told_home(self) -> int:
        """HubSpot's amount in the account's currency; at the frozen rate where it tells none."""
        if self.hubspot is None:
            return 0
        return self.booked_home if self.hubspot_home is None else self.hubspot_home


@dataclass(frozen=True, slots=True)
class Line:
    """A month's deals of one currency added up, or of all in the account's (`rates` empty)."""

    currency: str
    hubspot_deals: int = 0
    booked_deals: int = 0
    hubspot: int = 0
    first_order: int = 0
    second_order: int = 0
    home: int = 0
    rates: tuple[Decimal, ...] = ()

    @property
    def booked(self) -> int:
        """Both orders together."""
        return self.first_order + self.second_order

    @property
    def difference(self) -> int:
        """What HubSpot has more than the books."""
        return self.hubspot - self.booked


@dataclass(frozen=True, slots=True)
class ViewLine:
    """A closed month in one currency, as it was reported and as it is known now."""

    currency: str
    reported_second: int = 0
    reported_first: int = 0
    known_second: int = 0
    known_first: int = 0

    @property
    def difference(self) -> int:
        """What is known more than was reported, of second order."""
        return self.known_second - self.reported_second


@dataclass(frozen=True, slots=True)
class Views:
    """Both views of a closed month, and the changes that tell them apart.

    A change that was reported in the month and belongs to another one counts with the other sign.
    `is_cut`: there are more of them than are read.
    """

    lines: tuple[ViewLine, ...]
    home: ViewLine
    later: tuple[Change, ...]
    foreign: tuple[Change, ...]
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Provisional:
    """Why a month's figures can still change without anybody's order."""

    is_running: bool = False
    is_importing: bool = False
    waiting: int = 0
    held_deals: int = 0  # wins with a referral that may still be taken back
    held_minor: int = 0
    hold_days: int = 0

    @property
    def is_any(self) -> bool:
        """Whether there is a reason."""
        return self.is_running or self.is_importing or bool(self.waiting or self.held_deals)


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """A month of the account from both sides.

    `differing` are the deals that do not agree, the largest difference first, and `differ` is how
    many there are. `closes_on` is when the calendar closes the month, None where it does not.
    """

    month: Month
    home: str
    calendar: Calendar
    lines: tuple[Line, ...]
    whole: Line
    differing: tuple[Side, ...]
    differ: int
    names: dict[tuple[str, int], str]
    closed_at: datetime | None
    is_closed: bool
    views: Views | None
    log: tuple[Closing, ...]
    provisional: Provisional
    closes_on: date | None
    first_month: Month | None
    this_month: Month


def of(portal: PortalContext, month: Month) -> Reconciliation:
    """Reconcile a month; a fixed number of queries, however large the portal is."""
    now = portal.runtime.now()
    with portal.transaction() as tx:
        known = settings.read(tx)
        home = known.map.home_currency
        books = bookkeeping.books(tx, now)
        span = _span(books.calendar, month)
        rows = _sides(tx, home, span, now)
        differing = sorted(
            (side for side in rows if side.why is not None),
            key=lambda side: (-abs((side.hubspot or 0) - side.booked), side.deal_id),
        )
        closed_at = periods.closed_at(books.log, month)
        views = _views(tx, home, span, closed_at) if closed_at else None
        first_win = overview_rows.first_win(tx)
        named = {side.deal_id for side in differing[:MOST_DEALS]} | _deals_in(views)
        return Reconciliation(
            month=month,
            home=home,
            calendar=books.calendar,
            lines=_lines(rows, reconciliation_rows.rates(tx, span)),
            whole=_whole(rows, home),
            differing=tuple(differing[:MOST_DEALS]),
            differ=len(differing),
            names=record_names.shown(tx, refs(ObjectType.DEAL, named)),
            closed_at=closed_at,
            is_closed=_is_closed(books.log, month),
            views=views,
            log=tuple(reversed(books.log)),
            provisional=_provisional(tx, home, span, now, known.policy.referral_hold_days),
            closes_on=_closes_on(books, month, known.policy.books_close_day),
            first_month=None if first_win is None else books.calendar.month_of(first_win),
            this_month=books.calendar.month_of(now),
        )


def sides(tx: Transaction, month: Month, home: str, now: datetime) -> list[Side]:
    """Return every deal that HubSpot or the books have in a month."""
    return _sides(tx, home, _span(bookkeeping.books(tx, now).calendar, month), now)


def _sides(tx: Transaction, home: str, span: Span, now: datetime) -> list[Side]:
    return [_side(row, home, span, now) for row in reconciliation_rows.sides(tx, home, span)]


def _span(calendar: Calendar, month: Month) -> Span:
    """The month as HubSpot's reports have it, by today's zone, and as the books have it."""
    following = periods.after(month)
    return Span(
        periods.midnight(month, calendar.zone),
        periods.midnight(following, calendar.zone),
        calendar.start(month),
        calendar.start(following),
    )


def _side(row: Sequence[Any], home: str, span: Span, now: datetime) -> Side:
    (deal_id, is_known, is_won, closed_at, minor, currency, home_minor,
     is_booked, booked_currency, second, first, second_home, first_home) = row  # fmt: skip
    hubspot = HubSpotSide(is_won, closed_at, minor, currency, home_minor) if is_known else None
    booked = None
    if is_booked:
        whole_home = None if second_home is None else second_home + first_home
        is_same = currency == booked_currency
        booked = Booked(second + first, whole_home) if is_same or not is_won else Booked(0, None)
    is_theirs = is_won and span.holds(closed_at)
    return Side(
        deal_id=deal_id,
        currency=booked_currency or currency or home,
        hubspot=(minor or 0) if is_theirs else None,
        hubspot_home=home_minor,
        second_order=second or 0,
        first_order=first or 0,
        second_order_home=second_home,
        first_order_home=first_home,
        is_booked=is_booked,
        why=reconciling.mismatch(hubspot, booked, span, now),
    )


def _lines(sides: Sequence[Side], rates: dict[str, tuple[Decimal, ...]]) -> tuple[Line, ...]:
    ordered = sorted(sides, key=lambda side: side.currency)
    return tuple(
        _line(currency, list(of_currency), rates.get(currency, ()))
        for currency, of_currency in groupby(ordered, key=lambda side: side.currency)
    )


def _line(currency: str, sides: Sequence[Side], rates: tuple[Decimal, ...]) -> Line:
    return Line(
        currency,
        hubspot_deals=sum(side.hubspot is not None for side in sides),
        booked_deals=sum(side.is_booked for side in sides),
        hubspot=sum(side.hubspot or 0 for side in sides),
        first_order=sum(side.first_order for side in sides),
        second_order=sum(side.second_order for side in sides),
        home=sum(side.booked_home for side in sides),
        rates=tuple(sorted(set(rates))),
    )


def _whole(sides: Sequence[Side], home: str) -> Line:
    """All of it in the account's currency."""
    return replace(
        _line(home, sides, ()),
        hubspot=sum(side.told_home for side in sides),
        first_order=sum(side.first_order_home or 0 for side in sides),
        second_order=sum(side.second_order_home or 0 for side in sides),
    )


def _is_closed(log: Sequence[Closing], month: Month) -> bool:
    first_open = periods.first_open(log)
    return first_open is not None and month < first_open


def _views(tx: Transaction, home: str, span: Span, closed_at: datetime) -> Views:
    sums: dict[str, ViewLine] = {}
    whole = ViewLine(home)
    for row in reconciliation_rows.views(tx, home, span, closed_at):
        currency, is_reported, second, first, second_home, first_home = row
        line = sums.get(currency, ViewLine(currency))
        sums[currency] = _with(line, is_reported, second, first)
        whole = _with(whole, is_reported, second_home, first_home)
    entries = reconciliation_rows.apart(tx, span, closed_at, limit=MOST_ENTRIES + 1)
    shown = entries[:MOST_ENTRIES]
    return Views(
        tuple(sums[currency] for currency in sorted(sums)),
        whole,
        _changes(row for row in shown if row["is_known"]),
        _changes(row for row in shown if not row["is_known"]),
        len(entries) > MOST_ENTRIES,
    )


def _with(line: ViewLine, is_reported: bool, second: int, first: int) -> ViewLine:
    if is_reported:
        return replace(
            line,
            reported_second=line.reported_second + second,
            reported_first=line.reported_first + first,
        )
    return replace(
        line, known_second=line.known_second + second, known_first=line.known_first + first
    )


def _changes(rows: Iterable[Row]) -> tuple[Change, ...]:
    entries: list[Entry] = [stored_shapes.entry_of(row) for row in rows]
    return changes.changes_of(entries)


def _deals_in(views: Views | None) -> set[int]:
    if views is None:
        return set()
    return {change.deal_id for change in (*views.later, *views.foreign)}


def _provisional(
    tx: Transaction, home: str, span: Span, now: datetime, hold_days: int
) -> Provisional:
    run = import_runs.newest(tx)
    since = now - timedelta(hold_days)
    deals, minor = reconciliation_rows.won_since(tx, home, span, SourceKind.REFERRAL, since)
    return Provisional(
        is_running=span.books_until > now,
        is_importing=run is None or run.state == "running",
        waiting=recompute.counts(tx)["waiting"],
        held_deals=deals,
        held_minor=minor,
        hold_days=hold_days,
    )


def _closes_on(books: Periods, month: Month, close_day: int) -> date | None:
    """When the calendar closes a month that is still open."""
    if close_day < 1 or _is_closed(books.log, month) or books.opened_at is None:
        return None
    return periods.after(month).replace(day=min(close_day, 28))
