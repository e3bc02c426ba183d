"""The settings document: two who save at one moment, and all who read it."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from integration.admin import policies, settings_changes
from integration.conclude.batch import open_batch
from integration.core.errors import Refused
from integration.core.wake_ups import Queue
from integration.ingest import activities
from integration.portal import settings
from integration.portal.context import PortalContext
from integration.portal.settings import ChangedMeanwhile, PortalSettings
from integration.rollup import roll_up
from integration.storage.database import Database, Transaction
from integration.storage.queue import activity_cursors, lanes, page_context
from integration.storage.service import portals, settings_versions
from mappings.records.portal_map import PortalMap
from mappings.stored.settings_document import SETTINGS_VERSION
from tests.contract.conclude_world import HARBOR, NOW, ORCHARD, WORDS, MirrorPortal
from tests.contract.review_world import Office

Save = Callable[[PortalContext], object]


@pytest.fixture
def office(database: Database, redis_url: str) -> Iterator[Office]:
    queue = Queue(redis_url)
    yield Office(database, queue=queue)
    queue.redis.close()


@pytest.fixture
def harbor(office: Office) -> MirrorPortal:
    portal = MirrorPortal(office, HARBOR)
    portal.install()
    return portal


@pytest.fixture
def orchard(office: Office) -> MirrorPortal:
    portal = MirrorPortal(office, ORCHARD)
    portal.install()
    return portal


def heard_in(name: str) -> dict[str, tuple[str, ...]]:
    return {**WORDS.texts, "heard_from_property": (name,)}


def at_once(portal: MirrorPortal, *saves: Save) -> list[object]:
    """What each of several saves, begun at one moment, came to: a result or what it raised."""
    together = threading.Barrier(len(saves))
    outcomes: list[object] = [None] * len(saves)

    def run(place: int, save: Save) -> None:
        together.wait(10)
        try:
            outcomes[place] = save(portal.context)
        except Exception as raised:  # noqa: BLE001 - whatever comes of it is what the test looks at
            outcomes[place] = raised

    threads = [threading.Thread(target=run, args=each) for each in enumerate(saves)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return outcomes


def settings_of(portal: MirrorPortal) -> PortalSettings:
    with portal.context.transaction() as tx:
        return settings.read(tx)


def change_map(
    context: PortalContext, wanted: PortalMap, *, actor: str, expected_version: int | None = None
) -> settings.Saved:
    return settings_changes.change(
        context,
        portal_map=wanted,
        actor=actor,
        reason="a try",
        expected_version=expected_version,
    )


def map_saver(actor: str, **fields: Any) -> Save:  # noqa: ANN401 - fields of several types
    """Somebody saves a map that they drew from version 1."""
    wanted = replace(WORDS, **fields)
    return lambda context: change_map(context, wanted, actor=actor, expected_version=1)


def policy_saver(actor: str, **values: str) -> Save:
    return lambda context: (
        policies.change(
            context,
            values,
            actor=actor,
            reason="a try",
            expected_version=1,
        ).after.version
    )


def told(outcomes: Sequence[object]) -> list[ChangedMeanwhile]:
    return [outcome for outcome in outcomes if isinstance(outcome, ChangedMeanwhile)]


def test_of_two_who_change_one_field_of_the_map_the_second_is_told(harbor: MirrorPortal) -> None:
    ada = map_saver("ada", texts=heard_in("ada_heard"), staff_domains=("harbor.example",))
    bo = map_saver("bo", texts=heard_in("bo_heard"), customer_stage="customer")

    outcomes = at_once(harbor, ada, bo)

    (refusal,) = told(outcomes)
    first = "bo" if isinstance(outcomes[0], ChangedMeanwhile) else "ada"
    assert str(refusal).startswith(
        f"Settings were changed meanwhile: How they heard of you, last in version 2 by {first} on "
    )
    assert str(refusal).endswith("look at it and save again")
    counting = settings_of(harbor)
    assert counting.version == 2
    assert counting.map.texts["heard_from_property"] == (f"{first}_heard",)
    assert (counting.map.staff_domains == ()) == (first == "bo")
    assert (counting.map.customer_stage == "") == (first == "ada")


def test_of_two_who_change_different_fields_both_are_kept_and_the_second_hears_of_it(
    harbor: MirrorPortal,
) -> None:
    ada = map_saver("ada", texts=heard_in("ada_heard"))
    bo = map_saver("bo", customer_stage="customer")

    outcomes = at_once(harbor, ada, bo)

    saved = [outcome for outcome in outcomes if isinstance(outcome, settings.Saved)]
    assert sorted(each.beside_others for each in saved) == [False, True]
    counting = settings_of(harbor)
    assert (counting.map.texts["heard_from_property"], counting.map.customer_stage) == (
        ("ada_heard",),
        "customer",
    )


def test_a_map_and_a_policy_saved_at_once_are_both_kept(harbor: MirrorPortal) -> None:
    outcomes = at_once(
        harbor,
        map_saver("ada", texts=heard_in("ada_heard")),
        policy_saver("bo", move_to_deal_days="1000"),
    )

    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    counting = settings_of(harbor)
    assert counting.version == 3
    assert counting.map.texts["heard_from_property"] == ("ada_heard",)
    assert counting.policy.move_to_deal_days == 1000


def test_of_two_who_set_one_value_of_the_policy_the_second_is_told(harbor: MirrorPortal) -> None:
    outcomes = at_once(
        harbor,
        policy_saver("ada", move_to_deal_days="1000", link_at="900000"),
        policy_saver("bo", move_to_deal_days="900", edit_days="8"),
    )

    (refusal,) = told(outcomes)
    assert "move_to_deal_days, last in version 2" in str(refusal)
    policy = settings_of(harbor).policy
    ada_won = isinstance(outcomes[1], ChangedMeanwhile)
    expected = (1000, 900_000, 7) if ada_won else (900, 950_000, 8)
    assert (policy.move_to_deal_days, policy.link_at, policy.edit_days) == expected


def test_many_who_save_at_once_lose_nothing(harbor: MirrorPortal) -> None:
    values = {
        "move_to_deal_days": "1000",
        "link_at": "900000",
        "edit_days": "8",
        "dormant_days": "91",
        "silence_days": "130",
        "books_close_day": "5",
    }

    outcomes = at_once(
        harbor,
        *(policy_saver("ada", **{name: text}) for name, text in values.items()),
    )

    assert sorted(outcomes) == [2, 3, 4, 5, 6, 7]  # type: ignore[type-var]  # versions, no errors
    policy = settings_of(harbor).policy
    assert {name: str(getattr(policy, name)) for name in values} == values


def test_two_who_want_the_same_are_not_troubled(harbor: MirrorPortal) -> None:
    ada = policy_saver("ada", move_to_deal_days="1000")
    bo = policy_saver("bo", move_to_deal_days="1000")

    assert at_once(harbor, ada, bo) == [2, 2]


def test_the_sentence_names_who_changed_it_though_others_saved_since(harbor: MirrorPortal) -> None:
    policies.change(
        harbor.context, {"move_to_deal_days": "1000"}, actor="ada", reason="long cycles"
    )
    policies.change(harbor.context, {"edit_days": "8"}, actor="cy", reason="a try")

    with pytest.raises(ChangedMeanwhile, match="move_to_deal_days, last in version 2 by ada"):
        policy_saver("bo", move_to_deal_days="900")(harbor.context)


def test_settings_nobody_ever_saw_are_no_base_for_a_change(harbor: MirrorPortal) -> None:
    with pytest.raises(Refused, match="has no settings of version 9"):
        change_map(harbor.context, WORDS, actor="ada", expected_version=9)

    assert settings_of(harbor).version == 1


def test_one_portals_savers_leave_the_other_alone(
    harbor: MirrorPortal, orchard: MirrorPortal
) -> None:
    before = orchard.rows("SELECT * FROM settings_version")

    at_once(
        harbor,
        map_saver("ada", texts=heard_in("ada_heard")),
        map_saver("bo", texts=heard_in("bo_heard")),
        policy_saver("cy", move_to_deal_days="1000"),
    )

    assert orchard.rows("SELECT * FROM settings_version") == before
    assert settings_of(orchard).map == WORDS


def one_in_the_middle(portal: MirrorPortal, save: Callable[[Transaction], object]) -> list[object]:
    """What two saves come to of which the second begins before the first is committed."""
    is_saved = threading.Event()

    def first(context: PortalContext) -> object:
        with context.transaction() as tx:
            outcome = save(tx)
            is_saved.set()
            time.sleep(0.5)  # long enough for the second to read, if it may
            return outcome

    def second(context: PortalContext) -> object:
        is_saved.wait(10)
        with context.transaction() as tx:
            return save(tx)

    return at_once(portal, first, second)


def test_who_saves_while_another_is_at_it_waits_for_them(harbor: MirrorPortal) -> None:
    days = itertools.count(1000)

    def save(tx: Transaction) -> int:
        policy = {"move_to_deal_days": next(days)}
        return settings.change(tx, author="ada", reason="a try", policy=policy).after.version

    assert one_in_the_middle(harbor, save) == [2, 3]
    assert settings_of(harbor).policy.move_to_deal_days == 1001


def test_a_saver_and_a_worker_do_not_wait_for_each_other(harbor: MirrorPortal) -> None:
    is_at_work = threading.Event()

    def work(context: PortalContext) -> None:
        """As a worker that drains the inbox: its lane first, the portal's row last."""
        with context.transaction() as tx:
            lanes.hold(tx, context.portal_id, "drain")
            is_at_work.set()
            time.sleep(0.5)
            portals.stamp(tx, context.portal_id, "last_sync_at")

    def save(context: PortalContext) -> bool:
        is_at_work.wait(10)
        wanted = replace(WORDS, texts=heard_in("ada_heard"))
        return change_map(context, wanted, actor="ada").is_changed

    assert at_once(harbor, work, save) == [None, True]


