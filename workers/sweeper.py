"""The sweeper finds lanes with due work, wakes them, and keeps the calendar; it needs no Valkey."""

import multiprocessing
import threading
from collections.abc import Callable
from multiprocessing.context import SpawnProcess

from integration.admin import housekeeping
from integration.core import logs
from integration.core.environment import Settings
from integration.core.errors import SecondOrderError
from integration.portal.runtime import Runtime, open_runtime
from integration.storage.queue import lanes
from workers import jobs

EVERY_SECONDS = 1.0
# After Valkey refused for so long, the sweeper does the work itself; a restart takes less.
PATIENCE_SECONDS = 2.0
# Processes of its own at once: the sweeper replaces a worker or two, not all of them.
_MOST_OWN = 2
_log = logs.get(__name__)
_spawn = multiprocessing.get_context("spawn")
_WORK: dict[str, Callable[[int], None]] = {
    "drain": jobs.drain,
    "write": jobs.write,
    "import": jobs.import_portal,
    "mail": jobs.mail,
    "days": jobs.days,
    "upload": jobs.upload,
}


def run(settings: Settings, stop: threading.Event) -> None:
    """Sweep until *stop*; several sweepers need no leader, for leases decide who works."""
    own: list[SpawnProcess] = []
    while not stop.is_set():
        try:
            with open_runtime(settings, pool_size=2) as runtime:
                while not stop.wait(EVERY_SECONDS):
                    sweep(runtime, own)
        except SecondOrderError as trouble:
            _log.warning("sweeper waits", reason=str(trouble))
            stop.wait(EVERY_SECONDS)
    for process in own:
        process.join(30)


def sweep(runtime: Runtime, own: list[SpawnProcess]) -> None:
    """Wake every lane with due work; do what the calendar asks."""
    housekeeping.run_due(runtime)
    with runtime.database.service() as tx:
        due = list(lanes.due(tx))
        if housekeeping.has_unaddressed(tx):
            due.append((0, "drain"))
    runtime.queue.answers()
    if runtime.queue.refused_for() > PATIENCE_SECONDS:
        _work_ourselves(due, own)
        return
    for portal_id, kind in due:
        runtime.queue.wake(portal_id, kind)


def _work_ourselves(due: list[tuple[int, str]], own: list[SpawnProcess]) -> None:
    own[:] = [process for process in own if process.is_alive()]
    for portal_id, kind in due[: max(0, _MOST_OWN - len(own))]:
        process = _spawn.Process(target=_WORK[kind], args=(portal_id,))
        process.start()
        own.append(process)
