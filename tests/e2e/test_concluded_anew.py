"""Concluding everything anew changes no field of any record, however it came about and in whatever pages."""

import random
from typing import TYPE_CHECKING

import pytest

from integration.conclude import stages
from integration.portal import invalidation
from integration.portal.invalidation import Change
from tests.e2e import lives
from tests.e2e.test_rebuild import begin, live, said

if TYPE_CHECKING:
    from tests.world import Account, World

SEEDS = (2, 7)


def anew_in_pages(account: "Account", limit: int) -> None:
    """Everything again, so many records at a time: each is judged beside others than before."""
    with account.context() as context:
        with context.transaction() as tx:
            invalidation.record(tx, Change.SETTINGS_CHANGED)
        while stages.conclude_page(context, None, limit=limit):
            pass


@pytest.mark.parametrize("seed", SEEDS)
def test_concluding_everything_anew_changes_no_field_of_any_record(
    world: "World", seed: int
) -> None:
    life = begin(world, seed, size=2)
    dice = random.Random(-seed)
    live(world, life, lives.in_groups(lives.deal_acts(dice, 25), dice))
    before = {account.portal_id: said(account) for account in world.accounts}
    assert before[world.harbor.portal_id]

    for account in world.accounts:
        anew_in_pages(account, limit=7)
        assert account.rows("SELECT * FROM outbox") == [], "there is nothing to tell HubSpot"
        assert account.rows("SELECT * FROM stale") == []

    assert {account.portal_id: said(account) for account in world.accounts} == before
