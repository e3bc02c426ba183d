"""One RQ worker: JSON only, an allow-list of jobs, everything imported before the first fork."""

import logging
import os
import sys
from typing import Any

import redis
from rq import Queue, Worker
from rq.job import Job
from rq.serializers import JSONSerializer

from integration.core import logs
from integration.core.environment import Settings
from integration.core.errors import Retryable, SecondOrderError
from integration.core.wake_ups import JOBS, QUEUE
from integration.portal.runtime import open_runtime, urls
from workers import jobs

_log = logs.get(__name__)
_ALLOWED = {
    JOBS["drain"]: jobs.drain,
    JOBS["write"]: jobs.write,
    JOBS["import"]: jobs.import_portal,
    JOBS["mail"]: jobs.mail,
    JOBS["days"]: jobs.days,
    JOBS["upload"]: jobs.upload,
}


class ForbiddenJob(Exception):
    """A queued job that is none of ours: somebody else wrote it into Valkey."""


class AllowedJob(Job):
    """A job that runs one of our functions on one whole number, or nothing."""

    @property
    def func(self) -> Any:  # noqa: ANN401 - RQ's own signature
        """The function of that name in our list; nothing is imported by name."""
        if self.func_name not in _ALLOWED or self.instance is not None or self.kwargs:
            raise ForbiddenJob("a queued job names a function that is not ours")
        if len(self.args) != 1 or type(self.args[0]) is not int:
            raise ForbiddenJob("a queued job carries something else than a portal id")
        return _ALLOWED[self.func_name]

    @property
    def success_callback(self) -> None:
        """Callbacks are names of functions too: none run."""
        return

    @property
    def failure_callback(self) -> None:
        """As above."""
        return

    @property
    def stopped_callback(self) -> None:
        """As above."""
        return


def _bury(settings: Settings, job: Job) -> None:
    """Free the lane of a killed child, which need not wait until its lease runs out."""
    kind = next((kind for kind, name in JOBS.items() if name == job.func_name), None)
    try:
        portal_id = int(job.args[0])
        with open_runtime(settings, pool_size=1) as runtime:
            if kind:
                jobs.bury(runtime, portal_id, kind)
                runtime.queue.wake(portal_id, kind)
    except (SecondOrderError, ValueError, TypeError, IndexError) as trouble:
        _log.warning("a lane waits until its lease runs out", reason=str(trouble))


def run(settings: Settings) -> None:
    """Work until SIGTERM; the slice at hand is finished first.

    Raises Retryable when Valkey does not answer at the start, and SystemExit when it went away
    later: who supervises the worker starts it again.
    """
    _, redis_url = urls(settings)
    logs.configure(settings.log_level)
    logs.catch_uncaught()
    logging.getLogger("rq").setLevel(logging.WARNING)
    try:
        worker = _worker(settings, redis.Redis.from_url(redis_url))
    except redis.RedisError as trouble:
        raise Retryable(f"Valkey (REDIS_URL) does not answer: {type(trouble).__name__}") from None
    try:
        worker.work(with_scheduler=False, logging_level="WARNING")
    except redis.RedisError as trouble:
        _log.warning("worker ends: valkey went away", error=type(trouble).__name__)
        sys.exit(1)


def _worker(settings: Settings, connection: "redis.Redis") -> Worker:
    connection.ping()
    queue = Queue(QUEUE, connection=connection, serializer=JSONSerializer, job_class=AllowedJob)
    return Worker(
        [queue],
        connection=connection,
        serializer=JSONSerializer,
        job_class=AllowedJob,
        worker_ttl=20,
        maintenance_interval=30,
        log_job_description=False,
        name=f"second-order-{os.getpid()}-{os.urandom(4).hex()}",
        work_horse_killed_handler=lambda job, *_: _bury(settings, job),
    )
