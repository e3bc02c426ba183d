"""A customer's health as its page shows it: what drives it, how it changed, day after day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from integration.storage.database import Transaction
from integration.storage.reviews.health_decisions import StoredOverride
from integration.storage.success import health_day_rows
from mappings.rules.success import health_days
from mappings.rules.success.health_days import HealthDay


@dataclass(frozen=True, slots=True)
class Driver:
    """A factor of health with the points that it adds to 50 or takes from it, and why.

    `change` is against 30 days ago, None where the whole change is not known.
    """

    name: str
    points: float
    because: str
    change: float | None = None


@dataclass(frozen=True, slots=True)
class HealthView:
    """Health as it was concluded: 50 and the drivers' points add up to the score.

    `score` is None while too little is known; `missing` says what. `change` is against 30 days
    ago, `coverage` in percent. `gone` are factors of then that add nothing now. `worked_out` is the
    band without `override`.
    """

    worked_out: str
    score: float | None
    coverage: int
    drivers: Sequence[Driver]
    missing: Sequence[Driver]
    left_out: Sequence[Driver]
    change: float | None
    gone: Sequence[Driver]
    hubspot_sentiment: str
    hubspot_score: str
    override: StoredOverride | None = None

    @property
    def band(self) -> str:
        """The band that everybody sees."""
        return self.override.band if self.override else self.worked_out


def of(reasons: Sequence[Any]) -> HealthView | None:
    """The health among the reasons of the conclusion; None while nothing was concluded of it."""
    for reason in reasons:
        told = reason.get("health") if isinstance(reason, Mapping) else None
        if isinstance(told, Mapping) and isinstance(told.get("health"), Mapping):
            return _health_view(told["health"], told)
    return None


def _health_view(health: Mapping[str, Any], told: Mapping[str, Any]) -> HealthView:
    is_known = health.get("band") != "unknown"
    change = told.get("change")
    drivers = _drivers(health.get("contributions")) if is_known else []
    moved = {part.name: part.points for part in _drivers(_parts_of(change))}
    return HealthView(
        worked_out=str(health.get("band") or ""),
        score=_tenths(health) if is_known else None,
        coverage=_whole(health.get("coverage")),
        drivers=[replace(part, change=moved.get(part.name)) for part in drivers],
        missing=_drivers(health.get("missing")),
        left_out=_drivers(health.get("not_applicable")),
        change=_tenths(change) if isinstance(change, Mapping) else None,
        gone=_gone(drivers, moved),
        hubspot_sentiment=str(told.get("hubspot_sentiment") or "").replace("_", " "),
        hubspot_score=str(told.get("hubspot_score") or ""),
    )


def _parts_of(change: object) -> object:
    return change.get("parts") if isinstance(change, Mapping) else None


def _gone(drivers: Sequence[Driver], moved: Mapping[str, float]) -> list[Driver]:
    """What counted 30 days ago and does not now, as a cap that is lifted."""
    known = {driver.name for driver in drivers}
    return [
        Driver(name, 0.0, "", points)
        for name, points in moved.items()
        if name not in known and points
    ]


def _drivers(parts: object) -> list[Driver]:
    listed = parts if isinstance(parts, list) else []
    return [
        Driver(str(part.get("name") or ""), _tenths(part), str(part.get("because") or ""))
        for part in listed
        if isinstance(part, Mapping)
    ]


def _tenths(part: Mapping[str, Any]) -> float:
    return _whole(part.get("tenths")) / 10


def _whole(number: object) -> int:
    """A number of a stored body, which other code may have written; 0 for anything else."""
    return number if type(number) is int else 0


def trend(tx: Transaction, company_id: int) -> list[HealthDay]:
    """Return all kept days of a customer, the oldest first."""
    months = health_day_rows.of_companies(tx, [company_id]).get(company_id, ())
    return [day for month in months for day in health_days.unpack(month.packed)]
