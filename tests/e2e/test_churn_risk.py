"""Churn risk as HubSpot's users see it: a champion leaves, and the account they left shows it."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.e2e.test_health import NOW, Customer, ago

if TYPE_CHECKING:
    from tests.world import Account, World

RISK, WHY = "second_order_churn_risk", "second_order_churn_risk_because"


def a_customer(account: "Account", name: str, who: str) -> Customer:
    """Bought again lately, met us, and has nothing open."""
    customer = Customer(account, name, who)
    customer.meets(2)
    customer.opens_ticket(90, solved=80)
    again = {
        "amount": "9000",
        "pipeline": "default",
        "dealstage": "closedwon",
        "createdate": ago(90).isoformat(),
        "closedate": ago(60).isoformat(),
    }
    deal = customer.crm.create("deal", again, at=ago(90)).id
    customer.crm.associate("deal", deal, "company", customer.id, primary=True, at=ago(90))
    customer.crm.associate("deal", deal, "contact", customer.contact, at=ago(90))
    return customer


def test_a_champion_who_leaves_raises_the_risk_of_the_account_they_left(world: "World") -> None:
    acme = a_customer(world.harbor, "Acme", "Ana Berg")
    elm = a_customer(world.orchard, "Elm", "Bo Dahl")
    new = world.harbor.crm.create("company", {"name": "Zenit", "domain": "zenit.example"}).id
    for account in world.accounts:
        world.install(account)
    world.settle()
    before, elsewhere = acme.reads(RISK), (elm.reads(RISK), elm.reads(WHY))

    acme.crm.update(
        "contact", acme.contact, {"email": "ana@zenit.example"}, at=NOW + timedelta(seconds=5)
    )
    acme.crm.associate("contact", acme.contact, "company", new, primary=True)
    world.settle()

    assert float(before) == pytest.approx(2 / 21, abs=1e-3)
    assert float(acme.reads(RISK)) > 2 * float(before)
    assert "a champion left (odds x3.0)" in acme.reads(WHY)
    assert "will churn" not in acme.reads(WHY)
    assert (elm.reads(RISK), elm.reads(WHY)) == elsewhere
