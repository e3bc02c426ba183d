"""The command that says what other settings would change, without changing anything."""

import json
from typing import IO

import click
from marshmallow import ValidationError
from rich.console import Console
from rich.table import Table

from commands.terminal import installed_portal, json_option, json_text, portal_argument
from integration.admin import portal_choices, settings_files
from integration.admin import preview as previews
from integration.admin.preview import PATIENT, Patience, Preview
from integration.admin.settings_files import Wanted
from integration.core.errors import Refused
from integration.portal.context import PortalContext
from mappings import formats
from mappings.kinds import source_label
from mappings.records.portal_map import PortalMap


@click.command(
    help="Say what a change of settings would alter, without writing anything.\n\nFILE is JSON with"
    " settings by name, as `second-order policy PORTAL --json` and `--map --json` print them; -"
    " reads it from the standard input. A large account is looked at deal by deal, as far as the"
    " time goes."
)
@portal_argument
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option(
    "--seconds",
    type=click.FloatRange(1, 3600),
    default=PATIENT.seconds,
    show_default=True,
    help="How long a large account is looked at.",
)
@click.option(
    "--judge-history",
    "judges_history",
    is_flag=True,
    help="Also judge deals of closed months by these settings.",
)
@json_option
def preview(
    portal_id: int, file: IO[str], *, seconds: float, judges_history: bool, as_json: bool
) -> None:
    """Print what the settings in a file would change."""
    try:
        content = json.load(file)
    except ValueError as wrong:
        raise Refused(f"{file.name} is no JSON: {wrong}") from None
    with installed_portal(portal_id) as portal:
        wanted = settings_files.read(portal.map, content)
        found = previews.preview(
            portal,
            portal_map=_map(portal, wanted),
            policy=wanted.policy,
            judges_history=judges_history,
            patience=Patience(PATIENT.records_at_once, seconds),
        )
    if as_json:
        click.echo(json_text(previews.as_json(found)))
    else:
        _show(Console(highlight=False), found)


def _map(portal: PortalContext, wanted: Wanted) -> PortalMap:
    try:
        return portal_choices.chosen(portal, wanted.map_values, portal.map)
    except ValidationError as wrong:
        faults = wrong.messages if isinstance(wrong.messages, dict) else {}
        names = ", ".join(sorted(map(str, faults)))
        raise Refused(f"These settings cannot be read as they stand in the file: {names}") from None


def _show(console: Console, found: Preview) -> None:
    for change in found.changes:
        console.print(f"{change.name}: {change.before!r} -> {change.after!r}", markup=False)
    for line in _sentences(found):
        console.print(line)
    console.print(_sources(found))
    console.print(_months(found))
    for example in found.sample:
        before, after = example["before"], example["after"]
        console.print(f"{example['name']} (deal {example['deal_id']})", style="bold", markup=False)
        console.print(f"  now:   {_said(before, example['currency'])}", markup=False)
        console.print(f"  then:  {_said(after, example['currency'])}", markup=False)


def _sentences(found: Preview) -> list[str]:
    lines = [f"Looked at {found.looked_at:,} of {found.deals:,} deals."]
    if found.not_seen:
        names = ", ".join(found.not_seen)
        lines.append(f"Left out, because HubSpot was not read for it yet: {names}.")
    if not found.judges_history:
        lines.append("Months were closed: deals won long ago stay as they were reported.")
    written = ", ".join(f"{count:,} {kind}" for kind, count in found.records_to_write.items())
    lines.append(f"Records to be written: {written or 'none'}.")
    if found.is_held:
        lines.append("This is so much that writing would wait until somebody confirms it.")
    return lines


def _sources(found: Preview) -> Table:
    table = Table("Deals by source", "Now", "Then")
    for source in sorted({*found.sources_before, *found.sources_after}):
        before, after = found.sources_before.get(source, 0), found.sources_after.get(source, 0)
        table.add_row(source_label(source), formats.count(before), formats.count(after))
    return table


def _months(found: Preview) -> Table:
    table = Table("Booked second-order revenue", "Now", "Then")
    for month in sorted({*found.booked_before, *found.booked_after}):
        before, after = found.booked_before.get(month, 0), found.booked_after.get(month, 0)
        if before != after:
            sums = (formats.money(minor, found.home) for minor in (before, after))
            table.add_row(formats.month(month), *sums)
    totals = (sum(found.booked_before.values()), sum(found.booked_after.values()))
    table.add_row("all months", *(formats.money(total, found.home) for total in totals))
    return table


def _said(fields: dict[str, str], currency: str) -> str:
    part = f", {formats.amount(fields['amount'], currency)}" if fields["amount"] else ""
    return f"{source_label(fields['source'] or 'none')}{part}. {fields['because']}"
