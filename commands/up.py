"""The command that runs every process on one machine."""

import os

import click

from commands.ports import refuse_taken_ports
from commands.supervisor import Supervisor
from integration.core import environment, logs, servers
from integration.storage import database


@click.command(
    help="Run everything on one machine. PostgreSQL and Valkey are started, too, unless their URLs"
    " are given."
)
def up() -> None:
    """Start the servers, bring the schema up to date, and keep every process running."""
    settings = environment.load()
    logs.configure(settings.log_level)
    refuse_taken_ports(settings)
    with servers.embedded(
        settings.data_dir,
        postgres=settings.database_url is None,
        valkey=settings.redis_url is None,
    ) as started:
        urls = {
            "DATABASE_URL": settings.database_url or started.database_url,
            "REDIS_URL": settings.redis_url or started.redis_url,
        }
        version = database.migrate(urls["DATABASE_URL"])
        supervisor = Supervisor({**os.environ, **urls})
        supervisor.add("web", ["web"])
        supervisor.add("schedule", ["schedule"])
        for number in range(1, settings.workers + 1):
            supervisor.add(f"worker-{number}", ["worker"])
        click.echo(
            f"Second Order runs at {settings.public_url} (schema {version}); Ctrl-C stops it.",
            err=True,
        )
        supervisor.run()
