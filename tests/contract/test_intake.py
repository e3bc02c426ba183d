"""What HubSpot sends becomes events, each judged alone, and everything is accounted for."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from integration.admin import replay
from integration.ingest import intake
from integration.storage.queue import inbox, inbox_events, lanes
from integration.storage.queue.inbox import Delivery
from tests.sandbox.records import Json

if TYPE_CHECKING:
    from tests.world import Account, World

HARBOR, ORCHARD = 4711, 4712


def notification(object_id: int = 1, portal: int = HARBOR, **changed: object) -> Json:
    return {
        "eventId": 1, "subscriptionId": 7, "portalId": portal, "appId": 1, "occurredAt": 1767225600000,
        "subscriptionType": "contact.propertyChange", "attemptNumber": 0, "objectId": object_id,
        "propertyName": "email", "propertyValue": "x@y.example", "changeSource": "CRM_UI", **changed,
    }  # fmt: skip


def receive(account: "Account", *items: object, body: bytes | None = None) -> None:
    raw = body if body is not None else json.dumps(items).encode()
    with account.world.runtime.database.portal(account.portal_id) as tx:
        tx.run("INSERT INTO inbox (portal_id, body) VALUES (:portal, :body)", body=raw)


def split(account: "Account") -> None:
    with account.context() as context, context.transaction() as tx:
        lease = lanes.take(tx, account.portal_id, "drain")
    assert lease is not None
    with account.context() as context:
        while intake.split(context, lease):
            pass
        with context.transaction() as tx:
            lanes.release(tx, lease, again_after=None)


def identity(account: "Account") -> dict[str, int]:
    with account.context() as context, context.transaction() as tx:
        return inbox_events.identity(tx)


@pytest.fixture
def harbor(world: "World") -> "Account":
    world.install(world.harbor)
    return world.harbor


def test_one_bad_item_harms_no_neighbour(harbor: "Account") -> None:
    receive(
        harbor, notification(1), notification(2, objectId="zwölf"), notification(3, occurredAt=10**30),
        notification(4, subscriptionType="quote.creation"), "text", None, notification(5),
    )  # fmt: skip
    split(harbor)
    assert sorted(harbor.values("event", "object_id", state="waiting")) == [1, 5]
    assert identity(harbor) == {
        "received": 7, "waiting": 2, "ignored": 1, "set_aside": 4, "done": 0, "duplicate": 0, "pruned": 0,
    }  # fmt: skip
    assert all(row["reason"] for row in harbor.events() if row["state"] != "waiting")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"{}", b"[" * 100_000, b"[1,", b'[{"portalId": NaN}]', b"\xff\xfe", b"[\x00]", b'["\\ud800"]',
        b'[{"portalId": 4711, "portalId": 4711}]', b'[{"objectId": 9223372036854775808}]', b"[1e400]",
    ],
)  # fmt: skip
def test_a_hostile_body_is_set_aside_with_a_reason_and_nothing_else_happens(
    harbor: "Account", body: bytes
) -> None:
    receive(harbor, body=body)
    receive(harbor, notification(1))
    split(harbor)
    found = identity(harbor)
    assert found["waiting"] == 1
    assert found["set_aside"] == found["received"] - 1 >= 1
    assert harbor.kept("inbox") == []


def test_a_delivery_that_comes_again_counts_as_a_duplicate(harbor: "Account") -> None:
    for attempt in range(3):
        receive(
            harbor, notification(1, attemptNumber=attempt), notification(2, attemptNumber=attempt)
        )
    split(harbor)
    found = identity(harbor)
    assert (found["received"], found["duplicate"], found["waiting"]) == (6, 4, 2)


def test_a_foreign_portals_event_does_not_come_in_with_ours(harbor: "Account") -> None:
    receive(harbor, notification(1), notification(2, portal=ORCHARD))
    split(harbor)
    assert identity(harbor)["ignored"] == 1
    assert harbor.world.orchard.events() == []


def test_an_event_from_the_future_is_as_old_as_its_delivery(harbor: "Account") -> None:
    receive(harbor, notification(1, occurredAt=4_000_000_000_000))
    split(harbor)
    assert [row["occurred_at"] <= row["received_at"] for row in harbor.events()] == [True]


def test_a_delivery_for_several_portals_is_sorted(harbor: "Account") -> None:
    world = harbor.world
    world.install(world.orchard)
    body = json.dumps(
        [notification(1), notification(2, portal=ORCHARD), notification(3, portal=99), {"a": 1}]
    ).encode()
    with world.runtime.database.service() as tx:
        tx.run("INSERT INTO inbox (portal_id, body) VALUES (NULL, :body)", body=body)
    assert intake.split_unaddressed(world.runtime) == 1
    for account in world.accounts:
        split(account)
        assert identity(account)["waiting"] == 1
    with world.runtime.database.service() as tx:
        left = [row["error"] for row in tx.rows("SELECT error FROM inbox ORDER BY error")]
    assert left == ["it names no portal", "portal 99 has not installed the app"]


def test_what_was_set_aside_can_be_replayed_and_stays_accounted_for(harbor: "Account") -> None:
    receive(harbor, notification(1), "text")
    receive(harbor, body=b"[broken")
    split(harbor)
    assert identity(harbor)["set_aside"] == 2
    with harbor.context() as context:
        assert replay.replay(context) == 2
    split(harbor)
    found = identity(harbor)
    assert found["set_aside"] == 2
    assert found["received"] == found["waiting"] + found["set_aside"] == 3


def test_a_body_that_ended_its_reader_three_times_is_set_aside(harbor: "Account") -> None:
    receive(harbor, notification(1))
    with harbor.world.runtime.database.portal(HARBOR) as tx:
        tx.run("UPDATE inbox SET attempts = :n", n=len(inbox.WAITS))
    receive(harbor, notification(2))
    split(harbor)
    assert identity(harbor)["waiting"] == 1
    assert harbor.values("inbox", "state") == ["set_aside"]


def test_texts_of_a_delivery_are_kept_as_they_are(harbor: "Account") -> None:
    hostile = "<script>alert(1)</script>'; DROP TABLE record; --"
    receive(harbor, notification(1, propertyName="email", propertyValue=hostile))
    split(harbor)
    assert identity(harbor)["waiting"] == 1


def test_letters_are_the_same_for_the_same_bytes() -> None:
    envelope = Delivery(1, "hubspot", datetime.now(UTC), b"", 0)
    body = json.dumps([notification(n) for n in range(1, 50)]).encode()
    first = intake.events_of(HARBOR, Delivery(1, "hubspot", envelope.received_at, body, 0))
    assert first == intake.events_of(HARBOR, Delivery(2, "hubspot", envelope.received_at, body, 1))
