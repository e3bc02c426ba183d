"""Sentiment of many: an NPS with its interval, and no number where too few spoke.

Every figure is in points, -100 to 100. Intervals are of 95% and adjusted (Wald's with three
answers added, half of them neutral), so that four promoters are not a certainty.
"""

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from mappings.rules.policy import Policy
from mappings.rules.success.nps import Mix

_Z: Final = 1.96
# What is added before an interval is worked out: 0.75 promoters, 0.75 detractors, 1.5 neutral ones.
_ADDED, _ADDED_APIECE = 3.0, 0.75
# Beyond so many answers a company its people may only repeat each other.
_ALIKE_ABOVE: Final = 1.5
FEWEST_COMPANIES: Final = 10
"""Companies below which nobody can tell how alike the answers of one company are."""


NOBODY: Final = Mix(0, 0, 0)


class Size(StrEnum):
    """What the number of those who answered allows to be shown."""

    NUMBER = "number"
    INDICATIVE = "indicative"
    COUNTS = "counts"  # too few: only how many answered what
    FEW_COMPANIES = "few_companies"  # enough answers, of too few companies to know the interval


@dataclass(frozen=True, slots=True)
class CompanyAnswers:
    """The latest answers of one company's people; `revenue_minor` is what it is worth, if known."""

    mix: Mix
    revenue_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """Answers counted, with what the interval needs to know of the companies they came from.

    For each company, n people answered and their signs (1, 0, -1) sum to s: `nn`, `ns` and `ss` are
    the sums of n·n, n·s and s·s. Whoever answered without a company stands alone. Tallies of
    different companies can be added.
    """

    mix: Mix = NOBODY
    companies: int = 0
    nn: int = 0
    ns: int = 0
    ss: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.mix + other.mix,
            self.companies + other.companies,
            self.nn + other.nn,
            self.ns + other.ns,
            self.ss + other.ss,
        )

    @property
    def is_clustered(self) -> bool:
        """Whether companies answered more than once so often that their answers are not apart."""
        return self.mix.n > _ALIKE_ABOVE * self.companies


def tally(companies: Iterable[Mix]) -> Tally:
    """Count the answers of companies, one mix each."""
    counted = Tally()
    for answers in companies:
        if answers.n:
            counted += tally_of_company(answers)
    return counted


def tally_of_company(answers: Mix) -> Tally:
    """The answers of one company."""
    n, s = answers.n, answers.promoters - answers.detractors
    return Tally(answers, 1, n * n, n * s, s * s)


@dataclass(frozen=True, slots=True)
class Estimate:
    """An adjusted mean with its standard error, in points: what intervals and tests rest on."""

    mean: float
    error: float

    @property
    def interval(self) -> tuple[float, float]:
        """From and to, within what the scale allows."""
        reach = _Z * self.error
        return max(-100.0, self.mean - reach), min(100.0, self.mean + reach)


@dataclass(frozen=True, slots=True)
class Sentiment:
    """What may be said of a group of people or companies.

    `number` and `estimate` are None where `size` allows no number. `basis` is what the size goes
    by: people, or companies where each counts once, or as many as weigh alike.
    """

    size: Size
    mix: Mix
    companies: int
    basis: int
    number: float | None = None
    estimate: Estimate | None = None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The interval of the number, where there is one."""
        return self.estimate.interval if self.estimate else None


def of_people(counted: Tally, policy: Policy) -> Sentiment:
    """NPS of everybody's latest answer, each person alike.

    Where companies answered several times its interval is that of companies, and with fewer than
    ten of them nobody can say how wide that is.
    """
    people = counted.mix
    size = _size(people.n, policy)
    if size != Size.COUNTS and counted.is_clustered and counted.companies < FEWEST_COMPANIES:
        size = Size.FEW_COMPANIES
    if size in {Size.COUNTS, Size.FEW_COMPANIES}:
        return Sentiment(size, people, counted.companies, people.n)
    number = 100 * (people.promoters - people.detractors) / people.n
    return Sentiment(size, people, counted.companies, people.n, number, estimate(counted))


def estimate(counted: Tally) -> Estimate:
    """The adjusted mean and error; the error of companies where that is the wider one."""
    plain = adjusted(counted.mix)
    if not counted.is_clustered:
        return plain
    return Estimate(plain.mean, max(plain.error, clustered_error(counted)))


def adjusted(people: Mix) -> Estimate:
    """Adjusted-Wald: the mean and error of the answers with three more of everyday kinds."""
    n = people.n + _ADDED
    promoters = (people.promoters + _ADDED_APIECE) / n
    detractors = (people.detractors + _ADDED_APIECE) / n
    mean = promoters - detractors
    return Estimate(100 * mean, 100 * math.sqrt((promoters + detractors - mean**2) / n))


def plain_error(people: Mix) -> float:
    """The standard error of an NPS as textbooks have it, in points; nothing with no answer."""
    if not people.n:
        return 0.0
    mean = (people.promoters - people.detractors) / people.n
    spread = (people.promoters + people.detractors) / people.n - mean**2
    return 100 * math.sqrt(max(0.0, spread) / people.n)


def clustered_error(counted: Tally) -> float:
    """The cluster-robust standard error of an NPS, in points: people of one company are alike.

    sqrt(G / (G - 1) * sum over companies of (s - n * mean)^2) / n.
    """
    groups, n = counted.companies, counted.mix.n
    if groups < 2:  # noqa: PLR2004 - one company has no spread
        return math.inf
    mean = (counted.mix.promoters - counted.mix.detractors) / n
    spread = counted.ss - 2 * mean * counted.ns + mean**2 * counted.nn
    return 100 * math.sqrt(groups / (groups - 1) * max(0.0, spread)) / n


def account_equal(companies: Sequence[CompanyAnswers], policy: Policy) -> Sentiment:
    """The mean of companies' means: each customer counts once, however many of it answered."""
    return _weighted([(answers, 1.0) for answers in companies if answers.mix.n], policy)


