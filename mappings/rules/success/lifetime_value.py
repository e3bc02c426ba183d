"""Lifetime value and acquisition cost of customers, by how they came.

LTV = a month's value x gross margin x (1 - (1 - c)^m) / c, with the monthly churn c shrunk to a
prior and the horizon m capped: nobody knows what a customer does in six years. CAC = what winning
them cost by fractional new customers. Docs: rules.md#lifetime-value-and-acquisition-cost.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Final

from mappings.rules.facts import PPM
from mappings.rules.policy import Policy

FEWEST_CUSTOMERS: Final = 3
"""Fractional new customers of a source below which its cost of one is not told."""
EVERYTHING_ELSE: Final = "first_order"
SHARED: Final = "shared"
"""The source of costs that were spent on all of them."""


class CostPart(StrEnum):
    """What a cost was spent on."""

    MARKET = "market"
    CONVERT = "convert"
    PEOPLE = "people"
    PROGRAM = "program"
    REWARDS = "rewards"


ENTERED_PARTS: Final = (CostPart.MARKET, CostPart.CONVERT, CostPart.PEOPLE, CostPart.PROGRAM)
"""The parts that people enter; rewards come from the referral program."""


@dataclass(frozen=True, slots=True)
class MonthlyChurn:
    """Who left in how many account-months; months of customers shared by sources are fractions."""

    left: Fraction
    months: Fraction

    @property
    def raw(self) -> Fraction | None:
        """The plain rate a month; None without any time."""
        return self.left / self.months if self.months else None

    def shrunk(self, policy: Policy) -> Fraction:
        """The rate a month, drawn to the prior as if so many account-months more were known."""
        prior = Fraction(policy.churn_prior, PPM)
        weight = policy.churn_prior_months
        if not self.months + weight:
            return prior
        return min((self.left + prior * weight) / (self.months + weight), Fraction(1))


def lifetime_months(churn: Fraction, horizon: int) -> Fraction:
    """How many months a customer stays on average, of at most *horizon*: all without churn."""
    if not churn:
        return Fraction(horizon)
    return (1 - (1 - churn) ** horizon) / churn


def lifetime_value(month_minor: Fraction, margin: Fraction, churn: Fraction, horizon: int) -> int:
    """What a customer brings in its lifetime, in minor units, half even."""
    return round(month_minor * margin * lifetime_months(churn, horizon))


def margin_of(policy: Policy) -> Fraction:
    """The gross margin, once an admin has confirmed it; until then all revenue counts."""
    return Fraction(policy.gross_margin, PPM) if policy.gross_margin_confirmed else Fraction(1)


@dataclass(frozen=True, slots=True)
class SourceValue:
    """What customers of one source are worth.

    `customers` are fractional, and so are the months of `churn`. `year_minor` is the mean of what
    they pay a year. `minor` None: nobody of them pays anything that recurs.
    """

    source: str
    customers: Fraction
    year_minor: Fraction
    churn: MonthlyChurn
    minor: int | None


@dataclass(frozen=True, slots=True)
class SourcedCustomer:
    """A customer with the parts of it that each source led to (they add up to 1).

    `year_minor` is what it pays a year, or paid last; `months` its account-months.
    """

    company_id: int
    shares: Mapping[str, Fraction]
    year_minor: int
    months: Fraction
    has_left: bool


def values(customers: Iterable[SourcedCustomer], policy: Policy) -> dict[str, SourceValue]:
    """What customers of each source are worth, and under an empty name those of all."""
    sums: dict[str, _Sums] = {}
    for customer in customers:
        for source, share in (*customer.shares.items(), ("", Fraction(1))):
            sums.setdefault(source, _Sums()).add(customer, share)
    return {source: _value(source, held, policy) for source, held in sorted(sums.items())}


class _Sums:
    """Customers of one source, added up by their shares."""

    def __init__(self) -> None:
        self.customers = self.year_minor = self.months = self.left = Fraction(0)

    def add(self, customer: SourcedCustomer, share: Fraction) -> None:
        self.customers += share
        self.year_minor += share * customer.year_minor
        self.months += share * customer.months
        self.left += share if customer.has_left else 0


def _value(source: str, held: _Sums, policy: Policy) -> SourceValue:
    churn = MonthlyChurn(held.left, held.months)
    year_minor = held.year_minor / held.customers if held.customers else Fraction(0)
    minor = None
    if year_minor > 0:
        horizon = policy.lifetime_months
        minor = lifetime_value(year_minor / 12, margin_of(policy), churn.shrunk(policy), horizon)
    return SourceValue(source, held.customers, year_minor, churn, minor)


class CostGap(StrEnum):
    """Why a cost of acquisition is not told, or must be read with care."""

    NOT_ENOUGH = "not_enough"  # too few fractional customers
    MISSING = "missing"  # months without any entry: nobody knows what was spent
    ZERO = "zero"  # nothing was spent, and somebody's time always is


@dataclass(frozen=True, slots=True)
class Cost:
    """What was spent in a month on one part of one source, in the account's smallest unit."""

    month: date
    source: str
    part: CostPart
    minor: int


