"""A portal is installed, imported and enriched; webhooks keep it in step."""

from datetime import UTC, datetime, timedelta

from tests.sandbox.town import districts, HARBOR as HARBOR_MONEY
from tests.world import World


def test_nothing_to_say_settles(world: World) -> None:
    world.install(world.harbor)
    world.settle()
    assert world.harbor.rows("SELECT state FROM import_run WHERE portal_id = :portal") == [{"state": "done"}]
