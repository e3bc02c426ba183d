"""A property that a new version of the app brings: made when an admin connects again, and filled on all records."""

from typing import TYPE_CHECKING

from integration.admin import install
from tests.e2e.test_account_time import PACIFIC, SEPTEMBER, booked_on, evening, installed

if TYPE_CHECKING:
    from tests.world import Account, World

NAME = "second_order_booked_on"


def as_before_it_was_there(account: "Account") -> None:
    """Neither HubSpot nor our mirror knows the property."""
    del account.crm.definitions["deal"][NAME]
    for deal in account.crm.all("deal"):
        deal.values.pop(NAME, None)
        deal.history.pop(NAME, None)
    with account.database.portal(account.portal_id) as tx:
        tx.run("UPDATE record SET properties = properties - :name", name=NAME)


def test_a_property_that_is_new_is_filled_on_records_that_were_judged_long_ago(
    world: "World",
) -> None:
    deals = installed(world, PACIFIC, evening(SEPTEMBER))
    as_before_it_was_there(world.harbor)
    rows = world.harbor.ledger()

    with world.harbor.context() as portal:
        made = install.set_up(portal).created
    world.settle()

    assert made == [("deal", NAME)]
    assert booked_on(world.harbor, deals) == ["2025-09-30"]
    assert world.harbor.ledger() == rows


def test_making_properties_in_a_portal_that_has_them_judges_nothing_anew(world: "World") -> None:
    installed(world, PACIFIC, evening(SEPTEMBER))

    with world.harbor.context() as portal:
        assert install.set_up(portal).created == []

    assert world.harbor.kept("stale") == []
