"""Server trouble: PostgreSQL's errors that say nothing about the row at hand, with what to do."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import psycopg
from sqlalchemy.exc import DBAPIError

_MIGRATE = "run second-order migrate"
_OLD_SCHEMA = f"The database's schema does not fit this program: {_MIGRATE}"
# By SQLSTATE, and by its first two characters. Missing on purpose are the classes with which
# PostgreSQL refuses what a row holds (21, 22, 23, 44, 54), and faults in a statement of ours.
_SENTENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "08": "The connection to PostgreSQL broke",
        # A schema changed under a plan or statement that a connection remembers.
        "0A000": "PostgreSQL's schema changed meanwhile",
        "26": "PostgreSQL forgot a prepared statement",
        "25006": "PostgreSQL takes no writes: it is a standby, or made read-only as its disk fills",
        "28": "PostgreSQL refuses the login of DATABASE_URL",
        "3D": "The database of DATABASE_URL does not exist",
        "40": "PostgreSQL broke off a transaction that met another one",
        "42703": _OLD_SCHEMA,
        "42883": _OLD_SCHEMA,
        "42P01": f"The database has no schema yet: {_MIGRATE}",
        "53": "PostgreSQL lacks something it needs to work",
        "53100": "PostgreSQL's disk is full: make room on it",
        "53200": "PostgreSQL is out of memory",
        "53300": "PostgreSQL has no connection left: raise max_connections, or run fewer processes",
        "55": "PostgreSQL has something locked or not ready",
        "57": "PostgreSQL stops, starts, or ended a statement",
        "57014": "A statement took longer than it may",
        "58": "PostgreSQL cannot read or write its files",
        "72": "PostgreSQL no longer has what a long transaction looks at",
        "F0": "PostgreSQL cannot read its configuration",
        "XX": "PostgreSQL met a fault of its own or damaged data",
    }
)


def sentence(trouble: DBAPIError | psycopg.Error) -> str | None:
    """Return what is wrong with the server; None when the error is about content or our code."""
    is_lost = isinstance(trouble, DBAPIError) and trouble.connection_invalidated
    cause = trouble.orig if isinstance(trouble, DBAPIError) else trouble
    state = cause.sqlstate if isinstance(cause, psycopg.Error) else None
    if state is not None and (known := _SENTENCES.get(state) or _SENTENCES.get(state[:2])):
        return known
    if is_lost:
        return "PostgreSQL ended the connection"
    # The driver's own: no server said anything.
    if state is None and isinstance(cause, psycopg.OperationalError):
        return "PostgreSQL does not answer"
    return None
