"""Health as HubSpot's users see it: silence, missing permissions and broken feeds never look well."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from integration.admin import housekeeping, settings_changes
from integration.ingest import backfill
from integration.portal import settings
from mappings.formats import day
from mappings.records.portal_map import dump_portal_map, load_portal_map
from tests.nights import a_night_passes

if TYPE_CHECKING:
    from tests.world import Account, World

NOW = datetime.now(UTC)
HEALTH, BAND, WHY = "second_order_health", "second_order_health_band", "second_order_health_because"
COVERAGE, CHANGE = "second_order_health_coverage", "second_order_health_change"


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


class Customer:
    """A company that bought 400 days ago, with the person on that deal."""

    def __init__(self, account: "Account", name: str = "Acme", who: str = "Ana Berg") -> None:
        self.account, self.crm = account, account.crm
        host = f"{name.lower()}.example"
        self.id = self.crm.create("company", {"name": name, "domain": host}, at=ago(500)).id
        self.contact = self.person(who)
        won = {
            "amount": "9000",
            "pipeline": "default",
            "dealstage": "closedwon",
            "createdate": ago(430).isoformat(),
            "closedate": ago(400).isoformat(),
        }
        self.deal = self.crm.create("deal", won, at=ago(430)).id
        self.crm.associate("deal", self.deal, "company", self.id, primary=True, at=ago(430))
        self.crm.associate("deal", self.deal, "contact", self.contact, at=ago(430))

    def person(self, name: str) -> int:
        first, last = name.split()
        told = {"firstname": first, "lastname": last, "email": f"{first}@{self.id}.example".lower()}
        contact = self.crm.create("contact", told, at=ago(500)).id
        self.crm.associate("contact", contact, "company", self.id, primary=True, at=ago(500))
        return contact

    def tell(self, days_ago: float, **values: str) -> None:
        """A property of the company gets a value."""
        self.crm.update("company", self.id, values, at=ago(days_ago))

    def meets(self, days_ago: float, contact: int | None = None) -> None:
        """A meeting with one of its people."""
        told = {
            "hs_meeting_title": "A talk",
            "hs_meeting_outcome": "COMPLETED",
            "hs_timestamp": ago(days_ago).isoformat(),
            "hs_meeting_start_time": ago(days_ago).isoformat(),
        }
        meeting = self.crm.create("meeting", told, at=ago(days_ago)).id
        self.crm.associate("meeting", meeting, "contact", contact or self.contact)

    def answers(self, score: int, days_ago: float, contact: int | None = None) -> None:
        self.crm.answer_survey(contact or self.contact, score, at=ago(days_ago))

    def opens_ticket(self, days_ago: float, *, solved: float | None = None) -> None:
        told = {"subject": "Help", "hs_ticket_priority": "HIGH", "hs_pipeline_stage": "1"}
        ticket = self.crm.create("ticket", told, at=ago(days_ago)).id
        self.crm.associate("ticket", ticket, "company", self.id)
        if solved is not None:
            self.crm.update("ticket", ticket, {"hs_pipeline_stage": "4"}, at=ago(solved))

    def reads(self, name: str) -> str:
        return self.account.read("company", self.id, name)


def well(customer: Customer) -> Customer:
    """Met, praised and solved: everything that HubSpot has of its own is known and good."""
    customer.meets(2)
    customer.answers(10, 3)
    customer.opens_ticket(90, solved=80)
    return customer


def a_day_begins(world: "World") -> None:
    """What the calendar has for each night is due."""
    with world.runtime.database.service() as tx:
        tx.run("UPDATE schedule SET due_at = clock_timestamp()")
    housekeeping.run_due(world.runtime)
    world.settle()


def maps(account: "Account", **values: object) -> None:
    """An admin chooses; what is newly named is read first."""
    with account.context() as context:
        with context.transaction() as tx:
            before = settings.read(tx).map
        wanted = load_portal_map({**dump_portal_map(before), **values})
        settings_changes.change(context, portal_map=wanted, actor="ana", reason="so it is")


def test_who_allows_nothing_and_says_nothing_is_unknown_and_has_no_number(world: "World") -> None:
    """No tickets, no survey, no activity: it was once 81.8, healthy and "64% known"."""
    world.harbor.crm.denied_scopes.add("tickets")
    acme, elm = Customer(world.harbor), well(Customer(world.orchard, "Elm"))
    for account in world.accounts:
        world.install(account)
    world.settle()

    assert (acme.reads(BAND), acme.reads(HEALTH), acme.reads(COVERAGE)) == ("unknown", "", "0")
    assert acme.reads(WHY) == (
        "Too little is known for a score. 0% of what health should rest on is known. Missing:"
        " adoption (no usage or milestone is mapped); relationship (no two-way touch yet);"
        " sentiment (no answer to a survey); support (tickets may not be read);"
        " commercial (no renewal date or recurring value is mapped)."
    )
    assert (elm.reads(BAND), elm.reads(COVERAGE)) == ("healthy", "0.55")


def test_where_somebody_only_wrote_to_a_customer_the_relationship_is_at_its_end(
    world: "World",
) -> None:
    """Activity is read, and none of it went both ways; where there is none at all, nobody knows."""
    acme, elm = Customer(world.harbor), Customer(world.harbor, "Elm", "Bo Dahl")
    told = {
        "hs_email_direction": "EMAIL",
        "hs_email_status": "SENT",
        "hs_timestamp": ago(20).isoformat(),
    }
    mail = acme.crm.create("email", told, at=ago(20)).id
    acme.crm.associate("email", mail, "contact", acme.contact)
    for customer in (acme, elm):
        customer.answers(9, 3, customer.contact)
        customer.opens_ticket(90, solved=80)
    world.install(world.harbor)
    world.settle()
    acme.crm.update("contact", acme.contact, {"notes_last_contacted": ago(20).isoformat()})
    world.settle()

    assert (acme.reads(COVERAGE), elm.reads(COVERAGE)) == ("0.55", "0.35")
    assert "relationship -18.2 (no two-way touch in 180 days or more)" in acme.reads(WHY)
    assert "relationship (no two-way touch yet)" in elm.reads(WHY)


def test_usage_and_contract_count_once_they_are_mapped(world: "World") -> None:
    """Usage of 0, the renewal in 20 days and a recurring value were once 100, "100% known"."""
    crm = world.harbor.crm
    crm.define_property("company", "seats", "number", label="Usage percent")
    crm.define_property("company", "contract_end", "date", label="Contract end")
    crm.define_property("company", "arr", "number", label="ARR")
    soon = f"{NOW + timedelta(days=20):%Y-%m-%d}"
    acme = well(Customer(world.harbor))
    acme.tell(5, seats="0", contract_end=soon, arr="12000")
    busy = well(Customer(world.harbor, "Busy", "Cy Dahl"))
    busy.tell(5, seats="90", contract_end=f"{NOW + timedelta(days=300):%Y-%m-%d}", arr="12000")
    world.install(world.harbor)
    world.settle()
    maps(
        world.harbor, usage_property="seats", renewal_date_property="contract_end",
        recurring_property="arr",
    )  # fmt: skip
    world.settle()

    assert (acme.reads(COVERAGE), busy.reads(COVERAGE)) == ("1", "1")
    assert "adoption -15.0 (usage 0 of 100)" in acme.reads(WHY)
    assert (
        f"(renewal on {day(NOW + timedelta(days=20))}, recurring value at 100% of its highest)"
        in acme.reads(WHY)
    )
    assert float(acme.reads(HEALTH)) < 60
    assert float(busy.reads(HEALTH)) > 80

    busy.tell(0, arr="6000")
    with world.harbor.context() as context:
        backfill.begin(context, kind="reconciliation")
    a_night_passes(world)
    assert "recurring value at 50% of its highest" in busy.reads(WHY)


def test_a_factor_that_does_not_apply_is_left_out_by_name_and_every_explanation_says_so(
    world: "World",
) -> None:
    world.harbor.crm.denied_scopes.add("tickets")
    acme = Customer(world.harbor)
    acme.meets(2)
    acme.answers(10, 3)
    world.install(world.harbor)
    world.settle()
    assert acme.reads(BAND) == "unknown"

    maps(world.harbor, not_applicable=[["adoption", "we have no product usage"]])
    world.settle()

    assert (acme.reads(BAND), acme.reads(COVERAGE)) == ("watch", "0.57")
    assert 'Left out by an admin: adoption ("we have no product usage").' in acme.reads(WHY)
    assert "too few factors" in acme.reads(WHY), "two factors make nobody healthy"


def test_who_was_last_in_touch_three_years_ago_is_not_healthy(world: "World") -> None:
    """A champion and a meeting of 1,090 days ago were once 74, healthy."""
    acme, fresh = Customer(world.harbor), Customer(world.harbor, "Fresh", "Cy Dahl")
    for customer, days in ((acme, 1090), (fresh, 3)):
        customer.meets(days)
        customer.answers(9, 200)
        customer.opens_ticket(90, solved=80)
    world.install(world.harbor)
    world.settle()

    assert "relationship -18.2 (last two-way touch" in acme.reads(WHY)
    assert float(acme.reads(HEALTH)) < 70 < float(fresh.reads(HEALTH))


def test_a_permission_that_was_lost_ages_downwards_and_says_since_when(world: "World") -> None:
    """The last state of the tickets once stayed for ever."""
    acme, elm = well(Customer(world.harbor)), well(Customer(world.orchard, "Elm"))
    for account in world.accounts:
        world.install(account)
    world.settle()
    before = float(acme.reads(HEALTH))

    world.hubspot.trouble.add("403", "GET */objects/*/tickets", portal_id=world.harbor.portal_id)
    a_night_passes(world)
    assert f"when tickets were last read, on {day(datetime.now(UTC))}" in acme.reads(WHY)
    with world.harbor.context() as context, context.transaction() as tx:
        tx.run("UPDATE lost_feed SET lost_at = lost_at - interval '60 days'")
    a_day_begins(world)

    assert acme.reads(COVERAGE) == "0.55"
    assert float(acme.reads(HEALTH)) < before
    assert "support +6.8 (no open ticket when tickets were last read, on" in acme.reads(WHY)
    assert "support +13.6 (no open ticket)" in elm.reads(WHY)

    world.hubspot.trouble.clear()
    a_night_passes(world)
    assert float(acme.reads(HEALTH)) == before


def test_one_champion_who_left_caps_no_account_with_others_who_count(world: "World") -> None:
    """It was capped at 39 although two more champions had answered that very day."""
    alone, others = well(Customer(world.harbor)), well(Customer(world.harbor, "Others", "Cy Dahl"))
    bea = others.person("Bea Elm")
    others.answers(9, 1, bea)
    others.meets(5, bea)
    for customer, who, place in ((alone, "ana", "zenit"), (others, "cy", "quarry")):
        customer.answers(10, 60)
        firm = {"name": place.title(), "domain": f"{place}.example"}
        new = customer.crm.create("company", firm, at=ago(300)).id
        away = {"email": f"{who}@{place}.example"}
        customer.crm.update("contact", customer.contact, away, at=ago(20))
        customer.crm.associate(
            "contact", customer.contact, "company", new, primary=True, at=ago(20)
        )
    world.install(world.harbor)
    world.settle()
    maps(world.harbor, not_applicable=[["adoption", "we have no product usage"]])
    world.settle()

    for customer in (alone, others):
        assert customer.reads("second_order_champions_left") == "1"
    assert (alone.reads(BAND), alone.reads(HEALTH)) == ("at_risk", "39")
    assert "champion left -" in alone.reads(WHY)
    assert "champion left" not in others.reads(WHY)
    assert float(others.reads(HEALTH)) > 39


def test_a_ticket_that_names_nobody_but_a_person_weighs_on_their_company(world: "World") -> None:
    acme, elm = well(Customer(world.harbor)), well(Customer(world.harbor, "Elm", "Cy Dahl"))
    world.install(world.harbor)
    world.settle()
    assert "support +13.6 (no open ticket)" in acme.reads(WHY)

    told = {"subject": "Help", "hs_ticket_priority": "URGENT", "hs_pipeline_stage": "1"}
    with world.harbor.crm.silently():
        ticket = acme.crm.create("ticket", told).id
        acme.crm.associate("ticket", ticket, "contact", acme.contact)
    a_night_passes(world)

    assert "support +0.0 (1 open ticket)" in acme.reads(WHY)
    assert "support +13.6 (no open ticket)" in elm.reads(WHY)


@pytest.mark.parametrize("privacy", [False, True], ids=["deleted", "forgotten"])
def test_what_a_person_said_who_is_gone_is_gone(world: "World", privacy: bool) -> None:
    acme = well(Customer(world.harbor))
    bea = acme.person("Bea Elm")
    acme.answers(0, 1, bea)
    world.install(world.harbor)
    world.settle()
    assert "1 promoter, 1 detractor" in acme.reads(WHY)

    if privacy:
        world.harbor.crm.gdpr_delete(bea)
    else:
        world.harbor.crm.archive("contact", bea)
    world.settle()

    assert "(1 promoter, the last" in acme.reads(WHY)


def test_no_band_is_written_before_all_activities_are_read(world: "World") -> None:
    """The account's workflows would fire on a band that the first meeting read changes."""
    acme = well(Customer(world.harbor))
    world.install(world.harbor)
    world.settle()

    record = acme.crm.need("company", acme.id)
    assert [value for _, value, *_ in record.history[BAND]] == ["healthy"]
