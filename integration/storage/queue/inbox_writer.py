"""The receiver's way into the inbox: a request stores raw bytes outside any transaction of ours."""

import contextlib
from collections import deque
from typing import Any

import psycopg

from integration.core import server_urls
from integration.core.errors import Retryable
from integration.storage import poolers

_LEAVE = "INSERT INTO inbox (portal_id, source, body) VALUES (%s, %s, %s)"
_APP: dict[str, str] = {
    "role": "second_order_app", "portal": "", "limit": "5s", "commit": "on"
}  # fmt: skip


class InboxWriter:
    """Stores raw bytes for the receiver: one row, one commit, one round trip.

    Connections lie on a stack, as many as requests were ever under way at once. A pool with its
    own threads and checks costs a tenth of a delivery; here the one check is the next use.
    """

    def __init__(self, url: str) -> None:
        self._url = server_urls.libpq_url(url)
        self._idle: deque[psycopg.Connection[Any]] = deque()

    def open(self) -> None:
        """Connect before the first request, when the database is there already."""
        with contextlib.suppress(psycopg.Error):
            self._idle.append(self._connect())

    def store(self, portal_id: int | None, body: bytes, *, source: str = "hubspot") -> None:
        """Store *body* durably.

        Raises :class:`Retryable` for any trouble of ours: the sender must try again. A
        connection that the server ended meanwhile is replaced once. If the server had committed
        before, the body is stored twice, and its events count as duplicates.
        """
        row = (portal_id, source, body)
        try:
            if self._stored(self._idle_one(), row) or self._stored(self._connect(), row):
                return
        except psycopg.Error as trouble:
            raise Retryable(
                f"The inbox cannot be written: {type(trouble).__name__}", after=5
            ) from trouble
        raise Retryable("The inbox cannot be written: the connection broke twice", after=5)

    def close(self) -> None:
        """Give the connections back."""
        while (connection := self._idle_one()) is not None:
            connection.close()

    def _stored(
        self, connection: "psycopg.Connection[Any] | None", row: tuple[int | None, str, bytes]
    ) -> bool:
        if connection is None:
            return False
        try:
            _leave(connection, row)
        except psycopg.OperationalError:
            connection.close()
            return False
        except psycopg.Error:
            connection.close()
            raise
        self._idle.append(connection)
        return True

    def _idle_one(self) -> "psycopg.Connection[Any] | None":
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _connect(self) -> "psycopg.Connection[Any]":
        connection = psycopg.connect(
            self._url, autocommit=True, connect_timeout=2, prepare_threshold=None
        )
        poolers.greet(connection, prepare_threshold=1)
        if not poolers.is_pooled(connection):
            _enter(connection)
        return connection


def _enter(connection: "psycopg.Connection[Any]") -> None:
    """Give a connection of our own what a pooled one needs for each row."""
    connection.execute("SET ROLE second_order_app")
    connection.execute("SET statement_timeout = '5s'")
    connection.execute("SET synchronous_commit = on")


def _leave(connection: "psycopg.Connection[Any]", row: tuple[int | None, str, bytes]) -> None:
    if not poolers.is_pooled(connection):
        connection.execute(_LEAVE, row)
        return
    # Without BEGIN the statements of a pipeline are one transaction, in one round trip.
    with connection.pipeline():
        connection.execute(poolers.ENTER, _APP)
        connection.execute(_LEAVE, row)
