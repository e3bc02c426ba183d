"""Who is a customer, by the lifecycle stage or by won deals: counted while importing, asked where they disagree."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from integration.admin import housekeeping, operations, settings_changes
from integration.portal import settings
from integration.storage.mirror import customer_counts
from mappings.records.portal_map import PortalMap
from mappings.records.setup_kinds import BY_DEALS, BY_STAGE_ALWAYS, BY_STAGE_REACHED, CUSTOMER_RULE
from mappings.rules.success.customer_rule import CustomerCounts
from tests.passing_time import pass_time
from tests.sandbox import town_load
from tests.sandbox.crm import Source
from tests.sandbox.properties import Option
from tests.sandbox.town_real import read_town
from tests.sandbox.town_rows import Town
from tests.world import Account, World
from workers import jobs

NOW = datetime.now(UTC)
BY_HAND: Source = ("CRM_UI", "userId:88")
BY_IMPORT: Source = ("IMPORT", None)
Day = Callable[[int], datetime]


def one_by_one(number: int) -> datetime:
    return NOW - timedelta(days=400 - number, minutes=number)


def all_at_once(_: int) -> datetime:
    return NOW - timedelta(days=100)


def company(account: Account, name: str) -> int:
    created = NOW - timedelta(days=500)
    values = {"name": name, "domain": f"{name.lower()}.example"}
    return account.crm.create("company", values, at=created, source=BY_IMPORT).id


def reaches(account: Account, company_id: int, at: datetime, source: Source = BY_HAND) -> None:
    stage = {"lifecyclestage": "customer"}
    account.crm.update("company", company_id, stage, at=at, source=source)


def buys(account: Account, company_id: int, **more: str) -> int:
    values = {"dealname": "a deal", "pipeline": "default", "dealstage": "closedwon"}
    closed = {"amount": "1000.00", "closedate": (NOW - timedelta(days=90)).isoformat()}
    at = NOW - timedelta(days=120)
    deal = account.crm.create("deal", {**values, **closed, **more}, at=at).id
    account.crm.associate("deal", deal, "company", company_id, primary=True)
    return int(deal)


def fill(
    account: Account,
    *,
    both: int = 0,
    stage_only: int = 0,
    deals_only: int = 0,
    neither: int = 0,
    day: Day = one_by_one,
    source: Source = BY_HAND,
) -> None:
    """A town of so many companies; *day* says when each of those in the stage got there."""
    with account.crm.silently():
        for number in range(both + stage_only + deals_only + neither):
            company_id = company(account, f"Firm{number}")
            if number < both + stage_only:
                reaches(account, company_id, day(number), source)
            if number < both or both + stage_only <= number < both + stage_only + deals_only:
                buys(account, company_id)


def question(account: Account) -> dict[str, Any]:
    (asked,) = account.values("setup_question", "body", kind=CUSTOMER_RULE)
    return dict(asked)


def is_asked(account: Account) -> bool:
    return bool(account.kept("setup_question"))


def chosen(account: Account) -> tuple[str, str]:
    with account.database.portal(account.portal_id) as tx:
        now = settings.read(tx).map
    return now.customer_stage, now.customer_stage_since


def written(account: Account) -> bool:
    return any(deal.get("second_order_source") for deal in account.crm.all("deal"))


@pytest.fixture
def disputed(world: World) -> World:
    """In harbor half of the companies at the stage never bought; orchard's rules agree."""
    fill(world.harbor, both=10, stage_only=15, deals_only=5, neither=10)
    fill(world.orchard, both=25, deals_only=5, neither=10)
    for account in world.accounts:
        world.install(account)
    world.settle()
    return world


def test_where_stage_and_won_deals_disagree_the_admin_is_asked_with_the_numbers(
    disputed: World,
) -> None:
    asked = question(disputed.harbor)

    assert asked["text"] == (
        "25 companies are customers by lifecycle stage, 15 by won deals, 10 by both: which counts?"
    )
    assert [choice["value"] for choice in asked["candidates"]] == [
        BY_STAGE_REACHED,
        BY_STAGE_ALWAYS,
        BY_DEALS,
    ]
    assert asked["candidates"][0]["sample"] == (
        "15 of them without a won deal, for instance Firm10, Firm11, Firm12"
    )
    assert asked["candidates"][2]["sample"] == (
        "5 of them without the stage, for instance Firm25, Firm26, Firm27"
    )
    assert not written(disputed.harbor)


