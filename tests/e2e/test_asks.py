"""Whom to ask, as HubSpot's users see it and as people note it in a browser."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from integration.success import asking
from integration.success.asking import Wanted
from mappings.kinds import AskKind
from tests.chromium import CHROMIUM
from tests.devtools import led_browser
from tests.e2e.test_health import Customer, ago
from tests.e2e.test_usage_intake import milestone, send

if TYPE_CHECKING:
    from tests.world import Account, World

PAGE = "/portals/4711/asks"


def a_customer(account: "Account", name: str, who: str) -> Customer:
    """Healthy, in touch, bought again lately, and reached nothing yet."""
    customer = Customer(account, name, who)
    customer.meets(2)
    customer.answers(10, 120)
    customer.opens_ticket(90, solved=80)
    values = {
        "dealname": f"{name} again",
        "amount": "5000",
        "pipeline": "default",
        "dealstage": "closedwon",
        "createdate": ago(130).isoformat(),
        "closedate": ago(100).isoformat(),
    }
    deal = account.crm.create("deal", values, at=ago(130)).id
    account.crm.associate("deal", deal, "company", customer.id, primary=True, at=ago(130))
    return customer


@pytest.fixture
def two(world: "World") -> tuple[Customer, Customer]:
    """A customer in each account; each account has a product that reports milestones."""
    customers = (
        a_customer(world.harbor, "Acme", "Ana Berg"),
        a_customer(world.orchard, "Elm", "Bo Dahl"),
    )
    for account in world.accounts:
        world.install(account)
    world.settle()
    world.hubspot.quirks.approve_at_once = True
    return customers


def ask(customer: Customer) -> tuple[str, str]:
    read = customer.account.read
    return (
        read("contact", customer.contact, "second_order_ask"),
        read("company", customer.id, "second_order_ask"),
    )


def why(customer: Customer) -> str:
    return customer.account.read("contact", customer.contact, "second_order_ask_because")


def test_a_milestone_opens_the_moment_a_ticket_closes_it_and_an_ask_lets_them_rest(
    world: "World", two: tuple[Customer, Customer]
) -> None:
    acme, elm = two
    assert ask(acme) == ask(elm) == ("wait", "wait")
    assert why(acme).startswith("Nothing went well for them lately.")

    assert send(acme.account, [milestone(None, domain="acme.example")]) == 204
    world.settle()
    assert ask(acme) == ("ask_now", "ask_now")
    assert why(acme).startswith("What went well: Milestone reached")

    acme.opens_ticket(0)
    world.settle()
    assert ask(acme) == ("wait", "wait")
    assert why(acme).startswith("Not now: a ticket of high priority is open since")

    before = ask(elm)
    with acme.account.context() as context:
        asking.ask(context, Wanted(acme.contact, acme.id, AskKind.REFERRAL), actor="user:88")
    world.settle()
    assert ask(acme) == ("resting", "resting")
    assert why(acme).startswith("Not now: they were asked on")
    assert ask(elm) == before


@pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"),
    reason="no Chromium on this machine (CI installs it)",
)
def test_one_click_in_a_browser_notes_the_ask_and_one_more_the_outcome(
    world: "World", two: tuple[Customer, Customer], tmp_path: Path
) -> None:
    acme, _ = two
    send(acme.account, [milestone(None, domain="acme.example")])
    world.settle()

    with led_browser(tmp_path) as browser, browser.tab() as tab:
        tab.resize(390, 844)
        tab.go(f"{world.url}/signin?next={PAGE}")
        assert "Ana Berg" in tab.ask("document.querySelector('.ask h2').innerText")
        assert tab.ask("document.documentElement.scrollWidth <= innerWidth")
        if folder := os.environ.get("PICTURES"):
            Path(folder, "asks-phone.png").write_bytes(tab.picture(whole=True))
            tab.resize(1280, 900)
            tab.ask("document.querySelector('.ask details').open = true")
            Path(folder, "asks.png").write_bytes(tab.picture(whole=True))
        tab.ask("document.querySelector('.ask .buttons button').click()")
        tab.wait("document.querySelector('.flash')?.innerText.includes('Noted')")
        assert tab.ask("document.querySelector('.ask')") is None
        if folder:
            Path(folder, "asked.png").write_bytes(tab.picture(whole=True))
        tab.ask("document.querySelector('#asked form button').click()")
        tab.wait("document.querySelector('#asked .badge.good')?.innerText === 'Agreed'")
    world.settle()

    assert ask(acme) == ("resting", "resting")
