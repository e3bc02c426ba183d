"""The command that runs a background worker."""

import click

from integration.core import environment
from workers import worker as rq_worker


@click.command()
def worker() -> None:
    """Run one background worker."""
    rq_worker.run(environment.load())
