"""Operations that a person asks for: repair, replay, and concluding again by other settings."""

from collections.abc import Sequence

from integration.admin import install, setup_answers
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
from mappings.kinds import ObjectType
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
        "customer_stage",
        "customer_stage_since",
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
        setup_answers.settle_by_hand(tx, saved, actor=actor)
        invalidation.record(tx, Change.SETTINGS_CHANGED)
        lanes.want(tx, portal.portal_id, "drain")
        portals.note(tx, actor, "changed settings", version=saved.after.version)
    follow(portal, saved)
    return saved


def answer_setup_question(
    portal: PortalContext, kind: str, key: str, values: Sequence[str], *, actor: str
) -> Saved:
    """Answer a set-up question on behalf of somebody, and conclude again by the answer.

    Raises Refused for values that were not offered, and AnsweredMeanwhile.
    """
    saved = setup_answers.answer(portal, kind, key, values, actor=actor)
    follow(portal, saved)
    return saved


def take_overdue_proposals(portal: PortalContext) -> None:
    """Take the proposal of each question that nobody answered in its time."""
    for saved in setup_answers.take_overdue_proposals(portal):
        follow(portal, saved)


def follow(portal: PortalContext, saved: Saved) -> None:
    """Have workers conclude by changed settings; read from HubSpot again what they now need."""
    if saved.is_changed and _are_read_otherwise(saved.before.map, saved.after.map):
        look_again(portal)
    for kind in ("drain", "write"):
        portal.runtime.queue.wake(portal.portal_id, kind)


def _are_read_otherwise(old: PortalMap, new: PortalMap) -> bool:
    """Whether records must be read again: another property, or the history of one."""
    before, after = dump_portal_map(old), dump_portal_map(new)
    if any(before[name] != after[name] for name in after if name not in _NOT_READ):
        return True
    return any(
        set(new.history_properties(kind)) - set(old.history_properties(kind)) for kind in ObjectType
    )


def look_again(portal: PortalContext) -> None:
    """Read everything once more, and draw all conclusions again."""
    backfill.begin_again(portal)
    with portal.transaction() as tx:
        invalidation.record(tx, Change.SETTINGS_CHANGED)
        for kind in ("import", "drain"):
            lanes.want(tx, portal.portal_id, kind)
    for kind in ("import", "drain"):
        portal.runtime.queue.wake(portal.portal_id, kind)
