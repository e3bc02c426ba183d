"""The load generator: wrk where it is installed, else keep-alive sockets of two processes."""

import json
import multiprocessing
import re
import selectors
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

CONNECTIONS = 32
_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
_FAILED = re.compile(r"Non-2xx or 3xx responses: (\d+)|Socket errors: (.*)")
_spawn = multiprocessing.get_context("spawn")

Call = tuple[dict[str, str], bytes]


def name() -> str:
    return (
        "wrk"
        if shutil.which("wrk")
        else "the bench's own generator (wrk is not installed: it takes more of the cores)"
    )


def blast(
    port: int, path: str, calls: Sequence[Call], *, seconds: float, folder: Path
) -> tuple[float, int]:
    """Send signed bodies in turn for *seconds*; return answers a second, and those not 2xx."""
    if shutil.which("wrk"):
        return _wrk(port, path, calls, seconds, folder)
    return _own(port, path, calls, seconds)


def _wrk(
    port: int, path: str, calls: Sequence[Call], seconds: float, folder: Path
) -> tuple[float, int]:
    script = folder / "post.lua"
    script.write_bytes(_lua(path, calls))
    done = subprocess.run(
        [
            shutil.which("wrk") or "wrk",
            "-t1",
            f"-c{CONNECTIONS}",
            f"-d{seconds}s",
            "--timeout",
            "5s",
            "-s",
            str(script),
            f"http://127.0.0.1:{port}{path}",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    rate = _RATE.search(done.stdout)
    assert rate, done.stdout
    failed = _FAILED.search(done.stdout)
    if failed and failed[2]:
        print(f"wrk on {path}: {failed[0]}", file=sys.stderr)
    return float(rate[1]), int(failed[1] or 1) if failed else 0


def _lua(path: str, calls: Sequence[Call]) -> bytes:
    lines = [b"local calls = {}\n"]
    for headers, body in calls:
        pairs = ", ".join(
            f"[{json.dumps(key)}] = {json.dumps(value)}" for key, value in headers.items()
        )
        text = body.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
        lines.append(b'calls[#calls+1] = {{%s}, "%s"}\n' % (pairs.encode(), text))
    lines.append(
        b"local ready, at = {}, 0\n"
        b"init = function()\n"
        b"  for i, call in ipairs(calls) do\n"
        b"    ready[i] = wrk.format('POST', %s, call[1], call[2])\n"
        b"  end\n"
        b"end\n"
        b"request = function() at = at %% #ready + 1; return ready[at] end\n"
        % json.dumps(path).encode()
    )
    return b"".join(lines)


def _own(port: int, path: str, calls: Sequence[Call], seconds: float) -> tuple[float, int]:
    requests = [_request(path, headers, body) for headers, body in calls]
    with _spawn.Pool(2) as pool:
        found = pool.starmap(_send, [(port, requests, CONNECTIONS // 2, seconds)] * 2)
    return sum(rate for rate, _ in found), sum(failed for _, failed in found)


def _request(path: str, headers: dict[str, str], body: bytes) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{key}: {value}" for key, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _send(
    port: int, requests: Sequence[bytes], connections: int, seconds: float
) -> tuple[float, int]:
    """One process: every connection has one request under way; answers have short bodies."""
    waiting = selectors.DefaultSelector()
    for _ in range(connections):
        waiting.register(
            socket.create_connection(("127.0.0.1", port), timeout=5), selectors.EVENT_READ
        )
    for number, key in enumerate(waiting.get_map().values()):
        key.fileobj.sendall(requests[number % len(requests)])  # type: ignore[union-attr]
    answered, failed, started = 0, 0, time.monotonic()
    while (spent := time.monotonic() - started) < seconds:
        for key, _ in waiting.select(1):
            said = key.fileobj.recv(65536)  # type: ignore[union-attr]
            if not said:
                raise ConnectionError("the server closed a connection")
            answered += 1
            failed += not said.startswith(b"HTTP/1.1 2")
            key.fileobj.sendall(requests[answered % len(requests)])  # type: ignore[union-attr]
    for key in list(waiting.get_map().values()):
        key.fileobj.close()  # type: ignore[union-attr]
    return answered / spent, failed
