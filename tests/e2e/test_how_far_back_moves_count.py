"""Job changes that the window of 730 days leaves out are counted once, and the admin is asked how far back they count."""

from datetime import UTC, datetime, timedelta

import pytest

from integration.admin import operations, policies
from integration.portal import settings
from integration.storage.queue import lanes
from mappings.records.setup_kinds import MOVE_WINDOW
from tests.world import Account, World

NOW = datetime.now(UTC)


def mover(account: Account, name: str, *, moved: int, opened: int) -> int:
    """A champion of a customer who changed jobs, and the deal at the new company; both so many days ago."""
    crm = account.crm
    with crm.silently():
        old, new = (
            crm.create(
                "company",
                {"name": f"{name} {place}", "domain": f"{name}-{place}.example"},
                at=NOW - timedelta(2500),
            ).id
            for place in ("old", "new")
        )
        person = {
            "email": f"{name}@{name}-old.example",
            "firstname": name,
            "lastname": f"Narang{name}",
            "hs_buying_role": "CHAMPION",
        }
        contact = crm.create("contact", person, at=NOW - timedelta(2400)).id
        crm.associate("contact", contact, "company", old, primary=True, at=NOW - timedelta(2400))
        _deal(account, old, contact, opened=2300)
        at = NOW - timedelta(moved)
        address = {"email": f"{name}@{name}-new.example", "company": f"{name} new"}
        crm.update("contact", contact, address, at=at, source=("CRM_UI", "userId:88"))
        crm.associate("contact", contact, "company", new, primary=True, at=at)
        return _deal(account, new, contact, opened=opened)


def _deal(account: Account, company: int, contact: int, *, opened: int) -> int:
    values = {
        "dealname": "a deal",
        "dealstage": "closedwon",
        "pipeline": "default",
        "amount": "40000",
        "closedate": (NOW - timedelta(opened - 60)).isoformat(),
        "createdate": (NOW - timedelta(opened)).isoformat(),
    }
    deal = account.crm.create("deal", values, at=NOW - timedelta(opened)).id
    account.crm.associate("deal", deal, "company", company, primary=True)
    account.crm.associate("deal", deal, "contact", contact)
    return int(deal)


def look(world: World) -> None:
    """What the next quarter of an hour does."""
    for account in world.accounts:
        with world.runtime.database.portal(account.portal_id) as tx:
            lanes.want(tx, account.portal_id, "import")
    world.settle()


def window(account: Account) -> int:
    with account.database.portal(account.portal_id) as tx:
        return settings.read(tx).policy.move_to_deal_days


@pytest.fixture
def late(world: World) -> World:
    """In harbor one of two job changes had its deal after 900 days; in orchard none."""
    mover(world.harbor, "priya", moved=1500, opened=600)
    mover(world.harbor, "ana", moved=500, opened=300)
    mover(world.orchard, "bo", moved=500, opened=300)
    for account in world.accounts:
        world.install(account)
    world.settle()
    look(world)
    return world


def test_the_admin_is_asked_with_what_each_window_leaves_out(late: World) -> None:
    (asked,) = late.harbor.values("setup_question", "body", kind=MOVE_WINDOW)

    assert asked["text"] == (
        "1 of 2 job changes had their deal at the new company more than 730 days later, and are"
        " left out: how far back do job changes count?"
    )
    assert [(choice["value"], choice["count"]) for choice in asked["candidates"]] == [
        ("730", 1),
        ("1095", 0),
        ("1825", 0),
        ("36500", 0),
    ]
    assert asked["proposal"] == ["730"]


def test_nothing_waits_for_the_answer(late: World) -> None:
    deals = late.harbor.crm.all("deal")

    assert all(deal.get("second_order_source") for deal in deals)
    assert late.harbor.values("setup_question", "blocks", kind=MOVE_WINDOW) == [False]


def test_where_the_window_leaves_out_few_nobody_is_asked(late: World) -> None:
    assert late.orchard.kept("setup_question", kind=MOVE_WINDOW) == []


def test_the_answer_is_the_window_of_the_policy(late: World) -> None:
    with late.harbor.context() as portal:
        operations.answer_setup_question(portal, MOVE_WINDOW, "", ["1095"], actor="user:7")
    late.settle()

    assert (window(late.harbor), window(late.orchard)) == (1095, 730)
    newest = late.harbor.kept("settings_version")[-1]
    assert (newest["author"], newest["reason"]) == ("user:7", "Answered on the set-up page.")


def test_who_changes_the_policy_has_answered(late: World) -> None:
    with late.harbor.context() as portal:
        policies.change(
            portal, {"move_to_deal_days": "900"}, actor="user:9", reason="Long projects."
        )

    assert late.harbor.values("setup_question", "answered_by", kind=MOVE_WINDOW) == ["user:9"]
    assert window(late.harbor) == 900