def test_an_installation_made_twice_at_once_has_one_first_version(office: Office) -> None:
    portal = MirrorPortal(office, HARBOR)
    portal.install()
    with portal.context.transaction() as tx:
        tx.run("DELETE FROM settings_version")

    def detect(tx: Transaction) -> int:
        return settings.begin(tx, WORDS, {"won_rule": "So."}, author="second-order")

    assert one_in_the_middle(portal, detect) == [1, 1]
    assert settings_of(portal).why == {"won_rule": "So."}


def test_a_change_keeps_what_it_does_not_know(harbor: MirrorPortal) -> None:
    words = {"staff_domains": ["harbor.example"], "of_a_newer_version": 1, "app_ids": ["7"]}
    body = {
        "map": words,
        "policy": {"active_days": 500, "signals": {"hard_bounce": 400_000}},
        "referral_codes": {"ANA-7": 12},
        "something": {"new": True},
    }
    with harbor.context.transaction() as tx:
        settings_versions.append(tx, body, author="test", reason="test")

    wanted = PortalMap(staff_domains=("harbor.example", "harbour.example"))
    change_map(harbor.context, wanted, actor="ada")
    policies.change(
        harbor.context,
        {"edit_days": "8"},
        back=["signals.hard_bounce"],
        actor="ada",
        reason="a try",
    )

    (kept,) = harbor.rows("SELECT body FROM settings_version ORDER BY version DESC LIMIT 1")
    assert kept["body"] == {
        "v": SETTINGS_VERSION,
        "map": {**words, "staff_domains": ["harbor.example", "harbour.example"]},
        "policy": {"active_days": 500, "edit_days": 8},
        "referral_codes": {"ANA-7": 12},
        "something": {"new": True},
        "why": {"staff_domains": "You chose this."},
    }
    assert settings_of(harbor).codes == {"ana-7": 12}


