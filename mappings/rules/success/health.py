"""Health of an account: a score of weighted factors in which silence is never good news.

The factors themselves are in `health_factors`, the band of a day and the change against 30 days ago
in `health_course`.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from mappings.formats import percent
from mappings.rules.policy import DEFAULT, Policy

NEUTRAL = 50
FACTORS = tuple(DEFAULT.health_weights)
"""Names of all factors, the weightiest first."""
UNKNOWN_BAND = "unknown"


class FactorState(StrEnum):
    """What is known of a factor."""

    KNOWN = "known"
    STALE = "stale"  # its source broke off or fell silent; the value is of old
    UNKNOWN = "unknown"  # configured, and never known for this account
    NOT_APPLICABLE = "not_applicable"  # there is no such thing here, as an admin declared
    NOT_CONFIGURED = "not_configured"  # nobody has it in this portal


_WITHOUT_WEIGHT = frozenset({FactorState.NOT_APPLICABLE, FactorState.NOT_CONFIGURED})


@dataclass(frozen=True, slots=True)
class Factor:
    """One input, 0 (bad) to 100 (good), None while not known; `age_days` is of a stale one.

    `because` says what the value comes from, or why there is none.
    """

    name: str
    value: float | None
    state: str = FactorState.KNOWN
    age_days: int = 0
    because: str = ""


@dataclass(frozen=True, slots=True)
class Contribution:
    """What a factor adds to or takes from 50, in tenths of a point."""

    name: str
    tenths: int
    because: str = ""

    @property
    def points(self) -> float:
        """The contribution in points."""
        return self.tenths / 10

    @property
    def words(self) -> str:
        """Name and points, with the reason behind."""
        text = f"{self.name} {self.points:+.1f}"
        return f"{text} ({self.because})" if self.because else text


@dataclass(frozen=True, slots=True)
class Gap:
    """A factor that has no value, and why."""

    name: str
    because: str = ""

    @property
    def words(self) -> str:
        """Name and reason."""
        return f"{self.name} ({self.because})" if self.because else self.name


@dataclass(frozen=True, slots=True)
class Health:
    """A score in tenths, its band (healthy, watch, at_risk, unknown), and what it rests on.

    `coverage` is what is known of all factors that apply, by their default weights, in whole
    percent, rounded down. The contributions add up to the score minus 50, exactly. `raw_band` is
    the band before any hesitation. `missing` are factors that would count and are not known,
    `values` those that are, each 0 to 100, aged where they are stale.
    """

    tenths: int
    band: str
    raw_band: str
    coverage: int
    contributions: tuple[Contribution, ...]
    missing: tuple[Gap, ...] = ()
    not_applicable: tuple[Gap, ...] = ()
    values: Mapping[str, float] = field(default_factory=dict)

    @property
    def score(self) -> float:
        """The score in points; of an unknown band it is nobody's to show."""
        return self.tenths / 10

    @property
    def is_known(self) -> bool:
        """Whether enough is known for a number."""
        return self.band != UNKNOWN_BAND

    @property
    def because(self) -> str:
        """The drivers, strongest first, from 50 to the score; of an unknown one what is missing."""
        known = percent(Fraction(self.coverage, 100))
        sentences = [self._from_fifty] if self.is_known else ["Too little is known for a score."]
        sentences.append(f"{known} of what health should rest on is known.")
        if self.missing:
            sentences.append(f"Missing: {'; '.join(gap.words for gap in self.missing)}.")
        sentences += [f"Left out by an admin: {gap.words}." for gap in self.not_applicable]
        return " ".join(sentences)

    @property
    def _from_fifty(self) -> str:
        ordered = sorted(self.contributions, key=lambda part: (-abs(part.tenths), part.name))
        return f"50, {', '.join(part.words for part in ordered)} = {self.score:.1f}."


def aged(last: float, age_days: float, policy: Policy) -> float:
    """A stale value drifts to neutral, and can only fall."""
    if last <= NEUTRAL:
        return last
    faded = math.exp2(-max(0, age_days) / policy.stale_half_life_days)
    return min(last, NEUTRAL + (last - NEUTRAL) * faded)


def health(
    factors: Iterable[Factor],
    policy: Policy,
    *,
    abandoned: bool = False,
) -> Health:
    """Score an account, without hesitation. A factor that is not given counts as not configured.

    *abandoned* caps the score: the last champion left and nobody else who counts is known.
    """
    given = {factor.name: factor for factor in factors}
    counted = [factor for factor in given.values() if factor.state not in _WITHOUT_WEIGHT]
    values = _known_values(counted, policy)
    contributions = _contributions(counted, values, policy)
    contributions += _caps(counted, contributions, policy, abandoned=abandoned)
    tenths = _sum(contributions)
    coverage = _coverage(values, given)
    band = band_of(tenths, policy) if coverage >= policy.coverage_at else UNKNOWN_BAND
    return Health(
        tenths,
        band,
        band,
        coverage,
        tuple(contributions),
        missing=_missing(given, values),
        not_applicable=_not_applicable(given.values()),
        values={name: round(value, 1) for name, value in values.items()},
    )


