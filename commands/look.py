"""Commands that look: portals, waiting work, reasons, the doctor."""

import json
import sys
import time
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from integration.admin import doctor as diagnosis
from integration.admin import overview
from integration.core.errors import Refused
from integration.portal.context import open_portal
from integration.portal.runtime import Runtime, open_runtime
from integration.reports import explain as explaining

# As large as an id can be in the database; what is larger is a slip of the hand.
AN_ID = click.IntRange(1, (1 << 63) - 1)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command()
@as_json
def portals(*, as_json: bool) -> None:
    """List portals. Each with its state, what waits, what was set aside, last sync."""
    with open_runtime() as runtime:
        found = overview.portals(runtime)
    if as_json:
        click.echo(dump(found))
        return
    table = Table("Portal", "State", "Waiting", "Set aside", "Imported", "Last sync")
    for each in found:
        waiting = sum(each[name] for name in ("inbox", "events", "stale", "outbox"))
        state = each["state"] + (f": {each['reason']}" if each["reason"] else "")
        table.add_row(
            str(each["portal_id"]), state, str(waiting), str(each["set_aside"]),
            _when(each["imported_at"]), _when(each["last_sync_at"]),
        )  # fmt: skip
    Console().print(
        table if found else "No portal has installed the app yet: open /install in a browser."
    )


@click.command()
@click.argument("portal", type=AN_ID, required=False)
@click.option(
    "--timeout", type=float, default=300.0, show_default=True, help="Seconds to wait at most."
)
def settle(portal: int | None, timeout: float) -> None:
    """Wait until nothing waits. Status 0 when settled, 1 when not in time."""
    with open_runtime() as runtime:
        if not wait_until_settled(runtime, portal, timeout):
            raise Refused(f"Not settled after {timeout:g} seconds: {_what_waits(runtime, portal)}")


def wait_until_settled(runtime: Runtime, portal: int | None, timeout: float) -> bool:
    """Wait until the portal (or all) has nothing to do; say whether it came to that in time."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        found = [each for each in overview.portals(runtime) if portal in (None, each["portal_id"])]
        if portal is not None and not found:
            raise Refused(f"Portal {portal} has not installed the app")
        if all(each["state"] != "active" or overview.is_settled(each) for each in found):
            return True
        time.sleep(0.2)
    return False


@click.command()
@click.argument("portal", type=AN_ID)
@click.argument("kind", type=click.Choice(["deal", "contact", "company"]))
@click.argument("record_id", type=AN_ID)
@as_json
def explain(portal: int, kind: str, record_id: int, *, as_json: bool) -> None:
    """Say what we conclude about a record, with reasons and ledger."""
    with open_runtime() as runtime, open_portal(runtime, portal) as context:
        known(runtime, portal)
        found = explaining.explain(context, kind, record_id)
    click.echo(dump(found) if as_json else "\n".join(explaining.in_words(found)))


@click.command("status")
@click.argument("portal", type=AN_ID)
def status_command(portal: int) -> None:
    """Print a portal's import, findings and API calls, as JSON."""
    with open_runtime() as runtime, open_portal(runtime, portal) as context:
        known(runtime, portal)
        click.echo(dump({**diagnosis.portal_report(context), "found": explaining.summary(context)}))


@click.command()
@as_json
def doctor(*, as_json: bool) -> None:
    """Say what is missing, and what to do. Looks at configuration, servers, schema, scopes and properties."""
    findings = diagnosis.everything()
    if as_json:
        click.echo(dump([finding.__dict__ for finding in findings]))
    for finding in findings if not as_json else ():
        click.echo(f"{'ok  ' if finding.ok else 'FIX '} {finding.what}: {finding.said}")
    if not all(finding.ok for finding in findings):
        sys.exit(1)


def dump(value: object) -> str:
    """Render JSON for scripts: dates as ISO text, keys in order."""
    return json.dumps(value, default=str, indent=2, sort_keys=True, ensure_ascii=False)


def known(runtime: Runtime, portal: int) -> None:
    """Refuse a portal that never installed the app, or is being erased."""
    overview.check_known(runtime, portal)


def _what_waits(runtime: Runtime, portal: int | None) -> str:
    lines = [
        f"portal {each['portal_id']}: "
        + ", ".join(
            f"{each[name]} {name}"
            for name in ("inbox", "events", "stale", "outbox", "importing")
            if each[name]
        )
        for each in overview.portals(runtime)
        if portal in (None, each["portal_id"]) and not overview.is_settled(each)
    ]
    return "; ".join(lines)


def _when(moment: Any) -> str:  # noqa: ANN401 - a datetime or None
    return moment.strftime("%Y-%m-%d %H:%M:%S") if moment else "-"
