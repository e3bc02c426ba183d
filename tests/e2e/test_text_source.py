"""One more row in the table of text sources is all it takes: guessed, shown, read, concluded from, and worded."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from integration.portal.context import open_portal
from integration.portal.runtime import Runtime
from integration.reports.explain import explain
from integration.reports.explain_words import in_words
from mappings.records import text_sources
from mappings.records.text_sources import REFERRALS, Guess, TextSource
from mappings.rules.facts import TextKind
from tests.contract.visiting import HARBOR, opened

if TYPE_CHECKING:
    from tests.world import Account, World

FOUND_US = TextSource(
    "found_us_property",
    "contact",
    TextKind.ANSWER,
    REFERRALS,
    "Contact property: how did they find us.",
    Guess("badge", "how a contact found us", words=("badge ... said",)),
    reason='the visitor wrote "{said}"',
)
PROPERTY = "badge_words"
NOW = datetime.now(UTC)
USER = ("CRM_UI", "userId:88")


@pytest.fixture
def one_more_row() -> Iterator[None]:
    with text_sources.with_more(FOUND_US):
        yield


def ago(days: int) -> datetime:
    return NOW - timedelta(days=days)


class Referred:
    """Maria's company Acme is a customer; Bo of Zenit wrote on the form that she told them, and Zenit bought."""

    def __init__(self, account: "Account", *, asks: bool = True) -> None:
        self.account, crm = account, account.crm
        answer = {PROPERTY: "Maria Lopez at Acme told us"} if asks else {}
        with crm.silently():
            if asks:
                crm.define_property("contact", PROPERTY, label="What the badge said")
            acme = crm.create("company", {"name": "Acme", "domain": "acme.example"}, at=ago(900)).id
            zenit = crm.create(
                "company", {"name": "Zenit", "domain": "zenit.example"}, at=ago(100)
            ).id
            maria = {"email": "maria@acme.example", "firstname": "Maria", "lastname": "Lopez"}
            bo = {"email": "bo@zenit.example", "firstname": "Bo", "lastname": "Berg"}
            self.maria = crm.create("contact", maria, at=ago(890)).id
            self.bo = crm.create("contact", bo | answer, at=ago(100)).id
            crm.associate("contact", self.maria, "company", acme, primary=True, at=ago(890))
            crm.associate("contact", self.bo, "company", zenit, primary=True, at=ago(100))
            self.deal("Acme buys", acme, self.maria, opened=860)
            self.bought = self.deal("Zenit buys", zenit, self.bo, opened=90)

    def deal(self, name: str, company: int, contact: int, *, opened: int) -> int:
        crm, at = self.account.crm, ago(opened)
        won = {
            "dealstage": "closedwon",
            "pipeline": "default",
            "closedate": ago(opened - 60).isoformat(),
        }
        values = {"dealname": name, "amount": "10000", "createdate": at.isoformat(), **won}
        deal = crm.create("deal", values, at=at).id
        crm.associate("deal", deal, "company", company, primary=True, at=at)
        crm.associate("deal", deal, "contact", contact, at=at)
        return deal

    def tag(self) -> str:
        return self.account.read("deal", self.bought, "second_order_source")


def installed(world: "World") -> Referred:
    """The same happened in both portals; only harbor's form asks."""
    story = Referred(world.harbor)
    Referred(world.orchard, asks=False)
    for account in world.accounts:
        world.install(account)
    world.settle()
    return story


def test_a_deal_is_tagged_by_a_text_source_that_is_one_row(
    world: "World", one_more_row: None
) -> None:
    story = installed(world)

    with story.account.context() as context:
        assert context.map.texts == {"found_us_property": (PROPERTY,)}
        told = in_words(explain(context, "deal", story.bought))
    assert story.tag() == "referral"
    assert (
        story.account.read("deal", story.bought, "second_order_source_record")
        == f"contact:{story.maria}"
    )
    assert "Maria Lopez of Acme recommended us" in story.account.read(
        "deal", story.bought, "second_order_because"
    )
    assert '    the visitor wrote "Maria Lopez at Acme told us"' in told
    assert world.orchard.rows("SELECT * FROM referral") == []


def test_without_the_row_nobody_reads_the_text(world: "World") -> None:
    story = installed(world)

    assert story.tag() == "none"
    assert world.harbor.rows("SELECT * FROM told") == []


def test_the_row_is_guessed_and_shown_in_settings_where_a_person_can_change_it(
    runtime: Runtime, one_more_row: None
) -> None:
    with opened(runtime) as town:
        town.harbor.define_property("contact", PROPERTY, label="What the badge said")
        visitor = town.visitor()
        visitor.install()

        page = visitor.get(f"/portals/{HARBOR}/settings").text
        assert FOUND_US.hint in page
        assert f'value="{PROPERTY}"' in page
        assert "seems to tell how a contact found us" in page

        town.harbor.define_property("contact", "another_field")
        visitor.press(f"/portals/{HARBOR}/settings", {"found_us_property": "another_field"})
        with open_portal(town.runtime, HARBOR) as context:
            assert context.map.texts == {"found_us_property": ("another_field",)}


def test_a_changed_text_of_the_source_is_read_again(world: "World", one_more_row: None) -> None:
    story = installed(world)

    story.account.crm.update("contact", story.bo, {PROPERTY: "Google"}, source=USER)
    story.account.crm.update("contact", story.bo, {"jobtitle": "Buyer"}, source=USER)
    world.settle()

    assert story.tag() == "none"
