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


def test_an_install_that_broke_off_is_finished_by_the_worker(world: "World") -> None:
    """The tokens are stored and then the web process dies: nobody has to click anything again."""
    with world.harbor.crm.silently():
        world.harbor.crm.create("contact", {"email": "ana@acme.example"})
    world.connect(world.harbor)
    assert world.harbor.kept("import_run") == []
    world.settle()
    assert world.harbor.values("import_run", "state") == ["done"]
    assert world.harbor.values("settings_version", "version") == [1]
    assert world.harbor.kept("record", object_type="contact") != []
