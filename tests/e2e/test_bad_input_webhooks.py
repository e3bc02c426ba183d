"""Hostile notifications go through the real receiver: each ends somewhere, and the good ones take effect."""

import itertools
import json
import random
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from integration.admin import replay, uninstall
from integration.ingest import intake
from integration.storage.ledger import entry_rows
from integration.storage.queue import inbox_events
from integration.storage.service import portals
from mappings.records import strict_json
from tests.e2e.hostile import USER, Good, prepare
from tests.e2e.hostile_values import SCRIPT, SQL
from tests.sandbox import signing
from tests.world import HARBOR, ORCHARD

if TYPE_CHECKING:
    from tests.world import Account, World

LARGEST = (1 << 63) - 1
NOBODY = 999_999
_ids = itertools.count(50_000_000)
Event = Mapping[str, Any]
NO_TYPES: Sequence[Any] = (None, "", ".", "object.", ".creation", "x" * 101, SCRIPT, 7, {})
NO_NUMBERS: Sequence[Any] = (None, "x" * 300, -1, 1e300, [], "a:b\\N\t")


class Post:
    """HubSpot's courier, who delivers whatever he is given, signed."""

    def __init__(self, world: "World") -> None:
        self.world = world
        prepare(world.harbor.crm)
        with world.harbor.crm.silently():
            self.good = Good(world.harbor.crm)
        for account in world.accounts:
            world.install(account)
        world.settle()

    @property
    def harbor(self) -> "Account":
        return self.world.harbor

    def send(self, events: Iterable[Event], *, batch: int = 100) -> None:
        """Deliver in batches; each is answered 204."""
        found = list(events)
        for start in range(0, len(found), batch):
            self.raw(json.dumps(found[start : start + batch]).encode())

    def raw(self, body: bytes, *, status: int = 204) -> None:
        """Deliver these bytes."""
        courier = self.world.hubspot.courier
        assert courier.post(self.world.runtime.settings.webhook_url, body) == status

    def settle(self) -> None:
        """Do everything, the sorting of mixed deliveries too."""
        while intake.split_unaddressed(self.world.runtime):
            pass
        self.world.settle()

    def identity(self) -> dict[str, int]:
        """What became of everything harbor was sent; it always adds up."""
        with self.harbor.context() as context, context.transaction() as tx:
            counts = inbox_events.identity(tx)
        assert counts["received"] == sum(n for name, n in counts.items() if name != "received")
        return counts

    def booked(self) -> int:
        """What is booked of the moved champion's deal, in cents."""
        return self.harbor.booked(self.good.second)

    def check(self) -> None:
        """Settled, balanced, active; nothing is aside without a reason."""
        counts = self.identity()
        assert counts["waiting"] == 0
        for account in self.world.accounts:
            assert account.kept("stale") == []
            assert account.kept("outbox") == []
            assert account.troubles() == []
            assert account.state() == "active"
            assert all(account.values("event", "reason", state="set_aside"))
        with self.harbor.context() as context, context.transaction() as tx:
            assert entry_rows.unbalanced(tx) == []


@pytest.fixture
def post(world: "World") -> Post:
    return Post(world)


def event(kind: str = "propertyChange", of: str = "0-1", **more: object) -> dict[str, Any]:
    """One notification in the new style; None leaves a field out."""
    said: dict[str, Any] = {
        "eventId": next(_ids), "subscriptionId": 7, "portalId": HARBOR, "appId": 1, "attemptNumber": 0,
        "occurredAt": int(time.time() * 1000), "subscriptionType": f"object.{kind}", "objectTypeId": of,
        "objectId": 12_345,
    }  # fmt: skip
    if kind == "propertyChange":
        said |= {"propertyName": "email", "propertyValue": "x@y.example"}
    return {name: value for name, value in {**said, **more}.items() if value is not None}


