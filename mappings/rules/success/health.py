"""Health of an account: a score from weighted factors that does not improve when data is missing.

Two parts of the rule wait for their data: no source is known to be broken yet, so that no factor is
stale, and no earlier score is handed in as `before`.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from mappings.rules.facts import Ticket
from mappings.rules.policy import Policy
from mappings.rules.success.nps import CompanyNps

NEUTRAL = 50


class FactorState(StrEnum):
    """What is known of a factor."""

    KNOWN = "known"
    STALE = "stale"  # its source broke off; the value is of old
    UNKNOWN = "unknown"  # configured, and never known for this account
    NOT_APPLICABLE = "not_applicable"  # marked so for this account
    NOT_CONFIGURED = "not_configured"  # nobody has it in this portal


_LEFT_OUT = frozenset({FactorState.NOT_APPLICABLE, FactorState.NOT_CONFIGURED})


@dataclass(frozen=True, slots=True)
class Factor:
    """One input, 0 (bad) to 100 (good), None while not known; `age_days` is of a stale one."""

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
class Health:
    """A score in tenths, its band (healthy, watch, at_risk, unknown), and what it rests on.

    `coverage` is the known part of the weights in percent. The contributions add up to the score
    minus 50, exactly. `raw_band` is the band before any hesitation.
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
        if not self.contributions:
            return "nothing is known"
        ordered = sorted(self.contributions, key=lambda part: (-abs(part.tenths), part.name))
        return f"{self.coverage}% known; " + ", ".join(part.words for part in ordered)


def aged(last: float, age_days: int, policy: Policy) -> float:
    """A stale value drifts to neutral, and can only fall."""
    if last <= NEUTRAL:
        return last
    faded = math.exp2(-age_days / policy.stale_half_life_days)
    return min(last, NEUTRAL + (last - NEUTRAL) * faded)


def health(
    factors: Iterable[Factor],
    policy: Policy,
    *,
    abandoned: bool = False,
    before: Health | None = None,
) -> Health:
    """Score an account.

    *abandoned* caps the score: the champion left and no other active contact is known.
    """
    counted = [factor for factor in factors if factor.state not in _LEFT_OUT]
    weights = {factor.name: policy.health_weights[factor.name] for factor in counted}
    exact = _exact(counted, weights, policy)
    known, whole = sum(weights[name] for name in exact), sum(weights.values())
    coverage = round(Fraction(100 * known, whole)) if whole else 0
    contributions = _contributions(counted, exact)
    tenths = NEUTRAL * 10 + sum(part.tenths for part in contributions)
    cap = policy.champion_left_cap * 10
    if abandoned and tenths > cap:
        contributions.append(Contribution("champion left", cap - tenths, _CHAMPION_LEFT))
        tenths = cap
    raw_band = band_of(tenths, policy) if coverage >= policy.coverage_at else "unknown"
    band = _steady(raw_band, tenths, before, policy)
    return Health(tenths, band, raw_band, coverage, tuple(contributions))


_CHAMPION_LEFT = "the champion left and no other active contact is known"


def _exact(
    counted: Iterable[Factor], weights: Mapping[str, int], policy: Policy
) -> dict[str, Fraction]:
    """What each known factor adds to or takes from neutral, unrounded."""
    values = {factor.name: _value(factor, policy) for factor in counted}
    whole = sum(weights.values())
    exact: dict[str, Fraction] = {}
    for name, value in values.items():
        if value is not None and whole:
            distance = Fraction(value).limit_denominator(10**6) - NEUTRAL
            exact[name] = Fraction(weights[name], whole) * distance
    return exact


def _contributions(counted: Iterable[Factor], exact: Mapping[str, Fraction]) -> list[Contribution]:
    why = {factor.name: factor.because for factor in counted}
    return [Contribution(name, part, why[name]) for name, part in _in_tenths(exact).items()]


def _value(factor: Factor, policy: Policy) -> float | None:
    if factor.value is None or factor.state == FactorState.UNKNOWN:
        return None
    value = min(100.0, max(0.0, factor.value))
    return aged(value, factor.age_days, policy) if factor.state == FactorState.STALE else value


