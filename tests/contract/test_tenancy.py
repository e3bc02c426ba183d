"""No portal sees another's rows, whatever a query forgets; asked of the database's own catalogue."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from integration.storage import database as databases
from integration.storage.database import Database

HARBOR, ORCHARD = 4711, 4712
# Tables without a portal: who may log in from where, and the calendar. They hold nothing of a CRM.
OF_NO_PORTAL = {"oauth_state", "schedule", "alembic_version"}


def tables(postgres_url: str) -> list[str]:
    with psycopg.connect(postgres_url) as connection:
        rows = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
        ).fetchall()
    return [row[0] for row in rows]


def test_every_table_of_portals_forces_row_level_security(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        open_ones = connection.execute(
            """SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
                 AND NOT (relrowsecurity AND relforcerowsecurity)"""
        ).fetchall()
    assert {row[0] for row in open_ones} == OF_NO_PORTAL


def test_the_app_works_as_a_role_that_is_no_superuser_and_bypasses_nothing(
    database: Database,
) -> None:
    with database.portal(HARBOR) as tx:
        row = tx.one(
            "SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        )
    assert row is not None
    assert tuple(row.values()) == (False, False, False)


# What a check of several columns asks for, beside what may never be null.
_TOGETHER = {"follow_up": {"score": "1", "answered_at": "clock_timestamp()"}}


def _fill(postgres_url: str, table: str) -> bool:
    """Put one row of each portal into *table*, made up from its columns; False when it cannot hold one."""
    made_up = {
        "bigint": "1", "integer": "1", "smallint": "1", "text": "'x'", "jsonb": "'{}'", "bytea": "'x'",
        "boolean": "true", "date": "'2026-01-01'", "numeric": "1", "double precision": "1", "ARRAY": "'{}'",
        "timestamp with time zone": "clock_timestamp()",
    }  # fmt: skip
    allowed: dict[str, str] = {}
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        columns = connection.execute(
            """SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'
                 AND table_name = %s AND is_identity = 'NO' AND column_default IS NULL AND is_nullable = 'NO'""",
            (table,),
        ).fetchall()
        checks = connection.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'c'",
            (table,),
        ).fetchall()
        for name, _ in columns:
            for (check,) in checks:
                found = re.search(rf"\({name} = ANY \(ARRAY\['(\w+)'", check)
                if found:
                    allowed[name] = f"'{found.group(1)}'"
        connection.execute(
            "INSERT INTO portal (portal_id) VALUES (4711), (4712) ON CONFLICT DO NOTHING"
        )
        if table == "portal":
            return True
        names = [name for name, _ in columns if name != "portal_id"]
        values = [
            allowed.get(name) or made_up[kind] for name, kind in columns if name != "portal_id"
        ]
        names += _TOGETHER.get(table, {})
        values += _TOGETHER.get(table, {}).values()
        for portal in (HARBOR, ORCHARD):
            own = [
                f"'{portal}'" if name == "session_hash" else value
                for name, value in zip(names, values, strict=True)
            ]
            connection.execute(
                f"INSERT INTO {table} ({', '.join(['portal_id', *names])}) VALUES ({', '.join([str(portal), *own])})"
            )
    return True


def test_a_query_without_any_filter_finds_only_the_own_portal(
    database: Database, postgres_url: str, clean: None
) -> None:
    looked_at = 0
    for table in tables(postgres_url):
        if table in OF_NO_PORTAL:
            continue
        assert _fill(postgres_url, table)
        with database.portal(HARBOR) as tx:
            seen = {row["portal_id"] for row in tx.rows(f"SELECT portal_id FROM {table}")}
        assert seen == {HARBOR}, table
        looked_at += 1
    assert looked_at > 25


def test_without_a_portal_there_is_nothing(
    database: Database, postgres_url: str, clean: None
) -> None:
    _fill(postgres_url, "record")
    with psycopg.connect(postgres_url) as connection:
        connection.execute("SET ROLE second_order_app")
        assert connection.execute("SELECT count(*) FROM record").fetchone() == (0,)


def test_writing_into_another_portal_is_refused(database: Database) -> None:
    with pytest.raises(DBAPIError, match="row-level security"), database.portal(HARBOR) as tx:
        tx.run(
            "INSERT INTO record (portal_id, object_type, record_id) VALUES (:other, 'contact', 1)",
            other=ORCHARD,
        )


def test_the_service_sees_no_customer_data(database: Database, postgres_url: str) -> None:
    closed = 0
    for table in tables(postgres_url):
        if table in OF_NO_PORTAL | {
            "portal",
            "token",
            "lane",
            "allowance",
            "inbox",
            "browser_session",
            "portal_user",
        }:
            continue
        with pytest.raises(DBAPIError, match="permission denied"), database.service() as tx:
            tx.value(f"SELECT count(*) FROM {table}")
        closed += 1
    assert closed > 15


def test_the_portal_of_one_transaction_is_forgotten_in_the_next(
    database: Database, postgres_url: str, clean: None
) -> None:
    _fill(postgres_url, "record")
    for portal in (HARBOR, ORCHARD, HARBOR):
        with database.portal(portal) as tx:
            assert tx.rows("SELECT portal_id FROM record") == [{"portal_id": portal}]
    with database.service() as tx:
        assert tx.value("SELECT current_setting('app.portal_id', true)") in {None, ""}


@pytest.mark.parametrize(
    "statement",
    ["DROP TABLE record", "ALTER TABLE record ADD x int", "SELECT pg_read_file('/etc/passwd')", "CREATE TABLE x ()",
     "UPDATE ledger SET reason = 'x'"],
)  # fmt: skip
def test_the_app_role_may_not_change_the_house(database: Database, statement: str) -> None:
    with pytest.raises(DBAPIError), database.portal(HARBOR) as tx:
        tx.run(statement)


def test_ledger_rows_are_never_edited(database: Database, postgres_url: str, clean: None) -> None:
    _fill(postgres_url, "ledger")
    with (
        psycopg.connect(postgres_url) as owner,
        pytest.raises(psycopg.errors.RaiseException, match="never edited"),
    ):
        owner.execute("UPDATE ledger SET amount_minor = 2")
    with pytest.raises(DBAPIError, match="never edited"), database.portal(HARBOR) as tx:
        tx.run("DELETE FROM ledger")


def test_migrating_twice_changes_nothing(postgres_url: str) -> None:
    assert (
        databases.migrate(postgres_url)
        == databases.newest_version()
        == databases.schema_version(postgres_url)
    )


def test_no_sql_outside_storage() -> None:
    root = Path(__file__).resolve().parents[2]
    speaks_sql = re.compile(
        r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM)\b.*\b(FROM|SET|VALUES|WHERE)\b"
    )
    offenders = [
        str(path.relative_to(root))
        for folder in ("commands", "integration", "mappings", "webhooks", "workers")
        for path in (root / folder).rglob("*.py")
        if "storage" not in path.parts and speaks_sql.search(path.read_text())
    ]
    assert offenders == []


def test_a_login_without_any_privilege_can_migrate_and_work(postgres_url: str) -> None:
    """As on a managed server: the operator made the two roles, a login that has them, and its database."""
    with psycopg.connect(postgres_url, autocommit=True) as owner:
        owner.execute(
            "CREATE ROLE plain LOGIN PASSWORD 'plain' NOSUPERUSER NOCREATEROLE NOCREATEDB"
        )
        owner.execute("GRANT second_order_app, second_order_service TO plain")
        owner.execute("CREATE DATABASE plain OWNER plain")
    address = urlsplit(postgres_url)
    url = f"postgresql://plain:plain@{address.hostname}:{address.port}/plain"
    try:
        assert databases.migrate(url) == databases.schema_version(url)
        plain = Database(url)
        with plain.service() as tx:
            tx.run("INSERT INTO portal (portal_id) VALUES (4711), (4712)")
        for portal in (HARBOR, ORCHARD):
            with plain.portal(portal) as tx:
                tx.run(
                    "INSERT INTO record (portal_id, object_type, record_id) VALUES (:portal, 'deal', 1)"
                )
        with plain.portal(HARBOR) as tx:
            assert tx.rows("SELECT portal_id FROM record") == [{"portal_id": HARBOR}]
        plain.close()
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT count(*) FROM record").fetchone() == (0,), (
                "not even the tables' owner"
            )
    finally:
        with psycopg.connect(postgres_url, autocommit=True) as owner:
            owner.execute("DROP DATABASE plain WITH (FORCE)")
            owner.execute("DROP ROLE plain")
