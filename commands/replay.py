"""The command that puts set-aside work back into its queues."""

import click

from commands.terminal import installed_portal, portal_argument
from integration.admin import replay as replays


@click.command(
    help="Put back to work what was set aside. Deliveries, events, conclusions and patches get"
    " another try."
)
@portal_argument
def replay(portal_id: int) -> None:
    """Put set-aside deliveries, events, conclusions and patches back into their queues."""
    with installed_portal(portal_id) as portal:
        click.echo(f"{replays.replay(portal)} put back.")
