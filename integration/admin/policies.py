"""A portal's weights, thresholds and windows: what counts now, and changing them as a new settings version."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import Any

from integration.conclude import stages
from integration.core.errors import Refused
from integration.portal.context import PortalContext
from integration.storage.database import Transaction
from integration.storage.queue import lanes
from integration.storage.service import portals
from mappings.rules.facts import PPM
from mappings.rules.policy import DEFAULT, Policy

Value = int | float | bool | str
_POLICY = "policy"
_VERSION = "version"
# Parts per million are told from windows and counts by the size of their defaults.
_SMALLEST_SHARE, _LONGEST_DAYS, _MOST_BITS = 10_000, 36_500, 100.0


@dataclass(frozen=True, slots=True)
class Setting:
    """One weight, threshold or window; in a table, its name has a dot: `signals.hard_bounce`."""

    name: str
    value: Value
    default: Value

    @property
    def is_changed(self) -> bool:
        """Whether somebody chose another value than the default."""
        return self.value != self.default


def current(portal: PortalContext) -> tuple[Setting, ...]:
    """Every setting of the rules as it counts in this portal, in the order of the rules."""
    with portal.transaction() as tx:
        chosen = _chosen(tx)
    plain = _flat(Policy.from_dict(chosen))
    return tuple(Setting(name, plain[name], default) for name, default in _flat(DEFAULT).items())


def change(
    portal: PortalContext,
    values: Mapping[str, str],
    *,
    back: Collection[str] = (),
    actor: str,
    reason: str,
) -> int:
    """Set some values, put others *back* to their defaults, and draw all conclusions again; return the version.

    Raises Refused, naming each value that cannot be; then nothing is changed.
    """
    defaults = _flat(DEFAULT)
    problems = [f"{name} is no setting" for name in sorted({*values, *back} - defaults.keys())]
    read: dict[str, Value] = {}
    for name, text in sorted(values.items()):
        if name in defaults:
            try:
                read[name] = _read(defaults[name], text)
            except ValueError as wrong:
                problems.append(f"{name} {wrong}")
    if problems:
        raise Refused("; ".join(problems) + ". `second-order policy` lists names and values")
    with portal.transaction() as tx:
        version, body = portals.settings(tx)
        mine = {**_flat_chosen(_chosen(tx)), **read}
        kept = {
            name: value
            for name, value in mine.items()
            if name not in back and value != defaults[name]
        }
        after = portals.save_settings(
            tx, {**body, _POLICY: _nested(kept)}, author=actor, reason=reason
        )
        if after == version:
            return version
        stages.refresh_all(tx)
        lanes.want(tx, portal.portal_id, "drain")
        portals.note(tx, actor, "changed the policy", version=after, values=read, back=sorted(back))
    portal.runtime.queue.wake(portal.portal_id, "drain")
    return after


def _chosen(tx: Transaction) -> dict[str, Any]:
    return dict(portals.settings(tx)[1].get(_POLICY) or {})


def _flat(policy: Policy) -> dict[str, Value]:
    return _flat_chosen(
        {one.name: getattr(policy, one.name) for one in fields(policy) if one.name != _VERSION}
    )


def _flat_chosen(values: Mapping[str, Any]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found |= {f"{name}.{key}": each for key, each in value.items()}
        else:
            found[name] = value
    return found


def _nested(values: Mapping[str, Value]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in sorted(values.items()):
        table, dot, key = name.partition(".")
        if dot:
            found.setdefault(table, {})[key] = value
        else:
            found[name] = value
    return found


def _read(default: Value, text: str) -> Value:
    """The text as a value of the default's kind. Raises ValueError with what it should be."""
    if isinstance(default, bool):
        if text.casefold() not in {"yes", "no", "true", "false"}:
            raise ValueError("is yes or no")
        return text.casefold() in {"yes", "true"}
    if isinstance(default, str):
        return text
    if isinstance(default, float):
        return _number(text, -_MOST_BITS, _MOST_BITS)
    most = PPM if default >= _SMALLEST_SHARE else _LONGEST_DAYS
    what = "parts per million" if most == PPM else "a whole number"
    if not text.isascii() or not text.isdecimal() or int(text) > most:
        raise ValueError(f"is {what}, 0 to {most}")
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
