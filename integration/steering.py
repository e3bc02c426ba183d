"""What a person can tell a running portal to do: repair, replay, think again with another map."""

from integration import backfill, conclude, detect, install, replaying
from integration.errors import Refused
from integration.provision import Provisioned
from integration.scope import PortalScope
from integration.storage import lanes, outbox, portals
from mappings.records.portal_map import PortalMap, dump_portal_map

# Changing one of these changes which records say what, so HubSpot has to be read again.
_NOT_READ = frozenset(
    {"included_pipelines", "won_rule", "won_stages", "role_labels", "deal_renewal_types", "staff_domains"}
)


def repair(scope: PortalScope, *, actor: str) -> Provisioned:
    """Finish a set-up that broke off, bring our properties back into shape, and write to them again."""
    with scope.transaction() as tx:
        paused = outbox.paused_properties(tx)
        portal = portals.find(tx, scope.portal_id)
    if portal is None or not portal.is_active:
        raise Refused("The account is not connected; reconnect it first")
    done = install.set_up(scope)
    with scope.transaction() as tx:
        portals.note(tx, actor, "repaired properties", outcome=done.sentence())
    if portal.imported_at and (done.created or done.repaired or set(paused) - set(done.paused)):
        # Values of a property that was away are gone from HubSpot: look again at what is there, then say it anew.
        look_again(scope)
    return done


def replay(scope: PortalScope, *, actor: str) -> int:
    """Put everything that was set aside back; return how many rows. Pressed twice at once, one press does it."""
    count = replaying.replay(scope)
    if count:
        with scope.transaction() as tx:
            portals.note(tx, actor, "asked for a replay", rows=count)
    return count


def change_map(scope: PortalScope, portal_map: PortalMap, *, actor: str) -> bool:
    """Keep a new settings version and draw all conclusions again under it; False when nothing changed."""
    with scope.transaction() as tx:
        before = detect.current(tx)
        version = detect.change_map(tx, portal_map, author=actor)
        if version == before.version:
            return False
        conclude.refresh_all(tx)
        lanes.want(tx, scope.portal_id, "drain")
        portals.note(tx, actor, "changed settings", version=version)
    old, new = dump_portal_map(before.map), dump_portal_map(portal_map)
    if any(old[name] != new[name] for name in new if name not in _NOT_READ):
        look_again(scope)
    scope.runtime.queue.wake(scope.portal_id, "drain")
    return True


def look_again(scope: PortalScope) -> None:
    """Read everything once more, and draw all conclusions again."""
    backfill.begin_again(scope)
    with scope.transaction() as tx:
        conclude.refresh_all(tx)
        for kind in ("import", "drain"):
            lanes.want(tx, scope.portal_id, kind)
    for kind in ("import", "drain"):
        scope.runtime.queue.wake(scope.portal_id, kind)
