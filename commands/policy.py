"""Weights, thresholds and windows of one portal: list them, and change them as a new settings version."""

import click
from rich.console import Console
from rich.table import Table

from commands.look import AN_ID, as_json, dump, known
from integration.admin import policies
from integration.core.errors import Refused
from integration.portal.context import PortalContext, open_portal
from integration.portal.runtime import open_runtime


@click.command()
@click.argument("portal", type=AN_ID)
@click.option(
    "--set", "changes", multiple=True, metavar="NAME=VALUE", help="Set a value; may be repeated."
)
@click.option(
    "--default", "back", multiple=True, metavar="NAME", help="Back to the default; may be repeated."
)
@click.option("--by", metavar="NAME", help="Who changes it; kept with the version.")
@click.option("--reason", metavar="TEXT", help="Why; kept with the version.")
@click.option(
    "--seen",
    type=click.IntRange(0, 2**31 - 1),
    metavar="VERSION",
    help="The version you looked at: refuse if somebody changed the same values since.",
)
@as_json
def policy(
    portal: int,
    *,
    changes: tuple[str, ...],
    back: tuple[str, ...],
    by: str | None,
    reason: str | None,
    seen: int | None,
    as_json: bool,
) -> None:
    """Show or change weights and thresholds. Each change is a version, and all conclusions are drawn again.

    Shares and probabilities are parts per million, windows days, evidence of identity bits: see
    docs/rules.md.
    """
    with open_runtime() as runtime, open_portal(runtime, portal) as context:
        known(runtime, portal)
        if changes or back:
            _change(context, changes, back, by=by, reason=reason, seen=seen)
        found = policies.current(context)
    if as_json:
        click.echo(
            dump({one.name: {"value": one.value, "default": one.default} for one in found.settings})
        )
        return
    table = Table("Setting", "Value", "Default", title=f"Settings version {found.version}")
    for one in found.settings:
        style = "bold" if one.is_changed else ""
        table.add_row(one.name, str(one.value), str(one.default), style=style)
    Console().print(table)


def _change(
    context: PortalContext,
    changes: tuple[str, ...],
    back: tuple[str, ...],
    *,
    by: str | None,
    reason: str | None,
    seen: int | None,
) -> None:
    if not by or not reason:
        raise Refused("A change of settings says who and why: add --by NAME and --reason TEXT")
    values = dict(one.partition("=")[::2] for one in changes)
    seen = policies.current(context).version if seen is None else seen
    version = policies.change(
        context,
        values,
        back=back,
        actor=by,
        reason=reason,
        expected_version=seen,
    )
    click.echo(f"Settings are at version {version}; conclusions are drawn again.", err=True)
