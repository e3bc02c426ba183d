"""Reading of owners: who the account's users are, and who left."""

from typing import Any

from integration.portal.context import PortalContext
from integration.storage.mirror import owner_rows
from integration.storage.service import sessions
from mappings.records import owners


def refresh(portal: PortalContext) -> list[dict[str, Any]]:
    """Read all owners and keep them; return HubSpot's answer about those who are there.

    Raises what the gateway raises; what is known stays then.
    """
    active = portal.hubspot.owners()
    gone = portal.hubspot.owners(archived=True)
    told = [owner for owner in map(owners.read, [*gone, *active]) if owner is not None]
    by_id = {owner.owner_id: owner for owner in told}
    # An account has a user at least: an empty answer says nothing of who left.
    if active:
        with portal.transaction() as tx:
            owner_rows.replace(tx, list(by_id.values()))
            sessions.close_of_who_left(tx)
    return active
