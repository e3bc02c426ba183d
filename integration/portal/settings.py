"""A portal's settings document: map, labels, policy and codes, read and changed only here.

A change is appended as a version. Savers take turns. A saver who changes what somebody else
changed since they looked is refused, and nothing of either is lost.
"""

import functools
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import orjson

from integration.core.errors import Refused
from integration.portal import authors
from integration.storage.database import Transaction, as_json
from integration.storage.service import settings_versions
from integration.storage.service.settings_versions import SettingsVersion
from mappings.formats import moment
from mappings.records.portal_map import PortalMap, dump_portal_map
from mappings.records.property_labels import LabelsByProperty, dump_labels
from mappings.records.setting_labels import setting_label
from mappings.rules.policy import Policy
from mappings.stored import settings_document

# Parts of the stored document. What else a document holds is kept as it is.
_MAP, _POLICY, _WHY, _CODES, _LABELS = "map", "policy", "why", "referral_codes", "labels"
_CHOSEN: Final = "You chose this."

PolicyValue = int | float | bool | str
Json = Mapping[str, Any]
# A document line by line, as two versions are compared: its part and the name there.
Lines = dict[tuple[str, str], Any]


@dataclass(frozen=True, slots=True)
class PortalSettings:
    """One version of the document as the rules use it; without any, the defaults.

    `why` gives the reason of each field of the map. `codes` are referral codes that are no
    property's value, casefolded, with the contact of each.
    """

    version: int
    map: PortalMap
    policy: Policy
    why: Mapping[str, str]
    codes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Saved:
    """The settings before and after a change, the same if nothing changed.

    `beside_others`: somebody changed other settings since the saver looked; both changes count.
    """

    before: PortalSettings
    after: PortalSettings
    beside_others: bool

    @property
    def is_changed(self) -> bool:
        """Whether there is a new version."""
        return self.before.version != self.after.version


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting that reads differently in two versions."""

    name: str
    before: object
    after: object


class ChangedMeanwhile(Refused):
    """Somebody changed the same settings after the saver had looked; nothing was saved.

    `now` is what counts. `map_fields` are the fields of the map the saver wanted to change,
    `contested` those that somebody else changed as well.
    """

    def __init__(
        self,
        last: SettingsVersion,
        now: PortalSettings,
        mine: Lines,
        contested: Lines,
    ) -> None:
        self.now = now
        self.map_fields = frozenset(_names(mine, _MAP))
        self.contested = frozenset(_names(contested, _MAP))
        what = ", ".join(_shown(document, name) for document, name in sorted(contested))
        when = f" on {moment(last.made_at)}" if last.made_at else ""
        super().__init__(
            f"Settings were changed meanwhile: {what}, last in version {last.number} by"
            f" {last.author}{when}. Nothing of yours was saved; look at it and"
            " save again"
        )


def _shown(document: str, name: str) -> str:
    """A setting as people know it: by its label on the Settings page, or as commands call it."""
    return setting_label(name) if document == _MAP else name


def read(tx: Transaction) -> PortalSettings:
    """Return the settings that count now."""
    newest = settings_versions.newest(tx)
    return understood(newest.number, newest.body)


def read_version(tx: Transaction, number: int) -> PortalSettings:
    """Return the settings of one version. Raises Refused for one that never was."""
    seen = _since(tx, number)[0]
    return understood(seen.number, seen.body)


def understood(version: int, body: Json) -> PortalSettings:
    """Return a stored document as the rules use it; for readers of several rows at once."""
    return _understood(version, as_json(body))


def begin(tx: Transaction, portal_map: PortalMap, why: Mapping[str, str], *, author: str) -> int:
    """Store the detected map as the first version; existing settings are never overwritten.

    The labels that the map brings are kept with it.
    """
    _lock(tx)
    newest = settings_versions.newest(tx)
    if newest.number:
        return newest.number
    body = {_MAP: dump_portal_map(portal_map), _WHY: dict(why)}
    if portal_map.labels:
        body[_LABELS] = dump_labels(portal_map.labels)
    return settings_versions.append(tx, body, author=author, reason="Detected at install.")


def change(
    tx: Transaction,
    *,
    expected_version: int | None = None,
    author: str,
    reason: str,
    portal_map: PortalMap | None = None,
    policy: Mapping[str, PolicyValue | None] | None = None,
    labels: LabelsByProperty | None = None,
    why: str = _CHOSEN,
) -> Saved:
    """Change the map, or some values of the policy (None: the default again).

    The saver looked at *expected_version*, None for the newest. What they left as it was stays
    as others have made it since. Raises ChangedMeanwhile when both changed the same setting.
    *why* is shown beside each changed field of the map; *labels* are kept with the change.
    """
    _lock(tx)
    newest = settings_versions.newest(tx)
    history = _since(tx, newest.number if expected_version is None else expected_version)
    now = understood(newest.number, newest.body)
    edit = _compare(_lines(history[0]), _lines(newest), _wanted(portal_map, policy))
    if edit.contested:
        last = _last_to_change(history, edit.contested)
        by_name = replace(last, author=authors.in_words(tx, last.author))
        raise ChangedMeanwhile(by_name, now, edit.mine, edit.contested)
    if not edit.left:
        return Saved(now, now, edit.beside_others)
    body = _changed(newest.body, edit.left, why)
    if labels is not None:
        body[_LABELS] = dump_labels(labels)
    number = settings_versions.append(tx, body, author=author, reason=reason)
    return Saved(now, understood(number, body), edit.beside_others)


def keep_labels(tx: Transaction, labels: LabelsByProperty, *, author: str, reason: str) -> Saved:
    """Keep what HubSpot calls the mapped properties and options now.

    Labels are kept as a version, since what was concluded from a label is explained by it.
    """
    _lock(tx)
    newest = settings_versions.newest(tx)
    now = understood(newest.number, newest.body)
    if now.map.labels == labels:
        return Saved(now, now, beside_others=False)
    body = {**newest.body, _LABELS: dump_labels(labels)}
    number = settings_versions.append(tx, body, author=author, reason=reason)
    return Saved(now, understood(number, body), beside_others=False)


def restore(
    tx: Transaction,
    number: int,
    *,
    expected_version: int | None = None,
    author: str,
    reason: str,
) -> Saved:
    """Let map and policy be again what they were in an earlier version, as a new version.

    Raises Refused for a version that never was, and when somebody made another one since
    *expected_version*: what they changed would be undone unseen. Referral codes stay as they are.
    """
    _lock(tx)
    newest = settings_versions.newest(tx)
    if expected_version not in (None, newest.number):
        raise Refused(
            f"Settings were changed meanwhile: version {newest.number} by {newest.author}. Nothing"
            " was restored; look at it and restore again"
        )
    earlier = _since(tx, number)[0]
    now = understood(newest.number, newest.body)
    restored = {part: earlier.body.get(part) or {} for part in (_MAP, _POLICY, _WHY)}
    body = {**newest.body, **restored}
    if not differences(now, understood(newest.number, body)):
        return Saved(now, now, beside_others=False)
    number = settings_versions.append(tx, body, author=author, reason=reason)
    return Saved(now, understood(number, body), beside_others=False)


def every_version(tx: Transaction) -> Sequence[SettingsVersion]:
    """Return all versions, oldest first."""
    return settings_versions.since(tx, 1)


def differences(before: PortalSettings, after: PortalSettings) -> list[Difference]:
    """Return every setting that differs, of the map first, then of the policy."""
    old = {**dump_portal_map(before.map), **policy_values(before.policy)}
    new = {**dump_portal_map(after.map), **policy_values(after.policy)}
    return [Difference(name, old[name], new[name]) for name in new if old.get(name) != new[name]]


def policy_values(policy: Policy) -> dict[str, PolicyValue]:
    """Return every value of a policy by name, but for the version."""
    values = {part.name: getattr(policy, part.name) for part in fields(policy)}
    del values["version"]
    return values_by_name(values)


def values_by_name(policy: Json) -> dict[str, PolicyValue]:
    """Return a policy's values by name; in a table with a dot: `signals.hard_bounce`."""
    values: dict[str, PolicyValue] = {}
    for name, value in policy.items():
        if isinstance(value, Mapping):
            values |= {f"{name}.{key}": number for key, number in value.items()}
        else:
            values[name] = value
    return values


