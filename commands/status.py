"""The command that prints a portal's state as JSON."""

import click

from commands.terminal import installed_portal, json_text, portal_argument
from integration.admin import doctor
from integration.reports import portal_figures


@click.command()
@portal_argument
def status(portal_id: int) -> None:
    """Print a portal's import, findings and API calls, as JSON."""
    with installed_portal(portal_id) as portal:
        report = {**doctor.portal_report(portal), "found": portal_figures.summary(portal)}
    click.echo(json_text(report))