# Two documents of which every reader must see the one or the other, whole.
_FIRST = {"currency": "USD", "close_day": 10}
_SECOND = {"currency": "EUR", "close_day": 5}


def _change_all(context: PortalContext, says: Mapping[str, Any]) -> None:
    with context.transaction() as tx:
        counting = settings.read(tx)
        settings.change(
            tx,
            author="ada",
            reason="a try",
            portal_map=replace(counting.map, home_currency=says["currency"]),
            policy={"books_close_day": says["close_day"]},
        )


def _by_owner(context: PortalContext) -> tuple[str, int]:
    with context.transaction() as tx:
        counting = settings.read(tx)
    return counting.map.home_currency, counting.policy.books_close_day


def _by_rollup(context: PortalContext) -> tuple[str, int]:
    with context.transaction() as tx:
        policy, currency = roll_up.policy_of(tx)
    return currency, policy.books_close_day


def _by_conclude(context: PortalContext) -> tuple[str, int]:
    with context.transaction() as tx:
        step = open_batch(tx, page_context.read(tx), NOW)
    return step.portal_map.home_currency, step.policy.books_close_day


@pytest.mark.parametrize("reader", [_by_owner, _by_rollup, _by_conclude])
def test_who_reads_while_others_save_sees_a_whole_document(
    harbor: MirrorPortal, reader: Callable[[PortalContext], tuple[str, int]]
) -> None:
    done = threading.Event()

    def save_and_save(context: PortalContext) -> None:
        for _ in range(20):
            _change_all(context, _SECOND)
            _change_all(context, _FIRST)
        done.set()

    def read_and_read(context: PortalContext) -> set[tuple[str, int]]:
        seen = {reader(context)}
        while not done.is_set():
            seen.add(reader(context))
        return seen

    _, seen = at_once(harbor, save_and_save, read_and_read)

    assert isinstance(seen, set)
    assert seen <= {("USD", 10), ("EUR", 5)}


