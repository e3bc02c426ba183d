"""Churn risk: how likely a customer is to stop until its renewal or for half a year, and why.

A base rate, and odds for each fact that is known. What is not known changes nothing and is named.
Nobody can say that a customer *will* churn: a risk has a band and its strongest reasons.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from mappings.formats import day, percent
from mappings.rules.facts import PPM
from mappings.rules.policy import Policy

ODDS_ONE: Final = 1000
"""Odds are whole thousandths: 1700 multiplies them by 1.7."""


class RiskFactor(StrEnum):
    """A fact that makes a churn likelier or less likely; its words follow the name."""

    CHAMPION_LEFT = "champion_left"
    EXECUTIVE_LEFT = "executive_left"
    CONTRACTION = "contraction"
    KEY_DETRACTOR = "key_detractor"
    SILENCE = "silence"
    OLD_URGENT_TICKET = "old_urgent_ticket"
    RENEWAL_NEAR = "renewal_near"
    ACTIVE_CONTACTS = "active_contacts"
    PROMOTER = "promoter"

    @property
    def label(self) -> str:
        """What people read where the fact is so."""
        return _LABELS[self]

    @property
    def question(self) -> str:
        """What people read where nobody knows whether it is so."""
        return _QUESTIONS[self]

    @property
    def is_good(self) -> bool:
        """Whether it makes a churn less likely."""
        return self in _GOOD


_LABELS: Final[Mapping[RiskFactor, str]] = {
    RiskFactor.CHAMPION_LEFT: "a champion left",
    RiskFactor.EXECUTIVE_LEFT: "an executive sponsor left",
    RiskFactor.CONTRACTION: "pays less than half a year ago",
    RiskFactor.KEY_DETRACTOR: "a decision maker is a detractor",
    RiskFactor.SILENCE: "no two-way touch lately",
    RiskFactor.OLD_URGENT_TICKET: "an urgent ticket is open for long",
    RiskFactor.RENEWAL_NEAR: "the renewal is near",
    RiskFactor.ACTIVE_CONTACTS: "several active contacts",
    RiskFactor.PROMOTER: "a promoter",
}
_QUESTIONS: Final[Mapping[RiskFactor, str]] = {
    RiskFactor.CHAMPION_LEFT: "whether a champion left",
    RiskFactor.EXECUTIVE_LEFT: "whether an executive sponsor left",
    RiskFactor.CONTRACTION: "whether it pays less",
    RiskFactor.KEY_DETRACTOR: "what decision makers answer",
    RiskFactor.SILENCE: "when somebody was last in touch",
    RiskFactor.OLD_URGENT_TICKET: "open tickets",
    RiskFactor.RENEWAL_NEAR: "the renewal date",
    RiskFactor.ACTIVE_CONTACTS: "how many contacts are active",
    RiskFactor.PROMOTER: "whether anybody is a promoter",
}
_GOOD: Final = frozenset({RiskFactor.ACTIVE_CONTACTS, RiskFactor.PROMOTER})

RiskFacts = Mapping[RiskFactor, bool]
"""What is known of a customer. A factor that is not in it is not known."""


@dataclass(frozen=True, slots=True)
class ChurnModel:
    """What risk is worked out with: a base rate in ppm and odds in thousandths.

    `base_customers` and `base_churned` are what the rate was counted from. `version` 0 are starting
    values; a re-fitted model has the number of churns that it learnt from in `events`.
    """

    base_ppm: int
    odds: Mapping[RiskFactor, int]
    base_customers: int = 0
    base_churned: int = 0
    version: int = 0
    events: int = 0

    @property
    def is_fitted(self) -> bool:
        """Whether the odds are this account's own."""
        return self.version > 0


def starting_model(
    base_ppm: int, policy: Policy, *, customers: int = 0, churned: int = 0
) -> ChurnModel:
    """The model of an account of which too few churns are known: the policy's odds."""
    odds = {factor: policy.churn_odds[factor] for factor in RiskFactor}
    return ChurnModel(base_ppm, odds, customers, churned)


@dataclass(frozen=True, slots=True)
class RiskPart:
    """A fact that counted, with its odds in thousandths."""

    factor: RiskFactor
    odds: int

    @property
    def words(self) -> str:
        """The fact and by how much it multiplies the odds."""
        return f"{self.factor.label} (odds x{self.odds / ODDS_ONE:.1f})"


