"""The database: transactions of one portal or of the service; there are no others."""

import contextlib
import functools
import importlib.resources
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import orjson
import psycopg
import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from psycopg.errors import InsufficientPrivilege, InvalidParameterValue
from psycopg.types.json import set_json_loads
from sqlalchemy import Connection, CursorResult, Engine, RootTransaction, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from integration.core import server_urls
from integration.core.errors import Refused, Retryable
from integration.storage import access_rights, poolers, server_trouble
from integration.storage.clock import SharedClock

Row = Mapping[str, Any]

_NO_SCHEMA = "The database has no schema yet: run second-order migrate"
_NO_MEMBER = (
    "The login of DATABASE_URL may not act as our roles:"
    " GRANT second_order_app, second_order_service TO it"
)
_NUMBER = text("SELECT CAST(pg_current_xact_id_if_assigned() AS text)")
_BECAME = text("SELECT pg_xact_status(CAST(:number AS xid8))")
# Five seconds: a server that restarts is back by then, and a person still waits for the page.
_LOOK_SECONDS, _BETWEEN_LOOKS = 5.0, 0.25
_MIGRATION_LOCK = 7_300_001
_OLDEST_SERVER = 15_00_00
AS_WRITTEN = "OFFSET 0"
"""Ends a subquery that must be looked up row by row, by its index, and not be joined otherwise.

An import fills tables faster than PostgreSQL counts them. The planner takes a portal that it has
not counted yet for an empty one, turns such a join around, and reads the whole table.
"""
# A value's name, and neither a cast (::text) nor a part of a word.
_NAMED = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")
_ONLY_INTEGERS = {int}


class Transaction:
    """An open transaction of a portal or the service.

    Statements are text with ``:named`` values.
    """

    def __init__(self, connection: Connection, portal_id: int | None) -> None:
        self._connection = connection
        self._portal_id = portal_id

    @property
    def portal_id(self) -> int:
        """The portal whose rows are visible here; a service transaction has none."""
        if self._portal_id is None:
            raise LookupError("this transaction belongs to the service, not to a portal")
        return self._portal_id

    @property
    def connection(self) -> Connection:
        """The SQLAlchemy connection, for storage modules that stream or COPY."""
        return self._connection

    def rows(self, statement: str, /, **values: object) -> Sequence[Row]:
        """Run *statement* and return all its rows. ``:portal`` is always bound."""
        result = self._execute(statement, values)
        if not result.returns_rows:
            return ()
        # The driver's own tuples: a page has thousands of rows, and nothing in text statements
        # needs converting.
        names = list(result.keys())
        rows = [dict(zip(names, row, strict=True)) for row in result.cursor.fetchall()]
        result.close()
        return rows

    def tuples(self, statement: str, /, **values: object) -> list[tuple[Any, ...]]:
        """Run *statement* and return its rows as tuples in column order: the cheapest way."""
        result = self._execute(statement, values)
        rows = cast("list[tuple[Any, ...]]", result.cursor.fetchall())
        result.close()
        return rows

    def one(self, statement: str, /, **values: object) -> Row | None:
        """Return the first row, or None."""
        rows = self.rows(statement, **values)
        return rows[0] if rows else None

    def value(self, statement: str, /, **values: object) -> Any:  # noqa: ANN401 - a column of any type
        """Return the first column of the first row, or None."""
        rows = self.tuples(statement, **values)
        return rows[0][0] if rows else None

    def clock(self) -> datetime:
        """Return the database's time now, by which rows of several processes are compared."""
        at: datetime = self.value("SELECT clock_timestamp()")
        return at

    def run(self, statement: str, /, **values: object) -> int:
        """Run *statement* and return how many rows it touched."""
        return self._execute(statement, values).rowcount

    def many(self, statement: str, values: Sequence[Mapping[str, object]]) -> None:
        """Run *statement* once for each set of values."""
        if values:
            self._connection.exec_driver_sql(
                _for_driver(statement), [self._bound(row) for row in values]
            )

    def _execute(self, statement: str, values: Mapping[str, object]) -> CursorResult[Any]:
        return self._connection.exec_driver_sql(_for_driver(statement), self._bound(values))

    def _bound(self, values: Mapping[str, object]) -> dict[str, object]:
        bound = {
            name: _array(value) if type(value) is list else value for name, value in values.items()
        }
        bound.setdefault("portal", self._portal_id)
        return bound


