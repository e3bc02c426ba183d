"""Commands that run until they are stopped: everything on one machine, or one process each."""

import ctypes
import importlib
import os
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any, cast

import click
from granian.constants import Interfaces
from granian.server import Server as Granian

from commands.supervisor import Supervisor
from integration.core import environment, logs, servers
from integration.core.environment import Settings
from integration.core.errors import Refused
from integration.portal import runtime
from integration.storage import database
from webhooks.server_bridge import WsgiBridge
from workers import sweeper
from workers import worker as rq_worker

_COUNTERS = "PROMETHEUS_MULTIPROC_DIR"
_PR_SET_PDEATHSIG = 1
# Connections of one web process: a slow one costs a socket and no thread.
_CONNECTIONS = 1024
# Granian's own lines take our way out: JSON, on standard error.
_LOGS = {"loggers": {"_granian": {"handlers": [], "propagate": True}}}


@click.command()
def up() -> None:
    """Run everything on one machine. PostgreSQL and Valkey are started, too, unless their URLs are given."""
    own = environment.load()
    logs.configure(own.log_level)
    _refuse_taken_ports(own)
    with servers.embedded(
        own.data_dir, postgres=own.database_url is None, valkey=own.redis_url is None
    ) as started:
        urls = {
            "DATABASE_URL": own.database_url or started.database_url,
            "REDIS_URL": own.redis_url or started.redis_url,
        }
        version = database.migrate(urls["DATABASE_URL"])
        supervisor = Supervisor({**os.environ, **urls})
        supervisor.add("web", ["web"])
        supervisor.add("schedule", ["schedule"])
        for number in range(own.workers):
            supervisor.add(f"worker-{number + 1}", ["worker"])
        click.echo(
            f"Second Order runs at {own.public_url} (schema {version}); Ctrl-C stops it.", err=True
        )
        supervisor.run()


@click.command()
def web() -> None:
    """Run the web process. It takes webhooks, installs, and shows people's pages."""
    own = environment.load()
    logs.configure(own.log_level)
    _refuse_taken_ports(own)
    runtime.urls(own)  # say so now when there is no database, not at the first request
    _count_together(own)
    serve("wsgi:app", own)


def _count_together(own: Settings) -> None:
    """Let all web processes count into one folder, so that /metrics says the same whoever answers.

    Prometheus' client looks for the folder when it is imported, which has happened: so start over
    with it set.
    """
    if _COUNTERS in os.environ:
        return
    folder = own.data_dir / f"metrics-{own.port}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    os.environ[_COUNTERS] = str(folder)
    os.execv(sys.executable, [sys.executable, "-m", "commands", "web"])  # noqa: S606 - ourselves, without a shell


def serve(target: str, own: Settings) -> None:
    """Answer HTTP with *target* until told to stop: docs/decisions/0003-web-server.md."""
    Granian(
        target,
        address=own.host,
        port=own.port,
        interface=Interfaces.RSGI,
        workers=own.web_processes,
        backpressure=_CONNECTIONS,
        backlog=2 * _CONNECTIONS,
        log_level=own.log_level.lower(),  # type: ignore[arg-type]  # granian's own spelling of the same words
        log_dictconfig=_LOGS,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
    ).serve(target_loader=_load)


@click.command()
def worker() -> None:
    """Run one background worker."""
    rq_worker.run(environment.load())


@click.command()
def schedule() -> None:
    """Run the sweeper: finds forgotten work, keeps the calendar. Several may run."""
    own = environment.load()
    logs.configure(own.log_level)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    sweeper.run(own, stop)


def _load(target: str) -> Callable[..., Any]:
    """Open the application in a process of its own, that ends when the one that started it was killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
    module, _, name = target.partition(":")
    # Granian finds __rsgi__; its types only know functions.
    app = getattr(importlib.import_module(module), name)
    front: Callable[..., Any] = cast("Any", WsgiBridge(app, threads=environment.load().web_threads))
    return front


def _refuse_taken_ports(own: Settings) -> None:
    """A second copy on a port would silently share its traffic: say so and stop instead."""
    _refuse_taken("PORT", own.host, own.port)
    if own.metrics_address:
        _refuse_taken(
            "METRICS_ADDRESS", own.metrics_address.hostname or "", own.metrics_address.port or 0
        )


def _refuse_taken(name: str, host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as trouble:
            raise Refused(
                f"{name} {port} on {host} cannot be used ({trouble.strerror}):"
                f" stop what listens there, or choose another {name}"
            ) from None
