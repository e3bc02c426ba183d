"""Webhooks keep the mirror, the ledger and the fields in step with what people do in HubSpot."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet

from integration.admin import housekeeping

if TYPE_CHECKING:
    from tests.world import Account, World

NOW = datetime.now(UTC)
USER = ("CRM_UI", "userId:88")


def ago(days: int) -> datetime:
    return NOW - timedelta(days=days)


class Story:
    """Acme bought with Priya as its champion; she moved to Zenit, which then bought with her on the deal."""

    def __init__(self, account: "Account") -> None:
        self.account, crm = account, account.crm
        with crm.silently():
            self.referred_by = crm.define_label(
                "contact", "contact", "Referred by", "Referred"
            ).type_id
            self.acme = crm.create(
                "company", {"name": "Acme", "domain": "acme.example"}, at=ago(900)
            ).id
            self.zenit = crm.create(
                "company", {"name": "Zenit", "domain": "zenit.example"}, at=ago(700)
            ).id
            person = {
                "email": "priya@acme.example",
                "firstname": "Priya",
                "lastname": "Narang",
                "company": "Acme",
            }
            self.priya = crm.create(
                "contact", {**person, "hs_buying_role": "CHAMPION"}, at=ago(880)
            ).id
            crm.associate("contact", self.priya, "company", self.acme, primary=True, at=ago(880))
            self.first = self.deal(
                "Acme buys", self.acme, self.priya, opened=860, closed=800, amount="10000"
            )
            self.move()
            self.second = self.deal(
                "Zenit buys", self.zenit, self.priya, opened=90, closed=30, amount="40000.00"
            )

    def move(self) -> None:
        crm = self.account.crm
        moved = {
            "email": "priya@zenit.example",
            "company": "Zenit",
            "jobtitle": "Head of Purchasing",
        }
        crm.update("contact", self.priya, moved, at=ago(200), source=USER)
        crm.associate(
            "contact", self.priya, "company", self.zenit, primary=True, at=ago(200), source=USER
        )

    def deal(
        self, name: str, company: int, contact: int, *, opened: int, closed: int, amount: str
    ) -> int:
        crm = self.account.crm
        values = {"dealname": name, "dealstage": "closedwon", "pipeline": "default", "amount": amount,
                  "closedate": ago(closed).isoformat()}  # fmt: skip
        deal = crm.create(
            "deal", {**values, "createdate": ago(opened).isoformat()}, at=ago(opened)
        ).id
        crm.associate("deal", deal, "company", company, primary=True, at=ago(opened))
        crm.associate("deal", deal, "contact", contact, at=ago(opened))
        return deal

    def source(self) -> str:
        return self.account.read("deal", self.second, "second_order_source")

    def booked(self, deal: int | None = None) -> int:
        return self.account.booked(deal or self.second)

    def derived(self) -> int:
        return self.account.derived(self.second)


@pytest.fixture
def story(world: "World") -> Story:
    told = Story(world.harbor)
    Story(world.orchard)
    for account in world.accounts:
        world.install(account)
    world.settle()
    return told


def test_a_moved_champions_deal_is_tagged_with_its_reason(story: Story) -> None:
    account = story.account
    assert story.source() == "moved_champion"
    assert "Priya" in account.read("deal", story.second, "second_order_because")
    assert (
        account.read("deal", story.second, "second_order_source_record") == f"contact:{story.priya}"
    )
    assert account.read("deal", story.second, "second_order_order") == "2"
    assert account.read("deal", story.first, "second_order_source") == "none"
    assert account.read("contact", story.priya, "second_order_role") == "moved_champion"
    assert account.read("contact", story.priya, "second_order_moved_from") == "Acme"
    assert float(account.read("company", story.acme, "second_order_revenue")) > 20_000
    assert account.read("company", story.acme, "second_order_deals") == "1"


def test_the_ledger_adds_up_to_the_deal(story: Story) -> None:
    assert story.booked() == 4_000_000
    assert 0 < story.derived() < 4_000_000
    assert story.booked(story.first) == 1_000_000


def test_a_changed_amount_moves_the_ledger_by_the_difference(story: Story, world: "World") -> None:
    before = len(story.account.ledger())
    share = story.derived() / 4_000_000
    story.account.crm.update("deal", story.second, {"amount": "50000"}, source=USER)
    world.settle()
    assert story.booked() == 5_000_000
    assert abs(story.derived() - share * 5_000_000) <= 1
    assert len(story.account.ledger()) > before


def test_a_reopened_deal_gives_everything_back_and_a_won_again_one_books_anew(
    story: Story, world: "World"
) -> None:
    crm = story.account.crm
    crm.update("deal", story.second, {"dealstage": "contractsent"}, source=USER)
    world.settle()
    assert story.booked() == 0
    assert story.derived() == 0
    assert story.account.read("company", story.acme, "second_order_revenue") in {"", "0", "0.00"}
    crm.update(
        "deal", story.second, {"dealstage": "closedwon", "closedate": NOW.isoformat()}, source=USER
    )
    world.settle()
    assert story.booked() == 4_000_000
    assert story.derived() > 0


def test_a_deleted_deal_is_reversed_and_a_restored_one_is_back(
    story: Story, world: "World"
) -> None:
    crm = story.account.crm
    crm.archive("deal", story.second)
    world.settle()
    assert story.booked() == 0
    crm.restore("deal", story.second)
    world.settle()
    assert story.booked() == 4_000_000
    assert story.source() == "moved_champion"


def test_merged_contacts_live_on_under_the_third_id(story: Story, world: "World") -> None:
    crm = story.account.crm
    double = crm.create(
        "contact", {"email": "pnarang@zenit.example", "firstname": "P.", "lastname": "Narang"}
    ).id
    world.settle()
    survivor = crm.merge("contact", story.priya, double)
    survivor_id = survivor.id
    world.settle()
    assert story.source() == "moved_champion"
    assert (
        story.account.read("deal", story.second, "second_order_source_record")
        == f"contact:{survivor_id}"
    )
    assert story.booked() == 4_000_000
    assert story.account.read("contact", survivor_id, "second_order_role") == "moved_champion"


def test_merged_deals_leave_one_deals_money(story: Story, world: "World") -> None:
    crm = story.account.crm
    other = story.deal(
        "Zenit buys twice", story.zenit, story.priya, opened=80, closed=29, amount="1000"
    )
    world.settle()
    assert story.booked(other) == 100_000
    survivor = crm.merge("deal", story.second, other)
    survivor_id = survivor.id
    world.settle()
    total = story.account.booked()
    assert total == 1_000_000 + round(
        float(story.account.read("deal", survivor_id, "amount")) * 100
    )


def test_a_forgotten_person_is_gone_and_the_totals_stay(story: Story, world: "World") -> None:
    from integration.storage.service import erasure  # noqa: PLC0415 - the proof of one test

    revenue = story.account.read("company", story.acme, "second_order_revenue")
    story.account.crm.gdpr_delete(story.priya)
    world.settle()
    with story.account.context() as context, context.transaction() as tx:
        assert erasure.mentions(tx, "priya") == []
        assert erasure.mentions(tx, "narang") == []
    assert story.booked() == 4_000_000
    assert story.derived() > 0
    assert story.account.read("company", story.acme, "second_order_revenue") == revenue
    assert "Priya" not in story.account.read("deal", story.second, "second_order_because")


def test_forgetting_the_referred_one_takes_nothing_from_the_referrer(
    story: Story, world: "World"
) -> None:
    """The evidence stood on the record of somebody who asked to be forgotten: it goes, and the credit stays."""
    from integration.storage.service import erasure  # noqa: PLC0415 - the proof of one test

    crm = story.account.crm
    with crm.silently():
        bolt = crm.create("company", {"name": "Bolt", "domain": "bolt.example"}, at=ago(60)).id
        quinn = crm.create(
            "contact",
            {"email": "quinn@bolt.example", "firstname": "Quinn", "lastname": "Osei"},
            at=ago(50),
        ).id
        crm.associate("contact", quinn, "company", bolt, primary=True, at=ago(50))
        old_friend = crm.create(
            "contact",
            {"email": "ada@acme.example", "firstname": "Ada", "lastname": "Lund"},
            at=ago(700),
        ).id
        crm.associate("contact", old_friend, "company", story.acme, primary=True, at=ago(700))
    crm.associate("contact", quinn, "contact", old_friend, story.referred_by, at=ago(45))
    deal = story.deal("Bolt buys", bolt, quinn, opened=40, closed=10, amount="8000")
    world.settle()
    assert story.account.read("deal", deal, "second_order_source") == "referral"
    before = story.account.booked_by("kind")
    revenue = story.account.read("contact", old_friend, "second_order_revenue")

    crm.gdpr_delete(quinn)
    world.settle()

    assert story.account.read("deal", deal, "second_order_source") == "referral"
    assert story.account.read("contact", old_friend, "second_order_revenue") == revenue
    after = story.account.booked_by("kind")
    assert after == before
    with story.account.context() as context, context.transaction() as tx:
        assert erasure.mentions(tx, "quinn") == []
        assert erasure.mentions(tx, "osei") == []


def test_who_was_forgotten_stays_forgotten_when_the_secret_key_changes(
    story: Story, world: "World"
) -> None:
    from integration.portal import forgotten  # noqa: PLC0415 - the subject of one test
    from integration.storage.service import erasure  # noqa: PLC0415 - its proof

    runtime = world.runtime
    runtime.settings = replace(runtime.settings, forget_keys=(Fernet.generate_key().decode(),))
    with story.account.context() as context:
        forgotten.forget(context, story.priya)

    runtime.settings = replace(runtime.settings, secret_key="another secret of the service")
    story.account.crm.update("contact", story.priya, {"jobtitle": "Chief Buyer"})
    world.settle()
    housekeeping.start(runtime, story.account.portal_id, kind="reconciliation")
    world.settle()

    with story.account.context() as context, context.transaction() as tx:
        assert erasure.mentions(tx, "narang") == []
        assert erasure.mentions(tx, "Chief Buyer") == []
    assert story.booked() == 4_000_000


def test_the_echo_of_our_own_write_changes_nothing(story: Story, world: "World") -> None:
    writes = [call for call in story.account.crm.calls if "batch/update" in call]
    before = {call: story.account.crm.calls[call] for call in writes}
    world.settle()
    world.settle()
    assert {call: story.account.crm.calls[call] for call in writes} == before
    assert story.account.kept("outbox") == []


def test_the_other_portal_has_its_own_truth(story: Story, world: "World") -> None:
    before = len(world.orchard.ledger())
    story.account.crm.update("deal", story.second, {"amount": "1"}, source=USER)
    world.settle()
    assert len(world.orchard.ledger()) == before
    assert set(world.orchard.values("ledger", "portal_id")) == {4712}


def test_a_property_deleted_in_hubspot_pauses_itself_and_nothing_else(
    story: Story, world: "World"
) -> None:
    story.account.crm.definitions["deal"]["second_order_share"].archived = 1
    story.account.crm.update("deal", story.second, {"amount": "2000"}, source=USER)
    world.settle()
    paused = story.account.paused_properties()
    assert [row["name"] for row in paused] == ["second_order_share"]
    assert "Settings" in paused[0]["sentence"]
    assert float(story.account.read("deal", story.second, "second_order_amount")) < 2000
    assert story.account.state() == "active"


def test_the_nightly_pass_finds_what_no_webhook_told(story: Story, world: "World") -> None:
    from integration.admin import housekeeping  # noqa: PLC0415 - the subject of one test

    crm = story.account.crm
    with crm.silently():
        crm.update("deal", story.second, {"amount": "30000"}, source=USER)
        crm.archive("deal", story.first)
        new = story.deal("Unheard", story.zenit, story.priya, opened=10, closed=5, amount="500")
    world.settle()
    assert story.booked() == 4_000_000
    assert housekeeping.start(world.runtime, story.account.portal_id, kind="reconciliation")
    world.settle()
    assert story.booked() == 3_000_000
    assert story.booked(story.first) == 0
    assert story.booked(new) == 50_000
    report = story.account.values("import_run", "report", kind="reconciliation")[0]
    assert report["deleted"] == {"deal": 1}
    drift = story.account.rows(
        "SELECT drift FROM import_step WHERE stream = 'records:deal' ORDER BY run_id DESC LIMIT 1"
    )
    assert drift[0]["drift"] >= 2


def test_a_change_that_no_webhook_tells_is_found_by_search(story: Story, world: "World") -> None:
    """Properties that a portal mapped itself have no subscription; a quarter of an hour later they are in step."""
    from integration.admin import housekeeping  # noqa: PLC0415 - the subject of one test

    crm = story.account.crm
    with crm.silently():
        crm.update("deal", story.second, {"amount": "20000"}, source=USER)
    world.settle()
    assert story.booked() == 4_000_000
    with world.runtime.database.service() as tx:
        tx.run(
            "UPDATE portal SET imported_at = imported_at - interval '1 hour', caught_up_at = NULL"
        )
        tx.run("UPDATE schedule SET due_at = clock_timestamp()")
    housekeeping.run_due(world.runtime)
    world.settle()
    assert story.booked() == 2_000_000
    again = len(story.account.kept("event", source="search"))
    housekeeping.run_due(world.runtime)
    world.settle()
    assert len(story.account.kept("event", source="search")) == again


def test_more_changes_than_a_search_should_list_start_a_pass_over_all_records(
    story: Story, world: "World", monkeypatch: pytest.MonkeyPatch
) -> None:
    from integration.admin import housekeeping  # noqa: PLC0415 - the subject of one test
    from integration.ingest import polling  # noqa: PLC0415 - the subject of one test

    monkeypatch.setattr(polling, "MOST_PAGES", 0)
    with story.account.crm.silently():
        story.account.crm.update("deal", story.second, {"amount": "20000"}, source=USER)
    with world.runtime.database.service() as tx:
        tx.run(
            "UPDATE portal SET imported_at = imported_at - interval '1 hour', caught_up_at = NULL"
        )
        tx.run("UPDATE schedule SET due_at = clock_timestamp()")
    housekeeping.run_due(world.runtime)
    world.settle()
    assert story.booked() == 2_000_000
    runs = [(run["kind"], run["state"]) for run in story.account.imports()]
    assert runs == [("import", "done"), ("reconciliation", "done")]
    assert story.account.kept("event", source="search") == []
