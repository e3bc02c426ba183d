"""Poolers: servers between us and PostgreSQL that may give each transaction another connection."""

from datetime import UTC, datetime
from typing import Any

import psycopg

# The role, the limits and the time zone hold for one transaction. What is set for longer stays
# behind on some connection of the pooler, and the next transaction runs as the login.
ENTER = """SELECT set_config('role', %(role)s, true),
  set_config('app.portal_id', %(portal)s, true),
  set_config('statement_timeout', %(limit)s, true),
  set_config('lock_timeout', '10s', true),
  set_config('idle_in_transaction_session_timeout', '60s', true),
  set_config('synchronous_commit', %(commit)s, true),
  set_config('TimeZone', 'UTC', true)"""


def greet(connection: "psycopg.Connection[Any]", *, prepare_threshold: int = 5) -> datetime:
    """Greet the server over a new connection, in autocommit mode; return its time, in UTC.

    Statements that are used *prepare_threshold* times are then prepared, but not behind a pooler:
    a prepared statement stays with one connection of the server, where another client may have
    made another one of the same name.
    """
    answer = connection.execute("SELECT pg_backend_pid(), clock_timestamp()").fetchone()
    assert answer is not None  # noqa: S101 - a SELECT without FROM has one row
    process_id, at = answer
    # Who may have to cancel needs a number of its own: a pooler cannot pass on the server's.
    is_server = process_id == connection.info.backend_pid
    connection.prepare_threshold = prepare_threshold if is_server else None
    return at.astimezone(UTC)  # type: ignore[no-any-return]  # the driver types rows as anything


def is_pooled(connection: "psycopg.Connection[Any]") -> bool:
    """Whether :func:`greet` found a pooler in between."""
    return connection.prepare_threshold is None
