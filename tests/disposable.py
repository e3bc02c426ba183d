"""Servers of tests: made once a run, lent as a folder, emptied cheaply, and careless where nothing is at stake."""

import contextlib
import fcntl
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import redis

from integration.core import servers
from integration.storage import database as databases

# What a power cut would ask for. No test that uses the shared server pulls the plug; those that
# kill a service have a server of their own, with the product's settings.
_DURABILITY = ("fsync", "full_page_writes", "synchronous_commit")

# A DELETE of few rows costs a twentieth of a TRUNCATE, which makes new files for a table and each
# of its indexes; tables that grew are truncated, lest their dead rows are read again in each test.
# Rules about rows (foreign keys, the ledger's refusal to be edited) are the replica role's to leave
# out: all is deleted anyway.
_EMPTY = """
DO $$
DECLARE
  filled regclass;
  numbers regclass;
BEGIN
  PERFORM set_config('session_replication_role', 'replica', true);
  FOR filled IN
    SELECT oid FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
  LOOP
    IF pg_relation_size(filled) > 262144 THEN
      EXECUTE format('TRUNCATE %s CASCADE', filled);
    ELSE
      EXECUTE format('DELETE FROM %s', filled);
    END IF;
  END LOOP;
  FOR numbers IN
    SELECT oid FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace
  LOOP
    PERFORM setval(numbers, 1, false);
  END LOOP;
END $$
"""


@dataclass(frozen=True, slots=True)
class Owner:
    """Both servers as their owner sees them; the connections stay open, for opening them costs more than emptying."""

    postgres: "psycopg.Connection[tuple[Any, ...]]"
    valkey: redis.Redis

    def empty(self) -> None:
        """Leave both servers as after the first migration."""
        self.postgres.execute(_EMPTY)
        self.valkey.flushall()


@contextlib.contextmanager
def owner(given: servers.Servers) -> Iterator[Owner]:
    """Connect as the owner of both servers."""
    with (
        psycopg.connect(given.database_url, autocommit=True) as postgres,
        redis.Redis.from_url(given.redis_url) as valkey,
    ):
        yield Owner(postgres, valkey)


def make_careless(postgres_url: str) -> None:
    """Write to memory only: nobody reads this server's files after it ended."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        for setting in _DURABILITY:
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")


def prepare(folder: Path) -> None:
    """Make a data folder as the first start leaves it, with the schema; another process of this run may be first."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _only_one(folder.with_suffix(".lock")):
        if folder.exists():
            return
        with servers.embedded(folder, valkey=False) as started:
            databases.migrate(started.database_url)


def lend(prepared: Path, folder: Path) -> None:
    """Put a copy of a prepared data folder at *folder*, where servers then start without the first start's work.

    Where PostgreSQL had to become another user its files lie elsewhere, and nothing is copied: it
    starts from nothing.
    """
    made = prepared / "postgres"
    if (made / "data" / "PG_VERSION").exists() and (
        made / "data"
    ).stat().st_uid == made.stat().st_uid:
        shutil.copytree(made, folder / "postgres")


@contextlib.contextmanager
def _only_one(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