def test_where_they_agree_nobody_is_asked_and_history_is_written(disputed: World) -> None:
    assert not is_asked(disputed.orchard)
    assert written(disputed.orchard)
    assert chosen(disputed.orchard) == ("", "reached")


@pytest.mark.parametrize(
    ("both", "stage_only", "deals_only", "neither"),
    [(0, 0, 30, 30), (0, 19, 40, 350), (28, 3, 20, 0)],
    ids=["stage unused", "stage hardly used", "nearly everybody at the stage bought"],
)
def test_where_the_stage_is_no_rule_nobody_is_asked(
    world: World, both: int, stage_only: int, deals_only: int, neither: int
) -> None:
    fill(world.harbor, both=both, stage_only=stage_only, deals_only=deals_only, neither=neither)
    world.install(world.harbor)
    world.settle()

    assert not is_asked(world.harbor)
    assert written(world.harbor)


def test_dates_reached_one_by_one_propose_the_stage_since_then(disputed: World) -> None:
    asked = question(disputed.harbor)

    assert asked["proposal"] == [BY_STAGE_REACHED]
    assert asked["because"] == (
        "15 of 25 companies at the stage have no won deal, and 25 of 25 reached it one by one,"
        " with a date"
    )


@pytest.mark.parametrize(
    ("day", "source"),
    [
        (all_at_once, BY_HAND),
        (one_by_one, BY_IMPORT),
        (one_by_one, ("CRM_UI_BULK_ACTION", "userId:88")),
    ],
    ids=["in one minute", "by imports", "by bulk edits"],
)
def test_stages_set_in_bulk_propose_the_stage_always(
    world: World, day: Day, source: Source
) -> None:
    fill(world.harbor, both=10, stage_only=15, day=day, source=source)
    world.install(world.harbor)
    world.settle()

    asked = question(world.harbor)
    assert asked["proposal"] == [BY_STAGE_ALWAYS]
    assert asked["because"] == (
        "15 of 25 companies at the stage have no won deal, and 25 of 25 were put there in bulk"
    )


def test_the_answer_decides_since_when_a_company_is_a_customer(disputed: World) -> None:
    with disputed.harbor.context() as portal:
        operations.answer_setup_question(
            portal, CUSTOMER_RULE, "customer", [BY_STAGE_REACHED], actor="user:7"
        )
    disputed.settle()

    assert chosen(disputed.harbor) == ("customer", "reached")
    assert written(disputed.harbor)
    first = disputed.harbor.crm.all("company")[0]
    (since,) = disputed.harbor.values("company_key", "value", company_id=first.id, kind="since")
    assert datetime.fromisoformat(since).date() == one_by_one(0).date()


def test_deals_that_hubspot_refuses_are_no_sign_that_nobody_bought(world: World) -> None:
    """What cannot be read is counted in a later pass, once it can."""
    fill(world.harbor, both=10, stage_only=15)
    world.hubspot.trouble.add("400", "GET /crm/objects/*/deals", portal_id=world.harbor.portal_id)
    world.install(world.harbor)
    world.settle()
    assert not is_asked(world.harbor)

    world.hubspot.trouble.clear()
    with world.harbor.context() as portal:
        operations.look_again(portal)
    world.settle()

    assert question(world.harbor)["text"].startswith("25 companies are customers by lifecycle")


def test_a_stage_of_the_accounts_own_is_found_by_its_label(world: World) -> None:
    definition = world.harbor.crm.definitions["company"]["lifecyclestage"]
    definition.options.append(Option("Kunde", "231904"))
    with world.harbor.crm.silently():
        for number in range(30):
            company_id = company(world.harbor, f"Firm{number}")
            stage = {"lifecyclestage": "231904"}
            world.harbor.crm.update("company", company_id, stage, at=one_by_one(number))
            if number < 10:
                buys(world.harbor, company_id)
    world.install(world.harbor)
    world.settle()

    assert question(world.harbor)["text"].startswith("30 companies are customers by lifecycle")
    with world.harbor.context() as portal:
        operations.answer_setup_question(
            portal, CUSTOMER_RULE, "231904", [BY_STAGE_ALWAYS], actor="user:7"
        )
    assert chosen(world.harbor) == ("231904", "always")


