"""The real web process under clients that take their time, and beside a second copy of itself."""

import base64
import contextlib
import hmac
import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from integration.core.servers import free_port
from tests.chaos_service import answers
from tests.waiting import PATIENCE, wait_until

ROOT = Path(__file__).resolve().parents[2]
SECRET = "a-client-secret-for-tests"
SLOW, GOOD = 300, 10
BODY = b'[{"portalId": 4711}]'


@dataclass(frozen=True)
class Web:
    """A running ``second-order web``."""

    port: int
    environment: dict[str, str]

    def post(self) -> int:
        """One signed delivery on its own connection, as HubSpot sends it."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request("POST", "/webhooks/hubspot", BODY, signed(self.port))
            return connection.getresponse().status


def signed(port: int) -> dict[str, str]:
    stamp = str(int(time.time() * 1000))
    said = f"POSThttp://127.0.0.1:{port}/webhooks/hubspot".encode() + BODY + stamp.encode()
    mac = hmac.digest(SECRET.encode(), said, "sha256")
    return {
        "X-HubSpot-Signature-v3": base64.b64encode(mac).decode(),
        "X-HubSpot-Request-Timestamp": stamp,
    }


@pytest.fixture(scope="module")
def web(
    postgres_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Web]:
    port = free_port()
    environment = {
        **os.environ,
        "DATABASE_URL": postgres_url,
        "REDIS_URL": redis_url,
        "DATA_DIR": str(tmp_path_factory.mktemp("web")),
        "PORT": str(port),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "HUBSPOT_CLIENT_SECRET": SECRET,
        "LOG_LEVEL": "ERROR",
    }
    process = subprocess.Popen([sys.executable, "-m", "commands", "web"], cwd=ROOT, env=environment)
    try:
        wait_until_up(port)
        yield Web(port, environment)
    finally:
        process.terminate()
        process.wait(PATIENCE)


def wait_until_up(port: int) -> None:
    wait_until(
        lambda: answers(f"http://127.0.0.1:{port}/healthz"),
        lambda: "the web process does not come up",
    )


@contextlib.contextmanager
def trickling(port: int, count: int, start: bytes) -> Iterator[list[socket.socket]]:
    """Clients that sent *start* and now send a byte at a time, without an end."""
    clients = [
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) for _ in range(count)
    ]
    over = threading.Event()

    def drip() -> None:
        while not over.wait(0.2):
            for client in clients:
                with contextlib.suppress(OSError):
                    client.send(b"x")

    for client in clients:
        client.sendall(start)
    thread = threading.Thread(target=drip)
    thread.start()
    try:
        time.sleep(0.5)  # all of them are in the server's hands before the good ones come
        yield clients
    finally:
        over.set()
        thread.join()
        for client in clients:
            client.close()


@pytest.mark.parametrize(
    "start",
    [
        b"POST /webhooks/hubspot HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        b"POST /webhooks/hubspot HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n[",
        b"POST /webhooks/usage HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n[",
        b"POST /webhooks/hubspot HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n[",
    ],
    ids=["header", "body", "other route", "chunked body"],
)
def test_slow_clients_stop_nobody(web: Web, start: bytes, postgres_url: str) -> None:
    before = kept(postgres_url)
    with trickling(web.port, SLOW, start):
        assert [web.post() for _ in range(GOOD)] == [204] * GOOD
    assert kept(postgres_url) == before + GOOD


def kept(postgres_url: str) -> int:
    with psycopg.connect(postgres_url) as connection:
        found = connection.execute("SELECT count(*) FROM inbox").fetchone()
    assert found
    return int(found[0])


@pytest.mark.parametrize("length", [True, False], ids=["with a length", "chunked"])
def test_a_body_over_a_megabyte_is_refused_before_it_is_all_there(web: Web, length: bool) -> None:
    head = b"Content-Length: 5000000" if length else b"Transfer-Encoding: chunked"
    with socket.create_connection(("127.0.0.1", web.port), timeout=PATIENCE) as client:
        client.sendall(b"POST /webhooks/hubspot HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n")
        with contextlib.suppress(OSError):  # the server need not listen to the end
            for _ in range(20):
                client.sendall(
                    b"x" * 100_000 if length else b"186a0\r\n" + b"x" * 100_000 + b"\r\n"
                )
        assert client.recv(100).startswith(b"HTTP/1.1 413")


def test_a_second_copy_on_the_port_refuses_to_start(web: Web) -> None:
    """It would share the first one's traffic in silence, for the server reuses ports."""
    second = subprocess.run(
        [sys.executable, "-m", "commands", "web"],
        cwd=ROOT, env=web.environment, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert second.returncode != 0
    assert f"PORT {web.port}" in second.stderr
    assert web.post() == 204
