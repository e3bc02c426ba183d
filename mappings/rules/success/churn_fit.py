"""Churn risk re-fitted: the odds an account's own churns speak for, and how well they predict.

Penalised logistic regression (Newton's method), drawn towards the starting values, over customers
at several past days and what became of each until the next. Pure arithmetic: the same days give the
same odds.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mappings.rules.facts import PPM
from mappings.rules.policy import Policy
from mappings.rules.success.churn_risk import ODDS_ONE, ChurnModel, RiskFactor

_FACTORS: Final = tuple(RiskFactor)
# How far odds are held to the starting values: as if they were known to a factor of 1.65 either way
# (a standard deviation of 0.5 in their logarithm).
_HELD: Final = 4.0
_MOST_ROUNDS: Final = 60
_SETTLED: Final = 1e-9
_FOLDS: Final = 5
_BINS: Final = 10
_MOST_ODDS, _LEAST_ODDS = 20.0, 0.05


@dataclass(frozen=True, slots=True)
class PastCustomer:
    """A customer on a past day: the facts that were so then, and whether it churned until the next.

    `company_id` keeps the days of one company together when the model is tried on others.
    """

    company_id: int
    facts: frozenset[RiskFactor]
    has_churned: bool


@dataclass(frozen=True, slots=True)
class Bin:
    """Customers of about one risk: the mean that was said in ppm, and how many of them churned."""

    said_ppm: int
    churned: int
    customers: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """How what was said compares with what came: Brier score in ppm (0 is perfect), and by bins.

    `reference_ppm` is the score of saying the overall rate of everybody.
    """

    brier_ppm: int
    reference_ppm: int
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class FittedModel:
    """A model with what it learnt from, as it stands within its data and on companies left out."""

    model: ChurnModel
    customers: int
    within: Calibration
    left_out: Calibration


def fit(
    past: Sequence[PastCustomer], starting: ChurnModel, policy: Policy, *, version: int = 1
) -> FittedModel | None:
    """Fit the odds; None with fewer churns than the policy asks for, or without anybody who stayed.

    A bad fact never gets odds below 1, nor a good one above: what looks so is chance.
    """
    events = sum(customer.has_churned for customer in past)
    if events < policy.churn_fit_events or events == len(past):
        return None
    weights = _fitted(_grouped(past), starting)
    said = [_sigmoid(weights, customer.facts) for customer in past]
    outcomes = [customer.has_churned for customer in past]
    return FittedModel(
        _model(weights, starting, version, events),
        len(past),
        calibration(said, outcomes),
        calibration(_said_of_others(past, starting), outcomes),
    )


@dataclass(frozen=True, slots=True)
class _Weights:
    """Logarithms: of the base odds, and of each factor's."""

    base: float
    factors: Mapping[RiskFactor, float]


_Pattern = frozenset[RiskFactor]
_Groups = Mapping[_Pattern, tuple[int, int]]
"""By the facts that are so: how many customers, and how many of them churned."""


def _grouped(past: Iterable[PastCustomer]) -> _Groups:
    counts: dict[_Pattern, list[int]] = defaultdict(lambda: [0, 0])
    for customer in past:
        counts[customer.facts][0] += 1
        counts[customer.facts][1] += customer.has_churned
    # In one order, so that sums of floats are the same each time.
    ordered = sorted(counts, key=sorted)
    return {facts: (counts[facts][0], counts[facts][1]) for facts in ordered}


def _fitted(groups: _Groups, starting: ChurnModel) -> _Weights:
    """The best weights; a factor that would turn its meaning counts nothing, the rest anew."""
    held: set[RiskFactor] = set()
    while True:
        weights = _newton(groups, starting, held)
        wrong = {factor for factor in _FACTORS if _is_turned(factor, weights.factors[factor])}
        if wrong <= held:
            return weights
        held |= wrong


def _is_turned(factor: RiskFactor, weight: float) -> bool:
    return weight > 0 if factor.is_good else weight < 0


def _newton(groups: _Groups, starting: ChurnModel, held: set[RiskFactor]) -> _Weights:
    free = [factor for factor in _FACTORS if factor not in held]
    begun = [math.log(starting.odds[factor] / ODDS_ONE) for factor in free]
    weights = [_log_odds(starting.base_ppm), *begun]
    for _ in range(_MOST_ROUNDS):
        slope, bend = _derivatives(groups, free, weights, begun)
        step = _solved(bend, slope)
        # Never more than one at a time: far from the best place the curve leads astray.
        longest = max(1.0, *map(abs, step))
        weights = [weight + part / longest for weight, part in zip(weights, step, strict=True)]
        if max(map(abs, step)) < _SETTLED:
            break
    found = dict.fromkeys(_FACTORS, 0.0)
    found.update(zip(free, weights[1:], strict=True))
    return _Weights(weights[0], found)


