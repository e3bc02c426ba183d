"""The bell: nothing is passed on any more once it says that it is silent."""

import threading
from typing import Any, cast

from integration.core.wake_ups import Notifier, Queue
from tests.waiting import PATIENCE


class SlowQueue:
    """A queue whose Valkey takes a wish only when it is allowed to."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.allowed = threading.Event()
        self.woken: list[int] = []

    def wake(self, portal_id: int, kind: str = "drain") -> bool:
        self.asked.set()
        assert self.allowed.wait(PATIENCE)
        self.woken.append(portal_id)
        return kind == "drain"


def a_bell(queue: SlowQueue) -> Notifier:
    return Notifier(cast("Queue", cast("Any", queue)), every=0.001)


def test_a_bell_that_still_passes_a_wish_on_is_not_silent() -> None:
    """It said so between taking the wishes and passing them on, and Valkey's connection was closed under it."""
    queue = SlowQueue()
    bell = a_bell(queue)
    bell.notify(4711)
    assert queue.asked.wait(PATIENCE)

    assert not bell.wait_until_idle(timeout=0.05)
    queue.allowed.set()

    assert bell.wait_until_idle(timeout=PATIENCE)
    assert queue.woken == [4711]


def test_a_bell_that_nobody_rang_is_silent_at_once() -> None:
    assert a_bell(SlowQueue()).wait_until_idle(timeout=PATIENCE)


def test_who_rings_while_a_wish_is_passed_on_is_heard_afterwards() -> None:
    queue = SlowQueue()
    bell = a_bell(queue)
    bell.notify(4711)
    assert queue.asked.wait(PATIENCE)
    for portal in (4711, 4712, 4712):
        bell.notify(portal)
    queue.allowed.set()

    assert bell.wait_until_idle(timeout=PATIENCE)
    assert sorted(queue.woken) == [4711, 4711, 4712]