@dataclass(frozen=True, slots=True)
class Acquisition:
    """What winning customers of one source cost; an empty name is all of them together.

    `by_part` adds up to `minor`, shared costs by the source's part of all new customers among
    them. `missing` are months without an entry. `one_minor` is the cost of one, None where `gaps`
    forbid it.
    """

    source: str
    customers: Fraction
    by_part: Mapping[str, Fraction]
    missing: tuple[date, ...]
    gaps: tuple[CostGap, ...]

    @property
    def minor(self) -> Fraction:
        """All that it cost."""
        return sum(self.by_part.values(), Fraction(0))

    @property
    def one_minor(self) -> int | None:
        """What one customer cost, half even."""
        if {CostGap.NOT_ENOUGH, CostGap.MISSING} & set(self.gaps) or not self.customers:
            return None
        return round(self.minor / self.customers)


def acquisitions(
    customers: Mapping[str, Fraction],
    costs: Sequence[Cost],
    months: Sequence[date],
    policy: Policy,
) -> list[Acquisition]:
    """What each source cost, and all together under an empty name, the last.

    *customers* are the fractional new ones by source, *costs* those of the lagged *months*. A month
    without an entry of a source is missing, never zero. Which parts count, the policy says.
    """
    counted = [cost for cost in costs if policy.cost_parts.get(cost.part)]
    everybody = sum(customers.values(), Fraction(0))
    own = [cost.source for cost in counted if cost.source != SHARED]
    sources = sorted({*customers, *own})
    found = [
        _acquisition(source, customers.get(source, Fraction(0)), everybody, counted, months)
        for source in sources
    ]
    return [*found, _together(found, everybody, counted, months)]


def _acquisition(
    source: str,
    customers: Fraction,
    everybody: Fraction,
    costs: Sequence[Cost],
    months: Sequence[date],
) -> Acquisition:
    by_part = {str(part): Fraction(0) for part in CostPart}
    entered = set()
    for cost in costs:
        if cost.source == source:
            by_part[cost.part] += cost.minor
            if cost.part is not CostPart.REWARDS:
                entered.add(cost.month)
        elif cost.source == SHARED and everybody:
            by_part[cost.part] += cost.minor * customers / everybody
            entered.add(cost.month)
    missing = tuple(month for month in months if month not in entered)
    return _judged(source, customers, by_part, missing, is_known=not missing and bool(months))


def _judged(
    source: str,
    customers: Fraction,
    by_part: Mapping[str, Fraction],
    missing: tuple[date, ...],
    *,
    is_known: bool,
) -> Acquisition:
    gaps = []
    if customers < FEWEST_CUSTOMERS:
        gaps.append(CostGap.NOT_ENOUGH)
    if not is_known:
        gaps.append(CostGap.MISSING)
    elif not any(by_part.values()):
        gaps.append(CostGap.ZERO)
    used = {part: minor for part, minor in by_part.items() if minor}
    return Acquisition(source, customers, used, missing, tuple(gaps))


def _together(
    found: Sequence[Acquisition],
    everybody: Fraction,
    costs: Sequence[Cost],
    months: Sequence[date],
) -> Acquisition:
    """All sources together: what is missing of one of them is missing of the whole."""
    by_part = {str(part): Fraction(0) for part in CostPart}
    for cost in costs:
        by_part[cost.part] += cost.minor
    missing = sorted({month for one in found if one.customers for month in one.missing})
    is_known = not missing and bool(months)
    return _judged("", everybody, by_part, tuple(missing), is_known=is_known)


def ratio(value_minor: int | None, cost_minor: int | None) -> Fraction | None:
    """LTV by CAC; None where one of them is not known, or nothing was spent."""
    if value_minor is None or not cost_minor:
        return None
    return Fraction(value_minor, cost_minor)
