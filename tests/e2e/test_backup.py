"""A backup restores by the commands on the page for operators, word for word, and the app works on."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy
from alembic import command
from psycopg import sql

from integration.core import servers
from integration.core.vault import Vault
from integration.portal.runtime import Runtime
from integration.storage import database as databases
from integration.storage.database import Database
from tests import postgres_tools
from tests.chaos_service import environment_of
from tests.e2e.test_in_step import Story
from tests.waiting import PATIENCE
from tests.world import World

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
pytestmark = pytest.mark.timeout(3 * PATIENCE)
Follow = Callable[..., "subprocess.CompletedProcess[str]"]


def commands_of(name: str) -> str:
    """The lines of one block of commands on the page."""
    found = re.search(rf"<!-- {name} -->\n\n((?:    .*\n)+)", PAGE.read_text())
    assert found, f"the page has no block {name!r}"
    return found.group(1)


@pytest.fixture
def follow(world: World, tmp_path: Path) -> Follow:
    """Run a block of the page in a shell, as an operator does, on a database."""
    programs = tmp_path / "bin"
    programs.mkdir()
    script = programs / "second-order"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m commands "$@"\n')
    script.chmod(0o755)
    path = os.pathsep.join([str(programs), str(postgres_tools.folder()), os.environ["PATH"]])

    def run(block: str, url: str, *, ok: bool = True) -> "subprocess.CompletedProcess[str]":
        environment = environment_of(replace(world.runtime.settings, database_url=url))
        done = subprocess.run(
            ["/bin/sh", "-e", "-x", "-c", block],
            env=environment | {"PATH": path, "PYTHONPATH": str(PAGE.parents[1])},
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode == 0) is ok, done.stdout + done.stderr
        return done

    return run


@pytest.fixture(scope="module")
def other_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of its own, which knows none of our roles; its superuser's address."""
    with servers.embedded(tmp_path_factory.mktemp("other"), valkey=False) as started:
        yield started.database_url


@pytest.fixture
def superuser(other_server: str) -> Iterator["psycopg.Connection[Any]"]:
    """The administrator of the other server, who leaves it as it was."""
    with psycopg.connect(other_server, autocommit=True) as connection:
        yield connection
        connection.execute("DROP DATABASE IF EXISTS restored WITH (FORCE)")
        for role in ("second_order_app", "second_order_service", "operator"):
            connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))


def empty_database(superuser: "psycopg.Connection[Any]", other_server: str) -> str:
    """An empty database of the superuser's."""
    superuser.execute("CREATE DATABASE restored")
    return other_server.rpartition("/")[0] + "/restored"


def managed_database(
    superuser: "psycopg.Connection[Any]", other_server: str, *, may: str = ""
) -> str:
    """An empty database whose owner is no superuser, as managed servers have it."""
    superuser.execute(f"CREATE ROLE operator LOGIN NOSUPERUSER {may} PASSWORD 'operators-own'")
    superuser.execute("CREATE DATABASE restored OWNER operator")
    host = other_server.rpartition("@")[2].rpartition("/")[0]
    return f"postgresql://operator:operators-own@{host}/restored"


@pytest.fixture
def story(world: World) -> Story:
    told = Story(world.harbor)
    Story(world.orchard)
    for account in world.accounts:
        world.install(account)
    world.settle()
    return told


def rights(url: str) -> Mapping[str, list[tuple[Any, ...]]]:
    """Row-level security, policies and what our roles may do, by table."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    with psycopg.connect(url) as connection:
        for query in (_SECURITY, _POLICIES, _GRANTS, _COLUMN_GRANTS):
            for table, *what in connection.execute(query).fetchall():
                found.setdefault(table, []).append(tuple(what))
    return found


_SECURITY = """SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class
  WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1"""
_POLICIES = """SELECT tablename, policyname, roles::text, cmd, qual, with_check FROM pg_policies
  WHERE schemaname = 'public' ORDER BY 1, 2"""
_GRANTS = """SELECT relname, pg_get_userbyid(grantee)::text, privilege_type
  FROM pg_class, aclexplode(relacl) WHERE relnamespace = 'public'::regnamespace
    AND pg_get_userbyid(grantee) LIKE 'second_order_%' ORDER BY 1, 2, 3"""
_COLUMN_GRANTS = """SELECT attrelid::regclass::text, attname, pg_get_userbyid(grantee)::text, privilege_type
  FROM pg_attribute, aclexplode(attacl)
  WHERE pg_get_userbyid(grantee) LIKE 'second_order_%' ORDER BY 1, 2, 3, 4"""


def rows(url: str) -> Mapping[str, int]:
    """How many rows each table has, as the owner of a superuser's database sees them."""
    with psycopg.connect(url) as connection:
        tables = [table for table, *_ in connection.execute(_SECURITY).fetchall()]
        counts = {}
        for table in tables:
            counted = connection.execute(
                sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
            )
            counts[table] = next(iter(counted))[0]
    return counts


