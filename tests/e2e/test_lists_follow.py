"""Lists follow what happens to a deal in HubSpot: its stage, its owner, its end and its return."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from integration.portal.context import open_portal
from integration.reports import finding
from integration.reports.listings.listings import LISTINGS
from integration.storage.listings import list_pages
from integration.storage.listings.list_pages import Wanted
from integration.storage.queue import lanes

if TYPE_CHECKING:
    from tests.world import World

NOW = datetime.now(UTC)
HARBOR = 4711


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def listed(world: "World", name: str, **conditions: object) -> list[Mapping[str, Any]]:
    stored = LISTINGS[name].stored
    with world.runtime.database.portal(HARBOR) as tx:
        order = next(iter(stored.orders))
        return list(list_pages.page(tx, stored, Wanted(conditions, order), limit=50).rows)


def test_a_list_shows_a_deal_as_it_is_now_and_its_people_and_companies_with_it(
    world: "World",
) -> None:
    crm = world.harbor.crm
    with crm.silently():
        acme = crm.create("company", {"name": "Acme", "domain": "acme.example"}, at=ago(900)).id
        ana = crm.create(
            "contact",
            {"firstname": "Ana", "lastname": "Prado", "email": "ana@acme.example"},
            at=ago(880),
        ).id
        crm.associate("contact", ana, "company", acme, primary=True, at=ago(880))
        values = {
            "dealname": "First", "dealstage": "closedwon", "pipeline": "default", "amount": "100.01",
            "closedate": ago(800).isoformat(), "hubspot_owner_id": "61",
        }  # fmt: skip
        deal = crm.create("deal", values, at=ago(850)).id
        crm.associate("deal", deal, "company", acme, primary=True)
        crm.associate("deal", deal, "contact", ana, at=ago(850))
    world.install(world.harbor)
    world.settle()
    (row,) = listed(world, "deals", state=["won"])
    assert (row["name"], row["value_minor"], row["owner_id"]) == ("First", 10001, 61)
    assert (row["company_id"], row["source"], row["booked_minor"]) == (acme, "none", 0)
    assert [row["name"] for row in listed(world, "people", role=["champion"])] == ["Ana Prado"]
    assert [row["name"] for row in listed(world, "companies")] == ["Acme"]

    crm.update("deal", deal, {"dealname": "Renamed", "hubspot_owner_id": "62", "amount": "5"})
    world.settle()
    (row,) = listed(world, "deals", owner=[62])
    assert (row["name"], row["value_minor"]) == ("Renamed", 500)

    crm.update("deal", deal, {"dealstage": "closedlost"})
    world.settle()
    assert [row["state"] for row in listed(world, "deals")] == ["lost"]

    crm.archive("deal", deal)
    world.settle()
    assert listed(world, "deals") == []

    crm.restore("deal", deal)
    world.settle()
    assert [row["deal_id"] for row in listed(world, "deals")] == [deal]


def test_the_import_lane_makes_findable_what_an_older_version_stored(world: "World") -> None:
    who = {"firstname": "Ana", "lastname": "Prado", "email": "ana@acme.example"}
    with world.harbor.crm.silently():
        world.harbor.crm.create("contact", who)
    world.install(world.harbor)
    world.settle()
    with world.runtime.database.portal(HARBOR) as tx:
        tx.run("DELETE FROM search_word")
        tx.run("INSERT INTO unlisted SELECT :portal, unnest(ARRAY['deal', 'company', 'contact'])")
        lanes.want(tx, HARBOR, "import")
    world.settle()
    with open_portal(world.runtime, HARBOR) as portal:
        found = finding.find(portal, "prado", limit=8)
    assert [record.name for group in found.groups for record in group.records] == ["Ana Prado"]
    assert not found.is_incomplete
