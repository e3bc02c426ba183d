"""The command that removes the app from a portal."""

import click

from commands.terminal import portal_argument
from integration.admin import uninstall as uninstalling
from integration.portal.context import open_portal
from integration.portal.runtime import open_runtime


@click.command(
    help="Remove the app from a portal. Tokens go at once, data after 30 days, our HubSpot"
    " properties stay."
)
@portal_argument
@click.option("--yes", is_flag=True, help="Do not ask.")
def uninstall(portal_id: int, *, yes: bool) -> None:
    """Ask, then remove the app from a portal."""
    if not yes:
        click.confirm(f"Uninstall Second Order from portal {portal_id}?", abort=True)
    with open_runtime() as runtime, open_portal(runtime, portal_id) as portal:
        was_installed = uninstalling.uninstall(portal, actor="command line")
    removed_before = "" if was_installed else " HubSpot had removed it already."
    click.echo(
        f"Portal {portal_id} is uninstalled.{removed_before}"
        " Its rows go in 30 days; our HubSpot properties stay."
    )
