"""Webhooks of the sandbox: signatures, shapes, batches, retries, duplicates, disorder, echoes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import orjson
import pytest
from hubspot.utils.signature import Signature

from tests.sandbox import signing
from tests.sandbox.hands import ORCHARD, World, a_world
from tests.sandbox.records import Json
from tests.sandbox.wire import Listener, Request, Response

SECRET = "7d1f0a52-4c1e-4b7e-9a53-2f6f0c8e11aa"
BODY = (
    '[{"eventId":1001,"subscriptionId":42,"portalId":1234567,"appId":7654321,"occurredAt":1767225600000,'
    '"subscriptionType":"contact.propertyChange","attemptNumber":0,"objectId":501,"propertyName":"jobtitle",'
    '"propertyValue":"Leiterin Einkauf \u2013 Süd","changeSource":"CRM_UI","sourceId":"userId:88"}]'
).encode()
STAMP = 1767225601234


class Ear:
    """A receiver that answers what it is told to."""

    def __init__(self) -> None:
        self.heard: list[Request] = []
        self.answers: list[int] = []
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Response:
        with self._lock:
            self.heard.append(request)
            return Response(self.answers.pop(0) if self.answers else 204)

    @property
    def batches(self) -> list[list[Json]]:
        return [orjson.loads(request.body) for request in self.heard]

    @property
    def events(self) -> list[Json]:
        return [event for batch in self.batches for event in batch]


@contextmanager
def listening(world: World) -> Iterator[Ear]:
    ear = Ear()
    listener = Listener(ear)
    world.hubspot.app.webhook_url = f"http://127.0.0.1:{listener.port}/webhooks/hubspot?a=x%2Cy"
    try:
        yield ear
    finally:
        listener.close()


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as made:
        yield made


@pytest.fixture
def ear(world: World) -> Iterator[Ear]:
    with listening(world) as made:
        yield made


def test_the_worked_signatures_of_a_webhook() -> None:
    uri = "https://hooks.example.org/hubspot/webhooks"

    assert len(BODY) == 294
    assert (
        signing.v1(SECRET, BODY)
        == "2ad8fbaec0b65e4196f282d02adeb41da61993367d8bdf79087ec025bc84baf9"
    )
    assert (
        signing.v2(SECRET, "POST", uri, BODY)
        == "fae1874b835795af4ca1d82e046db526d1ee07010e8d13e6c03ca1cc86756e3d"
    )
    assert (
        signing.v3(SECRET, "POST", uri, BODY, STAMP)
        == "SOXUBx3zCPbxa7l1rm+B/GFWOwLGmgzy6VfkUJ3xlfU="
    )


def test_the_worked_signatures_of_a_card() -> None:
    called = (
        "https://cards.example.org/api/panel?userId=88&portalId=1234567&userEmail=anna.b%40example.org"
        "&appId=7654321&ids=a%2Cb&note=x%20y%26z"
    )
    assert signing.decoded(called).endswith(
        "userEmail=anna.b@example.org&appId=7654321&ids=a,b&note=x%20y%26z"
    )
    assert (
        signing.v3(SECRET, "GET", called, b"", STAMP)
        == "CUS4nUMlFCnSd5Up+29COpFniRBtFK0/beq+QD8LsnQ="
    )
    assert (
        signing.v2(SECRET, "GET", called, b"")
        == "af328e3f59d918ad7b375df9cb599ceb7428e6a6ce5bda4bc9bfe7227d45326b"
    )
    posted = signing.v3(SECRET, "POST", called, b'{"objectId":"501"}', STAMP)
    assert posted == "kSBQL0LDGV7zEb5j8XWiPYfgNlNcKye12u0gU5He5gU="


@pytest.mark.parametrize(
    ("stamp", "signature"),
    [(1693657560000, "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y="),
     (1700000300000, "RnbPH7+UMKVkbV32P8bz450N4M56aPmcru1+D3kSDtw=")],
)  # fmt: skip
def test_the_signatures_hubspot_publishes(stamp: int, signature: str) -> None:
    secret, uri = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy", "https://www.example.com/webhook_uri"

    assert signing.v3(secret, "POST", uri, b"{'example_field':'example_value'}", stamp) == signature
    v2 = "9569219f8ba981ffa6f6f16aa0f48637d35d728c7e4d93d0d52efaa512af7900"
    assert signing.v2(secret, "POST", uri, b'{"example_field":"example_value"}') == v2


def test_a_delivery_is_signed_so_that_the_official_class_accepts_it(world: World, ear: Ear) -> None:
    world.harbor.update("contact", world.ana.id, {"jobtitle": "Leiterin \u2013 Süd"})
    report = world.hubspot.deliver()

    assert (report.events, report.failed) == (1, 0)
    request = ear.heard[0]
    assert request.headers["x-hubspot-signature-version"] == "v1"
    assert request.headers["x-hubspot-signature"] == signing.v1(
        world.hubspot.app.client_secret, request.body
    )
    assert Signature.is_valid(
        signature=request.headers["x-hubspot-signature-v3"], client_secret=world.hubspot.app.client_secret,
        request_body=request.body.decode(), http_uri=signing.decoded(world.hubspot.app.webhook_url or ""),
        http_method="POST", signature_version="v3", timestamp=request.headers["x-hubspot-request-timestamp"],
    )  # fmt: skip


def test_a_property_change_in_new_style(world: World, ear: Ear) -> None:
    world.harbor.update("contact", world.ana.id, {"jobtitle": "Head"}, at=1767225600000)
    world.hubspot.deliver()

    (event,) = ear.events
    assert event.items() >= {
        "portalId": world.harbor.id, "appId": world.hubspot.app.app_id, "occurredAt": 1767225600000,
        "subscriptionType": "object.propertyChange", "attemptNumber": 0, "objectId": world.ana.id,
        "objectTypeId": "0-1",
        "propertyName": "jobtitle", "propertyValue": "Head", "changeSource": "CRM_UI", "sourceId": "userId:88",
    }.items()  # fmt: skip


def test_classic_style_and_the_documented_key(world: World, ear: Ear) -> None:
    world.hubspot.subscriptions.clear()
    world.hubspot.subscriptions.add("propertyChange", "contact", "jobtitle", style="classic")
    world.hubspot.quirks.event_type_key = "eventType"
    world.harbor.update("contact", world.ana.id, {"jobtitle": "Head", "phone": "1"})
    world.hubspot.deliver()

    (event,) = ear.events
    assert event["eventType"] == "contact.propertyChange"
    assert "subscriptionType" not in event
    assert "objectTypeId" not in event


def test_equal_values_and_modification_dates_make_no_event(world: World, ear: Ear) -> None:
    world.harbor.update("contact", world.ana.id, {"jobtitle": "Buyer"})

    assert world.hubspot.deliver().batches == 0
    assert ear.heard == []


def test_own_writes_come_back_as_integration(world: World, ear: Ear) -> None:
    world.api.ask(
        "PATCH",
        f"/crm/objects/2026-03/contacts/{world.ana.id}",
        {"properties": {"jobtitle": "Boss"}},
    )
    world.hubspot.deliver()

    assert ear.events[0]["changeSource"] == "INTEGRATION"
    assert ear.events[0]["sourceId"] == str(world.hubspot.app.app_id)


def test_one_link_with_a_primary_company_tells_four_times(world: World, ear: Ear) -> None:
    world.harbor.associate("contact", world.bo.id, "company", world.bolt.id)
    world.hubspot.deliver()

    told = {
        (event["fromObjectTypeId"], event["associationTypeId"], event["isPrimaryAssociation"])
        for event in ear.events
    }
    assert told == {("0-1", 279, False), ("0-2", 280, False), ("0-1", 1, True), ("0-2", 2, True)}


def test_classic_association_events_name_the_pair(world: World, ear: Ear) -> None:
    world.hubspot.subscriptions.clear()
    world.hubspot.subscriptions.add("associationChange", "deal", style="classic")
    world.harbor.dissociate("deal", world.deal.id, "contact", world.ana.id)
    world.hubspot.deliver()

    (event,) = ear.events
    assert (event["associationType"], event["associationRemoved"]) == ("DEAL_TO_CONTACT", True)
    assert (event["fromObjectId"], event["toObjectId"]) == (world.deal.id, world.ana.id)


@pytest.mark.parametrize(("which", "creates"), [("new", True), ("primary", False)])
def test_a_merge_tells_the_new_id_and_no_deletion(
    world: World, ear: Ear, which: str, creates: bool
) -> None:
    world.hubspot.quirks.merge_object_id, world.hubspot.quirks.merge_creates = which, creates
    made = world.harbor.merge("contact", world.ana.id, world.bo.id)
    world.hubspot.deliver()

    merge = ear.events[0]
    assert merge["subscriptionType"] == "object.merge"
    assert (merge["primaryObjectId"], merge["mergedObjectIds"]) == (world.ana.id, [world.bo.id])
    assert merge["newObjectId"] == made.id
    assert merge["objectId"] == (made.id if which == "new" else world.ana.id)
    assert [event["subscriptionType"] for event in ear.events[1:]] == (
        ["object.creation"] if creates else []
    )


def test_privacy_deletion_tells_twice(world: World, ear: Ear) -> None:
    world.harbor.gdpr_delete(world.ana.id)
    world.hubspot.deliver()

    assert {event["subscriptionType"] for event in ear.events} == {
        "contact.privacyDeletion",
        "object.deletion",
    }


def test_deletion_and_restore_are_told(world: World, ear: Ear) -> None:
    world.harbor.archive("deal", world.deal.id)
    world.harbor.restore("deal", world.deal.id)
    world.hubspot.deliver()

    assert [event["subscriptionType"] for event in ear.events] == [
        "object.deletion",
        "object.restore",
    ]


def many(world: World, count: int) -> None:
    for number in range(count):
        world.harbor.update("contact", world.ana.id, {"jobtitle": f"T{number}"})


def test_batches_hold_at_most_a_hundred_events(world: World, ear: Ear) -> None:
    many(world, 250)
    world.hubspot.deliver()

    assert sorted(len(batch) for batch in ear.batches) == [50, 100, 100]


def test_a_refused_batch_comes_again_whole_with_a_higher_attempt(world: World, ear: Ear) -> None:
    many(world, 3)
    ear.answers = [503, 404]
    assert world.hubspot.deliver().failed == 1
    assert world.hubspot.courier.deliver(only_due=True).batches == 0
    assert world.hubspot.deliver().failed == 1
    assert world.hubspot.deliver().events == 3

    assert [{event["attemptNumber"] for event in batch} for batch in ear.batches] == [{0}, {1}, {2}]
    assert [len(batch) for batch in ear.batches] == [3, 3, 3]
    assert len({event["eventId"] for event in ear.events}) == 3
    assert world.hubspot.courier.pending == 0


def test_redelivery_waits_longer_each_time_and_ends(world: World, ear: Ear) -> None:
    many(world, 1)
    ear.answers = [500] * 20
    delays = []
    for _ in range(11):
        world.hubspot.deliver()
        delays += [one.due - world.hubspot.monotonic() for one in world.hubspot.courier.waiting]

    assert len(ear.heard) == 11
    assert delays[5] > delays[0] * 10
    assert world.hubspot.courier.pending == 0


def test_nobody_listening_is_a_failure_that_is_kept(world: World) -> None:
    world.hubspot.app.webhook_url = "http://127.0.0.1:9/webhooks"
    many(world, 2)

    assert world.hubspot.deliver().failed == 1
    assert world.hubspot.courier.pending == 2


def test_duplicates_and_disorder_on_request(world: World, ear: Ear) -> None:
    courier = world.hubspot.courier
    courier.duplicates, courier.shuffle, courier.batch = 1.0, True, 10
    many(world, 50)
    world.hubspot.deliver()

    ids = [event["eventId"] for event in ear.events]
    assert len(ids) == 100
    assert len(set(ids)) == 50
    assert [one["propertyValue"] for one in ear.events[:10]] != [
        f"T{number}" for number in range(10)
    ]


@pytest.mark.parametrize("mixed", [False, True])
def test_one_delivery_may_hold_several_portals(world: World, ear: Ear, mixed: bool) -> None:
    world.hubspot.quirks.mix_portals = mixed
    world.hubspot.install(ORCHARD)
    world.harbor.update("contact", world.ana.id, {"jobtitle": "x"})
    world.orchard.update("contact", 1001, {"jobtitle": "x"})
    world.hubspot.deliver()

    assert sorted(len({event["portalId"] for event in batch}) for batch in ear.batches) == (
        [2] if mixed else [1, 1]
    )


def test_nothing_is_told_while_silent_or_where_not_installed(world: World, ear: Ear) -> None:
    with world.harbor.silently():
        world.harbor.create("contact", {"email": "quiet@x.example"})
    world.orchard.update("contact", 1001, {"jobtitle": "x"})

    assert world.hubspot.deliver().batches == 0
    assert ear.heard == []


def test_events_wait_while_paused_and_another_secret_can_sign(world: World, ear: Ear) -> None:
    world.hubspot.courier.paused = True
    many(world, 1)
    assert world.hubspot.deliver().batches == 0
    world.hubspot.courier.paused = False
    world.hubspot.courier.secret = "old secret"
    world.hubspot.deliver()

    assert ear.heard[0].headers["x-hubspot-signature"] == signing.v1(
        "old secret", ear.heard[0].body
    )


def test_behind_a_proxy_the_public_url_is_signed(world: World, ear: Ear) -> None:
    world.hubspot.courier.signed_url = "https://app.example.org/webhooks/hubspot"
    many(world, 1)
    world.hubspot.deliver()

    headers = ear.heard[0].headers
    stamp = headers["x-hubspot-request-timestamp"]
    secret = world.hubspot.app.client_secret
    expected = signing.v3(
        secret, "POST", "https://app.example.org/webhooks/hubspot", ear.heard[0].body, stamp
    )
    assert headers["x-hubspot-signature-v3"] == expected


def test_a_proper_nuisance_can_send_any_bytes(world: World, ear: Ear) -> None:
    assert world.hubspot.courier.post(world.hubspot.app.webhook_url or "", b"[{}") == 204
    assert ear.heard[0].body == b"[{}"


def test_the_background_thread_delivers(world: World, ear: Ear) -> None:
    with world.hubspot.courier.running(every=0.01):
        many(world, 1)
        for _ in range(500):
            if ear.heard:
                break
            threading.Event().wait(0.01)

    assert len(ear.events) == 1


def test_subscriptions_come_from_the_project_file(world: World, ear: Ear) -> None:
    world.hubspot.subscriptions.clear()
    world.hubspot.subscriptions.load_project({"config": {"subscriptions": {
        "crmObjects": [
            {"subscriptionType": "object.propertyChange", "objectType": "deal", "propertyName": "dealstage"},
            {"subscriptionType": "object.creation", "objectType": "contact", "active": False},
        ],
        "legacyCrmObjects": [{"subscriptionType": "company.deletion", "active": True}],
        "hubEvents": [{"subscriptionType": "contact.privacyDeletion", "active": True}],
    }}})  # fmt: skip
    world.harbor.create("contact", {"email": "c@x.example"})
    world.harbor.update("deal", world.deal.id, {"dealstage": "closedwon", "amount": "1"})
    world.harbor.archive("company", world.bolt.id)
    world.harbor.gdpr_delete(world.bo.id)
    world.hubspot.deliver()

    told = [event["subscriptionType"] for event in ear.events]
    assert told == ["object.propertyChange", "company.deletion", "contact.privacyDeletion"]
