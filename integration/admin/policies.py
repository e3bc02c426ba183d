"""A portal's policy: its weights, thresholds and windows, changed as a new settings version."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from integration.admin import settings_changes
from integration.core.errors import Refused
from integration.portal import settings as portal_settings
from integration.portal.context import PortalContext
from integration.portal.settings import PolicyValue, Saved
from mappings.rules.facts import PPM
from mappings.rules.policy import DEFAULT, WITHOUT_EFFECT, Policy

# A whole number is a share in parts per million when its default is at least one in a hundred, else
# a window in days or a count.
_SMALLEST_SHARE, _LONGEST_DAYS, _MOST_BITS = 10_000, 36_500, 100.0
_MOST_USAGE = 1_000_000_000
# Whole numbers that a rule knows narrower bounds of: beyond them it would quietly take the bound.
_BOUNDS: Mapping[str, tuple[int, int]] = {
    "books_close_day": (0, 28),  # every month has these days
    "max_order": (1, 12),
    "smallest_path": (1_000, PPM),
    "coverage_at": (0, 100),
    "healthy_at": (0, 100),
    "at_risk_below": (0, 100),
    "champion_left_cap": (0, 100),
    "contraction_zero_at": (0, 99),
    "override_days": (1, 365),
    "touch_days": (1, 365),
    "healthy_factors": (0, 5),
    "relationship_zero_days": (15, _LONGEST_DAYS),
    "renewal_far_days": (1, _LONGEST_DAYS),
    "stale_half_life_days": (1, _LONGEST_DAYS),
    "usage_silent_days": (1, _LONGEST_DAYS),
    "usage_zero_at": (0, _MOST_USAGE),
    "usage_full_at": (0, _MOST_USAGE),
    "win_half_life_days": (1, _LONGEST_DAYS),
    "ask_at": (0, 100),
    "asks_in_a_year": (0, 12),
    "owner_asks_a_week": (0, 100),
    "recurring_term_months": (1, 120),
    "contract_grace_days": (0, 365),
    "escalator_percent": (0, 100),
    "churn_prior_months": (0, 1_200),
    "lifetime_months": (1, 240),
    **{f"cost_parts.{part}": (0, 1) for part in DEFAULT.cost_parts},  # counts, or does not
}


@dataclass(frozen=True, slots=True)
class Setting:
    """One weight, threshold or window; in a table, its name has a dot: `signals.hard_bounce`."""

    name: str
    value: PolicyValue
    default: PolicyValue

    @property
    def is_changed(self) -> bool:
        """Whether somebody chose another value than the default."""
        return self.value != self.default


@dataclass(frozen=True, slots=True)
class Listing:
    """All settings of the rules that change a result, and the version that says so."""

    version: int
    settings: tuple[Setting, ...]


def current(portal: PortalContext) -> Listing:
    """Every setting as it counts in this portal, in the order of the rules."""
    with portal.transaction() as tx:
        counting = portal_settings.read(tx)
    values = _values(counting.policy)
    settings = [Setting(name, values[name], default) for name, default in _values(DEFAULT).items()]
    return Listing(counting.version, tuple(settings))


def change(
    portal: PortalContext,
    values: Mapping[str, str],
    *,
    back: Collection[str] = (),
    actor: str,
    reason: str,
    expected_version: int | None = None,
) -> Saved:
    """Set some values, put others *back* to their defaults, and draw conclusions again.

    Raises Refused, which names each impossible value, or ChangedMeanwhile when
    somebody changed one of them since *expected_version*; then nothing is changed.
    """
    return settings_changes.change(
        portal,
        actor=actor,
        reason=reason,
        policy=checked(values, back),
        expected_version=expected_version,
    )


def checked(values: Mapping[str, str], back: Collection[str] = ()) -> dict[str, PolicyValue | None]:
    """Return values as they are stored, None for the default; Refused for impossible ones."""
    defaults = _values(DEFAULT)
    problems = [_refusal(name) for name in sorted({*values, *back} - defaults.keys())]
    wanted: dict[str, PolicyValue | None] = {}
    for name, text in sorted(values.items()):
        if name in defaults:
            try:
                value = _read(name, defaults[name], text)
            except ValueError as wrong:
                problems.append(f"{name} {wrong}")
            else:
                wanted[name] = None if value == defaults[name] else value
    if problems:
        raise Refused("; ".join(problems) + ". `second-order policy` lists names and values")
    return wanted | dict.fromkeys(back)


def _refusal(name: str) -> str:
    return f"{name} changes nothing yet" if name in WITHOUT_EFFECT else f"{name} is no setting"


def _values(policy: Policy) -> dict[str, PolicyValue]:
    """The values that change a result, by name."""
    values = portal_settings.policy_values(policy)
    return {name: value for name, value in values.items() if name not in WITHOUT_EFFECT}


def _read(name: str, default: PolicyValue, text: str) -> PolicyValue:
    """The text as a value of the default's kind. Raises ValueError with what it should be."""
    if isinstance(default, bool):
        if text.casefold() not in {"yes", "no", "true", "false"}:
            raise ValueError("is yes or no")
        return text.casefold() in {"yes", "true"}
    if isinstance(default, str):
        return text
    if isinstance(default, float):
        return _number(text, -_MOST_BITS, _MOST_BITS)
    usual = (0, PPM if default >= _SMALLEST_SHARE else _LONGEST_DAYS)
    least, most = _BOUNDS.get(name, usual)
    what = "parts per million" if most == PPM else "a whole number"
    if not text.isascii() or not text.isdecimal() or not least <= int(text) <= most:
        raise ValueError(f"is {what}, {least} to {most}")
    return int(text)


def _number(text: str, least: float, most: float) -> float:
    wanted = f"is a number from {least:g} to {most:g}"
    try:
        value = float(text)
    except ValueError as wrong:
        raise ValueError(wanted) from wrong
    if not least <= value <= most:
        raise ValueError(wanted)
    return value
