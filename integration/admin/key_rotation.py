"""Key rotation: rows are sealed with the newest key; forget keys still in use are listed."""

from dataclasses import dataclass
from datetime import datetime

from integration.core.forget_keys import ForgetKeys
from integration.portal import inbound_keys, survey_sources
from integration.portal.runtime import Runtime
from integration.storage.service import portals, suppression, tokens
from mappings.formats import day

_HOW = "see docs/operations.md, Forget keys"


@dataclass(frozen=True, slots=True)
class KeyUse:
    """How many people are remembered under one key, and until when the last of them is."""

    key_id: str | None
    people: int
    until: datetime
    is_newest: bool
    is_safe: bool
    sentence: str


def rotate(runtime: Runtime) -> int:
    """Reseal all tokens, inbound keys and secrets of surveys; return how many tokens there are.

    A token refreshed meanwhile is left alone, for it has the newest key already.
    """
    with runtime.database.service() as tx:
        rows = tokens.all_sealed(tx)
        known = portals.every(tx)
    for portal_id, version, sealed in rows:
        # A row that belongs to another portal must not get a fresh seal: opening it fails.
        runtime.vault.open(portal_id, sealed)
        with runtime.database.service() as tx:
            tokens.reseal(tx, portal_id, runtime.vault.reseal(sealed), version=version)
    for portal in known:
        inbound_keys.reseal(runtime, portal.portal_id)
        survey_sources.reseal(runtime, portal.portal_id)
    return len(rows)


def forget_keys_in_use(runtime: Runtime) -> list[KeyUse]:
    """Every key under which people are remembered, those that need an operator first."""
    keys = runtime.forget_keys
    in_use = _over_all_portals(runtime)
    uses = [_use(keys, key_id, people, until) for key_id, (people, until) in in_use.items()]
    return sorted(uses, key=lambda use: (use.is_safe, not use.is_newest, str(use.key_id)))


def _over_all_portals(runtime: Runtime) -> dict[str | None, tuple[int, datetime]]:
    """How many people are remembered under each key, and until when."""
    with runtime.database.service() as tx:
        known = portals.every(tx)
    totals: dict[str | None, tuple[int, datetime]] = {}
    for portal in known:
        with runtime.database.portal(portal.portal_id) as tx:
            used = suppression.keys_in_use(tx)
        for key_id, (people, until) in used.items():
            before, latest = totals.get(key_id, (0, until))
            totals[key_id] = (before + people, max(latest, until))
    return totals


def _use(keys: ForgetKeys, key_id: str | None, people: int, until: datetime) -> KeyUse:
    who = "1 forgotten person is" if people == 1 else f"{people} forgotten people are"
    sentence = f"{who} remembered {_under(keys, key_id, until)}"
    is_safe = _is_safe(keys, key_id)
    return KeyUse(key_id, people, until, key_id == keys.newest, is_safe, sentence)


def _is_safe(keys: ForgetKeys, key_id: str | None) -> bool:
    # What an earlier version marked is named by the schedule within a day.
    return keys.inherited_id in keys.listed if key_id is None else key_id in keys.listed


def _under(keys: ForgetKeys, key_id: str | None, until: datetime) -> str:
    if _is_safe(keys, key_id):
        return f"under key {key_id or keys.inherited_id}: keep it until {day(until)}."
    if key_id in (None, keys.inherited_id):
        return (
            "under a key made of SECRET_KEY, which FORGET_KEYS does not list:"
            f" add it before SECRET_KEY changes; {_HOW}."
        )
    return (
        f"under key {key_id}, which FORGET_KEYS does not list: they would be read in again."
        f" Put the key back behind the newest; {_HOW}."
    )
