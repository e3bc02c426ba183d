"""Back-test: what was said of customers on a past day, held against what became of them since.

A difference is read only where both sides have thirty customers; else it is *too few*. It says
whether a score told customers apart, never that it was why.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mappings.rules.facts import PPM
from mappings.rules.success import churn_fit
from mappings.rules.success.churn_fit import Calibration

FEWEST: Final = 30
"""Customers that a side needs before anything is read from it."""
BANDS: Final = ("healthy", "watch", "at_risk", "unknown")
_Z: Final = 1.96


@dataclass(frozen=True, slots=True)
class PastJudgement:
    """A customer of the past day: what was said then, and what became of it.

    `score` is in tenths and `risk` in ppm, each None where none was said. `has_churned` and
    `has_renewed` are None where nobody can tell, or no renewal was decided. `churned_in_time` is
    whether it churned within the time that the risk was said for.
    """

    company_id: int
    band: str
    score: int | None = None
    risk: int | None = None
    has_churned: bool | None = None
    churned_in_time: bool | None = None
    has_renewed: bool | None = None
    has_referred: bool = False


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    part: int
    of: int

    @property
    def is_enough(self) -> bool:
        """Whether a rate may be read from it."""
        return self.of >= FEWEST


@dataclass(frozen=True, slots=True)
class BandOutcome:
    """What became of the customers of one band."""

    band: str
    customers: int
    churned: Share
    renewed: Share
    referred: Share


def by_band(tested: Iterable[PastJudgement]) -> list[BandOutcome]:
    """The bands in their order, the healthy first; one without customers is there, too."""
    customers = list(tested)
    return [_outcome(band, [one for one in customers if one.band == band]) for band in BANDS]


def _outcome(band: str, customers: Sequence[PastJudgement]) -> BandOutcome:
    return BandOutcome(
        band,
        len(customers),
        _share(one.has_churned for one in customers),
        _share(one.has_renewed for one in customers),
        _share(one.has_referred for one in customers),
    )


def _share(answers: Iterable[bool | None]) -> Share:
    known = [answer for answer in answers if answer is not None]
    return Share(sum(known), len(known))


class Verdict(StrEnum):
    """What a back-test comes to."""

    TOLD = "told"  # the worse side churned clearly more
    DID_NOT_TELL = "did_not_tell"  # no clear difference
    MISLED = "misled"  # the worse side churned clearly less
    TOO_FEW = "too_few"


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much one share exceeds another, in points of a hundred, with its 95% interval."""

    points: float
    low: float
    high: float


def difference(worse: Share, better: Share) -> Difference:
    """The difference of two shares (Agresti and Caffo 2000: one more of each kind on each side)."""
    rates = [(share.part + 1) / (share.of + 2) for share in (worse, better)]
    spread = sum(
        rate * (1 - rate) / (share.of + 2)
        for rate, share in zip(rates, (worse, better), strict=True)
    )
    found, reach = rates[0] - rates[1], _Z * math.sqrt(spread)
    return Difference(100 * found, 100 * (found - reach), 100 * (found + reach))


def verdict(worse: Share, better: Share) -> Verdict:
    """Whether the worse side really went worse."""
    if not (worse.is_enough and better.is_enough):
        return Verdict.TOO_FEW
    found = difference(worse, better)
    if found.low > 0:
        return Verdict.TOLD
    return Verdict.MISLED if found.high < 0 else Verdict.DID_NOT_TELL


def of_bands(outcomes: Sequence[BandOutcome]) -> Verdict:
    """Whether customers who were not healthy churned more than the healthy ones."""
    healthy, watch, at_risk = (one.churned for one in outcomes[:3])
    return verdict(Share(watch.part + at_risk.part, watch.of + at_risk.of), healthy)


def of_referrals(outcomes: Sequence[BandOutcome]) -> Verdict:
    """Whether healthy customers referred more often than the others."""
    healthy, watch, at_risk = (one.referred for one in outcomes[:3])
    return verdict(healthy, Share(watch.part + at_risk.part, watch.of + at_risk.of))


@dataclass(frozen=True, slots=True)
class RiskOutcome:
    """What became of customers by the risk that was said of them.

    `rank` is how often, of one who churned and one who stayed, the higher risk was said of the one
    who churned (ties half; the area under the ROC curve); a coin has 0.5. None without both kinds.
    """

    calibration: Calibration
    customers: int
    churned: int
    rank: float | None
    verdict: Verdict


def of_risks(tested: Iterable[PastJudgement]) -> RiskOutcome:
    """Hold the risks against the churns; the verdict compares the upper with the lower half."""
    known = [
        (one.risk, one.churned_in_time)
        for one in tested
        if one.risk is not None and one.churned_in_time is not None
    ]
    known.sort()
    churned = [has_churned for _, has_churned in known]
    calibration = churn_fit.calibration([risk / PPM for risk, _ in known], churned)
    lower, upper = _halves(known)
    return RiskOutcome(
        calibration,
        len(known),
        sum(churned),
        _rank(known),
        verdict(_share(upper), _share(lower)),
    )


def _halves(known: Sequence[tuple[int, bool]]) -> tuple[list[bool], list[bool]]:
    """The outcomes below and above the middle risk; those of one risk are on one side."""
    if not known:
        return [], []
    middle = known[len(known) // 2][0]
    lower = [has_churned for risk, has_churned in known if risk < middle]
    upper = [has_churned for risk, has_churned in known if risk >= middle]
    if not lower:  # half of them have the least risk there is
        lower = [has_churned for risk, has_churned in known if risk == middle]
        upper = [has_churned for risk, has_churned in known if risk > middle]
    return lower, upper


def _rank(known: Sequence[tuple[int, bool]]) -> float | None:
    """By counting ranks, those of one risk sharing theirs (Mann and Whitney)."""
    churned = sum(has_churned for _, has_churned in known)
    stayed = len(known) - churned
    if not churned or not stayed:
        return None
    ranks, first = 0.0, 0
    while first < len(known):
        last = first
        while last < len(known) and known[last][0] == known[first][0]:
            last += 1
        shared = (first + 1 + last) / 2
        ranks += shared * sum(has_churned for _, has_churned in known[first:last])
        first = last
    return (ranks - churned * (churned + 1) / 2) / (churned * stayed)
