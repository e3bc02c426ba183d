"""Periods of the board's numbers: without a choice the last twelve full months."""

from datetime import date

from integration.core.errors import Refused
from integration.portal.context import PortalContext
from integration.storage.ledger import period_rows
from mappings.rules.ledger import report_period
from mappings.rules.ledger.report_period import Period


def usual(portal: PortalContext) -> Period:
    """The last twelve full months of the account: of the running one costs are not known yet."""
    return report_period.full_year(today(portal))


def today(portal: PortalContext) -> date:
    """The day it is for the account."""
    with portal.transaction() as tx:
        return period_rows.read(tx).calendar.day_of(portal.runtime.now())


def of_days(first: str, last: str) -> Period:
    """A period by its first and last day; raises Refused with a sentence for what is none."""
    try:
        return report_period.between(_day(first), _day(last))
    except ValueError as error:
        raise Refused(str(error)) from error


def _day(text: str) -> date | None:
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text[:20]} is no day; write it as 2026-05-31.") from None
