"""What ends the process that looks at it is set aside after three tries, and its neighbours are done."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from integration.core import wake_ups as wishes
from integration.storage.queue import inbox_events
from integration.storage.service import portal_status
from tests.chaos_service import environment_of
from tests.poisoned_worker import JOB_SECONDS
from tests.sandbox.records import Json
from tests.waiting import PATIENCE, wait_until
from workers import sweeper

if TYPE_CHECKING:
    from tests.world import Account, World

DEADLY = "ENDS-THE-PROCESS"


def notification(portal_id: int, number: int, contact_id: int, **more: object) -> Json:
    return {
        "eventId": number, "subscriptionId": 1, "portalId": portal_id, "appId": 1, "occurredAt": 1767225600000,
        "subscriptionType": "contact.propertyChange", "attemptNumber": 0, "objectId": contact_id,
        "propertyName": "email", "propertyValue": "x", "changeSource": "CRM_UI", **more,
    }  # fmt: skip


@contextmanager
def poisoned_worker(world: "World", *arguments: object) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.poisoned_worker", *map(str, arguments)],
        env=environment_of(world.runtime.settings), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
        assert process.poll() is None, "the worker itself lives on"
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def receive(account: "Account", *items: Json) -> None:
    with account.world.runtime.database.portal(account.portal_id) as tx:
        tx.run(
            "INSERT INTO inbox (portal_id, body) VALUES (:portal, :body)",
            body=json.dumps(items).encode(),
        )


def sweep_until_quiet(world: "World") -> dict[str, int]:
    counts: dict[str, int] = {}

    def is_quiet() -> bool:
        sweeper.sweep(world.runtime, [])
        with world.runtime.database.portal(world.harbor.portal_id) as tx:
            counts.update(portal_status.counts(tx))
        return not any(counts[name] for name in ("inbox", "events", "stale", "outbox"))

    wait_until(is_quiet, lambda: f"still waiting: {counts}", every=0.2)
    return counts


@pytest.fixture
def harbor(world: "World") -> "Account":
    with world.harbor.crm.silently():
        for number in range(30):
            world.harbor.crm.create("contact", {"email": f"c{number}@harbor.example"})
    world.install(world.harbor)
    world.settle()
    return world.harbor


@pytest.mark.timeout(6 * PATIENCE)
def test_poison_is_set_aside_and_its_neighbours_are_done(
    harbor: "Account", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wishes, "JOB_SECONDS", JOB_SECONDS)  # as in the worker
    ids = [record.id for record in harbor.crm.all("contact")]
    for number, contact_id in enumerate(ids):
        receive(harbor, notification(harbor.portal_id, number, contact_id))
    receive(harbor, notification(harbor.portal_id, 1001, ids[0], note=DEADLY))
    receive(harbor, notification(harbor.portal_id, 1002, ids[0], note="LOOP"))
    receive(harbor, notification(harbor.portal_id, 1003, ids[0]))
    with harbor.crm.silently():
        for contact_id in ids:
            harbor.crm.update("contact", contact_id, {"jobtitle": "Head of Sales"})
    looked_at, thought_about = ids[10], ids[20]
    with poisoned_worker(harbor.world, DEADLY, looked_at, thought_about):
        counts = sweep_until_quiet(harbor.world)

    bodies = harbor.values("inbox", "body", state="set_aside")
    assert sorted(json.loads(bytes(body))[0]["eventId"] for body in bodies) == [1001, 1002]
    aside = harbor.events(state="set_aside")
    assert [(event["object_id"], event["attempts"]) for event in aside] == [
        (looked_at, len(inbox_events.WAITS))
    ]
    assert set(harbor.values("stale", "record_id")) == {thought_about}
    assert counts["set_aside"] == 4
    with harbor.context() as context, context.transaction() as tx:
        found = inbox_events.identity(tx)
    assert (found["received"], found["done"], found["set_aside"], found["waiting"]) == (
        31,
        30,
        1,
        0,
    )
    contacts = harbor.kept("record", object_type="contact")
    seen = {
        contact["record_id"]
        for contact in contacts
        if contact["properties"].get("jobtitle") == "Head of Sales"
    }
    assert seen == set(ids) - {looked_at}
