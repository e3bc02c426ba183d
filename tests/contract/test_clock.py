"""What a process does is dated by the database's clock, however wrong its own is."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest

from integration.ingest import polling
from integration.portal.context import open_portal
from integration.portal.runtime import Runtime
from integration.reports import bookkeeping
from integration.storage.database import Database
from integration.storage.queue import lanes
from integration.storage.service import portals

if TYPE_CHECKING:
    from tests.world import World

HARBOR = 4711
# A server that is ahead of this machine: seen from it, this machine's clock is three hours slow.
AHEAD = timedelta(hours=3)


@pytest.fixture
def ahead(world: "World") -> Iterator[Runtime]:
    """A process of the world whose database tells another time than its own machine."""
    with psycopg.connect(world.postgres_url, autocommit=True) as owner:
        owner.execute("CREATE SCHEMA ahead")
        owner.execute(
            """CREATE FUNCTION ahead.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
               AS $$ SELECT pg_catalog.clock_timestamp() + interval '3 hours' $$"""
        )
        owner.execute("GRANT USAGE ON SCHEMA ahead TO PUBLIC")
    separator = "&" if "?" in world.postgres_url else "?"
    database = Database(
        f"{world.postgres_url}{separator}options=-csearch_path%3Dahead,pg_catalog,public"
    )
    world.install(world.harbor)
    world.settle()
    yield Runtime(world.runtime.settings, database, world.runtime.queue, world.runtime.vault)
    database.close()
    with psycopg.connect(world.postgres_url, autocommit=True) as owner:
        owner.execute("DROP SCHEMA ahead CASCADE")


def is_near(at: datetime | None) -> bool:
    """Whether a time is now by the server that is ahead."""
    return at is not None and abs(at - datetime.now(UTC) - AHEAD) < timedelta(minutes=1)


def test_a_process_tells_the_time_of_its_database(ahead: Runtime) -> None:
    assert is_near(ahead.now())


def test_catching_up_goes_by_the_clock_that_dated_the_last_time(
    ahead: Runtime, world: "World"
) -> None:
    """By this machine's clock the import was a moment ago, and nothing would be asked for."""
    crm = world.harbor.crm
    with crm.silently():
        crm.create("contact", {"email": "bo@acme.example"})
    with open_portal(ahead, HARBOR) as context:
        with context.transaction() as tx:
            lease = lanes.take(tx, HARBOR, "import")
        assert lease is not None
        assert polling.poll(context, lease) == 1
        with context.transaction() as tx:
            assert is_near(portals.caught_up_at(tx))


def test_a_month_is_closed_at_the_time_by_which_its_rows_are_recorded(ahead: Runtime) -> None:
    with open_portal(ahead, HARBOR) as context:
        bookkeeping.close(context, date(2025, 1, 1), actor="Ana", reason="reported")
        found = bookkeeping.month(context, date(2025, 1, 1), "reported")
    assert is_near(found.closed_at)
