"""Links are what HubSpot says now: after merges, deletions and restores, at once and with their own dates."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from integration.ingest import backfill
from integration.reports import explain
from integration.storage.mirror import mirror
from tests import hubspot_links
from tests.e2e import corners

if TYPE_CHECKING:
    from tests.world import Account, World

NOW = datetime.now(UTC)
KINDS = ("contact", "company", "deal")


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def company(account: "Account", name: str) -> int:
    domain = f"{name.lower()}.example"
    return account.crm.create("company", {"name": name, "domain": domain}, at=ago(900)).id


def won(account: "Account", name: str, amount: str, company_id: int) -> int:
    """A deal won three weeks ago whose primary company this is."""
    values = {"dealname": name, "pipeline": "default", "dealstage": "closedwon", "amount": amount,
              "createdate": ago(60).isoformat(), "closedate": ago(20).isoformat()}  # fmt: skip
    deal = account.crm.create("deal", values, at=ago(60)).id
    account.crm.associate("deal", deal, "company", company_id, primary=True, at=ago(60))
    return deal


def contact(account: "Account", name: str, company_id: int) -> int:
    values = {"firstname": name, "lastname": f"{name}son", "email": f"{name.lower()}@mail.example"}
    made = account.crm.create("contact", values, at=ago(400)).id
    account.crm.associate("contact", made, "company", company_id, primary=True, at=ago(400))
    return made


def all_in(account: "Account", company_id: int) -> str:
    return account.read("company", company_id, "second_order_all_in_value")


def company_of(account: "Account", deal_id: int) -> int | None:
    """Whose deal it is, as the command explains it."""
    with account.context() as context:
        company_id = explain.explain(context, "deal", deal_id)["deal"]["company_id"]
    return None if company_id is None else int(company_id)


def assert_links_as_in_hubspot(account: "Account") -> None:
    assert hubspot_links.kept(account) == hubspot_links.in_hubspot(account.crm)


def reconcile(world: "World", account: "Account") -> None:
    with account.context() as context:
        backfill.begin(context, kind="reconciliation")
        with context.transaction() as tx:
            tx.run("UPDATE lane SET due_at = clock_timestamp() WHERE kind = 'import'")
    world.settle()


@pytest.fixture
def gamma_and_delta(world: "World") -> tuple[int, int]:
    """Two companies, the first with the smaller id."""
    with world.harbor.crm.silently():
        return company(world.harbor, "Gamma"), company(world.harbor, "Delta")


def installed(world: "World") -> None:
    for account in world.accounts:
        world.install(account)
    world.settle()


@pytest.mark.parametrize("gamma_first", [True, False], ids=["smaller id gives way", "it stays"])
def test_the_money_of_merged_deals_is_at_the_primary_records_company(
    world: "World", gamma_and_delta: tuple[int, int], gamma_first: bool
) -> None:
    """Both primary companies were kept, and the smaller id got the money."""
    crm, (gamma, delta) = world.harbor.crm, gamma_and_delta
    loser, keeper = (gamma, delta) if gamma_first else (delta, gamma)
    with crm.silently():
        three = won(world.harbor, "Three", "3000", keeper)
        four = won(world.harbor, "Four", "700", loser)
    installed(world)
    assert all_in(world.harbor, loser) == "700.00"

    made = crm.merge("deal", three, four).id
    world.settle()

    assert company_of(world.harbor, made) == keeper
    assert all_in(world.harbor, keeper) == "3000.00"
    assert all_in(world.harbor, loser) in {"", "0.00"}
    assert_links_as_in_hubspot(world.harbor)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("swapped", [False, True], ids=["lower id first", "higher id first"])
@pytest.mark.parametrize("is_told", [True, False], ids=["told", "found by a reconciliation"])
def test_a_survivor_has_the_links_that_hubspot_gives_it(
    world: "World", gamma_and_delta: tuple[int, int], kind: str, swapped: bool, is_told: bool
) -> None:
    crm, (gamma, delta) = world.harbor.crm, gamma_and_delta
    with crm.silently():
        crm.define_label("deal", "contact", "Decision maker")
        ids = {
            "company": (gamma, delta),
            "contact": (contact(world.harbor, "Ana", gamma), contact(world.harbor, "Bo", delta)),
            "deal": (won(world.harbor, "One", "10", gamma), won(world.harbor, "Two", "20", delta)),
        }
        for person, deal in zip(ids["contact"], ids["deal"], strict=True):
            crm.associate("deal", deal, "contact", person, at=ago(60))
        crm.associate("deal", ids["deal"][0], "contact", ids["contact"][1], "Decision maker")
        crm.associate("deal", ids["deal"][1], "company", gamma, at=ago(60))
        crm.associate("contact", ids["contact"][0], "company", delta, at=ago(60))
    installed(world)
    assert_links_as_in_hubspot(world.harbor)

    one, other = reversed(ids[kind]) if swapped else ids[kind]
    if is_told:
        crm.merge(kind, one, other)
        world.settle()
    else:
        with crm.silently():
            crm.merge(kind, one, other)
        reconcile(world, world.harbor)

    assert_links_as_in_hubspot(world.harbor)


def test_a_deal_whose_company_is_deleted_is_the_other_companys_at_once(
    world: "World", gamma_and_delta: tuple[int, int]
) -> None:
    """HubSpot ends the links of a deleted company without a word about the deal."""
    crm, (gamma, delta) = world.harbor.crm, gamma_and_delta
    with crm.silently():
        deal = won(world.harbor, "Deal", "900", gamma)
        crm.associate("deal", deal, "company", delta, at=ago(60))
    installed(world)
    assert company_of(world.harbor, deal) == gamma

    crm.archive("company", gamma)
    world.settle()
    assert company_of(world.harbor, deal) == delta
    assert all_in(world.harbor, delta) == "900.00"
    assert_links_as_in_hubspot(world.harbor)

    crm.restore("company", gamma)
    world.settle()
    assert company_of(world.harbor, deal) == gamma
    assert (all_in(world.harbor, gamma), all_in(world.harbor, delta)) == ("900.00", "")
    assert_links_as_in_hubspot(world.harbor)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_told", [True, False], ids=["told", "found by a reconciliation"])
def test_what_is_deleted_has_no_links_and_what_is_restored_has_those_of_hubspot(
    world: "World", gamma_and_delta: tuple[int, int], kind: str, is_told: bool
) -> None:
    crm, (gamma, delta) = world.harbor.crm, gamma_and_delta
    with crm.silently():
        person = contact(world.harbor, "Ana", gamma)
        deal = won(world.harbor, "Deal", "900", gamma)
        crm.associate("deal", deal, "contact", person, at=ago(60))
        chosen = {"company": gamma, "contact": person, "deal": deal}[kind]
    installed(world)

    def happens(what: Callable[[], object]) -> None:
        if is_told:
            what()
            world.settle()
        else:
            with crm.silently():
                what()
            reconcile(world, world.harbor)
        assert_links_as_in_hubspot(world.harbor)

    happens(lambda: crm.archive(kind, chosen))
    # Meanwhile somebody gives the deal another company, which is the primary one from then on.
    if kind == "company":
        happens(lambda: crm.associate("deal", deal, "company", delta, primary=True))
    happens(lambda: crm.restore(kind, chosen))
    assert company_of(world.harbor, deal) == (delta if kind == "company" else gamma)


def test_a_booked_deal_that_is_given_to_its_source_is_no_longer_owed_to_it(world: "World") -> None:
    """Only a merge keeps what was booked; that somebody corrects the company is no merge."""
    crm = world.harbor.crm
    with crm.silently():
        crm.define_label("deal", "contact", corners.LABEL)
        corner = corners.settle_in(crm, 0)
    installed(world)
    alpha, deal = corner.ids["company"][0], corner.ids["deal"][1]
    assert world.harbor.derived(deal) > 0, "owed to somebody who came from Alpha"

    crm.associate("deal", deal, "company", alpha, primary=True)
    world.settle()

    assert world.harbor.derived(deal) == 0
    assert world.harbor.booked(deal) == 40_000_00


# Dates


def since(account: "Account", deal_id: int) -> dict[int, datetime | None]:
    """When each contact came onto the deal, as far as we know."""
    rows = account.kept("association", from_type="deal", from_id=deal_id, to_type="contact")
    return {row["to_id"]: row["since"] for row in rows if row["label"] is None}


def near(at: datetime | None, expected: datetime) -> bool:
    return at is not None and abs(at - expected) < timedelta(seconds=1)


def test_each_link_of_one_backlog_has_the_date_of_its_own_notice(
    world: "World", gamma_and_delta: tuple[int, int]
) -> None:
    """All had the oldest date of the batch: somebody was on a deal 132 days before it opened."""
    crm, (gamma, _) = world.harbor.crm, gamma_and_delta
    with crm.silently():
        ana, bo = (contact(world.harbor, name, gamma) for name in ("Ana", "Bo"))
    installed(world)

    crm.update("contact", ana, {"jobtitle": "Buyer"}, at=ago(140))
    deal = won(world.harbor, "Deal", "900", gamma)
    crm.associate("deal", deal, "contact", ana, at=ago(50))
    crm.associate("deal", deal, "contact", bo, at=ago(30))
    world.settle()

    dates = since(world.harbor, deal)
    assert near(dates[ana], ago(50))
    assert near(dates[bo], ago(30))


def test_a_link_that_was_ended_and_made_again_has_the_later_date(
    world: "World", gamma_and_delta: tuple[int, int]
) -> None:
    crm, (gamma, _) = world.harbor.crm, gamma_and_delta
    with crm.silently():
        ana = contact(world.harbor, "Ana", gamma)
        deal = won(world.harbor, "Deal", "900", gamma)
    installed(world)

    crm.associate("deal", deal, "contact", ana, at=ago(50))
    crm.dissociate("deal", deal, "contact", ana, at=ago(40))
    crm.associate("deal", deal, "contact", ana, at=ago(30))
    world.settle()

    assert near(since(world.harbor, deal)[ana], ago(30))


def test_a_link_read_before_its_notice_came_is_dated_when_it_comes(
    world: "World", gamma_and_delta: tuple[int, int]
) -> None:
    crm, (gamma, delta) = world.harbor.crm, gamma_and_delta
    with crm.silently():
        ana = contact(world.harbor, "Ana", gamma)
        deal = won(world.harbor, "Deal", "900", gamma)
    installed(world)

    crm.associate("deal", deal, "contact", ana, at=ago(50))
    late = [event for event in world.hubspot.queue if "associationTypeId" in event]
    for event in late:
        world.hubspot.queue.remove(event)
    crm.associate("deal", deal, "company", delta, at=ago(20))
    world.settle()
    assert since(world.harbor, deal) == {ana: None}, "nothing told when"

    world.hubspot.queue.extend(late)
    world.settle()
    assert near(since(world.harbor, deal)[ana], ago(50))


def test_a_label_that_comes_later_does_not_move_the_day_somebody_came_onto_a_deal(
    world: "World", gamma_and_delta: tuple[int, int]
) -> None:
    crm, (gamma, _) = world.harbor.crm, gamma_and_delta
    with crm.silently():
        crm.define_label("deal", "contact", "Decision maker")
        ana = contact(world.harbor, "Ana", gamma)
        deal = won(world.harbor, "Deal", "900", gamma)
    installed(world)

    crm.associate("deal", deal, "contact", ana, at=ago(50))
    world.settle()
    crm.associate("deal", deal, "contact", ana, "Decision maker", at=ago(10))
    world.settle()

    assert near(since(world.harbor, deal)[ana], ago(50))


def test_a_link_is_no_older_than_its_records(
    world: "World", gamma_and_delta: tuple[int, int]
) -> None:
    crm, (gamma, _) = world.harbor.crm, gamma_and_delta
    with crm.silently():
        ana = contact(world.harbor, "Ana", gamma)
        deal = won(world.harbor, "Deal", "900", gamma)
    installed(world)

    crm.associate("deal", deal, "contact", ana, at=ago(300))
    world.settle()

    assert near(since(world.harbor, deal)[ana], ago(60))


def test_links_keep_their_dates_through_a_deletion_and_a_merge(
    world: "World", gamma_and_delta: tuple[int, int]
) -> None:
    crm, (gamma, _) = world.harbor.crm, gamma_and_delta
    with crm.silently():
        ana, bo = (contact(world.harbor, name, gamma) for name in ("Ana", "Bo"))
        deal = won(world.harbor, "Deal", "900", gamma)
    installed(world)
    crm.associate("deal", deal, "contact", ana, at=ago(50))
    crm.associate("deal", deal, "contact", bo, at=ago(30))
    world.settle()

    crm.archive("contact", ana)
    world.settle()
    crm.restore("contact", ana)
    world.settle()
    assert near(since(world.harbor, deal)[ana], ago(50))

    made = crm.merge("contact", bo, ana).id
    world.settle()
    dates = since(world.harbor, deal)
    assert dates.keys() == {made}
    assert near(dates[made], ago(50)), "since the first of the two came"


# Values of ours that HubSpot copied

ROLE = "second_order_role"


@pytest.mark.parametrize("is_told", [True, False], ids=["told", "found by a reconciliation"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_value_of_ours_that_hubspot_copied_to_a_survivor_is_cleared(
    world: "World", gamma_and_delta: tuple[int, int], kind: str, is_told: bool
) -> None:
    """A role that we wrote once was copied to the survivor, of which we had concluded nothing."""
    crm, (gamma, delta) = world.harbor.crm, gamma_and_delta
    name, value = {
        "contact": (ROLE, "champion"),
        "company": ("second_order_deals", "3"),
        "deal": ("second_order_source_name", "Maria Lopez (Acme)"),
    }[kind]
    with crm.silently():
        third = company(world.harbor, "Third")
        pairs = {
            "contact": (contact(world.harbor, "Ana", gamma), contact(world.harbor, "Bo", delta)),
            "company": (delta, third),
            "deal": (won(world.harbor, "One", "10", gamma), won(world.harbor, "Two", "20", gamma)),
        }
    installed(world)
    one, other = pairs[kind]
    with crm.silently():
        crm.update(kind, one, {name: value})
        made = crm.merge(kind, other, one).id if not is_told else 0
    if is_told:
        made = crm.merge(kind, other, one).id
    assert world.harbor.read(kind, made, name) == value

    if is_told:
        world.settle()
    else:
        reconcile(world, world.harbor)

    assert world.harbor.read(kind, made, name) in {"", "none"}


def test_a_value_that_nobody_concludes_any_more_is_found_by_a_reconciliation(
    world: "World", gamma_and_delta: tuple[int, int]
) -> None:
    crm, (gamma, _) = world.harbor.crm, gamma_and_delta
    with crm.silently():
        ana = contact(world.harbor, "Ana", gamma)
        won(world.harbor, "Deal", "900", gamma)
    installed(world)
    with crm.silently():
        crm.update("contact", ana, {ROLE: "promoter"})
    with world.harbor.context() as context, context.transaction() as tx:
        mirror.overlay(tx, "contact", {ana: {ROLE: "promoter"}})
    world.settle()
    assert world.harbor.read("contact", ana, ROLE) == "promoter", "nothing told of it"

    reconcile(world, world.harbor)

    assert world.harbor.read("contact", ana, ROLE) == ""


# Merges before the install


@pytest.mark.parametrize("kind", KINDS)
def test_ids_that_were_merged_away_before_the_install_lead_to_the_survivor(
    world: "World", gamma_and_delta: tuple[int, int], kind: str
) -> None:
    crm, (gamma, delta) = world.harbor.crm, gamma_and_delta
    with crm.silently():
        ids = {
            "company": (gamma, delta, company(world.harbor, "Third")),
            "contact": tuple(contact(world.harbor, name, gamma) for name in ("Ana", "Bo", "Cy")),
            "deal": tuple(won(world.harbor, name, "10", gamma) for name in ("A", "B", "C")),
        }[kind]
        between = crm.merge(kind, ids[0], ids[1], at=ago(30)).id
        last = crm.merge(kind, ids[2], between, at=ago(10)).id
    installed(world)

    for old in (*ids, between):
        with world.harbor.context() as context:
            explanation = explain.explain(context, kind, old)
        assert (explanation["record_id"], explanation["exists"]) == (last, True)
    merged = {row["old_id"]: row["merged_at"] for row in world.harbor.kept("alias")}
    assert merged.keys() == {*ids, between}
    # HubSpot says only of contacts when they were merged.
    assert all((at is not None) == (kind == "contact") for at in merged.values())


def test_a_merge_that_is_undone_gives_the_old_records_their_ids_and_links_back(
    world: "World", gamma_and_delta: tuple[int, int]
) -> None:
    crm, (gamma, delta) = world.harbor.crm, gamma_and_delta
    with crm.silently():
        ana, bo = contact(world.harbor, "Ana", gamma), contact(world.harbor, "Bo", delta)
    installed(world)
    made = crm.merge("contact", ana, bo).id
    world.settle()
    assert {row["old_id"] for row in world.harbor.kept("alias")} == {ana, bo}

    crm.unmerge("contact", made)
    world.settle()

    assert world.harbor.kept("alias") == []
    assert_links_as_in_hubspot(world.harbor)
