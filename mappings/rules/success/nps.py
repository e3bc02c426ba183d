"""NPS: what a person and a company say of us, and no number where too few answered."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from mappings.rules.facts import NpsAnswer
from mappings.rules.policy import KEY_ROLES, Policy

_PROMOTER, _PASSIVE = 9, 7
TOP = 10


def group(score: int) -> str:
    """promoter, passive or detractor. Other scales than 0-10 are refused, never converted."""
    if not 0 <= score <= TOP:
        raise ValueError(f"{score} is not on the scale from 0 to 10")
    if score >= _PROMOTER:
        return "promoter"
    return "passive" if score >= _PASSIVE else "detractor"


def latest(
    answers: Iterable[NpsAnswer],
    now: datetime,
    policy: Policy,
    person_of: Mapping[int, int] | None = None,
) -> dict[int, NpsAnswer]:
    """Each person's latest answer within the window, by person id (or contact id)."""
    start = now - timedelta(policy.nps_window_days)
    return newest((answer for answer in answers if answer.at >= start), now, person_of)


def newest(
    answers: Iterable[NpsAnswer], now: datetime, person_of: Mapping[int, int] | None = None
) -> dict[int, NpsAnswer]:
    """Each person's latest answer, however old, by person id (or contact id)."""
    newest: dict[int, NpsAnswer] = {}
    for answer in answers:
        if answer.at > now:
            continue
        person_id = (person_of or {}).get(answer.contact_id, answer.contact_id)
        before = newest.get(person_id)
        if before is None or (before.at, before.id) < (answer.at, answer.id):
            newest[person_id] = answer
    return newest


@dataclass(frozen=True, slots=True)
class Mix:
    """Promoters, passives and detractors of a group of people."""

    promoters: int
    passives: int
    detractors: int

    def __add__(self, other: "Mix") -> "Mix":
        return Mix(
            self.promoters + other.promoters,
            self.passives + other.passives,
            self.detractors + other.detractors,
        )

    @property
    def n(self) -> int:
        """How many answered."""
        return self.promoters + self.passives + self.detractors


def mix(answers: Iterable[NpsAnswer]) -> Mix:
    """Count groups."""
    groups = [group(answer.score) for answer in answers]
    return Mix(groups.count("promoter"), groups.count("passive"), groups.count("detractor"))


def words(counted: Mix) -> str:
    """Counts in words: "1 promoter, 2 detractors"."""
    named = (
        (counted.promoters, "promoter"),
        (counted.passives, "passive"),
        (counted.detractors, "detractor"),
    )
    return ", ".join(f"{n} {name}{'s' if n > 1 else ''}" for n, name in named if n) or "no answers"


@dataclass(frozen=True, slots=True)
class CompanyNps:
    """A company's sentiment: a weighted mean in [-1, 1], and a `number` only with enough answers.

    `flagged` means that a decision maker is a detractor of late, whatever the mean says.
    """

    mean: float
    answers: int
    number: int | None
    words: str
    flagged: bool


_SIGNS = {"promoter": 1, "passive": 0, "detractor": -1}


def sign(score: int) -> int:
    """1 for a promoter's score, 0 for a passive's, -1 for a detractor's."""
    return _SIGNS[group(score)]


def role_weight(role: str) -> float:
    """How much an answer counts by the answerer's role."""
    if role in KEY_ROLES:
        return 2.0
    return 1.5 if role in {"admin", "administrator", "power_user"} else 1.0


def company(answers: Iterable[NpsAnswer], now: datetime, policy: Policy) -> CompanyNps | None:
    """Sentiment of one company from its people's latest answers; None when nobody answered."""
    counted = sorted(answers, key=lambda answer: (answer.at, answer.contact_id))
    if not counted:
        return None
    top = total = 0.0
    for answer in counted:
        age = (now - answer.at).days
        weight = role_weight(answer.role) * math.exp2(-age / policy.nps_half_life_days)
        top += weight * sign(answer.score)
        total += weight
    mean = top / total
    since = now - timedelta(policy.detractor_flag_days)
    flagged = any(answer.at >= since and is_key_detractor(answer) for answer in counted)
    number = round(100 * mean) if len(counted) >= policy.nps_company_at else None
    return CompanyNps(mean, len(counted), number, words(mix(counted)), flagged)


def is_key_detractor(answer: NpsAnswer) -> bool:
    """Whether somebody who decides answered as a detractor."""
    return answer.role in KEY_ROLES and group(answer.score) == "detractor"
