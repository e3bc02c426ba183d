"""Time-to-value of an account: how long its customers wait for their first win."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from integration.portal.context import PortalContext
from integration.storage.database import Row, Transaction
from integration.storage.ledger import period_rows
from integration.storage.success import value_rows
from mappings.rules.ledger.periods import Calendar
from mappings.rules.success import time_to_value as rule
from mappings.rules.success.time_to_value import Start, TimeToValue

NEW, BY_CHAMPION = "new", "moved_champion"


@dataclass(frozen=True, slots=True)
class AccountTimeToValue:
    """The account's time-to-value: of all customers, and apart of those a moved champion led.

    Somebody who knows the product is expected to need less time: the two groups show whether so.
    `starts` are the customers that it is made of.
    """

    today: date
    everybody: TimeToValue
    groups: dict[str, TimeToValue]
    starts: tuple[Start, ...]


def time_to_value(portal: PortalContext) -> AccountTimeToValue:
    """Work out the time from each customer's first purchase to its first win, as of today."""
    with portal.transaction() as tx:
        return as_of(tx, portal.runtime.now(), period_rows.read(tx).calendar)


def as_of(tx: Transaction, at: datetime, calendar: Calendar) -> AccountTimeToValue:
    """As :func:`time_to_value`, as of a moment."""
    starts = tuple(_start(row, calendar) for row in value_rows.starts(tx, at))
    today = calendar.day_of(at)
    return AccountTimeToValue(
        today=today,
        everybody=rule.of_starts(starts, today),
        groups=rule.by_group(starts, today),
        starts=starts,
    )


def _start(row: Row, calendar: Calendar) -> Start:
    first_win_at = row["first_win_at"]
    return Start(
        company_id=row["company_id"],
        contracted_on=calendar.day_of(row["contracted_at"]),
        first_value_on=None if first_win_at is None else _day(first_win_at, calendar),
        group=BY_CHAMPION if row["by_champion"] else NEW,
    )


def _day(at: datetime, calendar: Calendar) -> date:
    # HubSpot keeps a date as its midnight in UTC: that is a day, whatever the account's zone.
    utc = at.astimezone(UTC)
    return utc.date() if utc.time() == time.min else calendar.day_of(at)
