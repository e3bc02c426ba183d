"""What goes wrong: processes killed, servers killed, Valkey emptied, a worker frozen beyond its lease."""

import contextlib
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import psutil
import redis

from tests.chaos_service import Service, kill

# Longer than a lease: who wakes up afterwards must find itself fenced off.
FROZEN_SECONDS = 34.0


@dataclass
class Faults:
    """One fault at a time; *done* counts those that hit something."""

    service: Service
    seed: int
    freeze_seconds: float = FROZEN_SECONDS
    leave_out: frozenset[str] = frozenset()
    done: Counter[str] = field(default_factory=Counter)
    _thaw: list[threading.Timer] = field(default_factory=list)

    def storm(self, seconds: float, *, at_least: int = 0) -> None:
        """Every 0.6 to 1.6 seconds something breaks; each kind gets its turn before any comes again.

        It goes on until *at_least* so many faults hit something, however busy the machine is.
        """
        dice = random.Random(self.seed)
        end = time.monotonic() + seconds
        waiting: list[str] = []
        while time.monotonic() < end or self.done.total() < at_least:
            time.sleep(dice.uniform(0.6, 1.6))
            if not waiting:
                waiting = sorted(self._kinds().keys() - self.leave_out)
                dice.shuffle(waiting)
            name = waiting.pop()
            if self._kinds()[name](dice):
                self.done[name] += 1

    def calm(self) -> None:
        """Let the frozen ones go on."""
        for timer in self._thaw:
            timer.join(self.freeze_seconds + 1)

    def _kinds(self) -> dict[str, Callable[[random.Random], int]]:
        return {
            "web worker": lambda dice: self._kill("web worker", dice),
            "web parent": lambda dice: self._kill("web", dice),
            "worker parent": lambda dice: self._kill("worker", dice),
            "horse": lambda _: self._kill_horse(),
            "worker and horse": self._kill_both,
            "sweeper": lambda dice: self._kill("schedule", dice),
            "valkey": lambda dice: self._kill("valkey", dice),
            "one backend": lambda dice: self._kill("backend", dice),
            "postgres": lambda dice: self._kill("postgres", dice),
            "flushall": lambda _: self._flush(),
            "frozen worker": lambda _: self._freeze(),
        }

    def _kill(self, role: str, dice: random.Random) -> int:
        found = self.service.processes(role)
        return kill([dice.choice(found)]) if found else 0

    def _kill_horse(self) -> int:
        horse = self._horse(2.0)
        return kill([horse]) if horse else 0

    def _kill_both(self, dice: random.Random) -> int:
        horse = self._horse(2.0)
        if horse is None:
            return self._kill("worker", dice)
        with contextlib.suppress(psutil.Error):
            return kill([process for process in (horse.parent(), horse) if process])
        return 0

    def _freeze(self) -> int:
        victim = self._horse(2.0) or next(iter(self.service.processes("worker")), None)
        if victim is None or any(timer.is_alive() for timer in self._thaw):
            return 0
        with contextlib.suppress(psutil.Error):
            victim.suspend()
            timer = threading.Timer(self.freeze_seconds, _resume, (victim,))
            timer.daemon = True
            timer.start()
            self._thaw.append(timer)
            return 1
        return 0

    def _flush(self) -> int:
        with (
            contextlib.suppress(redis.RedisError),
            redis.Redis.from_url(
                self.service.servers()[1], socket_timeout=1, socket_connect_timeout=1
            ) as client,
        ):
            client.flushall()
            return 1
        return 0

    def _horse(self, seconds: float) -> psutil.Process | None:
        """A worker's child that is at work; they live for moments."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := self.service.processes("horse"):
                return found[0]
            time.sleep(0.01)
        return None


def _resume(process: psutil.Process) -> None:
    with contextlib.suppress(psutil.Error):
        process.resume()
