"""Behind a pooler that gives each transaction another connection, everything works as our roles."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import psycopg
import pytest

from integration.core.environment import Settings
from integration.core.errors import Refused
from integration.storage import database as databases
from integration.storage.database import Database
from integration.storage.queue.inbox_writer import InboxWriter
from tests.pooler import CONNECTIONS, Login, bare_login, pooler
from tests.world import build_world

T = TypeVar("T")
HARBOR = 4711
THREADS, TIMES = 8, 30


@pytest.fixture
def pooled_url(clean: None, postgres_url: str) -> Iterator[str]:
    """The server through a pooler, for a login that can do nothing before it became a role of ours.

    So whatever is said as the login is refused, and fails the test that said it.
    """
    with bare_login(postgres_url) as login, pooler(postgres_url, login) as address:
        yield login.at(address)


def in_threads(work: Callable[[int], T]) -> list[T]:
    """Do the same in more threads than the pooler has connections."""
    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(work, range(THREADS)))


def test_every_transaction_is_of_its_own_role_portal_limits_and_time_zone(
    pooled_url: str,
) -> None:
    assert THREADS > CONNECTIONS

    def use(number: int) -> Counter[object]:
        database, portal_id = Database(pooled_url, pool_size=2), HARBOR + number % 2
        seen: Counter[object] = Counter()
        for _ in range(TIMES):
            with database.portal(portal_id) as tx:
                seen["portal", tx.value("SELECT current_portal()") - portal_id, *state(tx)] += 1
            with database.service() as tx:
                seen["service", tx.value("SELECT current_portal()"), *state(tx)] += 1
        database.close()
        return seen

    limits = ("1min", "10s", "1min", "on", "UTC")
    assert sum(in_threads(use), Counter()) == {
        ("portal", 0, "second_order_app", *limits): THREADS * TIMES,
        ("service", None, "second_order_service", *limits): THREADS * TIMES,
    }


def state(tx: databases.Transaction) -> tuple[object, ...]:
    return tx.tuples(
        """SELECT current_user, current_setting('statement_timeout'),
             current_setting('lock_timeout'),
             current_setting('idle_in_transaction_session_timeout'),
             current_setting('synchronous_commit'), current_setting('TimeZone')"""
    )[0]


def test_nobody_gets_the_rows_of_another_statement(pooled_url: str) -> None:
    """A statement that was prepared lies on one connection, and its name on others means another one."""

    def ask(number: int) -> int:
        database = Database(pooled_url, pool_size=2)
        for _ in range(TIMES):
            with database.portal(HARBOR) as tx:
                assert tx.value(f"SELECT 'answer {number}, ' || :name", name="Ana") == (
                    f"answer {number}, Ana"
                )
        database.close()
        return number

    assert in_threads(ask) == list(range(THREADS))


def test_deliveries_are_kept_one_by_one_and_whole(pooled_url: str, postgres_url: str) -> None:
    def deliver(number: int) -> None:
        writer = InboxWriter(pooled_url)
        writer.open()
        for turn in range(TIMES):
            writer.store(None, f"{number}/{turn}".encode() * 1000)
        writer.close()

    in_threads(deliver)
    with psycopg.connect(postgres_url) as owner:
        kept = {bytes(row[0]) for row in owner.execute("SELECT body FROM inbox")}
    assert kept == {
        f"{number}/{turn}".encode() * 1000 for number in range(THREADS) for turn in range(TIMES)
    }


def test_a_webhook_becomes_a_written_field(
    pooled_url: str, settings: Settings, redis_url: str
) -> None:
    """The whole way of a deal, as the roles alone: its login could not read or write one row."""
    database = Database(pooled_url)
    own = dataclasses.replace(settings, database_url=pooled_url)
    with build_world(own, database, redis_url, pooled_url) as world:
        for account in world.accounts:
            world.install(account)
        world.settle()
        won = {"dealname": "Acme buys", "dealstage": "closedwon", "amount": "100"}
        deal = world.harbor.crm.create("deal", won)
        world.settle()
        assert world.harbor.read("deal", deal.id, "second_order_source") == "none"
        assert len(world.harbor.kept("record")) == 1
        assert world.orchard.kept("record") == []
    database.close()


def test_a_login_that_owns_nothing_is_told_what_it_may_not(pooled_url: str) -> None:
    with pytest.raises(Refused, match="use the login that runs second-order migrate"):
        databases.schema_version(pooled_url)
    with pytest.raises(Refused, match="The schema could not be updated"):
        databases.migrate(pooled_url)


def test_the_schema_is_made_by_one_of_several_and_no_lock_stays_behind(postgres_url: str) -> None:
    login = Login("maker", "made-for-a-test")
    with psycopg.connect(postgres_url, autocommit=True) as owner:
        owner.execute("CREATE ROLE maker LOGIN PASSWORD 'made-for-a-test'")
        owner.execute("GRANT second_order_app, second_order_service TO maker")
        owner.execute("CREATE DATABASE made OWNER maker")
    address = postgres_url.rpartition("/")[0] + "/made"
    try:
        with pooler(address, login) as pooled:
            urls = [login.at(pooled)] * 3
            with ThreadPoolExecutor(len(urls)) as threads:
                versions = set(threads.map(databases.migrate, urls))
            assert versions == {databases.newest_version()}
            with psycopg.connect(address) as owner:
                assert owner.execute(
                    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
                ).fetchone() == (0,)
    finally:
        with psycopg.connect(postgres_url, autocommit=True) as owner:
            owner.execute("DROP DATABASE made WITH (FORCE)")
            owner.execute("DROP ROLE maker")
