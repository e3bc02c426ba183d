"""Each event takes effect once, in whatever order, however often, and wherever the process dies in between."""

import contextlib
import copy
import hashlib
import json
import random
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from integration.admin import replay as replays
from integration.ingest import fetching
from integration.portal import invalidation
from integration.portal.invalidation import Change
from integration.storage.database import Database, Transaction
from integration.storage.queue import inbox_events
from integration.storage.queue.inbox_events import WaitingEvent
from mappings.records import events
from mappings.records.events import Event
from tests import chaos_verdict as judge
from tests.chaos_clean import written
from tests.chaos_senders import _plain
from tests.chaos_verdict import Verdict
from tests.passing_time import pass_time
from tests.sandbox import town
from tests.sandbox.records import Json

if TYPE_CHECKING:
    from tests.world import Account, World


class Killed(BaseException):
    """The process is gone: nothing after this line runs, no handler sees it."""


class Mortal(Database):
    """A database whose process dies at the end of the n-th transaction from now, before or after its commit."""

    before: int = 0
    after: int = 0

    @contextlib.contextmanager
    def portal(self, portal_id: int, *, durable: bool = True) -> Iterator[Transaction]:
        with super().portal(portal_id, durable=durable) as tx:
            yield tx
            if self._counts("before"):
                raise Killed
        if self._counts("after"):
            raise Killed

    def _counts(self, which: str) -> bool:
        left = getattr(self, which)
        if left:
            setattr(self, which, left - 1)
        return bool(left == 1)


def some_events(count: int) -> list[Json]:
    """Notifications about forty contacts and a few deals, all kinds, all different."""
    dice = random.Random(5)
    kinds = ("creation", "propertyChange", "deletion", "restore")
    return [
        {
            "eventId": number, "subscriptionId": 1, "portalId": 4711, "appId": 1,
            "occurredAt": 1_767_225_600_000 + dice.randrange(10**7), "attemptNumber": 0,
            "subscriptionType": f"{dice.choice(('contact', 'deal'))}.{dice.choice(kinds)}",
            "objectId": dice.randint(1, 40), "propertyName": "email", "propertyValue": "x", "changeSource": "CRM_UI",
        }
        for number in range(count)
    ]  # fmt: skip


def test_five_hundred_shuffles_with_repeats_plan_the_same() -> None:
    """The events are stored once each and say the same, however they come."""
    bodies = [json.dumps(event).encode() for event in some_events(200)]
    dice = random.Random(1)
    found = set()
    for _ in range(500):
        coming = bodies + dice.choices(bodies, k=60)
        dice.shuffle(coming)
        unique: dict[str, Event] = {}
        for item in events.split(b"[" + b",".join(coming) + b"]"):
            assert isinstance(item, Event)
            unique.setdefault(item.dedupe_key, item)
        found.add(_hash(fetching.plan_reads(_waiting(event) for event in unique.values())))
    assert len(found) == 1


def _waiting(event: Event) -> WaitingEvent:
    said = {"refs": [list(ref) for ref in event.refs]}
    return WaitingEvent(
        "hubspot",
        event.dedupe_key,
        event.kind,
        event.object_type,
        event.object_id,
        said,
        event.occurred_at,
        0,
    )


