"""The command that brings the database schema up to date."""

import click

from integration.core import environment
from integration.portal import runtime
from integration.storage import database


@click.command()
def migrate() -> None:
    """Bring the database schema to the newest version."""
    url, _ = runtime.urls(environment.load())
    click.echo(f"The schema is at version {database.migrate(url)}.")
