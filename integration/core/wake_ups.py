"""Wake-ups: the word that a portal has work, never the work; a lost one costs seconds, not data."""

import threading
import time
from typing import Protocol

import redis
import rq
import rq.timeouts
from rq.serializers import JSONSerializer

from integration.core import logs

QUEUE = "second-order"
PREFIX = "second-order:"
WAKE_MILLISECONDS = 5000
# A job that takes longer has lost its way, and its lease: slices end by themselves before. (An
# import's are longer.)
JOB_SECONDS = 30
# A mail server that is slow at every step is waited for: what is under way has no way back.
_LONGER = {"import": 60, "mail": 120}
# What a wake-up may start, and nothing else; a worker refuses any other name it finds in the queue.
JOBS = {
    "drain": "workers.jobs.drain",
    "write": "workers.jobs.write",
    "import": "workers.jobs.import_portal",
    "mail": "workers.jobs.mail",
    "days": "workers.jobs.days",
    "upload": "workers.jobs.upload",
}
# Raised in a job when its time is over, wherever it happens to be.
TookTooLong = rq.timeouts.JobTimeoutException
_log = logs.get(__name__)


class NoRetrySchedule(Protocol):
    """Anything that can be called without arguments and returns seconds."""

    def __call__(self) -> float:
        """Return the seconds."""


class Queue:
    """The wake-up side of RQ.

    Trouble with Valkey is counted and never raised: the sweeper finds the work a second later.
    """

    def __init__(self, url: str, *, monotonic: NoRetrySchedule = time.monotonic) -> None:
        self.redis = redis.Redis.from_url(
            url,
            socket_timeout=0.2,
            socket_connect_timeout=0.2,
            retry=redis.retry.Retry(redis.backoff.NoBackoff(), 0),
        )
        self._rq = rq.Queue(QUEUE, connection=self.redis, serializer=JSONSerializer)
        self._monotonic = monotonic
        self._refused_since: float | None = None
        self.refusals = 0

    def wake(self, portal_id: int, kind: str = "drain") -> bool:
        """Ask for a worker; return whether Valkey took the request.

        While a request for a lane waits, another one for it adds nothing.
        """
        try:
            if not self.redis.set(_flag(portal_id, kind), b"1", nx=True, px=WAKE_MILLISECONDS):
                return self._worked()
            seconds = _LONGER.get(kind, JOB_SECONDS)
            self._rq.enqueue_call(
                JOBS[kind],
                args=(portal_id,),
                timeout=seconds,
                result_ttl=0,
                failure_ttl=86400,
                description=kind,
            )
        except redis.RedisError as trouble:
            return self._refused(trouble)
        return self._worked()

    def asleep(self, portal_id: int, kind: str) -> None:
        """Note that the lane is about to be looked at, so that later work wakes it again."""
        try:
            self.redis.delete(_flag(portal_id, kind))
        except redis.RedisError as trouble:
            self._refused(trouble)

    def refused_for(self) -> float:
        """Seconds since Valkey began to refuse; 0 while it works."""
        return 0.0 if self._refused_since is None else self._monotonic() - self._refused_since

    def answers(self) -> bool:
        """Whether Valkey takes a write now; one that is full or read-only still answers a ping."""
        try:
            return (
                bool(self.redis.set(f"{PREFIX}probe", b"1", px=WAKE_MILLISECONDS))
                and self._worked()
            )
        except redis.RedisError as trouble:
            return self._refused(trouble)

    def _worked(self) -> bool:
        self._refused_since = None
        return True

    def _refused(self, trouble: Exception) -> bool:
        self.refusals += 1
        if self._refused_since is None:
            self._refused_since = self._monotonic()
            _log.warning("valkey refuses", error=type(trouble).__name__)
        return False


class Notifier:
    """Wakes portals from its own thread, each at most once in 20 ms, so that no request waits.

    A wake-up that is not passed on when the process ends is made good by the sweeper a second
    later.
    """

    def __init__(self, queue: Queue, *, every: float = 0.02) -> None:
        self._queue = queue
        self._every = every
        self._wanted: set[int] = set()
        self._passing_on = False
        self._lock = threading.Lock()
        self._requested = threading.Event()
        self._thread: threading.Thread | None = None

    def notify(self, portal_id: int) -> None:
        """Ask for the portal's drain to be woken, after whatever was committed before this call."""
        if portal_id in self._wanted:
            return  # the one who takes this set away wakes the portal later than now
        with self._lock:
            self._wanted.add(portal_id)
            if self._thread is None:  # not before: a web process forks after it was built
                self._thread = threading.Thread(target=self._pass_on, name="notifier", daemon=True)
                self._thread.start()
        self._requested.set()

    def wait_until_idle(self, *, timeout: float = 5.0) -> bool:
        """Wait until every wake-up was passed on; return whether that came about in time."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            with self._lock:
                if not self._wanted and not self._passing_on:
                    return True
            time.sleep(self._every)
        return False

    def _pass_on(self) -> None:
        while True:
            self._requested.wait()
            self._requested.clear()
            with self._lock:
                wanted, self._wanted = self._wanted, set()
                self._passing_on = True
            for portal_id in wanted:
                self._queue.wake(portal_id)
            self._passing_on = False
            time.sleep(self._every)


def _flag(portal_id: int, kind: str) -> str:
    return f"{PREFIX}wake:{kind}:{portal_id}"
