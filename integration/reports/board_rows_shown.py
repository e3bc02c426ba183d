"""The rows behind the board's numbers: the companies that a figure counts, page by page."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from typing import Final

from integration.core.errors import Refused
from integration.portal import settings
from integration.portal.context import PortalContext
from integration.reports import board_customers
from integration.reports.board_customers import A_MOMENT, Customers
from integration.reports.current_names import current_names
from integration.storage.findings import recurring_rows
from integration.storage.ledger import period_rows
from integration.storage.success import board_rows
from mappings.kinds import ObjectType
from mappings.rules.ledger.report_period import Period
from mappings.rules.success.recurring_value import value_at

ROWS: Final = 100
"""Rows of a page."""


class Group(StrEnum):
    """Which companies are shown."""

    COHORT = "cohort"  # that paid something a year ago
    CAME = "came"  # that began within the year and pay
    NEW = "new"  # that first bought within the period


@dataclass(frozen=True, slots=True)
class CompanyRow:
    """A company: what it paid a year at the start and pays at the end, and how it came.

    `derived` is the part that customers led to. `flags` say what else is to be known: came_back,
    paused, escalator. `sources` say how its recurring value is known.
    """

    company_id: int
    name: str
    start_minor: int
    end_minor: int
    won_at: datetime | None
    derived: Fraction
    flags: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    @property
    def change_minor(self) -> int:
        """How much more it pays."""
        return self.end_minor - self.start_minor


@dataclass(frozen=True, slots=True)
class RowsPage:
    """One page of rows, those with the largest loss first; `after` leads to the next."""

    group: Group
    period: Period
    currency: str
    first: date
    last: date
    rows: tuple[CompanyRow, ...]
    total: int
    after: str


def page(portal: PortalContext, period: Period, group: Group, after: str) -> RowsPage:
    """Return a page of a figure's companies; raises Refused for a place that is none."""
    place = _place(after)
    with portal.transaction() as tx:
        known = settings.read(tx)
        calendar = period_rows.read(tx).calendar
        times = board_customers.times_of(period, calendar, portal.runtime.now())
        spans = recurring_rows.between(tx, times.year_start, times.end)
        customers = Customers.of(spans, board_rows.first_purchases(tx), times)
        found = sorted(_rows(customers, group), key=_key)
        later = [row for row in found if place is None or _key(row) > place]
        shown = later[:ROWS]
        names = current_names(tx, (), (row.company_id for row in shown))
    company = ObjectType.COMPANY.value
    named = [replace(row, name=names.get((company, row.company_id), "")) for row in shown]
    is_more = len(later) > ROWS
    return RowsPage(
        group=group,
        period=period,
        currency=known.map.home_currency,
        first=calendar.day_of(times.year_start),
        last=calendar.day_of(times.end - A_MOMENT),
        rows=tuple(named),
        total=len(found),
        after=".".join(map(str, _key(shown[-1]))) if is_more else "",
    )


def _key(row: CompanyRow) -> tuple[int, int]:
    return row.change_minor, row.company_id


def _place(after: str) -> tuple[int, int] | None:
    if not after:
        return None
    change, _, company_id = after.partition(".")
    try:
        return int(change[:20]), int(company_id[:20])
    except ValueError as error:
        raise Refused("This page of rows is none; begin again with the first") from error


def _rows(customers: Customers, group: Group) -> Iterator[CompanyRow]:
    if group is Group.COHORT:
        for one in customers.members():
            flags = {
                "came_back": one.came_back,
                "paused": one.is_paused,
                "escalator": one.is_escalator,
            }
            raised = tuple(name for name, is_raised in flags.items() if is_raised)
            yield _row(customers, one.company_id, one.start_minor, one.end_minor, raised)
    elif group is Group.CAME:
        for new in customers.came():
            yield _row(customers, new.company_id, 0, new.minor)
    else:
        for purchase in customers.new():
            spans = customers.spans.get(purchase.company_id, ())
            yield _row(customers, purchase.company_id, 0, value_at(spans, customers.times.end))


def _row(
    customers: Customers,
    company_id: int,
    start_minor: int,
    end_minor: int,
    flags: tuple[str, ...] = (),
) -> CompanyRow:
    purchase = customers.purchases.get(company_id)
    won_at = purchase.won_at if purchase else None
    sources = {str(span.source) for span in customers.spans.get(company_id, ())}
    return CompanyRow(
        company_id=company_id,
        name="",
        start_minor=start_minor,
        end_minor=end_minor,
        won_at=won_at,
        derived=customers.derived(company_id),
        flags=flags,
        sources=tuple(sorted(sources)),
    )
