"""Commands that change something: schema, imports, replays, erasure, keys, the developer project."""

import time
from datetime import timedelta
from pathlib import Path

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from commands.look import AN_ID, known
from integration.admin import housekeeping, key_rotation, uninstall
from integration.admin import replay as replays
from integration.core import environment
from integration.core.errors import Refused
from integration.ingest import backfill as importing
from integration.portal import forgotten, inbound_keys, runtime
from integration.portal.context import open_portal
from integration.portal.runtime import Runtime, open_runtime
from integration.storage import database
from mappings.records.project import project_files


@click.command()
def migrate() -> None:
    """Bring the database schema to the newest version."""
    url, _ = runtime.urls(environment.load())
    click.echo(f"The schema is at version {database.migrate(url)}.")


@click.command()
@click.argument("portal", type=AN_ID)
def backfill(portal: int) -> None:
    """Import a portal, or reconcile one that was imported. Goes on where the last run stopped."""
    with open_runtime() as own:
        with open_portal(own, portal) as context:
            found = context.find()
        if found is None or not found.is_active:
            raise Refused(
                f"Portal {portal} is {found.state if found else 'not installed'}: reconnect it at /install"
            )
        kind = "reconciliation" if found.imported_at else "import"
        begun = housekeeping.start(own, portal, kind=kind)
        click.echo(
            f"{'Started' if begun else 'Going on with'} the {kind} of portal {portal}.", err=True
        )
        _watch(own, portal)


def _watch(own: Runtime, portal: int) -> None:
    """Show a bar a stream until the run ends; the workers do the work, so stopping to look stops nothing."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed} read"),
        TimeElapsedColumn(),
    )
    with Progress(*columns) as bars, open_portal(own, portal) as context:
        tasks: dict[str, object] = {}
        while (now := importing.progress(context)) is not None:
            for stream in now.streams:
                task = tasks.setdefault(
                    stream.name,
                    bars.add_task(stream.name, total=None) if stream.name not in tasks else 0,
                )
                total = max(stream.records, 1) if stream.done else None
                bars.update(task, completed=stream.records, total=total)  # type: ignore[arg-type]  # rich's TaskID
            found = context.find()
            if not now.running:
                return
            if found is None or not found.is_active:
                raise Refused(f"Portal {portal} was paused: {found.paused_reason if found else ''}")
            time.sleep(0.5)


@click.command()
@click.argument("portal", type=AN_ID)
def replay(portal: int) -> None:
    """Put back to work what was set aside. Deliveries, events, conclusions and patches get another try."""
    with open_runtime() as own, open_portal(own, portal) as context:
        known(own, portal)
        click.echo(f"{replays.replay(context)} put back.")


@click.command("forget")
@click.argument("portal", type=AN_ID)
@click.argument("kind", type=click.Choice(["contact"]))
@click.argument("record_id", type=AN_ID)
def forget_command(portal: int, kind: str, record_id: int) -> None:
    """Erase a person. Names, addresses, texts and evidence go; totals stay."""
    with open_runtime() as own, open_portal(own, portal) as context:
        known(own, portal)
        deals = forgotten.forget(context, record_id)
    anew = "1 deal is" if deals == 1 else f"{deals} deals are"
    click.echo(f"Forgot {kind} {record_id}; {anew} explained anew without the name.")


@click.command("uninstall")
@click.argument("portal", type=AN_ID)
@click.option("--yes", is_flag=True, help="Do not ask.")
def uninstall_command(portal: int, *, yes: bool) -> None:
    """Remove the app from a portal. Tokens go at once, data after 30 days, our HubSpot properties stay."""
    if not yes:
        click.confirm(f"Uninstall Second Order from portal {portal}?", abort=True)
    with open_runtime() as own, open_portal(own, portal) as context:
        was_there = uninstall.uninstall(context, actor="command line")
    left = "" if was_there else " HubSpot had removed it already."
    click.echo(
        f"Portal {portal} is uninstalled.{left} Its rows go in 30 days; our HubSpot properties stay."
    )


@click.command("rotate-keys")
def rotate_keys() -> None:
    """Seal every token with the newest key. Says how long older forget keys are needed."""
    with open_runtime() as own:
        click.echo(f"{key_rotation.rotate(own)} tokens are sealed with the newest key.")
        for use in key_rotation.forget_keys_in_use(own):
            if not use.is_newest:
                click.echo(use.sentence)


@click.command("inlet-key")
@click.argument("portal", type=AN_ID)
@click.option("--renew", is_flag=True, help="Make a new key; the one before works seven days more.")
@click.option("--at-once", is_flag=True, help="With --renew: the one before ends now.")
def inlet_key(portal: int, *, renew: bool, at_once: bool) -> None:
    """Print or renew a portal's inlet key. Survey tools and products show it; it is a secret."""
    if at_once and not renew:
        raise Refused("--at-once ends the key before a new one: add --renew")
    with open_runtime() as own, open_portal(own, portal) as context:
        known(own, portal)
        if renew:
            inbound_keys.renew(
                context, actor="command line", grace=timedelta() if at_once else inbound_keys.GRACE
            )
        shown = inbound_keys.current(context)
    if shown.key is None:
        raise Refused(
            f"Portal {portal}: its inlet key works, but no key in TOKEN_KEYS opens it to be shown."
            " Put the key that sealed it back, or --renew it."
        )
    click.echo(shown.key)
    if shown.former_until:
        click.echo(f"The key before works until {shown.former_until:%Y-%m-%d %H:%M} UTC.", err=True)


@click.command()
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("hubspot_project"),
    show_default=True,
)
@click.option("--url", default="", help="Public address of this service; default PUBLIC_URL.")
def project(folder: Path, url: str) -> None:
    """Write the HubSpot developer project. It holds the app, its scopes and webhook subscriptions."""
    for name, content in project_files(url or environment.load().public_url).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        click.echo(path)
