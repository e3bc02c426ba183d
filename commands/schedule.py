"""The command that runs the sweeper."""

import signal
import threading

import click

from integration.core import environment, logs
from integration.portal import runtime
from workers import sweeper


@click.command()
def schedule() -> None:
    """Run the sweeper: finds forgotten work, keeps the calendar. Several may run."""
    settings = environment.load()
    logs.configure(settings.log_level)
    logs.catch_uncaught()
    runtime.urls(settings)  # a missing database is reported now; one that is away, waited for
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    sweeper.run(settings, stop)