def revenue_weighted(companies: Sequence[CompanyAnswers], policy: Policy) -> Sentiment:
    """The mean of companies' means by what each is worth; of unknown worth, or none, are left out.

    Its size is that of as many companies of one weight as would spread alike (Kish 1965).
    """
    worth = [answers for answers in companies if answers.mix.n and (answers.revenue_minor or 0) > 0]
    return _weighted([(answers, float(answers.revenue_minor or 0)) for answers in worth], policy)


def _weighted(weighed: Sequence[tuple[CompanyAnswers, float]], policy: Policy) -> Sentiment:
    people = sum((answers.mix for answers, _ in weighed), NOBODY)
    if not weighed:
        return Sentiment(Size.COUNTS, people, 0, 0)
    weights = [weight for _, weight in weighed]
    whole = math.fsum(weights)
    # So many companies of one weight say as much.
    alike = whole**2 / math.fsum(weight**2 for weight in weights)
    signs = [_mean(answers.mix) for answers, _ in weighed]
    mean = math.fsum(map(_product, weights, signs)) / whole
    basis = math.floor(alike + 1e-9)
    size = _size(basis, policy)
    if size == Size.COUNTS:
        return Sentiment(size, people, len(weighed), basis)
    squares = [sign**2 for sign in signs]
    second = math.fsum(map(_product, weights, squares)) / whole
    found = _adjusted_mean(mean, second, alike)
    return Sentiment(size, people, len(weighed), basis, 100 * mean, found)


def _adjusted_mean(mean: float, second: float, alike: float) -> Estimate:
    """As :func:`adjusted`, for means between -1 and 1 with their mean square *second*."""
    n = alike + _ADDED
    moved = mean * alike / n
    spread = (second * alike + 2 * _ADDED_APIECE) / n - moved**2
    return Estimate(100 * moved, 100 * math.sqrt(spread / n))


def _mean(people: Mix) -> float:
    return (people.promoters - people.detractors) / people.n


def _product(weight: float, value: float) -> float:
    return weight * value


def _size(basis: int, policy: Policy) -> Size:
    if basis < policy.nps_indicative_at:
        return Size.COUNTS
    return Size.NUMBER if basis >= policy.nps_number_at else Size.INDICATIVE


class Change(StrEnum):
    """How one period's sentiment stands to the one before."""

    RISE = "rise"
    FALL = "fall"
    NONE = "none"  # what is seen may be chance
    TOO_FEW = "too_few"


@dataclass(frozen=True, slots=True)
class Changed:
    """A change in words' terms, with the difference of adjusted points and z behind it."""

    kind: Change
    points: float | None = None
    z: float | None = None

    @property
    def words(self) -> str:
        """The change as people read it."""
        return _CHANGE_WORDS[self.kind]


_CHANGE_WORDS: Final = {
    Change.RISE: "a clear rise",
    Change.FALL: "a clear fall",
    Change.NONE: "no clear change",
    Change.TOO_FEW: "too few answers to compare",
}


def change(before: Sentiment, after: Sentiment) -> Changed:
    """Whether sentiment changed between two times: only clear from z = 1.96 on, on either side."""
    if before.size != Size.NUMBER or after.size != Size.NUMBER:
        return Changed(Change.TOO_FEW)
    if before.estimate is None or after.estimate is None:
        return Changed(Change.TOO_FEW)
    return change_of(before.estimate, after.estimate)


def change_of(before: Estimate, after: Estimate) -> Changed:
    """The test of :func:`change` on two estimates."""
    points = after.mean - before.mean
    z = points / math.hypot(before.error, after.error)
    if abs(z) < _Z:
        return Changed(Change.NONE, points, z)
    return Changed(Change.RISE if z > 0 else Change.FALL, points, z)


@dataclass(frozen=True, slots=True)
class Freshness:
    """How many of the counted answers are recent, and when the last was given."""

    fresh: int
    of: int
    latest_at: datetime | None


def freshness(answered_at: Collection[datetime], now: datetime, policy: Policy) -> Freshness:
    """Count the answers of the last half year, or what the policy calls fresh."""
    since = fresh_since(now, policy)
    fresh = sum(at >= since for at in answered_at)
    return Freshness(fresh, len(answered_at), max(answered_at, default=None))


def fresh_since(now: datetime, policy: Policy) -> datetime:
    """The moment from which on answers are fresh."""
    return now - timedelta(policy.nps_fresh_days)
