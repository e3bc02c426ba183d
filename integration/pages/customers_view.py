"""What stands above the list of customers: bands with their money, and who was in touch."""

from typing import Any

from integration.admin.sign_in import Session
from integration.portal.context import PortalContext
from integration.reports import customers_now
from integration.reports.listings import list_addresses


def above(portal: PortalContext, session: Session) -> dict[str, Any]:
    """Return what the template shows above the rows."""
    found = customers_now.read(portal)
    portal_id = session.portal_id
    addresses = {
        line.band: list_addresses.address(portal_id, "customers", band=line.band, active="yes")
        for line in found.bands
    }
    return {
        "now": found,
        "bands": addresses,
        "untouched": list_addresses.address(portal_id, "customers", active="yes", untouched="yes"),
    }