def works_on(world: World, story: Story, url: str) -> None:
    """The app goes on with the restored database: its token opens, a change takes effect."""
    database = Database(url)
    try:
        settings = replace(world.runtime.settings, database_url=url)
        runtime = Runtime(settings, database, world.runtime.queue, Vault(settings.token_keys))
        restored = World(runtime, world.hubspot, world.url, url)
        assert restored.harbor.booked(story.second) == 4_000_000
        assert {row["portal_id"] for row in restored.harbor.ledger()} == {restored.harbor.portal_id}
        world.harbor.crm.update("deal", story.second, {"amount": "50000"})
        with restored.harbor.context() as portal:
            portal.connection.hubspot.read("deal", [story.second], ["amount"])
        from integration.admin import housekeeping  # noqa: PLC0415 - what runs at night

        housekeeping.start(runtime, restored.harbor.portal_id, kind="reconciliation")
        restored.settle(deliver=False)
        assert restored.harbor.booked(story.second) == 5_000_000
    finally:
        database.close()


def test_a_backup_restores_into_an_empty_server(
    world: World, story: Story, postgres_url: str, other_server: str,
    superuser: "psycopg.Connection[Any]", follow: Follow,
) -> None:  # fmt: skip
    follow(commands_of("backup"), postgres_url)
    url = empty_database(superuser, other_server)
    follow(commands_of("restore"), url)

    assert rights(url) == rights(postgres_url)
    assert rows(url) == rows(postgres_url)
    works_on(world, story, url)


def test_a_backup_restores_into_a_managed_server_with_another_owner(
    world: World, story: Story, postgres_url: str, other_server: str,
    superuser: "psycopg.Connection[Any]", follow: Follow,
) -> None:  # fmt: skip
    follow(commands_of("backup"), postgres_url)
    url = managed_database(superuser, other_server, may="CREATEROLE")
    follow(commands_of("restore"), url)

    assert rights(url) == rights(postgres_url)
    works_on(world, story, url)

    # And back: its login is shown no row, so that the page has another way to dump.
    refused = follow(commands_of("backup"), url, ok=False)
    assert "row-level security" in refused.stderr
    follow(commands_of("backup as an ordinary login"), url)
    assert rights(url) == rights(postgres_url)
    superuser.execute("DROP DATABASE restored WITH (FORCE)")
    again = empty_database(superuser, other_server)
    follow(commands_of("restore"), again)
    assert rows(again)["ledger"] > 0
    assert rights(again) == rights(postgres_url)


def test_a_login_that_may_not_create_roles_is_told_what_an_administrator_must_run(
    world: World, story: Story, postgres_url: str, other_server: str,
    superuser: "psycopg.Connection[Any]", follow: Follow,
) -> None:  # fmt: skip
    follow(commands_of("backup"), postgres_url)
    url = managed_database(superuser, other_server)
    told = follow(commands_of("restore"), url, ok=False).stderr
    (statements,) = re.findall(r"administrator of the server run: (CREATE ROLE .*;)", told)
    assert "Traceback" not in told

    superuser.execute(statements)
    follow(commands_of("restore"), url)

    assert rights(url) == rights(postgres_url)
    works_on(world, story, url)


def test_a_dump_restored_without_the_roles_is_repaired_by_migrate(
    world: World, story: Story, postgres_url: str, other_server: str,
    superuser: "psycopg.Connection[Any]", follow: Follow,
) -> None:  # fmt: skip
    """psql goes on after each error unless it is told not to: all tables, and no policy."""
    follow(commands_of("backup"), postgres_url)
    url = empty_database(superuser, other_server)
    psql = follow('psql --dbname "$DATABASE_URL" --quiet --file second-order.sql', url).stderr
    assert psql.count('role "second_order_app" does not exist') > 50
    said = json.loads(follow("second-order doctor --json || true", url).stdout)
    (schema,) = [each for each in said if each["what"] == "schema"]
    assert not schema["ok"]
    assert "run second-order migrate" in schema["said"]
    assert "run second-order migrate" in follow("second-order portals", url, ok=False).stderr

    follow("second-order migrate", url)

    assert rights(url) == rights(postgres_url)
    works_on(world, story, url)


def test_tables_of_somebody_else_are_named_with_what_to_do(
    postgres_url: str, other_server: str, superuser: "psycopg.Connection[Any]", follow: Follow
) -> None:
    url = managed_database(superuser, other_server, may="CREATEROLE")
    as_superuser = other_server.rpartition("/")[0] + "/restored"
    databases.migrate(as_superuser)
    with psycopg.connect(as_superuser, autocommit=True) as connection:
        connection.execute("ALTER TABLE record NO FORCE ROW LEVEL SECURITY")
        connection.execute("GRANT SELECT ON alembic_version TO operator")
        connection.execute("GRANT second_order_app, second_order_service TO operator")
    said = follow("second-order migrate", url, ok=False).stderr
    assert "The tables belong to postgres" in said
    assert "--no-owner" in said


def test_migrations_give_all_rights_themselves_and_the_repair_adds_none(
    other_server: str, superuser: "psycopg.Connection[Any]"
) -> None:
    """A table on which a migration gives less has to be known to the repair, too."""
    url = empty_database(superuser, other_server)
    databases.make_roles(url)
    engine = sqlalchemy.create_engine(
        url.replace("postgresql:", "postgresql+psycopg:"), poolclass=sqlalchemy.NullPool
    )
    with engine.begin() as connection:
        command.upgrade(databases._alembic(connection), "head")
    assert databases.missing_rights(url) == []
