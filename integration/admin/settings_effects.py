"""Effects of changed settings: what is judged, read and concluded again because of a new version.

Everything is concluded by it. While no month of the books was ever closed, deals won long ago are
judged anew, too. What the mirror lacks is read first.
"""

from integration.ingest import backfill
from integration.portal import invalidation, settings
from integration.portal.context import PortalContext
from integration.portal.invalidation import Change
from integration.portal.settings import PortalSettings, Saved
from integration.storage.database import Transaction
from integration.storage.ledger import period_rows
from integration.storage.queue import lanes
from integration.storage.service import portals, settings_hold_rows
from mappings.kinds import ObjectType
from mappings.records.portal_map import PortalMap

_CONCLUDING = ("import", "drain")


def hold_lanes(tx: Transaction) -> None:
    """Keep workers from concluding and reading until the settings have changed.

    Lanes before the portal, as workers take their locks: else two could wait for each other.
    """
    for kind in _CONCLUDING:
        lanes.hold(tx, tx.portal_id, kind)


def record(
    tx: Transaction, portal: PortalContext, saved: Saved, *, actor: str, reason: str
) -> None:
    """Have everything follow from a new version, in the transaction that made it."""
    version = saved.after.version
    if not has_closed_month(tx, portal, saved.before):
        at = portal.runtime.now()
        period_rows.judge_history(tx, version, actor=actor, reason=reason, at=at)
    invalidation.record(tx, Change.SETTINGS_CHANGED)
    settings_hold_rows.begin(tx, version)
    lanes.want(tx, tx.portal_id, "drain")
    types = read_otherwise(saved.before.map, saved.after.map)
    if types:
        backfill.read_again(tx, types)
    portals.note(tx, actor, "changed settings", version=version, reason=reason)


def judge_history(
    tx: Transaction, portal: PortalContext, version: int, *, actor: str, reason: str
) -> None:
    """Have deals won long ago judged by a version that counts; once ordered, again is nothing."""
    at = portal.runtime.now()
    if not period_rows.judge_history(tx, version, actor=actor, reason=reason, at=at):
        return
    invalidation.record(tx, Change.SETTINGS_CHANGED)
    settings_hold_rows.begin(tx, version)
    lanes.want(tx, tx.portal_id, "drain")
    portals.note(tx, actor, "had history judged", version=version, reason=reason)


def in_words(portal: PortalContext, saved: Saved) -> list[str]:
    """Return what is drawn again because of a change, a sentence each."""
    version = saved.after.version
    if not saved.is_changed:
        return [f"Nothing changed: settings stay at version {version}."]
    lines = [f"Settings are at version {version}."]
    if read_otherwise(saved.before.map, saved.after.map):
        lines.append("HubSpot is read again first, for what is newly mapped.")
    return lines + drawn_again(portal)


def drawn_again(portal: PortalContext) -> list[str]:
    """Return what the newest version has drawn again, a sentence each."""
    with portal.transaction() as tx:
        counting = settings.read(tx)
        judged_by = period_rows.read(tx).history_version
        held = settings_hold_rows.find(tx) is not None
    lines = ["People, moves, referrals, and what contacts and companies say are drawn again."]
    if judged_by == counting.version:
        lines.append("All deals are judged again, those won long ago included.")
    else:
        lines.append(
            "Deals that are open, or closed within the last"
            f" {counting.policy.late_evidence_days} days, are judged again. Months of the books"
            " were closed, so older deals stay as they were reported."
        )
    if held:
        lines.append(
            "Nothing is written to HubSpot until that is done; if more than 5% of our values there"
            " would change, it waits until somebody confirms it."
        )
    return lines


def wake(portal: PortalContext) -> None:
    """Wake the workers that follow changed settings, once these are committed."""
    for kind in (*_CONCLUDING, "write"):
        portal.runtime.queue.wake(portal.portal_id, kind)


def has_closed_month(tx: Transaction, portal: PortalContext, counting: PortalSettings) -> bool:
    """Whether a month of the books was ever closed: then history stays as it was judged."""
    kept = period_rows.read(tx)
    close_day = counting.policy.books_close_day
    return bool(kept.log) or kept.due(close_day, portal.runtime.now()) is not None


def read_otherwise(before: PortalMap, after: PortalMap) -> set[str]:
    """The object types to read from HubSpot again: the mirror lacks what this map names."""
    if before.activities != after.activities:
        return set(ObjectType)
    return {kind for kind in ObjectType if _read(after, kind) - _read(before, kind)}


def _read(portal_map: PortalMap, object_type: str) -> set[tuple[str, str]]:
    """The properties that a map reads of one object type: their values, and their history."""
    values = {("value", name) for name in portal_map.read_properties(object_type)}
    return values | {("history", name) for name in portal_map.history_properties(object_type)}
