"""Settings versions as people look at them: who made each, when, why, and what it changed."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from integration.admin import settings_effects
from integration.portal import settings
from integration.portal.context import PortalContext
from integration.portal.settings import Difference, PortalSettings
from integration.storage.ledger import period_rows
from integration.storage.service.settings_versions import SettingsVersion


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One version, with what it has otherwise than the one before."""

    number: int
    made_at: datetime | None
    author: str
    reason: str
    changes: Sequence[Difference]
    judges_history: bool


def every(portal: PortalContext) -> list[VersionLine]:
    """Return all versions, newest first."""
    with portal.transaction() as tx:
        versions = settings.every_version(tx)
        judging = period_rows.history_versions(tx)
    understood = [settings.understood(version.number, version.body) for version in versions]
    pairs = itertools.pairwise([None, *understood])
    lines = [
        _line(version, before, after, judges_history=version.number in judging)
        for version, (before, after) in zip(versions, pairs, strict=True)
        if after is not None
    ]
    return lines[::-1]


def may_judge_history(portal: PortalContext) -> bool:
    """Whether the counting version left older deals as they were reported, and may judge them."""
    with portal.transaction() as tx:
        counting = settings.read(tx)
        judging = period_rows.history_versions(tx)
        is_closed = settings_effects.has_closed_month(tx, portal, counting)
    # Everything was judged by the first one at the import.
    return is_closed and counting.version > 1 and counting.version not in judging


def compare(portal: PortalContext, first: int, second: int) -> list[Difference]:
    """Return what the second version has otherwise; Refused for one that never was."""
    with portal.transaction() as tx:
        before, after = (settings.read_version(tx, number) for number in (first, second))
    return settings.differences(before, after)


def as_json(differences: Iterable[Difference]) -> list[dict[str, Any]]:
    """Return differences for scripts."""
    return [asdict(difference) for difference in differences]


def _line(
    version: SettingsVersion,
    before: PortalSettings | None,
    after: PortalSettings,
    *,
    judges_history: bool,
) -> VersionLine:
    return VersionLine(
        version.number,
        version.made_at,
        version.author,
        version.reason,
        # The first was detected as a whole: there is nothing to compare it with.
        settings.differences(before, after) if before else (),
        judges_history,
    )