def _hash(plan: fetching.ReadPlan) -> str:
    said = {
        "read": {k: sorted(v) for k, v in plan.records.items()},
        "relink": {k: sorted(v) for k, v in plan.links.items()},
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


@pytest.fixture
def lived_in(world: "World") -> "World":
    town.load(world.hubspot, scale=0.02, orchard_scale=0.01)
    for account in world.accounts:
        world.install(account)
    world.settle()
    return world


def test_any_order_and_repeats_end_in_the_same_state(lived_in: "World") -> None:
    """What HubSpot sent of a day's changes, shuffled and repeated: the mirror and the fields stay what they are."""
    dice = random.Random(2)
    for _ in range(60):
        _plain(lived_in.harbor.crm, dice)
    said = [copy.deepcopy(event) for event in lived_in.hubspot.queue]
    lived_in.settle()
    states = {_state(lived_in)}
    for _ in range(6):
        coming = said + dice.choices(said, k=len(said) * 3 // 10)
        dice.shuffle(coming)
        for number, event in enumerate(coming):
            event["eventId"] = (
                10_000_000 + dice.randrange(10**9) if number % 2 else event["eventId"]
            )
        lived_in.hubspot.queue.extend(copy.deepcopy(coming))
        lived_in.settle()
        states.add(_state(lived_in))
    assert len(states) == 1


def _state(world: "World") -> str:
    """What we know and what we say, without when we learned it."""
    parts: list[Any] = []
    for account in world.accounts:
        parts += account.rows(
            """SELECT object_type, record_id, properties - 'lastmodifieddate' - 'hs_lastmodifieddate' AS said, gone_why
               FROM record ORDER BY 1, 2"""
        )
        parts += account.rows("SELECT object_type, old_id, new_id FROM alias ORDER BY 1, 2")
        parts += account.rows(
            "SELECT from_type, from_id, to_type, to_id, category, type_id FROM association ORDER BY 1, 2, 3, 4, 5, 6"
        )
        parts += account.rows(
            "SELECT object_type, record_id, desired FROM conclusion ORDER BY 1, 2"
        )
    parts.append(sorted((str(key), value) for key, value in written(world.hubspot).items()))
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


@seed(3)  # else the draws would hang on the text of this file, and nobody might die
class OneTimeEffects(RuleBasedStateMachine):
    """Deliver, repeat, die before or after a commit, replay, in any order; now and then everything must be right."""

    world: ClassVar["World"]
    mortal: ClassVar[Mortal]
    deaths: ClassVar[int] = 0

    @initialize(seed=st.integers(0, 2**16))
    def begin(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.mortal.before = self.mortal.after = 0

    @rule(count=st.integers(1, 6))
    def users_work(self, count: int) -> None:
        for _ in range(count):
            _plain(self.world.harbor.crm, self.dice)

    @rule(twice=st.booleans(), mixed=st.booleans())
    def deliver(self, twice: bool, mixed: bool) -> None:
        courier = self.world.hubspot.courier
        courier.duplicates, courier.shuffle = float(twice), mixed
        self.world.hubspot.deliver()

    @rule(place=st.integers(1, 12), committed=st.booleans())
    def work_and_die(self, place: int, committed: bool) -> None:
        self.users_work(3)
        self.world.hubspot.deliver()
        setattr(self.mortal, "after" if committed else "before", place)
        try:
            while self.world.work():
                pass
        except Killed:
            OneTimeEffects.deaths += 1
        self.mortal.before = self.mortal.after = 0
        pass_time(self.world, 31)  # until the dead one's lease has run out

    @rule(again=st.booleans())
    def work_on(self, again: bool) -> None:
        if again:
            with self.world.harbor.context() as context:
                replays.replay(context)
        self.world.work()

    @invariant()
    def nothing_is_set_aside(self) -> None:
        assert self.world.harbor.kept("event", state="set_aside") == []

    def teardown(self) -> None:
        for _ in range(3):
            self.world.settle()
            pass_time(
                self.world, 11
            )  # what was under way when somebody died is due again after its wait
        verdict = Verdict()
        judge.the_mirror_is_right(verdict, self.world)
        assert not verdict.broken
        with self.world.runtime.database.portal(self.world.harbor.portal_id) as tx:
            found = inbox_events.identity(tx)
        assert found["received"] == found["done"] + found["duplicate"], found
        assert self.world.harbor.kept("outbox") == []
        _the_ledger_adds_up(self.world.harbor)


def _the_ledger_adds_up(account: "Account") -> None:
    """The conclusions are those of a fresh look at the same records: nothing counted twice, nothing left out."""
    from integration.storage.queue import lanes  # noqa: PLC0415 - as above

    before = written(account.world.hubspot)
    with account.context() as context, context.transaction() as tx:
        invalidation.record(tx, Change.SETTINGS_CHANGED)
        lanes.want(tx, account.portal_id, "drain")
    account.world.settle()
    assert written(account.world.hubspot) == before


def test_whatever_happens_in_between_each_event_takes_effect_once(
    lived_in: "World", postgres_url: str
) -> None:
    mortal = Mortal(postgres_url)
    lived_in.runtime.database.close()
    lived_in.runtime.database = mortal
    OneTimeEffects.world, OneTimeEffects.mortal = lived_in, mortal
    try:
        run_state_machine_as_test(
            OneTimeEffects,
            settings=settings(
                max_examples=10, stateful_step_count=12, deadline=None, database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )  # fmt: skip
    finally:
        mortal.close()
    assert OneTimeEffects.deaths >= 10