@functools.lru_cache(
    maxsize=1000
)  # there are a few hundred, each a constant of some storage module
def _for_driver(statement: str) -> str:
    return _NAMED.sub(r"%(\1)s", statement.replace("%", "%%"))


def _array(values: list[Any]) -> object:
    """Render a list of ids as PostgreSQL's text, ten times as fast as the driver makes an array."""
    return (
        "{" + ",".join(map(str, values)) + "}"
        if set(map(type, values)) == _ONLY_INTEGERS
        else values
    )


class Database:
    """A PostgreSQL database and its two ways in: as one portal, as the service."""

    def __init__(self, url: str, *, pool_size: int = 5, long_lived: bool = True) -> None:
        self._engine = _engine(
            url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=5,
            pool_pre_ping=long_lived,  # asks before each use; a process of two seconds need not
            json_deserializer=orjson.loads,
            hide_parameters=True,  # an error message must not carry a customer's data
        )
        self._clock = SharedClock(self._ask_time)
        event.listen(self._engine, "connect", self._greet)

    @contextlib.contextmanager
    def portal(self, portal_id: int, *, durable: bool = True) -> Iterator[Transaction]:
        """Open a transaction in which only one portal's rows are visible.

        A transaction is not *durable* when its loss with the whole server does no harm, as of a
        call taken from the allowance.
        """
        with _begin(self._engine) as connection:
            _enter(connection, access_rights.APP, str(portal_id), commit="on" if durable else "off")
            yield Transaction(connection, portal_id)

    @contextlib.contextmanager
    def confirmed(self, portal_id: int) -> Iterator[Transaction]:
        """Open a portal's transaction for an action that a person takes once.

        When the connection dies under its COMMIT, PostgreSQL is asked for the outcome; a
        transaction that was committed counts as done. Raises :class:`Retryable` for one that
        was not, and when the outcome cannot be learned within some seconds.
        """
        with _errors_translated(), self._engine.connect() as connection, connection.begin() as work:
            _enter(connection, access_rights.APP, str(portal_id))
            yield Transaction(connection, portal_id)
            _commit(self._engine, connection, work)

    @contextlib.contextmanager
    def service(self) -> Iterator[Transaction]:
        """Open a transaction over the service's own tables: portals, lanes, inbox, sessions."""
        with _begin(self._engine) as connection:
            _enter(connection, access_rights.SERVICE)
            yield Transaction(connection, None)

    def now(self) -> datetime:
        """Return the server's time in UTC; this machine's own until the server was reached."""
        return self._clock.now()

    def _ask_time(self) -> datetime:
        with _begin(self._engine) as connection:
            return Transaction(connection, None).clock()

    def _greet(self, connection: Any, _record: object) -> None:  # noqa: ANN401 - psycopg's connection, seen through SQLAlchemy
        # Statements are text, so psycopg and not SQLAlchemy reads JSON.
        set_json_loads(orjson.loads, connection)
        connection.autocommit = True
        self._clock.set(poolers.greet(connection))
        connection.autocommit = False

    def close(self) -> None:
        """Give all connections back to the server."""
        self._engine.dispose()


def migrate(url: str) -> str:
    """Bring the schema and the rights to it up to date, one process at a time; return its version.

    Each migration is one transaction, and so is its turn: a lock that outlives its transaction
    would stay behind on a pooler's connection.
    """
    engine = _engine(url, poolclass=sqlalchemy.NullPool)
    try:
        with _turn(engine) as connection:
            access_rights.make_roles(connection)
        while _migrated_once(engine):
            pass
        with _turn(engine) as connection:
            access_rights.repair(connection)
    except DBAPIError as trouble:
        raise Refused(f"The schema could not be updated: {_first_line(trouble)}") from trouble
    except CommandError:
        raise Refused(
            "The database's schema is newer than this program: install the newer program"
        ) from None
    return newest_version()


def make_roles(url: str) -> None:
    """Make only the roles that a backup's tables name, before it is restored."""
    with _turn(_engine(url, poolclass=sqlalchemy.NullPool)) as connection:
        access_rights.make_roles(connection)


def missing_rights(url: str) -> Sequence[str]:
    """Return what the app's roles lack, as the statements that :func:`migrate` would run."""
    with _begin(_engine(url, poolclass=sqlalchemy.NullPool)) as connection:
        return access_rights.missing(connection)


@contextlib.contextmanager
def _turn(engine: Engine) -> Iterator[Connection]:
    """Open a transaction as the login, of which there is one at a time."""
    with _begin(engine) as connection:
        _check_server(connection)
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
        yield connection


