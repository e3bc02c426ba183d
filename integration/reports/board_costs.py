"""Costs as the board's numbers take them: a period's months, earlier by the sales cycle."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from statistics import median
from typing import Final

from integration.reports.board_customers import Customers, Times
from integration.storage.database import Transaction
from integration.storage.program import reward_rows
from integration.storage.success import cost_rows
from integration.storage.success.board_rows import FirstPurchase
from mappings.records.cost_entries import CostEntry
from mappings.rules.ledger import periods, rewards
from mappings.rules.ledger.periods import Calendar, Month
from mappings.rules.ledger.report_period import Period
from mappings.rules.ledger.rewards import Accrual
from mappings.rules.success.lifetime_value import Cost, CostPart

_A_DAY: Final = timedelta(days=1)
_DAYS_A_MONTH: Final = 30.4375
_A_YEAR: Final = 12


@dataclass(frozen=True, slots=True)
class CostBasis:
    """Which months' costs a period's customers are held against, and what of them cannot be used.

    `months` are the period's, earlier by `lag_months`: half of the new customers took longer than
    `lag_days` from the deal's creation to its close; None without any. A period without a first
    day has none. `other_currency` are entries and rewards that are not in the account's currency.
    """

    calendar: Calendar
    months: tuple[Month, ...]
    lag_days: float | None
    lag_months: int
    other_currency: int = 0

    def with_other_currency(self, number: int) -> "CostBasis":
        """The same, with how many entries cannot be used."""
        return replace(self, other_currency=number)


def basis(calendar: Calendar, period: Period, customers: Customers) -> CostBasis:
    """Say which months count for the customers that are new in a period."""
    lag_days = _median_cycle(customers.new())
    lag_months = round((lag_days or 0) / _DAYS_A_MONTH)
    months = _months(calendar, period, customers.times)
    earlier = tuple(_earlier(month, lag_months) for month in months)
    return CostBasis(calendar, earlier, lag_days, lag_months)


def _median_cycle(new: Iterable[FirstPurchase]) -> float | None:
    days = [max((one.won_at - one.created_at) / _A_DAY, 0.0) for one in new]
    return median(days) if days else None


def _months(calendar: Calendar, period: Period, times: Times) -> Sequence[Month]:
    """The months of the period that have begun."""
    if period.first is None:
        return ()
    return calendar.months(times.since, max(times.end - _A_DAY, times.since))


def _earlier(month: Month, months: int) -> Month:
    count = month.year * _A_YEAR + month.month - 1 - months
    return date(count // _A_YEAR, count % _A_YEAR + 1, 1)


def read(tx: Transaction, wanted: CostBasis, home: str) -> tuple[list[Cost], int]:
    """Return the costs of the months, and how many are in another currency than *home*."""
    if not wanted.months:
        return [], 0
    entered = cost_rows.counting(tx, wanted.months)
    accrued = _accrued(tx, wanted)
    costs = [_cost(entry) for entry in entered if entry.currency == home]
    costs += [_reward(accrual) for accrual in accrued if accrual.currency == home]
    return costs, len(entered) + len(accrued) - len(costs)


def _accrued(tx: Transaction, wanted: CostBasis) -> list[Accrual]:
    since = wanted.calendar.start(wanted.months[0])
    until = wanted.calendar.start(periods.after(wanted.months[-1]))
    accruals = rewards.accrued(reward_rows.between(tx, since, until), wanted.calendar.month_of)
    return [accrual for accrual in accruals if accrual.month in wanted.months]


def _cost(entry: CostEntry) -> Cost:
    return Cost(entry.month, entry.source, CostPart(entry.part), entry.minor)


def _reward(accrual: Accrual) -> Cost:
    return Cost(accrual.month, accrual.source, CostPart.REWARDS, accrual.minor)
