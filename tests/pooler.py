"""A pooler of tests: pgbouncer, which gives each transaction another of few server connections."""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from integration.core.servers import free_port
from tests.waiting import wait_until

# Fewer than any test has threads, so that transactions of different portals share connections.
CONNECTIONS = 5


@dataclass(frozen=True, slots=True)
class Login:
    """A login of PostgreSQL."""

    name: str
    password: str = field(repr=False)

    def at(self, url: str) -> str:
        """Return *url* with this login instead of its own."""
        parts = urlsplit(url)
        address = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{self.name}:{self.password}@{address}"))


@contextlib.contextmanager
def bare_login(owner_url: str) -> Iterator[Login]:
    """A login that may become our roles and may do nothing by itself, not even read a table."""
    login = Login("bare", secrets.token_hex(8))
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute(f"CREATE ROLE bare LOGIN NOINHERIT PASSWORD '{login.password}'")
        owner.execute("GRANT second_order_app, second_order_service TO bare")
    try:
        yield login
    finally:
        with psycopg.connect(owner_url, autocommit=True) as owner:
            owner.execute("DROP ROLE bare")


@contextlib.contextmanager
def pooler(owner_url: str, *logins: Login) -> Iterator[str]:
    """Run pgbouncer in front of a server; yield its address, to which a login is put with `at`."""
    program, server, port = _program(), urlsplit(owner_url), free_port()
    # Not pytest's folder, through which only its owner may pass: pgbouncer refuses to be root.
    folder = Path(tempfile.mkdtemp(prefix="pooler-"))
    folder.chmod(0o755)
    _write_settings(folder, port, server.hostname or "", server.port or 5432, logins)
    log = folder / "pgbouncer.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*_without_root(), program, str(folder / "pgbouncer.ini")], stdout=output, stderr=output
        )
    try:
        url = urlunsplit(server._replace(netloc=f"127.0.0.1:{port}"))
        wait_until(
            lambda: _answers(logins[0].at(url)),
            lambda: f"the pooler does not answer: {log.read_text()}",
            unless=lambda: process.poll() is not None,
        )
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        shutil.rmtree(folder)


def _program() -> str:
    found = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if found is None and os.environ.get("CI"):
        pytest.fail("CI needs pgbouncer: .ci/run installs it")
    if found is None:
        pytest.skip("pgbouncer is not installed")
    return found


def _without_root() -> tuple[str, ...]:
    if os.geteuid() != 0:
        return ()
    return ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")


def _write_settings(
    folder: Path, port: int, server: str, server_port: int, logins: Sequence[Login]
) -> None:
    users = "".join(f'"{login.name}" "{login.password}"\n' for login in logins)
    settings = f"""
[databases]
* = host={server} port={server_port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users.txt
pool_mode = transaction
default_pool_size = {CONNECTIONS}
max_client_conn = 200
"""
    for name, text in (("users.txt", users), ("pgbouncer.ini", settings)):
        path = folder / name
        path.write_text(text)
        path.chmod(0o644)


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.Error:
        return False
    return True
