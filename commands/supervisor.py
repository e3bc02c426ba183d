"""Keeps the processes of one machine alive: restarts them for ever, with growing pauses, and stops them in order."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from integration.core import logs

_PR_SET_PDEATHSIG = 1
LONGEST_PAUSE = 30.0
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
    falls: int = 0


@dataclass(slots=True)
class Supervisor:
    """Processes that run until :meth:`run` is told to stop by SIGTERM or SIGINT."""

    environment: Mapping[str, str] = field(repr=False)
    children: list[Child] = field(default_factory=list)
    stopping: bool = False

    def add(self, name: str, arguments: Sequence[str]) -> None:
        """Keep ``second-order ARGUMENTS`` running."""
        self.children.append(Child(name, arguments))

    def run(self) -> None:
        """Start all, watch over them, and stop them when asked."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask_to_stop)
        try:
            while not self.stopping:
                for child in self.children:
                    self._look_after(child)
                time.sleep(0.2)
        finally:
            self._stop()

    def _ask_to_stop(self, *_: object) -> None:
        self.stopping = True

    def _look_after(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is not None and child.process.poll() is not None:
            if now - child.started_at > HEALTHY_SECONDS:
                child.falls = 0
            pause = min(LONGEST_PAUSE, 0.2 * 2**child.falls) if child.falls else 0.0
            child.falls += 1
            child.not_before = now + pause
            _log.warning(
                "process ended", process=child.name, status=child.process.returncode, pause=pause
            )
            _end_group(child.process.pid)
            child.process = None
        if child.process is None and now >= child.not_before:
            child.process = subprocess.Popen(
                [sys.executable, "-m", "commands", *child.arguments],
                env=dict(self.environment),
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


def _end_group(leader: int) -> None:
    """What a killed process left behind would keep its port, and its successor out."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def _die_with_parent() -> None:
    os.setsid()  # Ctrl-C is for the supervisor, which stops its children in order
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))
