"""A full disk: deliveries are refused, so that HubSpot sends them again, and the probe says why."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from flask.testing import FlaskClient

import wsgi
from integration.core import servers
from integration.core.environment import Settings
from integration.core.vault import Vault
from integration.core.wake_ups import Queue
from integration.portal.runtime import Runtime
from integration.storage import database as databases
from integration.storage.database import Database
from integration.storage.queue.inbox_writer import InboxWriter
from tests.waiting import wait_until

# Enough for a new PostgreSQL and its log of changes.
SMALL = "300m"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, and a small one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["/usr/bin/env", "umount", str(folder)], check=True)


@pytest.fixture
def database_url(disk: Path) -> Iterator[str]:
    with servers.embedded(disk, valkey=False) as started:
        databases.migrate(started.database_url)
        yield started.database_url


@pytest.fixture
def client(settings: Settings, database_url: str, redis_url: str) -> Iterator[FlaskClient]:
    database, queue = Database(database_url), Queue(redis_url)
    own = replace(settings, database_url=database_url)
    writer = InboxWriter(database_url)
    yield wsgi.create_app(
        Runtime(own, database, queue, Vault(own.token_keys)), writer
    ).test_client()
    writer.close()
    database.close()
    queue.redis.close()


def is_ready(client: FlaskClient) -> bool:
    return client.get("/readyz").status_code == 200


def fill(path: Path) -> None:
    """Write zeros until the disk takes no more."""
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1 << 16))


def test_who_cannot_keep_a_delivery_is_not_ready_until_there_is_room_again(
    client: FlaskClient, disk: Path
) -> None:
    assert is_ready(client)
    fill(disk / "filling")

    wait_until(lambda: not is_ready(client), lambda: "it is ready with a full disk")
    assert "disk is full" in client.get("/readyz").get_json()["database"]
    assert client.get("/healthz").status_code == 200

    (disk / "filling").unlink()
    wait_until(lambda: is_ready(client), lambda: "it is not ready again")


def test_a_server_that_takes_no_writes_is_not_ready(client: FlaskClient, database_url: str) -> None:
    """As managed servers are made when their disk is nearly full."""
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("ALTER DATABASE postgres SET default_transaction_read_only = on")

    assert client.get("/readyz").status_code == 503
