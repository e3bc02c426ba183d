"""Settings that change much of what stands in HubSpot wait for somebody's word, and nothing is written meanwhile."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from integration.admin import overview, overwriting, policies
from integration.core.errors import Refused
from integration.storage.service import portals
from tests.sandbox.crm import Portal

if TYPE_CHECKING:
    from tests.world import Account, World

BUYERS = 40
LESS = {"word_of_mouth.wom_generic": "200000"}
Shown = dict[int, tuple[str, str]]


def fill(crm: Portal) -> None:
    """Forty companies that heard of us from a friend, and bought."""
    now = datetime.now(UTC)
    crm.define_property("contact", "how_did_you_hear", label="How did you hear about us?")
    for number in range(BUYERS):
        buyer = crm.create("company", {"name": f"Buyer {number}", "domain": f"b{number}.example"})
        who = {"email": f"ana@b{number}.example", "how_did_you_hear": "a friend told me"}
        ana = crm.create("contact", who, at=now - timedelta(days=40))
        closed = {"closedate": (now - timedelta(days=3)).isoformat()}
        won = {"dealstage": "closedwon", "pipeline": "default", "amount": "1000.00", **closed}
        deal = crm.create("deal", won, at=now - timedelta(days=30))
        crm.associate("contact", ana.id, "company", buyer.id, primary=True)
        crm.associate("deal", deal.id, "company", buyer.id, primary=True)
        crm.associate("deal", deal.id, "contact", ana.id)


@pytest.fixture
def settled(world: "World") -> "World":
    """Two portals whose deals are tagged in HubSpot."""
    for account in world.accounts:
        with account.crm.silently():
            fill(account.crm)
        world.install(account)
    world.settle()
    assert {source for source, _ in shown(world.harbor).values()} == {"word_of_mouth"}
    return world


def shown(account: "Account") -> Shown:
    return {
        deal.id: (
            account.read("deal", deal.id, "second_order_source"),
            account.read("deal", deal.id, "second_order_share"),
        )
        for deal in account.crm.all("deal")
    }


def change(world: "World", values: dict[str, str], *, back: tuple[str, ...] = ()) -> None:
    with world.harbor.context() as portal:
        policies.change(portal, values, back=back, actor="ana", reason="a try")
    world.settle()


def held(world: "World", account: "Account") -> str | None:
    with world.runtime.database.service() as tx:
        installed = portals.find(tx, account.portal_id)
    assert installed is not None
    sentence = overview.portal(world.runtime, installed)["held"]
    return None if sentence is None else str(sentence)


def test_a_change_of_much_is_written_only_when_somebody_confirmed_the_numbers(
    settled: "World",
) -> None:
    before = shown(settled.harbor)

    change(settled, LESS)

    assert shown(settled.harbor) == before
    sentence = held(settled, settled.harbor) or ""
    assert "settings version 2 would alter 200 and clear 0 of our 840 values there" in sentence
    assert held(settled, settled.orchard) is None
    with settled.harbor.context() as portal:
        with pytest.raises(Refused, match="it is about 200 values now"):
            overwriting.confirm(portal, 119, actor="ana")
        overwriting.confirm(portal, 200, actor="ana")
    settled.settle()
    assert held(settled, settled.harbor) is None
    after = shown(settled.harbor)
    assert all(after[deal_id] != before[deal_id] for deal_id in before)


def test_settings_changed_back_leave_nothing_to_confirm(settled: "World") -> None:
    before = shown(settled.harbor)
    change(settled, LESS)

    change(settled, {}, back=tuple(LESS))

    assert held(settled, settled.harbor) is None
    assert settled.harbor.kept("outbox") == []
    assert shown(settled.harbor) == before


def test_a_change_of_little_is_written_at_once(settled: "World") -> None:
    """One deal of forty is below the hundred values that nobody overwrites by a slip."""
    (deal, *_) = settled.harbor.crm.all("deal")
    change(settled, {"nps_window_days": "300"})
    settled.harbor.crm.update("deal", deal.id, {"amount": "2000.00"})
    settled.settle()

    assert held(settled, settled.harbor) is None
    assert settled.harbor.kept("outbox") == []
    assert settled.harbor.read("deal", deal.id, "second_order_amount") != ""


def test_nothing_waits_where_nothing_was_written_before(world: "World") -> None:
    with world.harbor.crm.silently():
        fill(world.harbor.crm)
    world.install(world.harbor)

    change(world, LESS)

    assert {source for source, _ in shown(world.harbor).values()} == {"word_of_mouth"}
    assert world.harbor.kept("settings_hold") == []
