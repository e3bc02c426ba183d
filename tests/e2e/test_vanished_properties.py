"""A mapped property that somebody deletes in HubSpot empties nothing; one that somebody empties does."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from integration.admin import detection, doctor, housekeeping, settings_changes
from integration.portal import settings
from tests.sandbox.records import to_ms

if TYPE_CHECKING:
    from tests.world import Account, World

VALUE = "deal_value"


@pytest.fixture
def valued(world: "World") -> "World":
    """Two portals whose deals have their amount in a property of their own."""
    for account in world.accounts:
        _won_deal(account)
        world.install(account)
        with account.context() as context:
            with context.transaction() as tx:
                wanted = replace(settings.read(tx).map, amount_property=VALUE)
            settings_changes.change(context, portal_map=wanted, actor="ana", reason="our own field")
    world.settle()
    assert booked(world) == (123_450, 123_450)
    return world


def _won_deal(account: "Account") -> None:
    now = datetime.now(UTC)
    with account.crm.silently():
        account.crm.define_property("deal", VALUE, label="Deal value", type_="number")
        acme = account.crm.create("company", {"name": "Acme", "domain": "acme.example"}, at=now)
        closed = {"closedate": (now - timedelta(days=3)).isoformat()}
        won = {"dealstage": "closedwon", "pipeline": "default", VALUE: "1234.50", **closed}
        deal = account.crm.create("deal", won, at=now)
        account.crm.associate("deal", deal.id, "company", acme.id, primary=True)


def booked(world: "World") -> tuple[int, int]:
    return world.harbor.booked(), world.orchard.booked()


def delete_property(account: "Account") -> None:
    definition = account.crm.definitions["deal"][VALUE]
    definition.archived = to_ms(None)


def reconcile(world: "World", account: "Account") -> None:
    housekeeping.start(world.runtime, account.portal_id, kind="reconciliation")
    world.settle()


def test_a_deleted_property_takes_no_amount_back(valued: "World") -> None:
    harbor = valued.harbor
    rows = len(harbor.ledger())
    delete_property(harbor)

    reconcile(valued, harbor)
    (deal,) = harbor.crm.all("deal")
    harbor.crm.update("deal", deal.id, {"dealname": "another name"})
    valued.settle()

    assert booked(valued) == (123_450, 123_450)
    assert len(harbor.ledger()) == rows


def test_an_amount_that_somebody_empties_is_taken_back(valued: "World") -> None:
    (deal,) = valued.harbor.crm.all("deal")

    valued.harbor.crm.update("deal", deal.id, {VALUE: ""})
    reconcile(valued, valued.harbor)

    assert booked(valued) == (0, 123_450)


def test_what_the_account_lost_is_told_on_sync_health_and_by_the_doctor(valued: "World") -> None:
    for account in valued.accounts:
        with account.context() as portal:
            detection.look(portal)
    assert valued.harbor.kept("missing_choice") == []
    delete_property(valued.harbor)

    with valued.harbor.context() as portal:
        detection.look(portal)
        found = [finding.said for finding in doctor.missing_choices_of(portal)]

    (told,) = valued.harbor.kept("missing_choice")
    assert told["setting"] == "amount_property"
    assert told["sentence"].startswith('"deal_value" is no number property of deals.')
    assert any(said.startswith('amount_property: "deal_value" is no number') for said in found)
    assert valued.orchard.kept("missing_choice") == []
