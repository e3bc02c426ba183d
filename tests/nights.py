"""Nights: what the calendar starts once a day, at once."""

from integration.admin import housekeeping
from tests.passing_time import pass_time
from tests.world import World

_DAY = 23 * 3600  # what is due each night was last done at least 22 hours ago


def a_night_passes(world: World) -> None:
    """Let a day go by, reconcile every account that is installed, and settle."""
    pass_time(world, _DAY)
    for account in world.accounts:
        if account.kept("import_run"):
            housekeeping.start(world.runtime, account.portal_id, kind="reconciliation")
    world.settle()
