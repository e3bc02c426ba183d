"""The command that brings the database schema up to date."""

import click

from integration.core import environment
from integration.portal import runtime
from integration.storage import database


@click.command()
@click.option(
    "--only-roles",
    is_flag=True,
    help="Only make the roles that a backup's tables name, before it is restored.",
)
def migrate(*, only_roles: bool) -> None:
    """Bring the database schema to the newest version, and give the app's roles what they lack."""
    url, _ = runtime.urls(environment.load())
    if only_roles:
        database.make_roles(url)
        click.echo("The roles are there: restore the backup, then run second-order migrate.")
        return
    click.echo(f"The schema is at version {database.migrate(url)}.")