def _in_tenths(exact: Mapping[str, Fraction]) -> dict[str, int]:
    """Round contributions to tenths so that they add up to the rounded sum."""
    parts = {name: math.floor(value * 10) for name, value in exact.items()}
    missing = round(sum(exact.values(), Fraction(0)) * 10) - sum(parts.values())
    most_cut = sorted(parts, key=lambda name: (parts[name] - exact[name] * 10, name))
    for name in most_cut[:missing]:
        parts[name] += 1
    return parts


def band_of(tenths: int, policy: Policy) -> str:
    """The band of a score; lower bounds are included."""
    if tenths >= policy.healthy_at * 10:
        return "healthy"
    return "at_risk" if tenths < policy.at_risk_below * 10 else "watch"


def _steady(raw_band: str, tenths: int, before: Health | None, policy: Policy) -> str:
    """Do not flicker: a band changes beyond a margin, or when two runs say the same."""
    if before is None or "unknown" in {raw_band, before.band}:
        return raw_band
    if raw_band in {before.band, before.raw_band}:
        return raw_band
    margin = policy.band_margin * 10
    beyond = {band_of(tenths - margin, policy), band_of(tenths + margin, policy)}
    return before.band if before.band in beyond else raw_band


def linear(value: float, zero_at: float, hundred_at: float) -> float:
    """0 at one end, 100 at the other, straight between, flat outside."""
    return min(100.0, max(0.0, 100 * (value - zero_at) / (hundred_at - zero_at)))


_PRIORITY = {"URGENT": 4.0, "HIGH": 3.0, "MEDIUM": 2.0, "LOW": 1.0}
_OLD_TICKET = timedelta(days=7)  # after which a ticket weighs double
_WORST_BURDEN = 8.0


def support(tickets: Sequence[Ticket], now: datetime, *, has_support: bool = True) -> Factor:
    """Open tickets by priority and age: 100 without any, 0 at a burden of eight."""
    if not has_support:
        return Factor("support", None, FactorState.NOT_CONFIGURED)
    still_open = [ticket for ticket in tickets if _is_open(ticket, now)]
    burden = sum(_burden(ticket, now) for ticket in still_open)
    text = _counted(len(still_open), "open ticket") if still_open else "no open ticket"
    return Factor("support", linear(burden, _WORST_BURDEN, 0), because=text)


def _is_open(ticket: Ticket, now: datetime) -> bool:
    return ticket.opened_at <= now and (ticket.closed_at is None or ticket.closed_at > now)


def _burden(ticket: Ticket, now: datetime) -> float:
    is_old = now - ticket.opened_at > _OLD_TICKET
    return _PRIORITY.get(ticket.priority.upper(), 2.0) * (2 if is_old else 1)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun if count == 1 else noun + 's'}"


_ENOUGH_CONTACTS = 3
_COLD_DAYS, _WARM_DAYS = 120, 14


def relationship(
    *, active_contacts: int | None, champion_here: bool | None, last_touch_days: int | None
) -> Factor:
    """The mean of what is known: active contacts, a champion, days since a two-way touch."""
    known: list[tuple[float, str]] = []
    if active_contacts is not None:
        text = _counted(active_contacts, "active contact")
        known.append((linear(active_contacts, 0, _ENOUGH_CONTACTS), text))
    if champion_here is not None:
        known.append((100.0, "a champion") if champion_here else (0.0, "no champion"))
    if last_touch_days is not None:
        points = linear(last_touch_days, _COLD_DAYS, _WARM_DAYS)
        known.append((points, f"last touch {last_touch_days} days ago"))
    if not known:
        return Factor("relationship", None, FactorState.UNKNOWN)
    value = sum(points for points, _ in known) / len(known)
    return Factor("relationship", value, because=", ".join(text for _, text in known))


def sentiment(nps: CompanyNps | None, *, surveyed: bool = True) -> Factor:
    """The company's NPS mean from -1..1 to 0..100.

    A decision maker's fresh detractor answer caps it at neutral.
    """
    if not surveyed:
        return Factor("sentiment", None, FactorState.NOT_CONFIGURED)
    if nps is None:
        return Factor("sentiment", None, FactorState.UNKNOWN)
    value = linear(nps.mean, -1, 1)
    return Factor("sentiment", min(value, NEUTRAL) if nps.flagged else value, because=nps.words)
