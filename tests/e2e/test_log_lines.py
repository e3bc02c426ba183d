"""Every line of a running process is JSON: its own, RQ's, granian's, and what nobody caught."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import rq
from cryptography.fernet import Fernet
from rq.serializers import JSONSerializer

from integration.core import own_process
from integration.core.servers import Servers, embedded, free_port
from integration.core.wake_ups import QUEUE
from tests.waiting import PATIENCE, wait_until

KEY = Fernet.generate_key().decode()
Line = dict[str, Any]


@pytest.fixture
def valkey_url(tmp_path: Path) -> Iterator[str]:
    """A Valkey of its own, for it will be filled up."""
    with embedded(tmp_path / "valkey", postgres=False) as started:
        yield started.redis_url


def environment(servers: Servers, redis_url: str, folder: Path) -> dict[str, str]:
    return own_process.surroundings(
        {
            "PATH": os.defpath, "DATA_DIR": str(folder), "DATABASE_URL": servers.database_url,
            "REDIS_URL": redis_url, "SECRET_KEY": "a-secret-key-for-tests-only", "TOKEN_KEYS": KEY,
            "FORGET_KEYS": KEY, "PORT": str(free_port()), "WEB_PROCESSES": "1",
        }
    )  # fmt: skip


class Process:
    """A process and what it has said so far."""

    def __init__(self, arguments: list[str], environment: dict[str, str], log: Path) -> None:
        self._log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                arguments, env=environment, cwd=log.parent, stdout=output, stderr=output
            )

    def lines(self) -> list[Line]:
        """Each whole line as JSON; a line that is none fails the test."""
        whole = self._log.read_text().rpartition("\n")[0]
        said = [json.loads(line) for line in whole.splitlines()]
        assert all(isinstance(line, dict) and line["event"] for line in said)
        return said

    def says(self, wanted: Callable[[Line], bool]) -> None:
        wait_until(
            lambda: any(wanted(line) for line in self.lines()),
            lambda: f"it only says {self._log.read_text()}",
        )

    def ends(self, status: int) -> None:
        assert self.process.wait(PATIENCE) == status


@pytest.fixture
def started(embedded: Servers, clean: None, tmp_path: Path) -> Iterator[Callable[..., Process]]:
    processes: list[Process] = []

    def start(arguments: list[str], redis_url: str = embedded.redis_url) -> Process:
        surroundings = environment(embedded, redis_url, tmp_path / "data")
        processes.append(Process(arguments, surroundings, tmp_path / f"log-{len(processes)}"))
        return processes[-1]

    yield start
    for process in processes:
        process.process.kill()
        process.process.wait(PATIENCE)


def test_what_rq_has_to_say_about_bad_jobs_and_a_lost_valkey_is_json(
    started: Callable[..., Process], valkey_url: str
) -> None:
    worker, valkey = (
        started(own_process.command("worker"), valkey_url),
        redis.Redis.from_url(valkey_url),
    )
    queue = rq.Queue(QUEUE, connection=valkey, serializer=JSONSerializer)
    wait_until(lambda: rq.Worker.count(valkey) == 1, lambda: "the worker does not start")

    queue.enqueue_call("os.system", args=("true",))
    worker.says(lambda line: "ForbiddenJob" in line["event"])
    broken = rq.job.Job.create(
        "workers.jobs.drain", args=(1,), connection=valkey, serializer=JSONSerializer
    )
    broken.save()
    valkey.hset(broken.key, "data", b"no JSON")
    valkey.rpush(queue.key, broken.id)
    worker.says(lambda line: "DeserializationError" in line["event"])
    valkey.config_set("maxmemory", "1")
    worker.says(lambda line: line["event"] == "worker ends: valkey went away")

    worker.ends(1)
    valkey.close()
    assert all(line["level"] in {"warning", "error"} for line in worker.lines())


def test_a_web_process_that_cannot_start_says_so_in_json(
    started: Callable[..., Process],
) -> None:
    broken = (
        "from commands.web import serve; from integration.core import environment, logs;"
        " settings = environment.load(); logs.configure(settings.log_level); serve('nothing:app', settings)"
    )
    web = started([sys.executable, "-c", broken])

    web.says(lambda line: line["event"] == "web process does not start")

    web.process.terminate()
    web.process.wait(PATIENCE)
    assert any("ModuleNotFoundError" in line.get("exception", "") for line in web.lines())
    assert any("granian" in line["event"] for line in web.lines())


@pytest.mark.parametrize(
    ("code", "event"),
    [
        ("raise ValueError('no\\nword')", "process ends"),
        (
            "import threading; t = threading.Thread(target=lambda: 1 / 0); t.start(); t.join()",
            "thread ends",
        ),
        ("import warnings; warnings.warn('old')", "UserWarning: old"),
    ],
    ids=["process", "thread", "warning"],
)
def test_what_nobody_caught_is_json(started: Callable[..., Process], code: str, event: str) -> None:
    set_up = "from integration.core import logs; logs.configure('INFO'); logs.catch_uncaught();"
    process = started([sys.executable, "-c", f"{set_up} {code}"])

    process.process.wait(PATIENCE)

    (line,) = process.lines()
    assert event in line["event"]
