"""Health: a score from weighted factors that says what it rests on, and does not improve when data goes missing."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from mappings.rules.facts import Ticket
from mappings.rules.policy import Policy
from mappings.rules.success.nps import CompanyNps

NEUTRAL = 50
KNOWN, STALE, UNKNOWN, NOT_APPLICABLE, NOT_CONFIGURED = (
    "known",
    "stale",
    "unknown",
    "not_applicable",
    "not_configured",
)


@dataclass(frozen=True, slots=True)
class Factor:
    """One input, 0 (bad) to 100 (good), or the reason why there is none.

    `state`: known; stale with its age in days (feed broken, value of old); unknown (configured,
    never known for this account); not_applicable (marked so for this account); not_configured
    (nobody has it in this portal).
    """

    name: str
    value: float | None
    state: str = KNOWN
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


@dataclass(frozen=True, slots=True)
class Health:
    """The score in tenths, its band (healthy, watch, at_risk, unknown), coverage in percent, and the explanation.

    The contributions add up to the score minus 50, exactly. `raw_band` is the band before any
    hesitation.
    """

    tenths: int
    band: str
    raw_band: str
    coverage: int
    contributions: tuple[Contribution, ...]

    @property
    def score(self) -> float:
        """The score in points."""
        return self.tenths / 10

    @property
    def because(self) -> str:
        """The drivers, strongest first."""
        ordered = sorted(self.contributions, key=lambda one: (-abs(one.tenths), one.name))
        told = (
            f"{one.name} {one.points:+.1f}{f' ({one.because})' if one.because else ''}"
            for one in ordered
        )
        return f"{self.coverage}% known; " + ", ".join(told) if ordered else "nothing is known"


def aged(last: float, age_days: int, policy: Policy) -> float:
    """A stale value drifts to neutral, and can only fall."""
    if last <= NEUTRAL:
        return last
    return min(
        last, NEUTRAL + (last - NEUTRAL) * math.exp2(-age_days / policy.stale_half_life_days)
    )


def health(
    factors: Iterable[Factor],
    policy: Policy,
    *,
    abandoned: bool = False,
    before: Health | None = None,
) -> Health:
    """Score an account. *abandoned*: the champion left and no other active contact is known, which caps the score."""
    counted = [one for one in factors if one.state not in {NOT_APPLICABLE, NOT_CONFIGURED}]
    weights = {one.name: policy.health_weights[one.name] for one in counted}
    whole = sum(weights.values())
    values = {one.name: _value(one, policy) for one in counted}
    exact = {
        name: Fraction(weights[name], whole) * (Fraction(value).limit_denominator(10**6) - NEUTRAL)
        for name, value in values.items()
        if value is not None and whole
    }
    known = sum(weights[name] for name in exact)
    coverage = round(Fraction(100 * known, whole)) if whole else 0
    parts = _in_tenths(exact)
    tenths = NEUTRAL * 10 + sum(parts.values())
    why = {one.name: one.because for one in counted}
    contributions = [Contribution(name, part, why[name]) for name, part in parts.items()]
    cap = policy.champion_left_cap * 10
    if abandoned and tenths > cap:
        text = "the champion left and no other active contact is known"
        contributions.append(Contribution("champion left", cap - tenths, text))
        tenths = cap
    raw_band = band_of(tenths, policy) if coverage >= policy.coverage_at else "unknown"
    return Health(
        tenths, _steady(raw_band, tenths, before, policy), raw_band, coverage, tuple(contributions)
    )


def _value(factor: Factor, policy: Policy) -> float | None:
    if factor.value is None or factor.state == UNKNOWN:
        return None
    value = min(100.0, max(0.0, factor.value))
    return aged(value, factor.age_days, policy) if factor.state == STALE else value


def _in_tenths(exact: Mapping[str, Fraction]) -> dict[str, int]:
    """Round contributions to tenths so that they add up to the rounded sum."""
    parts = {name: math.floor(value * 10) for name, value in exact.items()}
    missing = round(sum(exact.values(), Fraction(0)) * 10) - sum(parts.values())
    for name in sorted(parts, key=lambda one: (parts[one] - exact[one] * 10, one))[:missing]:
        parts[name] += 1
    return parts


def band_of(tenths: int, policy: Policy) -> str:
    """The band of a score; lower bounds are included."""
    if tenths >= policy.healthy_at * 10:
        return "healthy"
    return "at_risk" if tenths < policy.at_risk_below * 10 else "watch"


def _steady(raw_band: str, tenths: int, before: Health | None, policy: Policy) -> str:
    """Do not flicker: a band changes three points beyond its edge, or when a second run says the same."""
    if (
        before is None
        or "unknown" in {raw_band, before.band}
        or raw_band in {before.band, before.raw_band}
    ):
        return raw_band
    margin = policy.band_margin * 10
    beyond = {band_of(tenths - margin, policy), band_of(tenths + margin, policy)}
    return before.band if before.band in beyond else raw_band


def linear(value: float, zero_at: float, hundred_at: float) -> float:
    """0 at one end, 100 at the other, straight between, flat outside."""
    return min(100.0, max(0.0, 100 * (value - zero_at) / (hundred_at - zero_at)))


_PRIORITY = {"URGENT": 4.0, "HIGH": 3.0, "MEDIUM": 2.0, "LOW": 1.0}
_OLD_TICKET = timedelta(days=7)
_WORST_BURDEN = 8.0


def support(tickets: Sequence[Ticket], now: datetime, *, has_support: bool = True) -> Factor:
    """Open tickets by priority and age: 100 without any, 0 at a burden of eight; after a week one weighs double."""
    if not has_support:
        return Factor("support", None, NOT_CONFIGURED)
    still = [
        one
        for one in tickets
        if one.opened_at <= now and (one.closed_at is None or one.closed_at > now)
    ]
    burden = sum(
        _PRIORITY.get(one.priority.upper(), 2.0) * (2 if now - one.opened_at > _OLD_TICKET else 1)
        for one in still
    )
    text = (
        f"{len(still)} open ticket{'s' if len(still) != 1 else ''}" if still else "no open ticket"
    )
    return Factor("support", linear(burden, _WORST_BURDEN, 0), because=text)


_ENOUGH_CONTACTS = 3
_COLD_DAYS, _WARM_DAYS = 120, 14


def relationship(
    *, active_contacts: int | None, champion_here: bool | None, last_touch_days: int | None
) -> Factor:
    """The mean of what is known: active contacts (100 at three), a champion present, days since a two-way touch."""
    known: list[tuple[float, str]] = []
    if active_contacts is not None:
        text = f"{active_contacts} active contact{'s' if active_contacts != 1 else ''}"
        known.append((linear(active_contacts, 0, _ENOUGH_CONTACTS), text))
    if champion_here is not None:
        known.append(
            (100.0 if champion_here else 0.0, "a champion" if champion_here else "no champion")
        )
    if last_touch_days is not None:
        known.append(
            (
                linear(last_touch_days, _COLD_DAYS, _WARM_DAYS),
                f"last touch {last_touch_days} days ago",
            )
        )
    if not known:
        return Factor("relationship", None, UNKNOWN)
    value = sum(points for points, _ in known) / len(known)
    return Factor("relationship", value, because=", ".join(text for _, text in known))


def sentiment(nps: CompanyNps | None, *, surveyed: bool = True) -> Factor:
    """The company's NPS mean from -1..1 to 0..100; a decision maker's fresh detractor answer caps it at neutral."""
    if not surveyed:
        return Factor("sentiment", None, NOT_CONFIGURED)
    if nps is None:
        return Factor("sentiment", None, UNKNOWN)
    value = linear(nps.mean, -1, 1)
    return Factor("sentiment", min(value, NEUTRAL) if nps.flagged else value, because=nps.words)