@dataclass(frozen=True, slots=True)
class ChurnRisk:
    """A risk in ppm with its band; None and empty where too little is known of the customer.

    `parts` are the facts that counted, the strongest first. `until` is the renewal, None for half a
    year from now.
    """

    ppm: int | None
    band: str
    parts: tuple[RiskPart, ...]
    unknown: tuple[RiskFactor, ...]
    model: ChurnModel
    until: date | None = None
    horizon_days: int = 0

    @property
    def because(self) -> str:
        """The risk in words: band, horizon, base rate, reasons, and what is not known."""
        sentences = [self._risk, self._base]
        if self.unknown:
            words = "; ".join(factor.question for factor in self.unknown)
            sentences.append(f"Not known: {words}.")
        return " ".join(sentences)

    @property
    def _risk(self) -> str:
        if self.ppm is None:
            return "Too little is known for a churn risk."
        span = f"until {day(self.until)}" if self.until else f"within {self.horizon_days} days"
        reasons = ", ".join(part.words for part in self.parts) or "nothing stands out"
        return f"{_BANDS[self.band]} {span}: {reasons}."

    @property
    def _base(self) -> str:
        base = percent(self.model.base_ppm / PPM)
        if self.model.is_fitted:
            return f"Of customers without any of these {base} churn; learnt from this account."
        return f"The base rate here is {base}; how much each counts are starting values."


LOW, RAISED, HIGH = "low", "raised", "high"
_BANDS: Final = {LOW: "Low risk", RAISED: "Raised risk", HIGH: "High risk"}


def risk(
    facts: RiskFacts,
    model: ChurnModel,
    now: datetime,
    policy: Policy,
    *,
    renewal: date | None = None,
) -> ChurnRisk:
    """The risk of a customer: base odds times the odds of every fact that is so.

    A champion who was an executive counts once, by the higher odds. It ends with the *renewal*
    where that is to come, else with the policy's horizon.
    """
    parts = [RiskPart(factor, model.odds[factor]) for factor in _counted(facts)]
    parts.sort(key=lambda part: (-_strength(part), part.factor))
    unknown = tuple(factor for factor in _ASKED if factor not in facts)
    is_known = len(_ASKED) - len(unknown) >= policy.churn_factors
    ppm = min(probability(model.base_ppm, parts), policy.churn_cap) if is_known else None
    is_ahead = renewal is not None and renewal >= now.date()
    return ChurnRisk(
        ppm,
        band_of(ppm, policy),
        tuple(parts),
        unknown,
        model,
        until=renewal if is_ahead else None,
        horizon_days=policy.churn_horizon_days,
    )


# Whether an executive left is not known apart from whether a champion did.
_ASKED: Final = tuple(factor for factor in RiskFactor if factor != RiskFactor.EXECUTIVE_LEFT)


def _counted(facts: RiskFacts) -> list[RiskFactor]:
    found = [factor for factor in RiskFactor if facts.get(factor)]
    if RiskFactor.EXECUTIVE_LEFT in found and RiskFactor.CHAMPION_LEFT in found:
        found.remove(RiskFactor.CHAMPION_LEFT)
    return found


def _strength(part: RiskPart) -> float:
    """How far the odds are from changing nothing, whichever way."""
    return max(part.odds, ODDS_ONE**2 / part.odds)


def probability(base_ppm: int, parts: Sequence[RiskPart]) -> int:
    """Base odds times all odds, as a probability in ppm; exact until it is rounded once."""
    top, bottom = base_ppm, PPM - base_ppm
    for part in parts:
        top *= part.odds
        bottom *= ODDS_ONE
    return round(top * PPM / (top + bottom)) if top + bottom else 0


def band_of(ppm: int | None, policy: Policy) -> str:
    """The band of a risk, lower bounds included; empty of none."""
    if ppm is None:
        return ""
    if ppm >= policy.churn_high_at:
        return HIGH
    return RAISED if ppm >= policy.churn_raised_at else LOW


def is_contraction(values: Sequence[tuple[datetime, int]], now: datetime, policy: Policy) -> bool:
    """Whether a customer pays less than at any time in the horizon before; *values* by date.

    Each value holds until the next one.
    """
    since = now - timedelta(policy.churn_horizon_days)
    known = [(at, value) for at, value in values if at <= now]
    if not known:
        return False
    before = [value for at, value in known if at <= since][-1:]
    within = [value for at, value in known if at > since]
    return known[-1][1] < max([*before, *within])
