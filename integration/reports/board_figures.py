"""The board's numbers as figures: each with its definition, period, size, interval and gap.

The page, the files and the command all show these, so that none of them tells another number.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from integration.reports.board import KINDS, Board
from integration.reports.board_customers import EVER
from integration.reports.first_values import BY_CHAMPION, NEW
from mappings.rules.ledger import derived_measures, periods
from mappings.rules.ledger.comparison import FEWEST, Rate, SelectionWarning
from mappings.rules.ledger.derived_measures import KeptComparison
from mappings.rules.success.kept_revenue import Ratio
from mappings.rules.success.lifetime_value import Acquisition, CostGap, SourceValue
from mappings.rules.success.time_to_value import TimeToValue

ALL_MOVES: Final = EVER
"""How far back moves, and what customers paid, are counted."""


class Unit(StrEnum):
    """What a figure is counted in."""

    PERCENT = "percent"
    MONEY = "money"
    RATIO = "ratio"
    DAYS = "days"


class Why(StrEnum):
    """Why a figure is not told, or must be read with care."""

    NOTHING_RECURS = "nothing_recurs"
    NOBODY = "nobody"
    NOT_ENOUGH = "not_enough"
    COSTS_MISSING = "costs_missing"
    NOTHING_SPENT = "nothing_spent"
    TOO_FEW = "too_few"
    OTHER_SIZE = "other_size"
    STILL_WAITING = "still_waiting"


WHY: Final[Mapping[Why, str]] = MappingProxyType(
    {
        Why.NOTHING_RECURS: "No recurring value is known at the start of the year",
        Why.NOBODY: "There is nobody to count yet",
        Why.NOT_ENOUGH: "Not enough: fewer than 3 new customers, counted by their parts",
        Why.COSTS_MISSING: "Costs missing",
        Why.NOTHING_SPENT: "Nothing was spent, as the entries say; staff time costs something, too",
        Why.TOO_FEW: "Too few to compare: each side needs 30 customers",
        Why.STILL_WAITING: "Fewer than half got there so far, or were watched for so long",
        Why.OTHER_SIZE: "Not comparable: the two sides are of different size on average",
    }
)
LABELS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "net_retention": (
            "Net revenue retention (NRR)",
            (
                "What the customers of a year ago pay now, by what they paid then. New ones do not"
                " count."
            ),
        ),
        "gross_retention": (
            "Gross revenue retention (GRR)",
            "The same without any growth: each counts with no more than it paid a year ago.",
        ),
        "logo_retention": (
            "Customers kept",
            "Of the customers that paid something a year ago, those that still do.",
        ),
        "start_value": (
            "Paid a year ago",
            "What those customers paid a year then, in the account's currency.",
        ),
        "expansion": (
            "Expansion",
            "What some of them pay more. Other currencies count at the rate of then.",
        ),
        "escalators": (
            "Of it by escalators",
            "Growth at customers whose contract foresaw a rise of at most a tenth.",
        ),
        "contraction": ("Contraction", "What some of them pay less, and still pay."),
        "lost": ("Lost", "What customers paid that pay nothing now."),
        "paused": ("Of it paused", "Their contract runs, and nothing is paid now."),
        "end_value": ("Paid now", "What is left of them all, growth included."),
        "earned_growth": (
            "Earned growth rate",
            "NRR plus new revenue that customers led to, less 100%: growth that nobody bought.",
        ),
        "earned_new": (
            "New revenue that was earned",
            (
                "What new customers pay, each by the share that customers led to, by what was paid"
                " before."
            ),
        ),
        "bought_new": (
            "New revenue that was bought",
            "The rest of what new customers pay, by what was paid before.",
        ),
        "total_growth": (
            "All growth",
            "The earned growth rate and what was bought. Customers won back are no part of it.",
        ),
        "earned_ratio": ("Earned part of growth", "The earned growth rate by all growth."),
        "lifetime_value": (
            "Lifetime value (LTV)",
            (
                "What a customer brings in at most 60 months, or as many as Settings say: a month's"
                " value by how long customers stay, with the monthly churn drawn to a prior."
            ),
        ),
        "acquisition_cost": (
            "Acquisition cost (CAC)",
            (
                "What was spent, rewards included, by fractional new customers; costs are of"
                " the months in which the deals began."
            ),
        ),
        "value_by_cost": ("LTV by CAC", "What a customer brings by what winning it cost."),
        "promoters_who_refer": (
            "Promoters who refer",
            (
                "Of the promoters whose answer is half a year old, those with a referral within"
                " half a year of it."
            ),
        ),
        "word_of_mouth": (
            "Word-of-mouth coefficient",
            (
                "New customers that customers led to at least by half, by the customers at the"
                " start and the other new ones."
            ),
        ),
        "returning_champions": (
            "Moved champions who buy again",
            (
                "Of the champions who moved more than a year ago, those with a deal at their new"
                " company."
            ),
        ),
        "kept_derived": (
            "Customers kept, of those that customers led to",
            (
                "Of the customers of a year ago that customers led to at least by half, those that"
                " still pay."
            ),
        ),
        "kept_others": (
            "Customers kept, of the others",
            "Of all other customers of a year ago, those that still pay.",
        ),
        "kept_derived_matched": (
            "The same, derived customers beside alike ones",
            (
                "Only as many as there are others that began in the same quarter and pay as much,"
                " drawn by lot."
            ),
        ),
        "kept_others_matched": (
            "The same, others beside alike ones",
            (
                "Only as many as there are derived customers that began in the same quarter and"
                " pay as much, drawn by lot."
            ),
        ),
        "time_to_value": (
            "Time to first value",
            (
                "The days from a customer's first purchase to its first win, the middle one"
                " (Kaplan and Meier): who still waits counts, too."
            ),
        ),
        "time_to_value_new": (
            "The same, of new customers",
            "Of those that no moved champion led.",
        ),
        "time_to_value_moved": (
            "The same, with a moved champion",
            "Of those that somebody led who knew the product from another customer.",
        ),
        "reached_30": ("Value within 30 days", "The share of customers with a win by then."),
        "reached_60": ("Value within 60 days", "The share of customers with a win by then."),
        "reached_90": ("Value within 90 days", "The share of customers with a win by then."),
        "first_order_value": (
            "Own revenue of a customer",
            "What a customer paid in won deals so far, on average.",
        ),
        "all_in_value": (
            "All-in value of a customer",
            "With the deals that it led to, over all orders. These overlap: never add them up.",
        ),
    }
)
"""What each figure is called, and what it is."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number: `source` where it is of one kind of customers, `all` of all of them.

    `value` is in `unit`: a share, the smallest unit of money, a ratio. `size` says how many it
    rests on, of `sized`. `months` are those whose costs are missing.
    """

    key: str
    unit: Unit
    value: Fraction | None
    size: Fraction
    sized: str
    since: datetime
    until: datetime
    interval: tuple[float, float] | None = None
    source: str = ""
    why: Why | None = None
    months: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """What it is called."""
        return LABELS[self.key][0]

    @property
    def definition(self) -> str:
        """What it is."""
        return LABELS[self.key][1]

    @property
    def is_indicative(self) -> bool:
        """Whether it rests on so few that it is a hint at best."""
        return self.value is not None and self.size < FEWEST


def of(board: Board) -> list[Figure]:
    """Every figure, in the order in which they are told."""
    return [
        *_retention(board),
        *_growth(board),
        *_waiting(board),
        *_by_source(board),
        *_bringing(board),
        *_kept(board),
        *_worth(board),
    ]


def _retention(board: Board) -> Iterator[Figure]:
    found = board.recurring.retention
    year = (board.year_start, board.end)
    yield _ratio("net_retention", found.net, year)
    yield _ratio("gross_retention", found.gross, year)
    yield _rate("logo_retention", Rate(*found.logos), "companies", year)
    sums = {
        "start_value": found.start_minor,
        "expansion": found.expansion_minor,
        "escalators": found.escalator_minor,
        "contraction": -found.contraction_minor,
        "lost": -found.lost_minor,
        "paused": -found.paused_minor,
        "end_value": found.end_minor,
    }
    for key, minor in sums.items():
        value = Fraction(minor) if found.companies else None
        why = None if found.companies else Why.NOTHING_RECURS
        size = Fraction(found.companies)
        yield Figure(key, Unit.MONEY, value, size, "companies", *year, why=why)


def _ratio(key: str, ratio: Ratio, between: tuple[datetime, datetime]) -> Figure:
    why = Why.NOTHING_RECURS if ratio.value is None else None
    size = Fraction(ratio.companies)
    return Figure(
        key, Unit.PERCENT, ratio.value, size, "companies", *between, ratio.interval, why=why
    )


def _rate(
    key: str,
    rate: Rate,
    sized: str,
    between: tuple[datetime, datetime],
    warnings: tuple[SelectionWarning, ...] = (),
) -> Figure:
    why = None if rate.of else Why.NOBODY
    if warnings:
        why = _WARNINGS[warnings[0]]
    is_told = why in {None, Why.OTHER_SIZE}
    value = Fraction(rate.part, rate.of) if is_told else None
    interval = rate.interval if is_told else None
    size = Fraction(rate.of)
    return Figure(key, Unit.PERCENT, value, size, sized, *between, interval, why=why)


_WARNINGS: Final = {
    SelectionWarning.TOO_FEW: Why.TOO_FEW,
    SelectionWarning.OTHER_SIZE: Why.OTHER_SIZE,
}


def _growth(board: Board) -> Iterator[Figure]:
    earned, came = board.recurring.earned, board.recurring.came
    parts: dict[str, Fraction | None] = dict.fromkeys(
        ("earned_growth", "earned_new", "bought_new", "total_growth", "earned_ratio")
    )
    if earned is not None:
        parts = {
            "earned_growth": earned.rate,
            "earned_new": earned.earned_new,
            "bought_new": earned.bought_new,
            "total_growth": earned.total,
            "earned_ratio": earned.ratio,
        }
    size = Fraction(board.recurring.retention.companies + came)
    for key, value in parts.items():
        why = Why.NOTHING_RECURS if earned is None else None
        if earned is not None and value is None:
            why = Why.NOBODY
        between = (board.year_start, board.end)
        yield Figure(key, Unit.PERCENT, value, size, "companies", *between, why=why)


def _waiting(board: Board) -> Iterator[Figure]:
    """Time to value of all customers and of both groups, and the shares by some days."""
    found, ever = board.waiting, (board.end - ALL_MOVES, board.end)
    parts = {
        "time_to_value": found.everybody,
        "time_to_value_new": found.groups.get(NEW),
        "time_to_value_moved": found.groups.get(BY_CHAMPION),
    }
    for key, part in parts.items():
        starts = part.starts if part else 0
        median = part.median if part else None
        why = None if median is not None else Why.STILL_WAITING if starts else Why.NOBODY
        yield Figure(
            key, Unit.DAYS, None if median is None else Fraction(median), Fraction(starts),
            "customers", *ever, _between_days(part), why=why,
        )  # fmt: skip
    for reached in found.everybody.shares:
        share = None if reached.share is None else Fraction(reached.share).limit_denominator(10**6)
        why = None if share is not None else Why.STILL_WAITING
        size = Fraction(found.everybody.starts)
        key = f"reached_{reached.days}"
        yield Figure(key, Unit.PERCENT, share, size, "customers", *ever, reached.interval, why=why)


def _between_days(part: TimeToValue | None) -> tuple[float, float] | None:
    """The interval of a median; None where one of its ends lies beyond what was watched."""
    if part is None or part.interval[0] is None or part.interval[1] is None:
        return None
    return float(part.interval[0]), float(part.interval[1])


def sources(board: Board) -> list[str]:
    """The sources that there are figures of; the last, empty one is all of them together."""
    known = {*board.costs.values, *board.costs.acquisitions}
    return [*(kind for kind in KINDS if kind in known), ""]


def _by_source(board: Board) -> Iterator[Figure]:
    for source in sources(board):
        yield _value(board, source, board.costs.values.get(source))
        cost = board.costs.acquisitions.get(source)
        yield _cost(board, source, cost)
        ratio = board.costs.value_by_cost(source)
        why, months = _why_cost(cost)
        if ratio is None and why is None:
            why = Why.NOTHING_RECURS
        size = cost.customers if cost else Fraction(0)
        yield Figure(
            "value_by_cost", Unit.RATIO, ratio, size, "new customers", board.since, board.end,
            source=source or "all", why=why, months=months,
        )  # fmt: skip


def _value(board: Board, source: str, value: SourceValue | None) -> Figure:
    minor = None if value is None or value.minor is None else Fraction(value.minor)
    return Figure(
        "lifetime_value",
        Unit.MONEY,
        minor,
        value.customers if value else Fraction(0),
        "customers",
        board.year_start,
        board.end,
        source=source or "all",
        why=Why.NOTHING_RECURS if minor is None else None,
    )


def _cost(board: Board, source: str, cost: Acquisition | None) -> Figure:
    why, months = _why_cost(cost)
    one = None if cost is None or cost.one_minor is None else Fraction(cost.one_minor)
    return Figure(
        "acquisition_cost",
        Unit.MONEY,
        one,
        cost.customers if cost else Fraction(0),
        "new customers",
        board.since,
        board.end,
        source=source or "all",
        why=why,
        months=months,
    )


_GAPS: Final = {
    CostGap.MISSING: Why.COSTS_MISSING,
    CostGap.NOT_ENOUGH: Why.NOT_ENOUGH,
    CostGap.ZERO: Why.NOTHING_SPENT,
}


def _why_cost(cost: Acquisition | None) -> tuple[Why | None, tuple[str, ...]]:
    if cost is None:
        return Why.NOT_ENOUGH, ()
    why = next((_GAPS[gap] for gap in _GAPS if gap in cost.gaps), None)
    return why, tuple(periods.written(month) for month in cost.missing)


def _bringing(board: Board) -> Iterator[Figure]:
    found, until = board.bringing, board.end
    followed = (found.promoters_since, until - derived_measures.FOLLOWED)
    yield _rate("promoters_who_refer", found.promoters, "promoters", followed)
    word = found.word_of_mouth
    others = word.active_at_start + word.other_new
    yield Figure(
        "word_of_mouth", Unit.PERCENT, word.coefficient, Fraction(word.brought + others),
        "customers", board.since, until, why=None if others else Why.NOBODY,
    )  # fmt: skip
    before = (until - ALL_MOVES, until - derived_measures.RETURN_AFTER)
    yield _rate("returning_champions", found.returning, "champions", before)


def _kept(board: Board) -> Iterator[Figure]:
    yield from _compared("", board.bringing.kept, board)
    yield from _compared("_matched", board.bringing.kept_matched, board)


def _compared(suffix: str, compared: KeptComparison, board: Board) -> Iterator[Figure]:
    year = (board.year_start, board.end)
    for side, rate in (("derived", compared.derived), ("others", compared.others)):
        yield _rate(f"kept_{side}{suffix}", rate, "customers", year, compared.warnings)


def _worth(board: Board) -> Iterator[Figure]:
    worth = board.bringing.worth
    size = Fraction(worth.customers)
    sums = {"first_order_value": worth.direct_minor, "all_in_value": worth.all_in_minor}
    for key, minor in sums.items():
        value = Fraction(minor, worth.customers) if worth.customers else None
        why = None if worth.customers else Why.NOBODY
        ever = (board.end - ALL_MOVES, board.end)
        yield Figure(key, Unit.MONEY, value, size, "customers", *ever, why=why)
