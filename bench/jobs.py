"""The rivals' jobs: one for each event, as most people would write it."""

import functools
import os

import psycopg


def nothing(portal_id: int) -> None:
    """Only there to be enqueued."""


@functools.cache
def _connection() -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)


def store(event_id: int, occurred_at: int, payload: str) -> None:
    """Store one event durably."""
    _connection().execute(
        "INSERT INTO bench_event (event_id, occurred_at, payload) VALUES (%s, %s, %s)"
        " ON CONFLICT DO NOTHING",
        (event_id, occurred_at, payload),
    )
