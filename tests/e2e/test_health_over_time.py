"""Health over time: what an account lived through is what one installed today says of the past."""

from datetime import timedelta
from typing import TYPE_CHECKING

from integration.storage.success import health_day_rows
from mappings.rules.success.health_days import HealthDay, unpack
from tests.e2e.test_health import NOW, Customer, a_day_begins, ago, well

if TYPE_CHECKING:
    from tests.world import Account, World


def days_of(account: "Account", company_id: int) -> dict[str, HealthDay]:
    with account.context() as context, context.transaction() as tx:
        months = health_day_rows.of_companies(tx, [company_id]).get(company_id, [])
    return {f"{day.on}": day for month in months for day in unpack(month.packed)}


def a_story(account: "Account", name: str) -> Customer:
    customer = well(Customer(account, name))
    customer.meets(200)
    customer.answers(3, 150)
    return customer


def what_came_late(customer: Customer) -> None:
    """Today a rep logs a meeting of last month, and somebody answers."""
    told = {
        "hs_meeting_title": "A talk",
        "hs_meeting_outcome": "COMPLETED",
        "hs_timestamp": ago(35).isoformat(),
        "hs_meeting_start_time": ago(35).isoformat(),
    }
    meeting = customer.crm.create("meeting", told).id
    customer.crm.associate("meeting", meeting, "contact", customer.contact)
    customer.answers(9, 1, customer.contact)


def test_lived_through_or_installed_fresh_the_days_of_the_past_are_the_same(world: "World") -> None:
    lived, fresh = world.harbor, world.orchard
    acme, elm = a_story(lived, "Acme"), a_story(fresh, "Elm")
    world.install(lived)
    world.settle()
    world.fill_days()
    first = days_of(lived, acme.id)

    what_came_late(acme)
    what_came_late(elm)
    world.settle()
    a_day_begins(world)
    world.fill_days()
    world.install(fresh)
    world.settle()
    world.fill_days()

    ours, theirs = days_of(lived, acme.id), days_of(fresh, elm.id)
    assert len(first) == 400, "from the first purchase to yesterday, filled after the install"
    differing = {on: (ours[on], theirs.get(on)) for on in ours if ours[on] != theirs.get(on)}
    assert differing == {}
    before, after = f"{ago(62):%Y-%m-%d}", f"{ago(33):%Y-%m-%d}"
    assert ours[before] == first[before]
    assert ours[after] != first[after], "what came late is known of then"
    assert f"{NOW - timedelta(1):%Y-%m-%d}" in ours