@functools.lru_cache(maxsize=32)  # they change once in a while, and are read for every page
def _understood(version: int, document: str) -> PortalSettings:
    body = orjson.loads(document)
    return PortalSettings(
        version,
        settings_document.map_in(body),
        settings_document.policy_in(body, version),
        dict(body.get(_WHY) or {}),
        settings_document.codes_in(body),
    )


def _lock(tx: Transaction) -> None:
    if not settings_versions.lock(tx):
        raise Refused(f"Account {tx.portal_id} has not installed Second Order")


def _since(tx: Transaction, number: int) -> Sequence[SettingsVersion]:
    history = settings_versions.since(tx, number)
    if history:
        return history
    raise Refused(f"Account {tx.portal_id} has no settings of version {number}; look at them again")


def _lines(version: SettingsVersion) -> Lines:
    portal_map = understood(version.number, version.body).map
    return _wanted(portal_map, values_by_name(version.body.get(_POLICY) or {}))


def _wanted(portal_map: PortalMap | None, values: Mapping[str, PolicyValue | None] | None) -> Lines:
    fields = dump_portal_map(portal_map) if portal_map else {}
    lines: Lines = {(_MAP, name): value for name, value in fields.items()}
    return lines | {(_POLICY, name): value for name, value in (values or {}).items()}


