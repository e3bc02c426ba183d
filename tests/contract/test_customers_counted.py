"""The shipped town's stages follow its won deals: nobody has to be asked who is a customer there."""

import pytest

from integration.storage.database import Database
from integration.storage.mirror import customer_counts
from tests.contract import mirror_town
from tests.sandbox import town
from tests.sandbox.crm import HubSpot


@pytest.mark.parametrize("portal_id", [town.HARBOR_ID, town.ORCHARD_ID])
def test_in_the_shipped_town_stage_and_won_deals_agree(database: Database, portal_id: int) -> None:
    hubspot = HubSpot(seed=7)
    town.load(hubspot, "shipped", scale=0.3)
    portal = hubspot.portals[portal_id]
    words = mirror_town.portal_map(portal)
    mirror_town.fill(database, portal, words)

    with database.portal(portal_id) as tx:
        counts = customer_counts.counts(tx, words, "customer")

    assert counts.is_stage_in_use
    assert counts.companies == len(portal.all("company"))
    assert not counts.is_disputed
