"""The whole service under load while its parts are restarted, taken away, filled up and killed."""

import contextlib
import functools
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
import redis

from tests import chaos_verdict as judge
from tests import disposable
from tests.chaos_faults import Faults
from tests.chaos_senders import Ledger, Senders, Users
from tests.chaos_service import Service, inside, kill, serve, wait_until_ready
from tests.chaos_verdict import Verdict
from tests.sandbox import server, town
from tests.sandbox.crm import HubSpot
from tests.waiting import PATIENCE, wait_until
from tests.world import World

# Each act waits several times, and each wait may be long on a busy machine.
pytestmark = pytest.mark.timeout(6 * PATIENCE)


@dataclass
class Stage:
    """One service for all acts: each adds to what was acknowledged, and all of it must be there at the end."""

    hubspot: HubSpot
    service: Service
    world: World
    ledger: Ledger = field(default_factory=Ledger)
    acts: int = 0

    @contextlib.contextmanager
    def load(self, *, extras_per_second: float = 600.0) -> Iterator[Senders]:
        """Deliveries and changes while inside; afterwards everything that was acknowledged has to be done."""
        self.acts += 1
        self.ledger.answers.clear()
        number = self.acts * 10_000_000
        senders = Senders(
            self.hubspot,
            self.acts,
            extras_per_second=extras_per_second,
            ledger=self.ledger,
            number=number,
        )
        with senders.running():
            with Users(self.hubspot, self.acts).running():
                yield senders
            senders.storming = False
            wait_until_ready(self.service)
            took, left = judge.settle(self.world, senders, PATIENCE)
            assert not left, f"{left} after {took:.0f} seconds"
        verdict = Verdict()
        judge.nothing_is_lost(verdict, self.world, self.ledger)
        judge.the_limits_were_kept(verdict, self.hubspot, self.ledger)
        assert not verdict.broken

    def done(self) -> int:
        with self.world.runtime.database.portal(self.world.harbor.portal_id) as tx:
            return int(tx.value("SELECT count(*) FROM event WHERE state = 'done'") or 0)

    def pids(self, role: str) -> set[int]:
        return {process.pid for process in self.service.processes(role)}


@pytest.fixture(scope="module")
def stage(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    data = tmp_path_factory.mktemp("service")
    disposable.lend(prepared, data)
    hubspot = HubSpot(seed=3)
    town.load(hubspot, scale=0.02, orchard_scale=0.01)
    for portal in hubspot.portals.values():
        portal.allowance.limit = 100_000
    with ExitStack() as stack:
        outside = stack.enter_context(server.start(hubspot))
        service = stack.enter_context(serve(data, hubspot, outside.url))
        world = stack.enter_context(inside(service, hubspot))
        for account in world.accounts:
            world.install(account)
        yield Stage(hubspot, service, world)


def test_a_rolling_restart_under_load_loses_nothing(stage: Stage) -> None:
    with stage.load():
        for role in ("web", "worker", "schedule"):
            before = stage.pids(role)
            for process in stage.service.processes(role):
                process.send_signal(signal.SIGTERM)
            _until(functools.partial(_are_new, stage, role, before))
            wait_until_ready(stage.service)
            time.sleep(1)  # a second of ordinary work before the next role


def test_without_postgres_every_delivery_is_refused_and_kept_by_its_sender(stage: Stage) -> None:
    web = stage.pids("web worker")
    with stage.load():
        wait_until(lambda: _is_refused_without_postgres(stage), lambda: f"nobody was refused: {stage.ledger.answers}",
                   every=0.02)  # fmt: skip
        wait_until_ready(stage.service)
    assert stage.ledger.answers["503"] > 0
    assert set(stage.ledger.answers) <= {"204", "503", "no answer"}
    assert stage.pids("web worker") == web, "it came back without a restart"


def test_a_full_valkey_stops_neither_the_receiver_nor_the_work(stage: Stage) -> None:
    # The sweeper works alone and hears before it thinks: more than it can hear would leave no time
    # to think.
    with (
        stage.load(extras_per_second=60.0),
        redis.Redis.from_url(stage.service.servers()[1]) as valkey,
    ):
        valkey.config_set("maxmemory", "1")
        try:
            time.sleep(2)  # the queue of wishes is empty, and no new ones are taken
            before = stage.done()
            _until(lambda: stage.done() > before)
        finally:
            valkey.config_set("maxmemory", "128mb")
    assert set(stage.ledger.answers) == {"204"}


def test_a_short_storm_breaks_no_promise(stage: Stage) -> None:
    faults = Faults(
        stage.service, 1, leave_out=frozenset({"worker and horse", "frozen worker"})
    )  # those cost a lease's time
    for kind in ("500", "reset", "lost", "truncated"):
        stage.hubspot.trouble.add(kind, probability=0.03)
    with stage.load():
        faults.storm(7, at_least=4)
        stage.hubspot.trouble.clear()
        faults.calm()
    verdict = Verdict()
    judge.the_mirror_is_right(verdict, stage.world)
    for role in ("schedule", "worker"):
        for process in stage.service.processes(role):
            process.suspend()
    judge.all_is_as_in_a_clean_run(verdict, stage.service, stage.world)
    assert not verdict.broken


def _are_new(stage: Stage, role: str, before: set[int]) -> bool:
    now = stage.pids(role)
    return not before & now and len(now) == len(before)


def _is_refused_without_postgres(stage: Stage) -> bool:
    """Kill it once more; say whether enough deliveries were refused meanwhile."""
    kill(stage.service.processes("postgres"))
    return stage.ledger.answers["503"] >= 20


def _until(holds: Callable[[], bool]) -> None:
    """Wait until it holds; processes may end while they are looked at."""

    def holds_now() -> bool:
        with contextlib.suppress(psutil.Error):
            return holds()
        return False

    wait_until(holds_now, lambda: "it did not come about")
