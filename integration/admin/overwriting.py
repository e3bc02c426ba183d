"""Overwriting: what changed settings would alter in HubSpot; a person confirms it if it is much."""

from typing import Final

from integration.core.errors import Refused
from integration.portal.context import PortalContext
from integration.storage.database import Transaction
from integration.storage.queue import lanes, recompute
from integration.storage.service import portals, settings_hold_rows
from integration.storage.service.settings_hold_rows import Overwriting, SettingsHold

# So many of the values that stand in HubSpot are nobody's slip of the hand.
LEAST: Final = 100
_ONE_IN: Final = 20  # 5 %


def is_much(found: Overwriting) -> bool:
    """Whether more than a twentieth of all written values would change, and at least a hundred."""
    return found.count >= LEAST and found.count * _ONE_IN > found.written


def in_words(found: Overwriting) -> str:
    """What would happen to values in HubSpot, with the numbers."""
    return (
        f"{found.altered:,} of our {found.written:,} values in HubSpot would be altered and"
        f" {found.cleared:,} cleared"
    )


def look(portal: PortalContext) -> None:
    """Once all is concluded by changed settings: let writing go on, or ask about it."""
    with portal.transaction() as tx:
        hold = settings_hold_rows.find(tx)
        if hold is None or recompute.counts(tx)["waiting"]:
            return
        found = settings_hold_rows.count_overwriting(tx, least=LEAST)
        if found is not None and is_much(found):
            settings_hold_rows.ask(tx, found)
        else:
            settings_hold_rows.end(tx)


def confirm(portal: PortalContext, count: int, *, actor: str) -> None:
    """Let *count* values be altered and cleared, as somebody read; Refused for another number."""
    with portal.confirmed() as tx:
        found = _asked_about(tx)
        if found.count != count:
            raise Refused(
                f"Nothing was confirmed: it is about {found.count} values now. {in_words(found)}"
            )
        settings_hold_rows.end(tx)
        portals.note(
            tx, actor, "let values be overwritten", altered=found.altered, cleared=found.cleared
        )
        lanes.want(tx, portal.portal_id, "write")
    portal.runtime.queue.wake(portal.portal_id, "write")


def asked_about(portal: PortalContext) -> Overwriting | None:
    """What waits for somebody's word; None where nothing does."""
    with portal.transaction() as tx:
        hold = settings_hold_rows.find(tx)
    return hold.overwriting if hold else None


def _asked_about(tx: Transaction) -> Overwriting:
    hold: SettingsHold | None = settings_hold_rows.find(tx)
    if hold is None:
        raise Refused("Nothing waits to be confirmed")
    if hold.overwriting is None:
        raise Refused(
            f"Settings version {hold.version} is still being worked out; try again in a while"
        )
    return hold.overwriting
