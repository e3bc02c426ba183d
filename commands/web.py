"""The command that runs the web process."""

import ctypes
import importlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import click
from granian.constants import Interfaces
from granian.server import Server as Granian

from commands.ports import refuse_taken_ports
from integration.core import environment, logs, own_process
from integration.core.environment import Settings
from integration.portal import runtime
from webhooks.server_bridge import WsgiBridge

_METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_PR_SET_PDEATHSIG = 1
# Connections of one web process. A slow connection costs a socket and no thread.
_CONNECTIONS = 1024
# Granian's log lines are written as ours are: JSON, on standard error.
_LOGS = {"loggers": {"_granian": {"handlers": [], "propagate": True}}}


@click.command()
def web() -> None:
    """Run the web process. It takes webhooks, installs, and shows people's pages."""
    settings = environment.load()
    logs.configure(settings.log_level)
    logs.catch_uncaught()
    refuse_taken_ports(settings)
    runtime.urls(settings)  # a missing database is reported now, not at the first request
    _share_metrics(settings)
    serve("wsgi:app", settings)


def _share_metrics(settings: Settings) -> None:
    """Let all web processes count into one folder, so that each answers /metrics for all.

    The Prometheus client reads the folder's name when it is imported, and it is imported by now:
    the process starts itself again with the name set.
    """
    if _METRICS_FOLDER in os.environ:
        return
    os.environ[_METRICS_FOLDER] = str(_metrics_folder(settings))
    itself = own_process.surroundings(os.environ)
    os.execve(sys.executable, own_process.command("web"), itself)  # noqa: S606 - no shell is wanted


def _metrics_folder(settings: Settings) -> Path:
    """Return an empty folder: in the data folder, or a temporary one where that is no use."""
    folder = settings.data_dir / f"metrics-{settings.port}"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True, mode=0o700)
    except OSError:
        return Path(tempfile.mkdtemp(prefix="second-order-metrics-"))
    return folder


def serve(target: str, settings: Settings) -> None:
    """Answer HTTP with *target*, a `module:name`: docs/decisions/0003-web-server.md."""
    Granian(
        target,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.RSGI,
        workers=settings.web_processes,
        backpressure=_CONNECTIONS,
        backlog=2 * _CONNECTIONS,
        log_level=settings.log_level.lower(),  # type: ignore[arg-type]  # granian's own spelling
        log_dictconfig=_LOGS,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
    ).serve(target_loader=_load)


def _load(target: str) -> Callable[..., Any]:
    """Import the application in a process that ends when its parent is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
    module, _, name = target.partition(":")
    try:
        app = getattr(importlib.import_module(module), name)
    except Exception as trouble:  # noqa: BLE001 - whatever it is ends the process
        # Whoever loads us would print the traceback as it is, between lines of JSON.
        logs.get(__name__).critical("web process does not start", exc_info=trouble)
        sys.exit(1)
    # Granian calls the method __rsgi__; its types know functions only.
    front: Callable[..., Any] = cast("Any", WsgiBridge(app, threads=environment.load().web_threads))
    return front
