"""The command that lists and changes a portal's weights, thresholds and windows."""

from collections.abc import Sequence

import click
from rich.console import Console
from rich.table import Table

from commands.terminal import installed_portal, json_option, json_text, portal_argument
from integration.admin import overwriting, policies, settings_effects
from integration.core.errors import Refused
from integration.portal.context import PortalContext
from mappings.records.portal_map import dump_portal_map


@click.command(
    help="Show or change weights and thresholds. Each change is a version, and says what is drawn"
    " again because of it.\n\nShares and probabilities are parts per million, windows days,"
    " evidence of identity bits: see docs/rules.md."
)
@portal_argument
@click.option(
    "--set", "changes", multiple=True, metavar="NAME=VALUE", help="Set a value; may be repeated."
)
@click.option(
    "--default",
    "to_default",
    multiple=True,
    metavar="NAME",
    help="Back to the default; may be repeated.",
)
@click.option("--by", "author", metavar="NAME", help="Who changes it; kept with the version.")
@click.option("--reason", metavar="TEXT", help="Why; kept with the version.")
@click.option(
    "--seen",
    type=click.IntRange(0, 2**31 - 1),
    metavar="VERSION",
    help="The version you looked at: refuse if somebody changed the same values since.",
)
@click.option(
    "--confirm",
    type=click.IntRange(1),
    metavar="COUNT",
    help="Let a change of settings write over so many values in HubSpot, as the held change says.",
)
@click.option("--map", "shows_map", is_flag=True, help="Show the map instead: what names mean.")
@json_option
def policy(
    portal_id: int,
    *,
    changes: tuple[str, ...],
    to_default: tuple[str, ...],
    author: str | None,
    reason: str | None,
    seen: int | None,
    confirm: int | None,
    shows_map: bool,
    as_json: bool,
) -> None:
    """Show the policy; with changes, store them as a new version first."""
    with installed_portal(portal_id) as portal:
        if confirm is not None:
            _confirm(portal, confirm, author=author)
            return
        if changes or to_default:
            _change(portal, changes, to_default, author=author, reason=reason, seen=seen)
        current = policies.current(portal)
        if shows_map:
            _show_map(portal, as_json=as_json)
            return
    if as_json:
        click.echo(
            json_text(
                {
                    setting.name: {"value": setting.value, "default": setting.default}
                    for setting in current.settings
                }
            )
        )
        return
    table = Table("Setting", "Value", "Default", title=f"Settings version {current.version}")
    for setting in current.settings:
        style = "bold" if setting.is_changed else ""
        table.add_row(setting.name, str(setting.value), str(setting.default), style=style)
    Console().print(table)


def _show_map(portal: PortalContext, *, as_json: bool) -> None:
    values = dump_portal_map(portal.map)
    if as_json:
        click.echo(json_text(values))
        return
    table = Table("Setting", "Value")
    for name, value in values.items():
        table.add_row(name, "" if value is None else str(value))
    Console().print(table)


def _confirm(portal: PortalContext, count: int, *, author: str | None) -> None:
    if not author:
        raise Refused("A confirmation says who gives it: add --by NAME")
    overwriting.confirm(portal, count, actor=author)
    click.echo(f"Confirmed: {count:,} values in HubSpot are being written over.")


def _change(
    portal: PortalContext,
    changes: Sequence[str],
    to_default: Sequence[str],
    *,
    author: str | None,
    reason: str | None,
    seen: int | None,
) -> None:
    if not author or not reason:
        raise Refused("A change of settings says who and why: add --by NAME and --reason TEXT")
    saved = policies.change(
        portal,
        dict(change.partition("=")[::2] for change in changes),
        back=to_default,
        actor=author,
        reason=reason,
        expected_version=policies.current(portal).version if seen is None else seen,
    )
    for sentence in settings_effects.in_words(portal, saved):
        click.echo(sentence, err=True)
