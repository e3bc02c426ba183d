"""What is checked in every drawn year: an interval that must hold the truth, or an effect that is none."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from mappings.rules.ledger import derived_measures
from mappings.rules.ledger.hold_out import Difference
from mappings.rules.policy import DEFAULT
from mappings.rules.success import churn_fit, churn_risk, sentiment, time_to_value
from mappings.rules.success.churn_fit import FittedModel
from mappings.rules.success.churn_risk import ODDS_ONE, RiskFactor
from mappings.rules.success.sentiment import Change, Sentiment
from tests.truth_runs import year
from tests.truth_runs.year import LOOKED_AT, Truth, Year

_Z = 1.959964


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule says of one year: its figure and interval, or only whether it speaks of an effect."""

    value: float
    low: float = math.nan
    high: float = math.nan
    speaks: bool = False

    def holds(self, truth: float) -> bool:
        """Whether the interval holds the truth."""
        return self.low <= truth <= self.high


@dataclass(frozen=True, slots=True)
class Check:
    """One rule: what it finds in a year, and what is true there.

    `speaks`: pages say by it that there is an effect. What only stands beside with its interval must
    hold the nothing of a year without effects, as any interval must hold the truth.
    """

    name: str
    find: Callable[[Year], Found | None]
    truth: Callable[[Truth], float]
    has_null: bool = True
    speaks: bool = True


def _asking_rate(drawn: Year) -> Found | None:
    return _difference(drawn.hold_out.rate)


def _asking_money(drawn: Year) -> Found | None:
    return _difference(drawn.hold_out.won)


def _difference(found: Difference | None) -> Found | None:
    return Found(found.value, found.low, found.high, found.is_clear) if found else None


def _sentiments(drawn: Year) -> tuple[Sentiment, Sentiment]:
    before, after = sentiment.tally(drawn.before), sentiment.tally(drawn.after)
    return sentiment.of_people(before, DEFAULT), sentiment.of_people(after, DEFAULT)


def _nps(drawn: Year) -> Found | None:
    before, _ = _sentiments(drawn)
    if before.interval is None or before.number is None:
        return None
    return Found(before.number, *before.interval)


def _nps_change(drawn: Year) -> Found | None:
    before, after = _sentiments(drawn)
    if before.estimate is None or after.estimate is None:
        return None
    changed = sentiment.change(before, after)
    points = after.estimate.mean - before.estimate.mean
    reach = _Z * math.hypot(before.estimate.error, after.estimate.error)
    speaks = changed.kind in {Change.RISE, Change.FALL}
    return Found(points, points - reach, points + reach, speaks)


def _promoters(drawn: Year) -> Found | None:
    rate = derived_measures.promoters_who_refer(drawn.promoted, drawn.referrals, LOOKED_AT)
    return None if rate.value is None else Found(rate.value, *rate.interval)


def _returning(drawn: Year) -> Found | None:
    rate = derived_measures.returning(drawn.moves, year.ENDED)
    return None if rate.value is None else Found(rate.value, *rate.interval)


def _reached_in_60_days(drawn: Year) -> Found | None:
    found = time_to_value.of_starts(drawn.starts, year.today())
    share = next(share for share in found.shares if share.days == 60)
    if share.share is None or share.interval is None:
        return None
    return Found(share.share, *share.interval)


def true_share_in_60_days(truth: Truth) -> float:
    """Value is reached on a whole day after the contract: at most the 60th if drawn under 60."""
    return 1 - math.exp(-60 / truth.value_days)


def fitted(drawn: Year) -> FittedModel | None:
    """The churn odds that a year speaks for."""
    return churn_fit.fit(drawn.past, churn_risk.starting_model(30_000, DEFAULT), DEFAULT)


def odds_of(model: FittedModel, factor: RiskFactor) -> float:
    """A fitted model's odds of one fact."""
    return model.model.odds[factor] / ODDS_ONE


CHECKS = (
    Check("asking: share who refer, asked less held back", _asking_rate, lambda t: t.asking_itt),
    Check(
        "asking: money won, asked less held back",
        _asking_money,
        lambda t: t.asking_itt * year.mean_won(t),
        speaks=False,
    ),
    Check(
        "NPS of all customers, answers in companies alike", _nps, lambda t: t.nps(), has_null=False
    ),
    Check("NPS: half year to half year", _nps_change, lambda t: t.nps(shifted=True) - t.nps()),
    Check(
        "promoters who refer within 180 days",
        _promoters,
        lambda t: t.promoter_refers,
        has_null=False,
    ),
    Check("moved champions who buy again", _returning, lambda t: t.returns, has_null=False),
    Check(
        "value within 60 days of the contract",
        _reached_in_60_days,
        true_share_in_60_days,
        has_null=False,
    ),
)
