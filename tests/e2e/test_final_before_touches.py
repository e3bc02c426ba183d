"""A deal won long ago is judged with the activities of its time, whenever those are read."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.e2e.test_rebuild_ledger import rebuild, said

if TYPE_CHECKING:
    from tests.world import Account, World

NOW = datetime.now(UTC)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def a_deal_won_long_ago(account: "Account") -> int:
    """Priya bought at Acme, moved to Zenit, and Zenit bought: half a year ago, after a colleague's mail."""
    crm = account.crm
    with crm.silently():
        acme = crm.create("company", {"name": "Acme", "domain": "acme.example"}, at=ago(900)).id
        zenit = crm.create("company", {"name": "Zenit", "domain": "zenit.example"}, at=ago(880)).id
        person = {"firstname": "Priya", "lastname": "Narang", "hs_buying_role": "CHAMPION"}
        priya = crm.create("contact", {**person, "email": "priya@acme.example"}, at=ago(870)).id
        crm.associate("contact", priya, "company", acme, primary=True, at=ago(870))
        colleague = crm.create("contact", {"email": "kim@zenit.example"}, at=ago(500)).id
        crm.associate("contact", colleague, "company", zenit, primary=True, at=ago(500))
        _deal(account, "Acme buys", acme, priya, opened=860, closed=800)
        crm.update("contact", priya, {"email": "priya@zenit.example"}, at=ago(400))
        crm.associate("contact", priya, "company", zenit, primary=True, at=ago(400))
        mail = crm.create(
            "email",
            {"hs_timestamp": f"{ago(270):%Y-%m-%dT%H:%M:%SZ}", "hs_email_direction": "INCOMING_EMAIL",
             "hs_email_status": "RECEIVED", "hs_email_subject": "A question", "hs_email_from_email": "kim@zenit.example"},
            at=ago(270),
        )  # fmt: skip
        crm.associate("contact", colleague, "email", mail.id, at=ago(270))
        return _deal(account, "Zenit buys", zenit, priya, opened=260, closed=180)


def _deal(
    account: "Account", name: str, company: int, contact: int, *, opened: int, closed: int
) -> int:
    crm = account.crm
    values = {"dealname": name, "dealstage": "closedwon", "pipeline": "default", "amount": "40000",
              "closedate": ago(closed).isoformat(), "createdate": ago(opened).isoformat()}  # fmt: skip
    deal = crm.create("deal", values, at=ago(opened)).id
    crm.associate("deal", deal, "company", company, primary=True, at=ago(opened))
    crm.associate("deal", deal, "contact", contact, at=ago(opened))
    return deal


@pytest.fixture
def deal(world: "World") -> int:
    found = a_deal_won_long_ago(world.harbor)
    for account in world.accounts:
        world.install(account)
    world.settle()
    return found


def timing(account: "Account", deal: int) -> list[str]:
    return [source["body"]["timing"] for source in account.sources(deal) if source["share"]]


def test_activities_read_after_the_first_judgement_count_both_ways(
    world: "World", deal: int
) -> None:
    """Without them the champion seems to have begun it all; a colleague had written before."""
    assert world.harbor.kept("touch")
    assert timing(world.harbor, deal) == ["present"]
    assert set(world.harbor.values("touch_step", "weighed")) == {True}, "from now on it is final"


def test_an_install_says_what_is_said_when_the_activities_are_known_first(
    world: "World", deal: int
) -> None:
    installed = said(world.harbor)
    assert deal in installed
    rebuild(world, world.harbor)
    assert said(world.harbor) == installed
