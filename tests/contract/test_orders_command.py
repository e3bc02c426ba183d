"""`second-order orders` in a terminal, and the nightly comparison."""

import json
from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner, Result

from commands.main import cli
from integration.admin import housekeeping
from integration.core.environment import Settings
from integration.core.wake_ups import Queue
from integration.storage.database import Database
from tests.contract.conclude_world import HARBOR, ORCHARD, Clock, MirrorPortal, moved_champion

Run = Callable[..., Result]


@pytest.fixture
def harbor(database: Database, redis_url: str) -> Iterator[MirrorPortal]:
    queue = Queue(redis_url)
    portal = MirrorPortal(Clock(database), HARBOR)
    MirrorPortal(Clock(database), ORCHARD).install()
    portal.install()
    moved_champion(portal)
    portal.settle()
    yield portal
    queue.redis.close()


@pytest.fixture
def run(settings: Settings) -> Run:
    environment = {
        "DATA_DIR": str(settings.data_dir), "DATABASE_URL": str(settings.database_url),
        "REDIS_URL": str(settings.redis_url), "SECRET_KEY": settings.secret_key,
        "TOKEN_KEYS": ",".join(settings.token_keys), "LOG_LEVEL": "ERROR", "COLUMNS": "140",
    }  # fmt: skip
    return lambda *arguments: CliRunner().invoke(cli, ["orders", *arguments], env=environment)


def spoil(harbor: MirrorPortal) -> None:
    harbor.rows("UPDATE all_in SET direct_minor = 7 WHERE company_id = 2 RETURNING 1")


def test_a_settled_portal_agrees(harbor: MirrorPortal, run: Run) -> None:
    done = run("4711")

    assert done.exit_code == 0, done.output
    assert "Won deals: 2, of companies: 2. Edges: 1, inherited: 0. Deepest order: 2." in done.output
    assert "agrees, to the minor unit" in done.output
    assert json.loads(run("4712", "--json").output)["deals"] == 0


def test_what_differs_is_named_counted_and_repaired(harbor: MirrorPortal, run: Run) -> None:
    spoil(harbor)

    done = run("4711", "--repair")

    assert done.exit_code == 1
    assert "Companies that differ: 1. Deals: 0." in done.output
    harbor.settle()
    assert run("4711").exit_code == 0


def test_who_bought_only_later_is_refused_by_name(harbor: MirrorPortal, run: Run) -> None:
    harbor.rows("UPDATE deal SET closed_at = now() WHERE deal_id = 5 RETURNING 1")

    done = run("4711")

    assert "Refused: deal 9 names company 1" in done.output


def test_a_portal_that_is_not_there_is_a_sentence(harbor: MirrorPortal, run: Run) -> None:
    assert "has not installed the app" in str(run("99").exception)


def test_each_night_what_differs_is_concluded_again(harbor: MirrorPortal) -> None:
    spoil(harbor)

    housekeeping.check_sums(harbor.clock, HARBOR)  # type: ignore[arg-type]  # rows and the time are all it uses

    assert harbor.counts()["waiting"] == 1
    harbor.settle()
    assert harbor.values("all_in", "direct_minor", company_id=2) == [4_000_000]