def test_all_readers_go_by_the_newest_version(harbor: MirrorPortal) -> None:
    _change_all(harbor.context, _SECOND)
    wanted = replace(settings_of(harbor).map, activities="ignored")
    change_map(harbor.context, wanted, actor="ada")

    context = harbor.context
    with context.transaction() as tx:
        activities.begin(tx)
        assert activity_cursors.every(tx) == []
        assert open_batch(tx, page_context.read(tx), NOW).policy.version == 3
        assert roll_up.policy_of(tx)[0].version == 3
    listed = {setting.name: setting.value for setting in policies.current(context).settings}
    assert policies.current(context).version == 3
    assert listed["books_close_day"] == 5
    assert context.map.home_currency == "EUR"
    assert harbor.rows("SELECT settings_version FROM portal") == [{"settings_version": 3}]


def test_who_restores_beside_somebody_who_saves_undoes_nothing_unseen(harbor: MirrorPortal) -> None:
    """Bo looked at version 2 and restores version 1 while Ada saves another value."""
    policies.change(harbor.context, {"edit_days": "8"}, actor="cy", reason="a try")

    def restore(context: PortalContext) -> object:
        return settings_changes.restore(context, 1, actor="bo", expected_version=2)

    def save(context: PortalContext) -> object:
        return policies.change(
            context, {"link_at": "900000"}, actor="ada", reason="a try", expected_version=2
        )

    outcomes = at_once(harbor, restore, save)

    restored, saved = outcomes
    policy = settings_of(harbor).policy
    assert policy.link_at == 900_000, "what ada saved counts, whoever came first"
    assert isinstance(saved, settings.Saved)
    if isinstance(restored, Refused):
        assert "Settings were changed meanwhile: version 3 by ada." in str(restored)
        assert policy.edit_days == 8
    else:
        assert policy.edit_days == 7
