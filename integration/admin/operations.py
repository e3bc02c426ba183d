"""Operations that a person asks for: repair, replay, and answers to set-up questions."""

from collections.abc import Sequence

from integration.admin import install, property_reading, settings_effects, setup_answers
from integration.admin import replay as replays
from integration.admin.provisioning import Provisioned
from integration.core.errors import Refused
from integration.ingest import backfill
from integration.portal import invalidation
from integration.portal.context import PortalContext
from integration.portal.invalidation import Change
from integration.portal.settings import Saved
from integration.storage.queue import lanes, outbox
from integration.storage.service import portals


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


def answer_setup_question(
    portal: PortalContext, kind: str, key: str, values: Sequence[str], *, actor: str
) -> Saved:
    """Answer a set-up question on behalf of somebody, and conclude again by the answer.

    Raises Refused for values that were not offered, and AnsweredMeanwhile.
    """
    saved = setup_answers.answer(portal, kind, key, values, actor=actor)
    property_reading.read_labels_if_possible(portal)
    settings_effects.wake(portal)
    return saved


def take_overdue_proposals(portal: PortalContext) -> None:
    """Take the proposal of each question that nobody answered in its time."""
    if setup_answers.take_overdue_proposals(portal):
        settings_effects.wake(portal)


def look_again(portal: PortalContext) -> None:
    """Read everything once more, and draw all conclusions again."""
    backfill.begin_again(portal)
    with portal.transaction() as tx:
        invalidation.record(tx, Change.SETTINGS_CHANGED)
        for kind in ("import", "drain"):
            lanes.want(tx, portal.portal_id, kind)
    for kind in ("import", "drain"):
        portal.runtime.queue.wake(portal.portal_id, kind)
