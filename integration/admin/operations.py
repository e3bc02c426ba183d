"""Operations that a person asks for: repair, replay, and concluding again by another map."""

from integration.admin import install
from integration.admin import replay as replays
from integration.admin.provisioning import Provisioned
from integration.core.errors import Refused
from integration.ingest import backfill
from integration.portal import invalidation, settings
from integration.portal.context import PortalContext
from integration.portal.invalidation import Change
from integration.portal.settings import Saved
from integration.storage.queue import lanes, outbox
from integration.storage.service import portals
from mappings.records.portal_map import PortalMap, dump_portal_map

# These change conclusions alone; any other change of the map changes what is read from HubSpot.
_NOT_READ = frozenset(
    {
        "included_pipelines",
        "won_rule",
        "won_stages",
        "role_labels",
        "deal_renewal_types",
        "staff_domains",
        "home_country",
    }
)


def repair(portal: PortalContext, *, actor: str) -> Provisioned:
    """Finish a set-up that broke off, repair our properties, and write to them again."""
    with portal.transaction() as tx:
        paused = outbox.paused_properties(tx)
        account = portals.find(tx, portal.portal_id)
    if account is None or not account.is_active:
        raise Refused("The account is not connected; reconnect it first")
    done = install.set_up(portal)
    with portal.transaction() as tx:
        portals.note(tx, actor, "repaired properties", outcome=done.sentence())
    if account.imported_at and (done.created or done.repaired or set(paused) - set(done.paused)):
        # Values of a property that was away are gone from HubSpot: read what is there, write anew.
        look_again(portal)
    return done


def replay(portal: PortalContext, *, actor: str) -> int:
    """Put everything that was set aside back; return how many rows, 0 where another was faster."""
    count = replays.replay(portal)
    if count:
        with portal.transaction() as tx:
            portals.note(tx, actor, "asked for a replay", rows=count)
    return count


def change_map(
    portal: PortalContext,
    portal_map: PortalMap,
    *,
    actor: str,
    expected_version: int | None = None,
) -> Saved:
    """Change the map on behalf of somebody who saw *expected_version*; conclude again by it.

    Raises ChangedMeanwhile: see :func:`integration.portal.settings.change`.
    """
    with portal.confirmed() as tx:
        # Lane before portal, as workers take their locks: else two could wait for each other.
        lanes.hold(tx, portal.portal_id, "drain")
        saved = settings.change(
            tx,
            expected_version=expected_version,
            author=actor,
            reason="Changed in Settings.",
            portal_map=portal_map,
        )
        if not saved.is_changed:
            return saved
        invalidation.record(tx, Change.SETTINGS_CHANGED)
        lanes.want(tx, portal.portal_id, "drain")
        portals.note(tx, actor, "changed settings", version=saved.after.version)
    old, new = dump_portal_map(saved.before.map), dump_portal_map(saved.after.map)
    if any(old[name] != new[name] for name in new if name not in _NOT_READ):
        look_again(portal)
    portal.runtime.queue.wake(portal.portal_id, "drain")
    return saved


def look_again(portal: PortalContext) -> None:
    """Read everything once more, and draw all conclusions again."""
    backfill.begin_again(portal)
    with portal.transaction() as tx:
        invalidation.record(tx, Change.SETTINGS_CHANGED)
        for kind in ("import", "drain"):
            lanes.want(tx, portal.portal_id, kind)
    for kind in ("import", "drain"):
        portal.runtime.queue.wake(portal.portal_id, kind)
