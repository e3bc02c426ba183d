"""Deals with a customer behind them beside the others, and how long customers of both kinds stay.

Both tell how it went, not why. Rules: `mappings/rules/ledger/comparison.py` and `cohorts.py`.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from integration.core.errors import Refused
from integration.portal import settings
from integration.portal.context import PortalContext
from integration.storage.ledger import comparison_rows, period_rows
from mappings.rules.ledger import cohorts as followed
from mappings.rules.ledger import comparison, report_period
from mappings.rules.ledger.cohorts import CohortCustomer, Retention
from mappings.rules.ledger.comparison import ComparedDeal, Comparison

MOST_DEALS = 20_000
"""A comparison is of so many deals at most, the newest of the period."""
USUAL_DAYS = 730
"""The days that a comparison looks back when nobody says how far."""


@dataclass(frozen=True, slots=True)
class WithAndWithout:
    """A comparison of all new business that closed from `since` to `until`, and of alike deals.

    `currency` is the account's, in whose smallest unit sizes are. `settings_version` made the
    sources. `is_cut`: the period has more than :data:`MOST_DEALS`, and the oldest are left out.
    """

    everything: Comparison
    matched: Comparison
    currency: str
    since: datetime
    until: datetime
    settings_version: int
    is_cut: bool


def with_and_without(
    portal: PortalContext, since: datetime | None = None, until: datetime | None = None
) -> WithAndWithout:
    """Compare new business that closed in a period; without one, of the last two years.

    Renewals and deals of companies that had bought before are left out of both sides.
    """
    until = until or portal.runtime.now()
    since = since or until - timedelta(days=USUAL_DAYS)
    with portal.transaction() as tx:
        known = settings.read(tx)
        rows = comparison_rows.closed_deals(
            tx,
            home=known.map.home_currency,
            zone=period_rows.read(tx).calendar.time_zone,
            pipelines=known.map.included_pipelines,
            since=since,
            until=until,
            limit=MOST_DEALS + 1,
        )
    deals = [ComparedDeal(**row) for row in rows[:MOST_DEALS]]
    return WithAndWithout(
        everything=comparison.compare(deals),
        matched=comparison.compare(comparison.matched(deals)),
        currency=known.map.home_currency,
        since=since,
        until=until,
        settings_version=known.version,
        is_cut=len(rows) > MOST_DEALS,
    )


def of_days(portal: PortalContext, first: date | None, last: date | None) -> WithAndWithout:
    """As :func:`with_and_without`, of whole days of the account, both included.

    Raises :class:`Refused` for days that no deal can be of.
    """
    try:
        days = report_period.between(first, last)
    except ValueError as error:
        raise Refused(str(error)) from error
    with portal.transaction() as tx:
        since, until = days.bounds(period_rows.read(tx).calendar)
    return with_and_without(portal, since, until)


def cohorts(portal: PortalContext) -> Retention:
    """Follow customers from their first won deal, by quarter, and by how they came."""
    with portal.transaction() as tx:
        known = settings.read(tx)
        calendar = period_rows.read(tx).calendar
        rows = comparison_rows.customers(
            tx,
            zone=calendar.time_zone,
            recurring=known.map.recurring_property or "",
            recurring_on=known.map.recurring_on,
        )
    customers = [
        CohortCustomer(company_id, came_by_customer, tuple(days), pays)
        for company_id, came_by_customer, days, pays in rows
    ]
    return followed.retention(customers, calendar.day_of(portal.runtime.now()))