def test_a_stage_that_was_chosen_before_the_count_is_not_asked_about(world: World) -> None:
    fill(world.harbor, both=10, stage_only=15)
    world.install(world.harbor)
    with world.harbor.context() as portal:
        chosen_map = PortalMap(customer_stage="customer")
        settings_changes.change(portal, actor="user:7", reason="Ours.", portal_map=chosen_map)
    world.settle()

    assert not is_asked(world.harbor)
    assert written(world.harbor)


def test_a_second_import_does_not_ask_again(disputed: World) -> None:
    with disputed.harbor.context() as portal:
        operations.answer_setup_question(
            portal, CUSTOMER_RULE, "customer", [BY_DEALS], actor="user:7"
        )
        operations.look_again(portal)
    disputed.settle()

    assert chosen(disputed.harbor) == ("", "reached")
    assert disputed.harbor.values("setup_question", "answer") == [[BY_DEALS]]
    assert written(disputed.harbor)


def test_the_count_in_sql_is_what_the_rules_say_deal_by_deal(world: World) -> None:
    """Odd amounts, other pipelines, secondary companies, deals and companies that are gone."""
    account = world.harbor
    with account.crm.silently():
        firms = [company(account, f"Firm{number}") for number in range(12)]
        for number in (0, 1, 2, 3):
            reaches(account, firms[number], one_by_one(number))
        buys(account, firms[0])
        buys(account, firms[4], amount="0.00")
        buys(account, firms[5], amount="-250")
        buys(account, firms[6], amount="")
        buys(account, firms[7], amount="1,250.50")
        buys(account, firms[8], dealstage="closedlost")
        secondary = buys(account, firms[1])
        account.crm.associate("deal", secondary, "company", firms[9])
        account.crm.archive("deal", buys(account, firms[10]))
        buys(account, firms[11])
        account.crm.archive("company", firms[11])
    world.install(account)
    world.settle()

    with account.database.portal(account.portal_id) as tx:
        counted = customer_counts.counts(tx, settings.read(tx).map, "customer")
    bought = {
        row["company_id"]
        for row in account.kept("deal")
        if row["is_won"] and (row["amount_minor"] or 0) > 0
    }
    living = {record.id for record in account.crm.all("company")}
    assert bought & living == {firms[0], firms[1], firms[7]}
    assert counted == CustomerCounts(companies=11, by_stage=4, by_deals=3, by_both=2)


def test_after_a_day_the_proposal_is_written(disputed: World) -> None:
    pass_time(disputed, 25 * 3600)
    housekeeping.run_due(disputed.runtime)
    disputed.settle()

    assert chosen(disputed.harbor) == ("customer", "reached")
    assert written(disputed.harbor)


def test_a_real_history_of_a_crm_is_asked_about(world: World, shared: Path) -> None:
    town = read_town(shared / "data" / "crm", NOW.date())
    kinds = ("company", "deal")
    records = tuple(record for record in town.records if record.kind in kinds)
    links = tuple(link for link in town.links if link.from_kind in kinds and link.to_kind in kinds)
    town_load.arrange(world.harbor.crm, town.setup)
    town_load.fill(world.harbor.crm, Town(town.setup, records, links, town.truth))
    world.install(world.harbor)

    while not is_asked(world.harbor):
        jobs.work(world.runtime, world.harbor.portal_id, "import")

    asked = question(world.harbor)
    assert asked["text"] == (
        "1,447 companies are customers by lifecycle stage, 1,727 by won deals, 940 by both:"
        " which counts?"
    )
    assert asked["proposal"] == [BY_STAGE_REACHED]
    assert asked["because"] == (
        "507 of 1,447 companies at the stage have no won deal, and 1,447 of 1,447 reached it one"
        " by one, with a date"
    )
