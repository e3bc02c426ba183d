"""Follow-ups as tasks in HubSpot: one each, whatever gets lost, and closed wherever somebody closes."""

import pytest
import requests

from integration.core.errors import Refused
from integration.storage.queue import lanes
from integration.success import follow_up_tasks, follow_up_work
from integration.success.follow_up_work import Hand
from mappings.rules.success.follow_ups import TASK_DONE
from tests.e2e.test_own_survey import LINK, asked
from tests.waiting import PATIENCE, wait_until
from tests.world import Account, World

__all__ = ["asked"]  # a fixture
CREATE = "POST /crm/objects/2026-03/tasks"


def switch_tasks_on(account: Account, *, a_day: int = 5) -> None:
    with account.context() as portal:
        follow_up_tasks.choose(portal, makes_tasks=True, tasks_a_day=a_day, actor="user:88")


def answer(world: World, link: str, score: int) -> None:
    assert requests.post(link, data={"score": str(score)}, timeout=PATIENCE).status_code == 200
    world.rest()


def tasks(account: Account) -> list[dict[str, str]]:
    return [dict(task.values) for task in account.crm.all("task")]


def loop(account: Account) -> dict[str, object]:
    with account.database.portal(account.portal_id) as tx:
        row = tx.one("SELECT * FROM follow_up WHERE portal_id = :portal")
    assert row is not None
    return dict(row)


def close(account: Account) -> None:
    number = int(str(loop(account)["follow_up_id"]))
    with account.context() as portal:
        follow_up_work.close(portal, number, "price", "", hand=Hand("user:88", 88, may_all=True))
    switch_tasks_on(account)  # wakes the lane, as a worker's next look would


def test_what_opened_before_the_switch_has_no_task_and_the_day_has_its_limit(
    world: World, asked: dict[str, int]
) -> None:
    link = world.harbor.read("contact", asked["harbor"], LINK)
    answer(world, link, 7)
    switch_tasks_on(world.harbor)
    world.rest()
    answer(world, link, 2)  # the same one, and sharper

    assert tasks(world.harbor) == []
    with world.harbor.context() as portal, pytest.raises(Refused, match="A day has"):
        follow_up_tasks.choose(portal, makes_tasks=True, tasks_a_day=0, actor="user:88")


def test_one_task_is_made_though_its_answer_gets_lost_and_completing_it_closes(
    world: World, asked: dict[str, int]
) -> None:
    switch_tasks_on(world.harbor)
    rule = world.hubspot.trouble.add("lost", CREATE, times=1)
    answer(world, world.harbor.read("contact", asked["harbor"], LINK), 0)

    assert rule.hits == 1
    (task,) = tasks(world.harbor)
    assert task["hs_task_subject"].startswith("Follow up on an answer of 0 out of 10")
    assert (task["hs_task_priority"], task["hs_task_status"]) == ("HIGH", "NOT_STARTED")
    assert task["hubspot_owner_id"] == str(loop(world.harbor)["owner_id"])
    (task_id,) = [one.id for one in world.harbor.crm.all("task")]
    assert asked["harbor"] in world.harbor.crm.associated("task", task_id, "contact")
    assert tasks(world.orchard) == []

    wait_until(lambda: is_known(world), lambda: "the task is not known", every=0.2)
    assert len(tasks(world.harbor)) == 1
    world.harbor.crm.update("task", task_id, {"hs_task_status": "COMPLETED"})
    look(world.harbor)
    assert loop(world.harbor)["tag"] == TASK_DONE


def test_closing_completes_the_task_that_hubspot_made_at_the_third_try(
    world: World, asked: dict[str, int]
) -> None:
    switch_tasks_on(world.harbor)
    world.hubspot.trouble.add("503", CREATE, times=2)
    answer(world, world.harbor.read("contact", asked["harbor"], LINK), 4)
    wait_until(lambda: is_known(world), lambda: "the task is not known", every=0.2)
    close(world.harbor)
    world.rest()

    assert [task["hs_task_status"] for task in tasks(world.harbor)] == ["COMPLETED"]
    assert loop(world.harbor)["tag"] == "price"


def is_known(world: World) -> bool:
    world.settle()
    with world.harbor.database.portal(world.harbor.portal_id) as tx:
        state = tx.value("SELECT state FROM follow_up_task WHERE portal_id = :portal")
    return bool(state == "made")


def look(account: Account) -> None:
    """As the import lane does each quarter of an hour."""
    with account.context() as portal:
        with portal.transaction() as tx:
            lanes.want(tx, account.portal_id, "import")
            lease = lanes.take(tx, account.portal_id, "import")
        assert lease is not None
        follow_up_tasks.look(portal, lease)
        with portal.transaction() as tx:
            lanes.release(tx, lease, again_after=None)