def link(**more: object) -> dict[str, Any]:
    """A changed association."""
    ends: dict[str, Any] = {
            "fromObjectTypeId": "0-1", "toObjectTypeId": "0-2", "fromObjectId": 8, "toObjectId": 9,
            "objectTypeId": None,
            "associationTypeId": 1, "associationCategory": "HUBSPOT_DEFINED", "associationRemoved": False}  # fmt: skip
    return event("associationChange", objectId=None, **{**ends, **more})


def hostile(good: Good) -> list[dict[str, Any]]:
    """One of everything that should not come."""
    ids = [
        0,
        -1,
        LARGEST,
        LARGEST + 1,
        1.5,
        "x",
        "9" * 40,
        True,
        [],
        {},
        SCRIPT,
        "12",
        " 12 ",
        "１２",  # noqa: RUF001
        NOBODY,
    ]
    kinds = (
        "creation",
        "deletion",
        "restore",
        "privacyDeletion",
        "propertyChange",
        "merge",
        "nonsense",
        "",
        "toString",
    )
    found = [event(kind, of, objectId=NOBODY + n) for n, (kind, of) in enumerate(itertools.product(
        kinds, ("0-1", "0-2", "0-3", "0-5", "0-19", "2-424242", "0-99", "", SCRIPT)))]  # fmt: skip
    found += [event(objectId=one) for one in ids]
    found += [event(portalId=one) for one in (*ids, None, 4712)]
    found += [event("merge", objectId=None, newObjectId=new, primaryObjectId=old, mergedObjectIds=others)
              for new, old, others in ((None, None, None), (NOBODY, NOBODY, [NOBODY]), (NOBODY, good.ana, [good.ana]),
                                       (good.ana, good.ana, [good.ana]), (LARGEST, LARGEST - 1, [1, 2]), (5, 6, ["x"]),
                                       (good.bo, NOBODY + 7, [NOBODY + 8]), (NOBODY, None, list(range(1, 1001))),
                                       (NOBODY, None, list(range(1, 1002))))]  # fmt: skip
    found += [link(), link(fromObjectId=good.ana, toObjectId=NOBODY), link(fromObjectId=None),
              link(toObjectId=LARGEST + 1),
              link(fromObjectTypeId="0-99", toObjectTypeId="0-98"), link(fromObjectTypeId=None, toObjectTypeId=None),
              link(fromObjectTypeId=None, associationType="CONTACT_TO_"), link(associationRemoved="maybe"),
              link(fromObjectId=good.ana, toObjectId=good.ana, toObjectTypeId="0-1")]  # fmt: skip
    found += [
        event(occurredAt=at)
        for at in (0, -1, 253_402_300_799_999, 253_402_300_800_000, "now", 1.5, LARGEST, None)
    ]
    found += [
        event(propertyName=name)
        for name in (None, "", "x" * 256, SQL, SCRIPT, "second_order_source", 7)
    ]
    found += [
        event(propertyValue=value)
        for value in (None, "", "x" * 70_000, SCRIPT, {"a": 1}, [1], True, 1e308)
    ]
    found += [event(subscriptionType=name) for name in NO_TYPES]
    found += [event(eventId=one, subscriptionId=one, attemptNumber=one) for one in NO_NUMBERS]
    return found


def test_hostile_notifications_end_somewhere_and_good_ones_take_effect(post: Post) -> None:
    before = post.good.fields()
    for name in ("first", "second", "third"):
        assert before["deal", getattr(post.good, name)]
    post.send(hostile(post.good), batch=25)
    post.settle()
    post.check()
    assert post.good.fields() == before
    post.harbor.crm.update("deal", post.good.second, {"amount": "50000"}, source=USER)
    post.settle()
    assert post.booked() == 5_000_000
    aside = post.identity()["set_aside"]
    assert aside > 20
    with post.harbor.context() as context:
        assert replay.replay(context) == aside
    post.settle()
    post.check()
    assert post.identity()["set_aside"] == aside  # still as bad, and not counted twice


