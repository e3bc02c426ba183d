"""G10: a worker's first job, the weight of each process, and no import after the fork."""

import contextlib
import time

import psutil

from bench.figures import Report
from bench.ground import PORTAL, Ground, wait_for
from bench.machine import tree_pss
from integration.core.servers import free_port
from integration.core.wake_ups import Queue
from integration.storage.queue import lanes
from integration.storage.service import portals

_PATIENCE = 30.0


def run(ground: Ground, report: Report) -> None:
    """Start each process as ``second-order`` does and look at it."""
    with ground.runtime(ground.settings()) as runtime, runtime.database.service() as tx:
        portals.install(tx, PORTAL, scopes=["crm.objects.contacts.read"], account={}, user_id=1)
    report.goal(
        "G10",
        "worker: seconds from start to its first job done",
        [_first_job(ground) for _ in range(report.rounds)],
        at_most=1.5,
    )
    _weights(ground, report)
    imported = _imported_after_fork(ground)
    report.goal(
        "G10",
        "worker: modules of ours or of a library imported after the fork",
        len(imported),
        at_most=0,
    )
    if imported:
        report.note(f"imported after the fork: {', '.join(imported[:12])}")


def _first_job(ground: Ground) -> float:
    ground.sql("TRUNCATE lane, inbox, event, tally")
    ground.sql("INSERT INTO inbox (portal_id, body) SELECT portal_id, '[]' FROM portal")
    queue = Queue(ground.redis_url)
    queue.redis.flushall()
    queue.wake(PORTAL)
    started = time.perf_counter()
    with ground.process(["-m", "commands", "worker"]):
        while ground.sql("SELECT count(*) FROM inbox") != [(0,)]:
            assert time.perf_counter() - started < _PATIENCE, "the worker does nothing"
            time.sleep(0.01)
        spent = time.perf_counter() - started
    queue.redis.close()
    return spent


def _weights(ground: Ground, report: Report) -> None:
    port = free_port()
    with contextlib.ExitStack() as stack:
        web = stack.enter_context(
            ground.process(
                ["-m", "commands", "web"], PORT=str(port), PUBLIC_URL=f"http://127.0.0.1:{port}"
            )
        )
        worker = stack.enter_context(ground.process(["-m", "commands", "worker"]))
        schedule = stack.enter_context(ground.process(["-m", "commands", "schedule"]))
        wait_for(port)
        time.sleep(3)
        for name, process in (("web", web), ("worker", worker), ("schedule", schedule)):
            found = tree_pss(process.pid)
            resident = max(p.memory_info().rss for p in _tree(process.pid)) / 2**20
            report.goal("G10", f"{name}: largest process resident, MiB", resident, at_most=120)
            report.goal(
                "",
                f"  {name}: {len(found)} processes, proportional MiB together",
                sum(found.values()),
            )


def _tree(pid: int) -> list[psutil.Process]:
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def _imported_after_fork(ground: Ground) -> list[str]:
    """Let a worker do one job and have its child say what it imported that its parent had not."""
    target = ground.folder / "imported"
    ground.sql("TRUNCATE lane, inbox, event, tally")
    ground.sql("INSERT INTO inbox (portal_id, body) SELECT portal_id, '[]' FROM portal")
    with ground.runtime(ground.settings()) as runtime:
        runtime.queue.redis.flushall()
        with runtime.database.service() as tx:
            lanes.want(tx, PORTAL, "drain")
        runtime.queue.wake(PORTAL)
    with ground.process(["-m", "bench.watched_worker", str(target)]):
        deadline = time.monotonic() + _PATIENCE
        while not target.exists():
            assert time.monotonic() < deadline, "the worker does nothing"
            time.sleep(0.05)
    return target.read_text().split()
