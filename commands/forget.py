"""The command that erases a person."""

import click

from commands.terminal import ID, installed_portal, portal_argument
from integration.portal import forgotten


@click.command()
@portal_argument
@click.argument("kind", type=click.Choice(["contact"]))
@click.argument("record_id", type=ID)
def forget(portal_id: int, kind: str, record_id: int) -> None:
    """Erase a person. Names, addresses, texts and evidence go; totals stay."""
    with installed_portal(portal_id) as portal:
        count = forgotten.forget(portal, record_id)
    deals = "1 deal is" if count == 1 else f"{count} deals are"
    click.echo(f"Forgot {kind} {record_id}; {deals} explained anew without the name.")