BODIES: Sequence[bytes] = (
    b"", b" ", b"null", b"{}", b"[]", b"[", b"[null]", b"[1]", b'["x"]', b"[[]]", b"[{}]", b"NaN", b"[NaN]", b"[1e400]",
    b"\x00", b"\xff\xfe", b"[" * 100_000, b"[" * 500 + b"]" * 500, b'[{"a":' * 5000,
    b'[{"portalId":4711,"portalId":4712}]',
    b'[{"portalId":4711,"x":"\\ud800"}]', b'[{"portalId":4711,"x":"\\u0000"}]', b'[{"portalId":9223372036854775808}]',
    b'[{"portalId":4711},', b'[{"portalId":4711}]x', b'\xef\xbb\xbf[{"portalId":4711}]', b'[{"portalId":"4711"}]',
    b'[{"portalId":1e3}]', b'[{"portalId":4711,"a":' + b"9" * 5000 + b"}]", b"<xml/>", b"a=b&c=d",
)  # fmt: skip


def test_unreadable_bodies_are_kept_aside_with_a_reason_and_their_good_items_take_effect(
    post: Post,
) -> None:
    post.harbor.crm.update("deal", post.good.second, {"amount": "50000"}, source=USER)
    told = [one | {"attemptNumber": 0} for one in post.world.hubspot.queue]
    post.world.hubspot.queue.clear()
    good = json.dumps(told).encode()[1:-1]
    for body in BODIES:
        post.raw(body)
    post.raw(
        b'[{"portalId":4711,"x":"\\ud800"},'
        + good
        + b',{"portalId":4711,"a":NaN},{"portalId":'
        + b"7" * 30
        + b"}]"
    )
    post.raw(b"x" * 1_000_001, status=413)
    post.settle()
    post.check()
    assert post.booked() == 5_000_000
    with post.world.runtime.database.service() as tx:
        left = tx.rows("SELECT state, error FROM inbox WHERE portal_id IS NULL")
    assert left
    assert all(row["state"] == "set_aside" and row["error"] for row in left)


def test_a_delivery_that_begins_with_a_byte_order_mark_takes_effect(post: Post) -> None:
    post.harbor.crm.update("deal", post.good.second, {"amount": "50000"}, source=USER)
    told = [one | {"attemptNumber": 0} for one in post.world.hubspot.queue]
    post.world.hubspot.queue.clear()

    post.raw(strict_json.BOM + json.dumps(told).encode())
    post.settle()

    post.check()
    assert post.identity()["set_aside"] == 0
    assert post.booked() == 5_000_000


def test_forged_stale_and_early_bodies_leave_nothing(post: Post) -> None:
    before = post.identity()
    url, body = post.world.runtime.settings.webhook_url, json.dumps([event()]).encode()
    courier = post.world.hubspot.courier
    for off in (-301, 301, 10**9):
        courier.clock_off = off
        post.raw(body, status=401)
    courier.clock_off = 0
    courier.secret = "not the secret"
    post.raw(body, status=401)
    courier.secret = None
    stamp = int(time.time() * 1000)
    good = signing.headers(post.world.hubspot.app.client_secret, "POST", url, body, stamp)
    for name, value in itertools.product(good, ("", "x", "é", "9" * 5000, "-1", "NaN", "=" * 44)):
        if name.lower() in {"x-hubspot-signature-v3", "x-hubspot-request-timestamp"}:
            answer = courier._pool.request(
                "POST", url, body=body, headers={**good, name: value.encode().decode("latin-1")}
            )
            assert answer.status == 401, (name, value)
    post.settle()
    assert post.identity() == before


