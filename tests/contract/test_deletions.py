"""Deleted records: HubSpot's recycle bin names them in batches, and no call fails for them."""

from collections import Counter

import pytest

from integration.ingest import backfill
from integration.storage.queue import lanes
from tests.world import Account, World

CONTACTS = "/crm/objects/2026-03/contacts"


def people(account: Account, number: int) -> list[int]:
    with account.crm.silently():
        return [
            account.crm.create("contact", {"email": f"p{one}@acme.example"}).id
            for one in range(number)
        ]


def installed(world: World, number: int) -> list[int]:
    """So many contacts in harbor, imported and concluded; one in orchard."""
    ids = people(world.harbor, number)
    people(world.orchard, 1)
    for account in world.accounts:
        world.install(account)
    world.settle()
    world.harbor.crm.calls.clear()
    return ids


def failed(account: Account) -> int:
    """Calls that HubSpot refused, as we count them."""
    return sum(row["errors"] for row in account.kept("api_usage"))


def gone(account: Account) -> dict[int, str]:
    rows = account.kept("record", object_type="contact")
    return {row["record_id"]: row["gone_why"] for row in rows if row["gone_why"]}


def reconcile(world: World) -> None:
    with world.harbor.context() as context:
        backfill.begin(context, kind="reconciliation")
        with context.transaction() as tx:
            lanes.want(tx, context.portal_id, "import")
    world.settle()


def test_five_hundred_records_gone_at_once_cost_batch_reads_and_no_failing_call(
    world: World,
) -> None:
    ids = installed(world, 520)
    for contact_id in ids[:500]:
        world.harbor.crm.archive("contact", contact_id)

    world.settle()

    assert gone(world.harbor) == dict.fromkeys(ids[:500], "deleted")
    assert world.harbor.crm.calls == Counter({f"POST {CONTACTS}/batch/read": 5})
    assert failed(world.harbor) == 0
    assert gone(world.orchard) == {}


def test_a_record_that_an_event_finds_missing_is_named_by_the_recycle_bin(world: World) -> None:
    """Its deletion was told to nobody: one batch read does not find it, the next one says why."""
    ids = installed(world, 3)
    world.harbor.crm.update("contact", ids[0], {"jobtitle": "CEO"})
    with world.harbor.crm.silently():
        world.harbor.crm.archive("contact", ids[0])

    world.settle()

    assert gone(world.harbor) == {ids[0]: "deleted"}
    assert world.harbor.crm.calls == Counter({f"POST {CONTACTS}/batch/read": 2})
    assert failed(world.harbor) == 0


def test_what_a_reconciliation_misses_is_named_in_batches_too(world: World) -> None:
    ids = installed(world, 250)
    with world.harbor.crm.silently():
        for contact_id in ids[:230]:
            world.harbor.crm.archive("contact", contact_id)

    reconcile(world)

    assert gone(world.harbor) == dict.fromkeys(ids[:230], "deleted")
    assert world.harbor.crm.calls[f"POST {CONTACTS}/batch/read"] == 3
    assert not [call for call in world.harbor.crm.calls if call.startswith(f"GET {CONTACTS}/")]
    assert failed(world.harbor) == 0


@pytest.mark.parametrize("mood", ["survivor", "missing"])
def test_a_deletion_notice_of_a_merged_record_is_no_deletion(world: World, mood: str) -> None:
    """However HubSpot answers for old ids, and although its notice of the merge came to nobody."""
    world.hubspot.quirks.batch_read_merged = mood
    one, other, third = installed(world, 3)
    with world.harbor.crm.silently():
        survivor = world.harbor.crm.merge("contact", one, other).id
    for old_id in (one, other):
        world.harbor.crm.emit(
            "deletion", "contact", 1_700_000_000_000, ("CRM_UI", ""), objectId=old_id
        )

    world.settle()

    assert gone(world.harbor) == {one: "merged", other: "merged"}
    assert {row["old_id"]: row["new_id"] for row in world.harbor.kept("alias")} == {
        one: survivor,
        other: survivor,
    }
    assert third not in gone(world.harbor)
    assert failed(world.harbor) == 0


def test_a_restored_record_is_back_whatever_its_deletion_said(world: World) -> None:
    (ana,) = installed(world, 1)
    world.harbor.crm.archive("contact", ana)
    world.harbor.crm.restore("contact", ana)

    world.settle()

    assert gone(world.harbor) == {}


def test_a_record_deleted_for_good_is_asked_about_once(world: World) -> None:
    """It is neither there nor in the recycle bin: only its own address tells that it was not merged."""
    (ana, _) = installed(world, 2)
    world.harbor.crm.update("contact", ana, {"jobtitle": "CEO"})
    with world.harbor.crm.silently():
        world.harbor.crm.gdpr_delete(ana)

    world.settle()

    assert gone(world.harbor) == {ana: "deleted"}
    assert failed(world.harbor) == 1