def _known_values(counted: Iterable[Factor], policy: Policy) -> dict[str, float]:
    known: dict[str, float] = {}
    for factor in counted:
        if factor.value is None or factor.state == FactorState.UNKNOWN:
            continue
        value = min(100.0, max(0.0, factor.value))
        is_stale = factor.state == FactorState.STALE
        known[factor.name] = aged(value, factor.age_days, policy) if is_stale else value
    return known


def _coverage(values: Mapping[str, float], given: Mapping[str, Factor]) -> int:
    """The known part of all factors that apply, configured or not, by their default weights."""
    weights = {
        name: weight
        for name, weight in DEFAULT.health_weights.items()
        if name not in given or given[name].state != FactorState.NOT_APPLICABLE
    }
    whole = sum(weights.values())
    # Rounded down: nearly half is not half.
    return 100 * sum(weights.get(name, 0) for name in values) // whole if whole else 0


def _contributions(
    counted: Sequence[Factor], values: Mapping[str, float], policy: Policy
) -> list[Contribution]:
    """What each known factor adds to or takes from neutral; the weights of unknown ones count."""
    whole = sum(policy.health_weights[factor.name] for factor in counted) or 1
    # In whole numbers: years of days are worked out, and fractions take ten times as long.
    weighed = {
        name: policy.health_weights[name] * (round(value * _FINE) - NEUTRAL * _FINE)
        for name, value in values.items()
    }
    why = {factor.name: factor.because for factor in counted}
    parts = _in_tenths(weighed, whole * _FINE // 10)
    return [Contribution(name, part, why[name]) for name, part in parts.items()]


_FINE = 1_000_000  # values count to a millionth of a point


def _in_tenths(exact: Mapping[str, int], tenth: int) -> dict[str, int]:
    """Round contributions to tenths so that they add up to the rounded sum; *tenth* is one."""
    parts = {name: value // tenth for name, value in exact.items()}
    missing = _rounded(sum(exact.values()), tenth) - sum(parts.values())
    most_cut = sorted(parts, key=lambda name: (-(exact[name] % tenth), name))
    for name in most_cut[:missing]:
        parts[name] += 1
    return parts


def _rounded(value: int, unit: int) -> int:
    """How many units, half to even."""
    whole, rest = divmod(value, unit)
    return whole + (2 * rest > unit or (2 * rest == unit and whole % 2 == 1))


_CHAMPION_LEFT = (
    "the last champion left, and no other champion, decision maker or answering contact is known"
)


def _caps(
    counted: Iterable[Factor],
    contributions: Sequence[Contribution],
    policy: Policy,
    *,
    abandoned: bool,
) -> list[Contribution]:
    """What keeps a score below where its factors would lead, as contributions of their own."""
    fresh = sum(factor.state == FactorState.KNOWN for factor in counted if factor.value is not None)
    tenths = _sum(contributions)
    caps: list[Contribution] = []
    limit = policy.healthy_at * 10 - 1
    if fresh < policy.healthy_factors and tenths > limit:
        few = f"a healthy score needs {policy.healthy_factors} factors that are known today"
        caps.append(Contribution("too few factors", limit - tenths, few))
        tenths = limit
    limit = policy.champion_left_cap * 10
    if abandoned and tenths > limit:
        caps.append(Contribution("champion left", limit - tenths, _CHAMPION_LEFT))
    return caps


def _sum(contributions: Iterable[Contribution]) -> int:
    return NEUTRAL * 10 + sum(part.tenths for part in contributions)


def _missing(given: Mapping[str, Factor], values: Mapping[str, float]) -> tuple[Gap, ...]:
    """The factors that apply and are not known, the weightiest first."""
    gaps: list[Gap] = []
    for name in FACTORS:
        factor = given.get(name, Factor(name, None, FactorState.NOT_CONFIGURED))
        if name not in values and factor.state != FactorState.NOT_APPLICABLE:
            gaps.append(Gap(name, factor.because))
    return tuple(gaps)


def _not_applicable(factors: Iterable[Factor]) -> tuple[Gap, ...]:
    return tuple(
        Gap(factor.name, factor.because)
        for factor in factors
        if factor.state == FactorState.NOT_APPLICABLE
    )


def band_of(tenths: int, policy: Policy) -> str:
    """The band of a score; lower bounds are included."""
    if tenths >= policy.healthy_at * 10:
        return "healthy"
    return "at_risk" if tenths < policy.at_risk_below * 10 else "watch"


def bands_near(tenths: int, policy: Policy) -> set[str]:
    """The bands within the margin of a score."""
    margin = policy.band_margin * 10
    return {band_of(tenths - margin, policy), band_of(tenths + margin, policy)}


def linear(value: float, zero_at: float, hundred_at: float) -> float:
    """0 at one end, 100 at the other, straight between, flat outside."""
    if zero_at == hundred_at:
        return 100.0 if value >= hundred_at else 0.0
    return min(100.0, max(0.0, 100 * (value - zero_at) / (hundred_at - zero_at)))