def test_privacy_deletions_in_any_order_and_twice_forget_once_and_keep_totals(post: Post) -> None:
    crm, good = post.harbor.crm, post.good
    booked = post.harbor.booked_by("deal_id")
    revenue = post.harbor.read("company", good.acme, "second_order_revenue")
    with crm.silently():
        crm.gdpr_delete(good.priya)
    gone = [event("privacyDeletion", objectId=good.priya), event("deletion", objectId=good.priya)]
    classic = event(objectId=good.priya, objectTypeId=None, propertyName=None, propertyValue=None,
                    subscriptionType="contact.privacyDeletion")  # fmt: skip
    for some in ([gone[1]], [gone[0]], gone, [classic], [event("restore", objectId=good.priya), gone[0]],
                 [event("creation", objectId=good.priya)], [event(objectId=good.priya)]):  # fmt: skip
        post.send([{**one, "eventId": next(_ids)} for one in some])
        post.settle()
        post.check()
    assert post.harbor.booked_by("deal_id") == booked
    assert post.harbor.read("company", good.acme, "second_order_revenue") == revenue
    assert (
        post.harbor.rows(
            "SELECT properties::text FROM record WHERE properties::text ILIKE '%priya%'"
        )
        == []
    )


def test_a_user_who_edits_our_fields_sees_them_put_right(post: Post) -> None:
    crm, deal = post.harbor.crm, post.good.second
    for value in ("none", "", "referral"):
        crm.update(
            "deal",
            deal,
            {"second_order_source": value, "second_order_because": SCRIPT},
            source=USER,
        )
        post.send(
            [
                event(
                    of="0-3", objectId=deal, propertyName="second_order_source", propertyValue=value
                )
            ]
        )
        post.settle()
    assert post.harbor.state() == "active"
    crm.update("deal", deal, {"amount": "40001"}, source=USER)
    post.settle()
    post.check()
    assert post.harbor.read("deal", deal, "second_order_source") == "moved_champion"
    assert SCRIPT not in post.harbor.read("deal", deal, "second_order_because")


def test_what_comes_while_a_portal_is_paused_takes_effect_when_it_goes_on(post: Post) -> None:
    with post.harbor.context() as context:
        uninstall.pause(context, actor="user:88")
    post.harbor.crm.update("deal", post.good.second, {"amount": "50000"}, source=USER)
    post.send(hostile(post.good))
    post.settle()
    assert post.booked() == 4_000_000
    with post.harbor.context() as context:
        assert uninstall.resume(context, actor="user:88")
    post.settle()
    post.check()
    assert post.booked() == 5_000_000


def test_what_comes_for_an_uninstalled_portal_harms_nobody(post: Post) -> None:
    with post.world.runtime.database.service() as tx:
        portals.uninstall(tx, ORCHARD)
    post.send(
        [
            event(portalId=one, objectId=n + 1)
            for n in range(50)
            for one in (ORCHARD, HARBOR, NOBODY)
        ]
    )
    post.settle()
    assert post.identity()["waiting"] == 0
    assert post.world.orchard.state() == "uninstalled"
    assert post.world.orchard.events() == []


def test_a_storm_of_five_thousand_good_and_bad_leaves_the_good_ones_done(post: Post) -> None:
    crm, dice = post.harbor.crm, random.Random(5)
    bad = hostile(post.good)
    made = [crm.create("contact", {"email": f"s{n}@storm.example"}).id for n in range(150)]
    for one in made[::2]:
        crm.associate("contact", one, "company", post.good.borea)
    for one in made[:10]:
        crm.archive("contact", one)
    good = [one | {"attemptNumber": 0} for one in post.world.hubspot.queue]
    post.world.hubspot.queue.clear()
    busy = [
        event(objectId=post.good.ana, propertyName="jobtitle", occurredAt=1_700_000_000_000 + n)
        for n in range(2000)
    ]
    storm = (
        good
        + busy
        + [{**dice.choice(bad), "eventId": n} for n in range(5000 - len(good) - len(busy))]
    )
    dice.shuffle(storm)
    assert len(storm) == 5000
    post.send(storm)
    post.settle()
    post.check()
    living = "SELECT count(*) AS n FROM record WHERE object_type = 'contact' AND gone_at IS NULL AND record_id = ANY(:ids)"
    assert post.harbor.rows(living, ids=made) == [{"n": 140}]
    linked = """SELECT count(DISTINCT from_id) AS n FROM association
                WHERE from_type = 'contact' AND to_id = :firm AND to_type = 'company'"""
    assert post.harbor.rows(linked, firm=post.good.borea)[0]["n"] >= 70
