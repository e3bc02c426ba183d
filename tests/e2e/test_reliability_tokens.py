"""Of many processes that find the token due one refreshes; one that dies at it leaves no harm."""

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from integration.storage.service import tokens
from integration.storage.service.tokens import TokenRow
from tests.chaos_service import environment_of
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from tests.world import World


@pytest.fixture
def due(world: "World") -> "World":
    world.install(world.harbor)
    with world.runtime.database.service() as tx:
        tx.run("UPDATE token SET refresh_at = clock_timestamp()")
    world.hubspot.office.refreshes = 0
    return world


def seek(world: "World", *more: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.token_seekers", str(world.harbor.portal_id), "8", *more],
        env=environment_of(world.runtime.settings), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def row(world: "World") -> TokenRow:
    with world.runtime.database.service() as tx:
        found = tokens.read(tx, world.harbor.portal_id)
    assert found is not None
    return found


def test_twenty_four_in_three_processes_cost_one_refresh(due: "World") -> None:
    due.hubspot.quirks.single_use_refresh = (
        True  # a second refresh with the old token would be refused
    )
    before = row(due).version
    processes = [seek(due) for _ in range(3)]
    said = [process.communicate(timeout=PATIENCE)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert [answer[0] for answer in said] == ["8", "8", "8"]
    assert len({token for answer in said for token in answer[1:]}) == 1
    assert due.hubspot.office.refreshes == 1
    after = row(due)
    assert (after.version, after.state) == (before + 1, "live")


def test_killed_between_the_answer_and_the_commit_the_next_one_refreshes(due: "World") -> None:
    victim = seek(due, "die")
    victim.communicate(timeout=PATIENCE)
    assert victim.returncode == -signal.SIGKILL
    assert due.hubspot.office.refreshes == 1
    assert row(due).is_due, "what HubSpot answered died with the process"
    next_one = seek(due)
    answer = next_one.communicate(timeout=PATIENCE)[0].split()
    assert (next_one.returncode, answer[0], len(answer)) == (0, "8", 2)
    assert due.hubspot.office.refreshes == 2
    assert row(due).state == "live"
