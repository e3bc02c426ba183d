"""The command that lists, compares and restores a portal's settings versions."""

from collections.abc import Mapping
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from commands.terminal import installed_portal, json_option, json_text, portal_argument
from integration.admin import (
    portal_choices,
    property_reading,
    settings_changes,
    settings_effects,
    settings_log,
)
from integration.admin.settings_log import VersionLine
from integration.core.errors import Refused
from integration.portal import authors
from integration.portal.context import PortalContext
from integration.portal.settings import Difference
from mappings.formats import moment

_VERSION = click.IntRange(1, 2**31 - 1)


@click.command(
    help="List the versions of the settings: who made each, when, why, and what it changed.\n\nA"
    " version can be restored: a new version then says so. `second-order preview` says beforehand"
    " what other settings would change."
)
@portal_argument
@click.option(
    "--compare",
    type=(_VERSION, _VERSION),
    metavar="VERSION VERSION",
    help="What the second has otherwise than the first.",
)
@click.option("--restore", type=_VERSION, metavar="VERSION", help="Let it count again; needs --by.")
@click.option(
    "--judge-history",
    "judge_by",
    type=_VERSION,
    metavar="VERSION",
    help="Judge deals of closed months by it, too; needs --by and --reason.",
)
@click.option(
    "--seen",
    type=_VERSION,
    metavar="VERSION",
    help="With --restore: the newest version you looked at; refuse if there is another since.",
)
@click.option("--by", "author", default="", metavar="NAME", help="Who orders it.")
@click.option("--reason", default="", metavar="TEXT", help="Why; kept with the version.")
@json_option
# click passes the options as they are declared here: of every type.
def settings(portal_id: int, *, as_json: bool, **options: Any) -> None:  # noqa: ANN401
    """List settings versions; compare or restore them, or have one judge history."""
    with installed_portal(portal_id) as portal:
        if options["restore"] is not None:
            _restore(portal, options["restore"], options)
        elif options["judge_by"] is not None:
            _judge_history(portal, options["judge_by"], options["author"], options["reason"])
        elif options["compare"] is not None:
            _compare(portal, *options["compare"], as_json=as_json)
        else:
            _list(portal, as_json=as_json)


def _restore(portal: PortalContext, number: int, options: Mapping[str, Any]) -> None:
    if not options["author"]:
        raise Refused("Restoring says who does it: add --by NAME")
    portal_choices.check_version(portal, number)
    saved = settings_changes.restore(
        portal,
        number,
        actor=options["author"],
        reason=options["reason"],
        expected_version=options["seen"],
    )
    property_reading.read_labels_if_possible(portal)
    for sentence in settings_effects.in_words(portal, saved):
        click.echo(sentence)


def _judge_history(portal: PortalContext, number: int, author: str, reason: str) -> None:
    settings_changes.judge_history(portal, number, actor=author, reason=reason)
    click.echo(
        f"All deals are judged by version {number}, those of closed months included. What changes"
        " there is booked in the current month; `second-order ledger --month --as reported` keeps"
        " what was reported."
    )


def _compare(portal: PortalContext, first: int, second: int, *, as_json: bool) -> None:
    differences = settings_log.compare(portal, first, second)
    if as_json:
        click.echo(json_text(settings_log.as_json(differences)))
        return
    table = Table("Setting", f"Version {first}", f"Version {second}")
    for difference in differences:
        table.add_row(difference.name, str(difference.before), str(difference.after))
    Console().print(table)


def _list(portal: PortalContext, *, as_json: bool) -> None:
    lines = settings_log.every(portal)
    if as_json:
        click.echo(json_text([_line_json(line) for line in lines]))
        return
    with portal.transaction() as tx:
        people = authors.all_in_words(tx, [line.author for line in lines])
    table = Table("Version", "Made", "By", "Why", "What it changed")
    for line in lines:
        made = moment(line.made_at) if line.made_at else ""
        changed = "\n".join(map(_in_words, line.changes))
        table.add_row(str(line.number), made, people[line.author], line.reason, changed)
    Console().print(table)


def _in_words(difference: Difference) -> str:
    return f"{difference.name}: {difference.before} -> {difference.after}"


def _line_json(line: VersionLine) -> dict[str, Any]:
    return {
        "version": line.number,
        "made_at": line.made_at,
        "author": line.author,
        "reason": line.reason,
        "judges_history": line.judges_history,
        "changes": settings_log.as_json(line.changes),
    }
