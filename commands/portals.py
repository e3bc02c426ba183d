"""The command that lists portals."""

from datetime import datetime

import click
from rich.console import Console
from rich.table import Table

from commands.terminal import json_option, json_text
from integration.admin import overview
from integration.portal.runtime import open_runtime
from mappings.formats import moment


@click.command()
@json_option
def portals(*, as_json: bool) -> None:
    """List portals. Each with its state, what waits, what was set aside or refused, last sync."""
    with open_runtime() as runtime:
        listed = overview.portals(runtime)
        for_strangers = overview.for_strangers(runtime)
    if as_json:
        click.echo(json_text(listed))
        return
    table = Table("Portal", "State", "Waiting", "Set aside", "Imported", "Last sync")
    for portal in listed:
        waiting = sum(portal[queue] for queue in ("inbox", "events", "stale", "outbox"))
        reason = "".join(f": {said}" for said in (portal["reason"], portal["held"]) if said)
        table.add_row(
            str(portal["portal_id"]),
            portal["state"] + reason,
            str(waiting),
            str(portal["set_aside"]),
            _time(portal["imported_at"]),
            _time(portal["last_sync_at"]),
        )
    console = Console()
    console.print(
        table if listed else "No portal has installed the app yet: open /install in a browser."
    )
    for portal in listed:
        for refused in portal["refused_streams"]:
            console.print(f"Portal {portal['portal_id']}: {refused['sentence']}", markup=False)
        if portal["undelivered"]:
            console.print(f"Portal {portal['portal_id']}: {portal['undelivered']}", markup=False)
    if for_strangers:
        console.print(for_strangers)


def _time(at: datetime | None) -> str:
    return moment(at) if at else "-"
