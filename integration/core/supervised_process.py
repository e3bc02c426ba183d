"""A supervised process: without root, started again when it ends unasked, ended with its parent."""

import contextlib
import ctypes
import os
import pwd
import signal
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from integration.core.errors import Refused

# A first start fills a data folder, which takes a slow disk most of a minute.
START_SECONDS = 60
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
# linux/sched.h and linux/prctl.h
_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1
# Root's number within the namespace; any that is not 0 will do for PostgreSQL.
_UNPRIVILEGED = 1000


@contextlib.contextmanager
def supervised(
    command: list[str],
    log: Path,
    prepare: Callable[[], None],
    stop: signal.Signals,
    ready: Callable[[], bool],
) -> Iterator[None]:
    """Run *command* until the block ends, starting it again whenever it ends before.

    *prepare* runs in the child; the block begins once *ready* says so; *stop* ends the child.
    Raises Refused, with the end of the log, when it is not ready in time.
    """
    kept = _Supervised(command, log, prepare)
    try:
        _wait(kept.process, ready, log)
        kept.watch()
        yield
    finally:
        kept.stop(stop)


class _Supervised:
    """A child process that is started again whenever it ends unasked."""

    def __init__(self, command: list[str], log: Path, prepare: Callable[[], None]) -> None:
        self._command, self._prepare, self.log = command, prepare, log
        self._stopping = threading.Event()
        self.process = self._start()
        self._watcher = threading.Thread(target=self._watch, name="keeps-a-server", daemon=True)

    def watch(self) -> None:
        """Start it again from now on when it ends."""
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
            # A killed PostgreSQL leaves files behind for a moment that keep the next one from
            # starting: wait longer after each start that failed soon.
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


def dies_with_us(
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


@contextlib.contextmanager
def unprivileged(folder: Path) -> Iterator[tuple[Callable[[], None], Path]]:
    """Yield a function by which a child gives up root, and the folder of its data.

    PostgreSQL refuses root. Root's child therefore enters a user namespace in which root has
    another number; where namespaces are forbidden it becomes "nobody", and the folder is given
    to it.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    data = folder / "data"
    if os.geteuid() != 0:
        yield dies_with_us(signal.SIGINT), data
        return
    if not (data.exists() and data.stat().st_uid != 0) and _namespaces_work():
        yield dies_with_us(signal.SIGINT, _enter_namespace), data
        return
    nobody = pwd.getpwnam("nobody")
    name = f"second-order-{zlib.crc32(str(folder.resolve()).encode()):x}"
    public = Path("/var/tmp") / name  # noqa: S108 - made 0700, owned by the server
    # "nobody" may not pass through a folder like /root.
    where = folder if _reachable(folder) else public
    where.mkdir(parents=True, exist_ok=True, mode=0o711)
    os.chown(where, nobody.pw_uid, nobody.pw_gid)

    def become_nobody() -> None:
        os.setgroups([])
        os.setgid(nobody.pw_gid)
        os.setuid(nobody.pw_uid)

    yield dies_with_us(signal.SIGINT, become_nobody), where / "data"


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
