"""The command that imports or reconciles a portal and shows its progress."""

import time

import click
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from commands.terminal import portal_argument
from integration.admin import housekeeping
from integration.core.errors import Refused
from integration.ingest import backfill as importing
from integration.portal.context import open_portal
from integration.portal.runtime import Runtime, open_runtime
from integration.storage.queue.import_runs import Stream

_PAUSE_SECONDS = 0.5


@click.command()
@portal_argument
def backfill(portal_id: int) -> None:
    """Import a portal, or reconcile one that was imported. Goes on where the last run stopped."""
    with open_runtime() as runtime:
        with open_portal(runtime, portal_id) as portal:
            account = portal.find()
        if account is None or not account.is_active:
            state = account.state if account else "not installed"
            raise Refused(f"Portal {portal_id} is {state}: reconnect it at /install")
        kind = "reconciliation" if account.imported_at else "import"
        is_new = housekeeping.start(runtime, portal_id, kind=kind)
        begun = "Started" if is_new else "Going on with"
        click.echo(f"{begun} the {kind} of portal {portal_id}.", err=True)
        _show_progress(runtime, portal_id)


def _show_progress(runtime: Runtime, portal_id: int) -> None:
    """Show one bar for each stream until the run ends.

    The workers read the records: ending this command does not end the run.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed} read"),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        TimeElapsedColumn(),
    )
    tasks: dict[str, TaskID] = {}
    with Progress(*columns) as bars, open_portal(runtime, portal_id) as portal:
        while (run := importing.progress(portal)) is not None:
            for stream in run.streams:
                _show_stream(bars, tasks, stream)
            account = portal.find()
            if not run.running:
                return
            if account is None or not account.is_active:
                reason = account.paused_reason if account else ""
                raise Refused(f"Portal {portal_id} was paused: {reason}")
            time.sleep(_PAUSE_SECONDS)


def _show_stream(bars: Progress, tasks: dict[str, TaskID], stream: Stream) -> None:
    if stream.name not in tasks:
        tasks[stream.name] = bars.add_task(stream.name, total=None)
    # A bar is full when its stream is done, also that of a stream without records.
    total = max(stream.records, 1) if stream.done else stream.total
    bars.update(tasks[stream.name], completed=stream.records, total=total)
