"""What every part stands on: servers of its own, the schema, a portal, and child processes."""

import base64
import contextlib
import hmac
import http.client
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from cryptography.fernet import Fernet

from integration.core import environment as settings
from integration.core import servers
from integration.core.environment import Settings
from integration.core.vault import Vault
from integration.core.wake_ups import Queue
from integration.portal.runtime import Runtime
from integration.storage import database as databases
from integration.storage.database import Database

ROOT = Path(__file__).resolve().parents[1]
PORTAL = 4711
SECRET = "a-client-secret-for-the-bench"  # noqa: S105 - signs nothing but our own load


@dataclass(slots=True)
class Ground:
    """Servers of this run and how to reach them."""

    database_url: str
    redis_url: str
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        """Run a statement as the servers' owner."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return list(cursor.fetchall()) if cursor.description else []

    def empty(self) -> None:
        """Remove every row but the schema's version; PostgreSQL tidies up now, not in a round."""
        tables = self.sql(
            "SELECT quote_ident(tablename) FROM pg_tables"
            " WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
        )
        self.sql(f"TRUNCATE {','.join(str(row[0]) for row in tables)} RESTART IDENTITY CASCADE")

    def settings(self, **changed: str) -> Settings:
        """Settings as a process of this run would read them."""
        before = dict(os.environ)
        os.environ.update({**self.environment, **changed})
        try:
            return settings.load()
        finally:
            os.environ.clear()
            os.environ.update(before)

    @contextlib.contextmanager
    def runtime(self, own: Settings, *, pool_size: int = 8) -> Iterator[Runtime]:
        """An open runtime, as a worker has one."""
        database, queue = Database(self.database_url, pool_size=pool_size), Queue(self.redis_url)
        try:
            yield Runtime(own, database, queue, Vault(own.token_keys))
        finally:
            database.close()
            queue.redis.close()

    @contextlib.contextmanager
    def process(
        self, arguments: Sequence[str], *, stdout: int | None = None, **changed: str
    ) -> Iterator["subprocess.Popen[bytes]"]:
        """A Python process of ours that is stopped afterwards."""
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            stdout=stdout,
            env={**os.environ, **self.environment, **changed},
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextlib.contextmanager
def prepare() -> Iterator[Ground]:
    """Start the servers in a folder of their own."""
    with (
        tempfile.TemporaryDirectory(prefix="second-order-bench-") as name,
        servers.embedded(Path(name)) as started,
    ):
        databases.migrate(started.database_url)
        yield Ground(
            started.database_url,
            started.redis_url,
            Path(name),
            {
                "DATABASE_URL": started.database_url,
                "REDIS_URL": started.redis_url,
                "DATA_DIR": name,
                "SECRET_KEY": "a-secret-key-for-the-bench-only",
                "TOKEN_KEYS": Fernet.generate_key().decode(),
                "HUBSPOT_CLIENT_SECRET": SECRET,
                "HUBSPOT_CLIENT_ID": "bench",
                "LOG_LEVEL": "ERROR",
            },
        )


def sign(body: bytes, uri: str) -> dict[str, str]:
    """The headers of a delivery that HubSpot would send now."""
    stamp = str(int(time.time() * 1000))
    mac = hmac.digest(SECRET.encode(), b"POST" + uri.encode() + body + stamp.encode(), "sha256")
    return {
        "X-HubSpot-Signature-v3": base64.b64encode(mac).decode(),
        "X-HubSpot-Request-Timestamp": stamp,
    }


def wait_for(port: int, *, seconds: float = 30) -> None:
    """Wait until HTTP is answered there, with whatever status: the application is loaded then."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
        with (
            contextlib.suppress(OSError, http.client.HTTPException),
            contextlib.closing(connection),
        ):
            connection.request("GET", "/healthz")
            connection.getresponse()
            return
        time.sleep(0.05)
    raise TimeoutError(f"nothing answers on port {port}")
