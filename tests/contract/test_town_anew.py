"""A town concluded in small pages as it arrives says the same as all of it concluded anew."""

from datetime import timedelta

import pytest

from integration.portal import invalidation
from integration.portal.invalidation import Change
from integration.storage.database import Database
from tests.contract import mirror_town
from tests.contract.conclude_world import HARBOR, NOW, Clock, MirrorPortal
from tests.sandbox import town, town_load
from tests.sandbox.crm import HubSpot

Said = dict[tuple[str, int], dict[str, str]]


def said(portal: MirrorPortal) -> Said:
    """What every record says, without when it last changed."""
    rows = portal.rows("SELECT object_type, record_id, desired FROM conclusion")
    for row in rows:
        row["desired"].pop("second_order_updated_at", None)
    return {(row["object_type"], row["record_id"]): row["desired"] for row in rows}


def differing(before: Said, after: Said) -> list[str]:
    """The fields that read differently, a line each."""
    found: list[str] = []
    for ref in sorted({*before, *after}):
        old, new = before.get(ref, {}), after.get(ref, {})
        names = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
        found += [f"{ref} {name}: {old.get(name)} -> {new.get(name)}" for name in names]
    return found


@pytest.mark.timeout(600)
def test_a_town_that_arrives_in_small_pages_is_right_at_once(database: Database) -> None:
    """Dozens of open deals had too small an order, until everything was concluded once more."""
    hubspot = HubSpot()
    crm = hubspot.add_portal(HARBOR, "Harbor")
    grown = town.grow(7, 1.0, NOW.date() - timedelta(days=1))
    with crm.silently():
        town_load.arrange(crm, grown.setup)
        town_load.fill(crm, grown)
    portal = MirrorPortal(Clock(database), HARBOR)
    mirror_town.fill(database, crm, mirror_town.portal_map(crm))
    portal.imported()

    # Smaller than the town: what a deal came of may be judged on a later page.
    portal.settle(limit=60)
    before = said(portal)
    assert sum("second_order_order" in fields for fields in before.values()) > 10
    with portal.context.transaction() as tx:
        invalidation.record(tx, Change.SETTINGS_CHANGED)
    portal.settle()

    assert portal.counts() == {"waiting": 0, "set_aside": 0}
    assert differing(before, said(portal)) == []