@dataclass(frozen=True, slots=True)
class _Edit:
    """A saver's change: `mine` in all, `left` of it to be done, `contested` by another."""

    mine: Lines
    left: Lines
    contested: Lines
    beside_others: bool


def _compare(seen: Lines, now: Lines, wanted: Lines) -> _Edit:
    """Return what a saver who saw *seen* changes in *now*; a missing line is None."""
    theirs = {line for line in {*seen, *now} if now.get(line) != seen.get(line)}
    mine = {line: value for line, value in wanted.items() if value != seen.get(line)}
    # Two who want the same are of one mind, whoever came first.
    left = {line: value for line, value in mine.items() if value != now.get(line)}
    contested = {line: value for line, value in left.items() if line in theirs}
    return _Edit(mine, left, contested, bool(theirs))


def _names(lines: Lines, part: str) -> dict[str, Any]:
    return {name: value for (of_part, name), value in lines.items() if of_part == part}


def _last_to_change(history: Sequence[SettingsVersion], contested: Lines) -> SettingsVersion:
    """Return the newest version that changed one of these lines."""
    for earlier, later in reversed(list(itertools.pairwise(history))):
        old, new = _lines(earlier), _lines(later)
        if any(old.get(line) != new.get(line) for line in contested):
            return later
    return history[-1]


def _changed(body: Json, lines: Lines, why: str) -> dict[str, Any]:
    """Return the document with these lines changed and everything else as it is."""
    changed = dict(body)
    fields, values = _names(lines, _MAP), _names(lines, _POLICY)
    if fields:
        changed[_MAP] = {**(body.get(_MAP) or {}), **fields}
        changed[_WHY] = {**(body.get(_WHY) or {}), **dict.fromkeys(fields, why)}
    if values:
        changed[_POLICY] = _nested({**values_by_name(body.get(_POLICY) or {}), **values})
    return changed


def _nested(values: Mapping[str, PolicyValue | None]) -> dict[str, Any]:
    """Return values by name as a policy is stored; a default is left out."""
    policy: dict[str, Any] = {}
    for name, value in sorted(values.items()):
        if value is None:
            continue
        table, dot, key = name.partition(".")
        if dot:
            policy.setdefault(table, {})[key] = value
        else:
            policy[name] = value
    return policy
