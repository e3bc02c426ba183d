"""A customer's churn risk as its page shows it: band, what counted, and what is not known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mappings.rules.success.churn_risk import ODDS_ONE, RiskFactor


@dataclass(frozen=True, slots=True)
class RiskView:
    """A risk as it was concluded; `ppm` is None and `band` empty where too little is known.

    `parts` are facts with what they multiply the odds by, `unknown` what nobody knows. `until` is
    the day of the renewal, empty for `days` from now. `version` 0 are starting values.
    """

    ppm: int | None
    band: str
    parts: Sequence[tuple[str, float]]
    unknown: Sequence[str]
    until: str
    days: int
    base_ppm: int
    version: int


def of(reasons: Sequence[Any]) -> RiskView | None:
    """The risk among the reasons of the conclusion; None of a company that is no customer."""
    for reason in reasons:
        told = reason.get("churn_risk") if isinstance(reason, Mapping) else None
        if isinstance(told, Mapping):
            return _view(told)
    return None


def _view(told: Mapping[str, Any]) -> RiskView:
    ppm = told.get("ppm")
    return RiskView(
        ppm=ppm if isinstance(ppm, int) else None,
        band=str(told.get("band") or ""),
        parts=[
            (RiskFactor(name).label, odds / ODDS_ONE)
            for name, odds in _pairs(told.get("parts"))
            if name in _FACTORS
        ],
        unknown=[RiskFactor(name).question for name in _names(told.get("unknown"))],
        until=str(told.get("until") or ""),
        days=_whole(told.get("days")),
        base_ppm=_whole(told.get("base_ppm")),
        version=_whole(told.get("version")),
    )


_FACTORS = frozenset(factor.value for factor in RiskFactor)


def _pairs(told: object) -> list[tuple[str, int]]:
    """What counted, as far as it can be read."""
    found = told if isinstance(told, list) else []
    pairs = [pair for pair in found if isinstance(pair, list) and len(pair) == 2]  # noqa: PLR2004
    return [(str(name), odds) for name, odds in pairs if isinstance(odds, int)]


def _names(told: object) -> list[str]:
    found = told if isinstance(told, list) else []
    return [name for name in found if name in _FACTORS]


def _whole(told: object) -> int:
    return told if isinstance(told, int) else 0
