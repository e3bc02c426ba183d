"""The command that runs every process on one machine."""

import json
import os
from http.client import HTTPConnection, HTTPException

import click

from commands.ports import refuse_taken_ports
from commands.supervisor import Supervisor
from integration.core import environment, logs, servers
from integration.core.environment import Settings
from integration.storage import database

# Who listens on all addresses is asked at its own machine's.
_LOCAL = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not listened on
_READY_SECONDS = 5.0


@click.command(
    help="Run everything on one machine. PostgreSQL and Valkey are started, too, unless their URLs"
    " are given."
)
def up() -> None:
    """Start the servers, bring the schema up to date, and keep every process running."""
    settings = environment.load()
    logs.configure(settings.log_level)
    logs.catch_uncaught()
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
        if settings.database_url is None:  # a first start on one machine takes a minute
            click.echo(f"Second Order starts; its data is in {settings.data_dir}.", err=True)
        version = database.migrate(urls["DATABASE_URL"])
        supervisor = Supervisor({**os.environ, **urls})
        supervisor.add("web", ["web"])
        supervisor.add("schedule", ["schedule"])
        for number in range(1, settings.workers + 1):
            supervisor.add(f"worker-{number}", ["worker"])
        supervisor.run(
            answers=lambda: _is_ready(settings),
            announce=lambda: click.echo(
                f"Second Order runs at {settings.public_url} (schema {version}); Ctrl-C stops it.",
                err=True,
            ),
        )


def _is_ready(settings: Settings) -> bool:
    """Whether the pages' address answers, and both servers behind it do their work."""
    host = _LOCAL.get(settings.host, settings.host)
    connection = HTTPConnection(host, settings.port, timeout=_READY_SECONDS)
    try:
        connection.request("GET", "/readyz")
        parts = json.load(connection.getresponse())
    except (OSError, HTTPException, ValueError):
        return False
    finally:
        connection.close()
    return bool(parts) and set(parts.values()) == {"ok"}
