"""Real servers for every test that asks: PostgreSQL and Valkey from wheels, started once, emptied before each test."""

import contextlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from cryptography.fernet import Fernet

from integration.core import servers
from integration.core.environment import Settings
from integration.core.vault import Vault
from integration.core.wake_ups import Queue
from integration.portal.runtime import Runtime
from integration.storage import database as databases
from integration.storage.database import Database
from tests import disposable
from tests.sandbox.crm import App

if TYPE_CHECKING:
    from tests.world import World

# A machine that is busy with other things is no fault of the code.
hypothesis.settings.register_profile(
    "calm", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("calm")

SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--random-portals",
        type=int,
        default=12,
        help="how many random portals are tried (more: slower)",
    )


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real data and HubSpot's specs; tests that use it are skipped without it."""
    if not SHARED.is_dir():
        pytest.skip("the folder with real data is not beside the project")
    return SHARED


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which PostgreSQL was made and migrated: once for all processes of the run."""
    mine = tmp_path_factory.getbasetemp()
    folder = (mine.parent if "PYTEST_XDIST_WORKER" in os.environ else mine) / "prepared"
    disposable.prepare(folder)
    return folder


@pytest.fixture(scope="session")
def embedded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[servers.Servers]:
    """The servers of this process's tests: TEST_DATABASE_URL and TEST_REDIS_URL, or those of the wheels."""
    given = os.environ.get("TEST_DATABASE_URL", ""), os.environ.get("TEST_REDIS_URL", "")
    folder = tmp_path_factory.mktemp("servers")
    if not given[0]:
        disposable.lend(request.getfixturevalue("prepared"), folder)
    with servers.embedded(folder, postgres=not given[0], valkey=not given[1]) as started:
        if not given[0]:
            disposable.make_careless(started.database_url)
        chosen = servers.Servers(given[0] or started.database_url, given[1] or started.redis_url)
        databases.migrate(chosen.database_url)
        yield chosen


@pytest.fixture(scope="session")
def postgres_url(embedded: servers.Servers) -> str:
    return embedded.database_url


@pytest.fixture(scope="session")
def redis_url(embedded: servers.Servers) -> str:
    return embedded.redis_url


@pytest.fixture(scope="session")
def owner(embedded: servers.Servers) -> Iterator[disposable.Owner]:
    with disposable.owner(embedded) as both:
        yield both


@pytest.fixture
def clean(owner: disposable.Owner) -> None:
    """Empty both servers."""
    owner.empty()


@pytest.fixture
def database(clean: None, postgres_url: str) -> Iterator[Database]:
    opened = Database(postgres_url)
    yield opened
    opened.close()


@pytest.fixture
def settings(tmp_path: Path, postgres_url: str, redis_url: str) -> Settings:
    app = App()
    return Settings(
        data_dir=tmp_path,
        host="127.0.0.1",
        port=8000,
        public_url="http://127.0.0.1:8000",
        hubspot_app_id=app.app_id,
        hubspot_client_id=app.client_id,
        hubspot_api_url="http://127.0.0.1:9",
        hubspot_authorize_url="http://127.0.0.1:9/oauth/authorize",
        hubspot_rate_per_10s=1000,
        log_level="ERROR",
        workers=1,
        web_processes=2,
        web_threads=8,
        database_url=postgres_url,
        redis_url=redis_url,
        secret_key="a-secret-key-for-tests-only",
        token_keys=(Fernet.generate_key().decode(),),
        hubspot_client_secrets=(app.client_secret,),
    )


@pytest.fixture
def runtime(settings: Settings, database: Database, redis_url: str) -> Iterator[Runtime]:
    queue = Queue(redis_url)
    yield Runtime(settings, database, queue, Vault(settings.token_keys))
    queue.redis.close()


@pytest.fixture
def world(
    settings: Settings, database: Database, redis_url: str, postgres_url: str
) -> Iterator["World"]:
    """Two portals, harbor and orchard, in a local HubSpot, both with the app installed."""
    from tests.world import build_world  # noqa: PLC0415 - unit tests need not load the whole product

    with build_world(settings, database, redis_url, postgres_url) as built:
        yield built


@pytest.fixture
def new_world(
    settings: Settings, owner: disposable.Owner, redis_url: str, postgres_url: str
) -> "Callable[[], AbstractContextManager[World]]":
    """Worlds one after the other, each with nothing installed."""
    from tests.world import build_world  # noqa: PLC0415 - unit tests need not load the whole product

    @contextlib.contextmanager
    def build() -> Iterator["World"]:
        owner.empty()
        database = Database(postgres_url)
        try:
            with build_world(settings, database, redis_url, postgres_url) as world:
                yield world
        finally:
            database.close()

    return build
