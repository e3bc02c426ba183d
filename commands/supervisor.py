"""The supervisor starts the processes of one machine, restarts those that end, and stops all."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from integration.core import logs, own_process

_PR_SET_PDEATHSIG = 1
LONGEST_PAUSE = 30.0  # seconds, as all numbers below
_LOOK_EVERY = 0.2
_FIRST_PAUSE = 0.2
# A process that ran this long was healthy: its next restart is immediate again.
HEALTHY_SECONDS = 20.0
STOP_SECONDS = 15.0
_log = logs.get(__name__)


@dataclass(slots=True)
class Child:
    """One supervised process."""

    name: str
    arguments: Sequence[str]
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    not_before: float = 0.0
    failures: int = 0

    @property
    def is_alive(self) -> bool:
        """Whether it was started and did not end."""
        return self.process is not None and self.process.poll() is None


@dataclass(slots=True)
class Supervisor:
    """Processes that run until SIGTERM or SIGINT ends :meth:`run`."""

    environment: Mapping[str, str] = field(repr=False)
    children: list[Child] = field(default_factory=list)
    stopping: bool = False

    def add(self, name: str, arguments: Sequence[str]) -> None:
        """Keep ``second-order ARGUMENTS`` running."""
        self.children.append(Child(name, arguments))

    def run(self, *, answers: Callable[[], bool], announce: Callable[[], None]) -> None:
        """Start all processes, restart those that end, and stop all on SIGTERM or SIGINT.

        Announces the service once, when all its processes live and it *answers*.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask_to_stop)
        try:
            while not self.stopping and not self._is_up(answers):
                self._look_after_all()
            if not self.stopping:
                announce()
            while not self.stopping:
                self._look_after_all()
        finally:
            self._stop()

    def _is_up(self, answers: Callable[[], bool]) -> bool:
        return all(child.is_alive for child in self.children) and answers()

    def _look_after_all(self) -> None:
        for child in self.children:
            self._look_after(child)
        time.sleep(_LOOK_EVERY)

    def _ask_to_stop(self, *_: object) -> None:
        self.stopping = True

    def _look_after(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is not None and child.process.poll() is not None:
            _clean_up(child, child.process, now)
        if child.process is None and now >= child.not_before:
            child.process = subprocess.Popen(
                own_process.command(*child.arguments),
                env=own_process.surroundings(self.environment),
                preexec_fn=_die_with_parent,
            )
            child.started_at = now

    def _stop(self) -> None:
        running = [
            child.process
            for child in self.children
            if child.process and child.process.poll() is None
        ]
        for process in running:
            process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _clean_up(child: Child, process: "subprocess.Popen[bytes]", now: float) -> None:
    """Log that a process ended and set when it may start again: later after each failure."""
    if now - child.started_at > HEALTHY_SECONDS:
        child.failures = 0
    pause = min(LONGEST_PAUSE, _FIRST_PAUSE * 2**child.failures) if child.failures else 0.0
    child.failures += 1
    child.not_before = now + pause
    _log.warning("process ended", process=child.name, status=process.returncode, pause=pause)
    _end_group(process.pid)
    child.process = None


def _end_group(leader: int) -> None:
    """Kill what a dead process left behind: it would keep the port, and the next one out."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def _die_with_parent() -> None:
    os.setsid()  # Ctrl-C is for the supervisor, which stops its children in order
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))
