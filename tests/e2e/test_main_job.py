"""A portal is installed, imported and enriched; webhooks keep it in step."""

from typing import TYPE_CHECKING

from tests.sandbox import town

if TYPE_CHECKING:
    from tests.world import World


def test_a_small_town_is_enriched(world: "World") -> None:
    loaded = town.load(world.hubspot, scale=0.05, orchard_scale=0.03)
    assert loaded
    for account in world.accounts:
        world.install(account)
    world.settle()
    for account in world.accounts:
        deals = account.crm.all("deal")
        assert all(account.read("deal", deal.id, "second_order_source") for deal in deals)
        assert {account.read("deal", deal.id, "second_order_source") for deal in deals} > {"none"}