def _derivatives(
    groups: _Groups, free: Sequence[RiskFactor], weights: Sequence[float], begun: Sequence[float]
) -> tuple[list[float], list[list[float]]]:
    """First and second derivatives of the penalised likelihood, the second with its sign turned."""
    size = len(weights)
    slope = [0.0] * size
    bend = [[0.0] * size for _ in range(size)]
    for facts, (count, churned) in groups.items():
        places = [0, *(place for place, factor in enumerate(free, 1) if factor in facts)]
        said = _logistic(math.fsum(weights[place] for place in places))
        spread = count * said * (1 - said)
        for place in places:
            slope[place] += churned - count * said
            for other in places:
                bend[place][other] += spread
    for place in range(1, size):
        slope[place] -= _HELD * (weights[place] - begun[place - 1])
        bend[place][place] += _HELD
    bend[0][0] += 1e-9
    return slope, bend


def _solved(matrix: Sequence[Sequence[float]], right: Sequence[float]) -> list[float]:
    """Solve a system of equations by elimination with the largest pivot."""
    rows = [[*line, value] for line, value in zip(matrix, right, strict=True)]
    size = len(rows)
    for place in range(size):
        pivot = max(range(place, size), key=lambda row: abs(rows[row][place]))
        rows[place], rows[pivot] = rows[pivot], rows[place]
        for row in range(place + 1, size):
            _eliminate(rows, row, place)
    solution = [0.0] * size
    for place in reversed(range(size)):
        known = math.fsum(rows[place][col] * solution[col] for col in range(place + 1, size))
        solution[place] = (rows[place][size] - known) / rows[place][place]
    return solution


def _eliminate(rows: list[list[float]], row: int, place: int) -> None:
    share = rows[row][place] / rows[place][place]
    for column in range(place, len(rows[row])):
        rows[row][column] -= share * rows[place][column]


def _model(weights: _Weights, starting: ChurnModel, version: int, events: int) -> ChurnModel:
    odds = {
        factor: round(ODDS_ONE * min(_MOST_ODDS, max(_LEAST_ODDS, math.exp(weight))))
        for factor, weight in weights.factors.items()
    }
    base = round(PPM * _logistic(weights.base))
    return ChurnModel(base, odds, starting.base_customers, starting.base_churned, version, events)


def _said_of_others(past: Sequence[PastCustomer], starting: ChurnModel) -> list[float]:
    """What is said of each customer by a model that never saw its company."""
    models = [
        _fitted(_grouped(one for one in past if one.company_id % _FOLDS != fold), starting)
        for fold in range(_FOLDS)
    ]
    return [_sigmoid(models[one.company_id % _FOLDS], one.facts) for one in past]


def _sigmoid(weights: _Weights, facts: frozenset[RiskFactor]) -> float:
    known = sorted(facts)
    return _logistic(math.fsum([weights.base, *(weights.factors[factor] for factor in known)]))


def _logistic(value: float) -> float:
    bounded = max(-500.0, min(500.0, value))
    return 1 / (1 + math.exp(-bounded))


def _log_odds(ppm: int) -> float:
    inside = min(PPM - 1, max(1, ppm))
    return math.log(inside / (PPM - inside))


def calibration(said: Sequence[float], outcomes: Sequence[bool]) -> Calibration:
    """Hold risks between 0 and 1 against what came, in up to ten bins of as many customers each.

    Customers of whom the same was said are in one bin.
    """
    if not said:
        return Calibration(0, 0, ())
    overall = sum(outcomes) / len(outcomes)
    brier = math.fsum((risk - came) ** 2 for risk, came in zip(said, outcomes, strict=True))
    reference = math.fsum((overall - came) ** 2 for came in outcomes)
    return Calibration(
        round(PPM * brier / len(said)),
        round(PPM * reference / len(said)),
        tuple(_bins(said, outcomes)),
    )


def _bins(said: Sequence[float], outcomes: Sequence[bool]) -> Iterable[Bin]:
    ordered = sorted(zip(said, outcomes, strict=True))
    least = math.ceil(len(ordered) / _BINS)
    first = 0
    while first < len(ordered):
        last = min(first + least, len(ordered))
        while last < len(ordered) and ordered[last][0] == ordered[last - 1][0]:
            last += 1
        part = ordered[first:last]
        mean = math.fsum(risk for risk, _ in part) / len(part)
        yield Bin(round(PPM * mean), sum(came for _, came in part), len(part))
        first = last