def _migrated_once(engine: Engine) -> bool:
    """Run the next migration; return whether there was one."""
    with _turn(engine) as connection:
        if MigrationContext.configure(connection).get_current_revision() == newest_version():
            return False
        command.upgrade(_alembic(connection), "+1")
        return True


def _check_server(connection: Connection) -> None:
    version = int(connection.scalar(text("SELECT current_setting('server_version_num')")))
    if version < _OLDEST_SERVER:
        raise Refused(f"DATABASE_URL: this is PostgreSQL {version // 10000}; 15 or newer is needed")


def newest_version() -> str:
    """Return the schema version that this code was written for."""
    head = ScriptDirectory.from_config(_alembic(None)).get_current_head()
    if head is None:
        raise Refused("The migrations of this program are missing: install it again")
    return head


def schema_version(url: str) -> str | None:
    """Return the schema version of the database; None when it has no schema."""
    engine = _engine(url, poolclass=sqlalchemy.NullPool)
    try:
        with _begin(engine) as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except DBAPIError as trouble:
        raise Refused(
            f"The version of the schema cannot be read ({_first_line(trouble)}):"
            " use the login that runs second-order migrate"
        ) from trouble


def as_json(value: object) -> str:
    """Render *value* for a ``CAST(:x AS jsonb)``."""
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()


def _engine(url: str, **options: Any) -> Engine:  # noqa: ANN401 - SQLAlchemy's own options
    """Return an engine whose addresses are read by PostgreSQL's own library, as everywhere else.

    Nothing is prepared before a connection was found to be the server's own.
    """
    address = server_urls.libpq_url(url)
    return sqlalchemy.create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(address, connect_timeout=3, prepare_threshold=None),
        **options,
    )


def _alembic(connection: Connection | None) -> Config:
    config = Config()
    folder = str(importlib.resources.files("integration.storage") / "migrations")
    # The parser of configuration files reads a percent sign as the beginning of a name.
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _enter(connection: Connection, role: str, portal: str = "", *, commit: str = "on") -> None:
    """Begin a transaction's work: as *role*, within its limits, in UTC; in one round trip."""
    with _becoming_role():
        connection.exec_driver_sql(
            poolers.ENTER, {"role": role, "portal": portal, "limit": "60s", "commit": commit}
        )


@contextlib.contextmanager
def _begin(engine: Engine) -> Iterator[Connection]:
    with _errors_translated(), engine.begin() as connection:
        try:
            yield connection
        except psycopg.OperationalError:
            # Raised past SQLAlchemy, by COPY: it must not lend this connection again.
            connection.invalidate()
            raise


def _commit(engine: Engine, connection: Connection, work: RootTransaction) -> None:
    """Commit; if the answer gets lost, ask for the outcome over another connection."""
    number: str | None = connection.scalar(_NUMBER)
    try:
        work.commit()
    except DBAPIError as trouble:
        if number is None or not trouble.connection_invalidated or not _was_kept(engine, number):
            raise


def _was_kept(engine: Engine, number: str) -> bool:
    """Whether a transaction was committed; waits for one that PostgreSQL still works on."""
    end = time.monotonic() + _LOOK_SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(DBAPIError, PoolTimeout), engine.connect() as connection:
            became = connection.scalar(_BECAME, {"number": number})
            if became in {"committed", "aborted"}:
                return bool(became == "committed")
        time.sleep(_BETWEEN_LOOKS)
    return False


@contextlib.contextmanager
def _errors_translated() -> Iterator[None]:
    """Turn the driver's errors into the project's."""
    try:
        yield
    except PoolTimeout as trouble:
        raise Retryable("Every connection to PostgreSQL is in use", after=1) from trouble
    except (DBAPIError, psycopg.Error) as trouble:
        said = server_trouble.sentence(trouble)
        if said is None:
            raise
        raise Retryable(f"{said} ({_first_line(trouble)})", after=1) from trouble


@contextlib.contextmanager
def _becoming_role() -> Iterator[None]:
    """Guard the change of role alone: there, an invalid value (22023) is a role nobody made."""
    try:
        yield
    except DBAPIError as trouble:
        if isinstance(trouble.orig, InvalidParameterValue):
            raise Retryable(_NO_SCHEMA) from trouble
        if isinstance(trouble.orig, InsufficientPrivilege):
            raise Retryable(_NO_MEMBER) from trouble
        raise


def _first_line(trouble: Exception) -> str:
    return str(getattr(trouble, "orig", trouble)).strip().split("\n", 1)[0]
