"""What PostgreSQL refuses is told by its SQLSTATE, whatever language the server speaks."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from integration.core.errors import Retryable
from integration.storage.database import Database, Transaction
from integration.storage.service import portals, settings_versions

ROOT = Path(__file__).resolve().parents[2]
HARBOR = 4711


@pytest.fixture
def bare(postgres_url: str) -> Iterator[Database]:
    """A database in which nobody has run `migrate`."""
    with psycopg.connect(postgres_url, autocommit=True) as owner:
        owner.execute("CREATE DATABASE bare")
    address, _, name = postgres_url.partition("?")[0].rpartition("/")
    assert name
    database = Database(f"{address}/bare")
    yield database
    database.close()
    with psycopg.connect(postgres_url, autocommit=True) as owner:
        owner.execute("DROP DATABASE bare WITH (FORCE)")


def test_a_database_without_tables_says_what_to_run(bare: Database) -> None:
    with pytest.raises(Retryable, match="run second-order migrate"), bare.service() as tx:
        portals.every(tx)
    with pytest.raises(Retryable, match="run second-order migrate"), bare.portal(HARBOR) as tx:
        settings_versions.newest(tx)


@pytest.mark.parametrize(
    ("role", "way_in"),
    [
        ("second_order_service", lambda database: database.service()),
        ("second_order_app", lambda database: database.portal(HARBOR)),
        ("second_order_app", lambda database: database.confirmed(HARBOR)),
    ],
    ids=["service", "portal", "confirmed"],
)
def test_a_server_without_our_roles_says_what_to_run(
    postgres_url: str, role: str, way_in: Callable[[Database], AbstractContextManager[Transaction]]
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as owner:
        owner.execute(f"ALTER ROLE {role} RENAME TO away")
    database = Database(postgres_url)
    try:
        with pytest.raises(Retryable, match="run second-order migrate"), way_in(database) as tx:
            portals.every(tx)
    finally:
        database.close()
        with psycopg.connect(postgres_url, autocommit=True) as owner:
            owner.execute(f"ALTER ROLE away RENAME TO {role}")


@pytest.mark.parametrize(
    "statement",
    [
        "DO $$ BEGIN RAISE 'role of a relation does not exist'; END $$",
        "SELECT now() AT TIME ZONE 'role'",
    ],
    ids=["the same words", "the same SQLSTATE elsewhere"],
)
def test_what_only_sounds_like_it_is_a_fault_of_ours(database: Database, statement: str) -> None:
    with pytest.raises(DBAPIError), database.portal(HARBOR) as tx:
        tx.run(statement)


def test_nothing_is_decided_by_the_text_of_an_error() -> None:
    looks_into = re.compile(
        r"\bin (?:str|repr)\(|\.(?:search|match|fullmatch)\([^\n]*str\((?:error|trouble|exc)"
    )
    guilty = [
        str(path.relative_to(ROOT))
        for folder in ("commands", "integration", "webhooks", "workers")
        for path in (ROOT / folder).rglob("*.py")
        if looks_into.search(path.read_text())
    ]
    assert guilty == []


@pytest.mark.parametrize(
    "sqlstate", ["21000", "22003", "22021", "23502", "23505", "44000", "54000"]
)
def test_what_a_row_holds_is_not_taken_for_trouble_of_the_server(
    database: Database, sqlstate: str
) -> None:
    with pytest.raises(DBAPIError), database.portal(HARBOR) as tx:
        tx.run(f"DO $$ BEGIN RAISE 'no' USING ERRCODE = '{sqlstate}'; END $$")


def test_the_servers_trouble_is_known_past_sqlalchemy_too(database: Database) -> None:
    """COPY speaks to the driver itself."""
    with pytest.raises(Retryable, match="disk is full"), database.portal(HARBOR) as tx:
        tx.connection.connection.cursor().execute(
            "DO $$ BEGIN RAISE 'no' USING ERRCODE = '53100'; END $$"
        )
    with database.portal(HARBOR) as tx:
        assert tx.value("SELECT 1") == 1
