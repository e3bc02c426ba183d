"""A small threaded HTTP/1.1 server with keep-alive that can also misbehave: reset, truncate, hang.

Nothing a real server should be; it exists because trouble has to reach down to the socket.
"""

from __future__ import annotations

import contextlib
import io
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.client import responses
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

MAX_HEAD = 65_536
MAX_BODY = 50_000_000
URL_LIMIT = 16_000


@dataclass(slots=True)
class Request:
    """One call as it came in."""

    method: str
    path: str  # still percent-encoded
    query_string: str
    headers: dict[str, str]  # lower-case names
    body: bytes
    _query: dict[str, list[str]] | None = None

    @property
    def query(self) -> dict[str, list[str]]:
        """Query values by name, in order."""
        if self._query is None:
            self._query = (
                parse_qs(self.query_string, keep_blank_values=True) if self.query_string else {}
            )
        return self._query

    def form(self) -> dict[str, str]:
        """A form body; the last value of each name."""
        return {
            name: values[-1]
            for name, values in parse_qs(self.body.decode("utf-8", "replace")).items()
        }


@dataclass(slots=True)
class Response:
    """What to answer, and what fate the answer meets on its way."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    fate: str = ""  # "", "reset" (connection dies unanswered) or "truncated" (dies in the middle of the body)


Handler = Callable[[Request], Response]


class Listener:
    """Accepts connections on 127.0.0.1 and serves each in a thread until closed."""

    def __init__(self, handler: Handler, port: int = 0, host: str = "127.0.0.1") -> None:
        self._handler = handler
        self._socket = socket.create_server((host, port), backlog=256)
        self.port: int = self._socket.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._closing = False
        self._thread = threading.Thread(target=self._accept, name="sandbox-accept", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening and drop all connections."""
        self._closing = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(timeout=5)
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        deadline = time.monotonic() + 5
        while self._open and time.monotonic() < deadline:
            time.sleep(0.005)

    def _accept(self) -> None:
        while not self._closing:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with self._lock:
                self._open.add(connection)
            threading.Thread(
                target=self._serve, args=(connection,), name="sandbox-call", daemon=True
            ).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection, connection.makefile("rb") as reader:
                while not self._closing and self._one(connection, reader):
                    pass
        except OSError:
            pass  # the caller went away
        finally:
            with self._lock:
                self._open.discard(connection)

    def _one(self, connection: socket.socket, reader: io.BufferedReader) -> bool:
        """Serve one call; False ends the connection."""
        try:
            request = _read(reader)
        except ValueError as error:
            connection.sendall(_encode(Response(400, str(error).encode()), keep=False))
            return False
        if request is None:
            return False
        if request.headers.get("expect", "").lower() == "100-continue":
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        try:
            response = self._handler(request)
        except Exception:  # noqa: BLE001  a bug of the sandbox must be seen, and must not look like an outage
            sys.excepthook(*sys.exc_info())
            response = Response(
                500,
                b'{"status":"error","message":"the sandbox has a bug","category":"SANDBOX_BUG"}',
            )
        if response.fate == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        keep = request.headers.get("connection", "").lower() != "close"
        data = _encode(response, keep=keep)
        if response.fate == "truncated":
            connection.sendall(data[: len(data) - max(1, len(response.body) // 2)])
            return False
        connection.sendall(data)
        return keep


def _read(reader: io.BufferedReader) -> Request | None:
    line = reader.readline(MAX_HEAD)
    if not line.strip():
        return None
    try:
        method, target, _ = line.decode("latin-1").split(" ", 2)
    except ValueError:
        raise ValueError("not an HTTP request") from None
    headers: dict[str, str] = {}
    while (raw := reader.readline(MAX_HEAD)) not in {b"\r\n", b"\n", b""}:
        name, _, value = raw.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    body = b""
    if length := headers.get("content-length"):
        if not length.isdigit() or int(length) > MAX_BODY:
            raise ValueError("bad content length")
        body = reader.read(int(length))
    elif headers.get("transfer-encoding", "").lower() == "chunked":
        body = _chunks(reader)
    path, _, query = target.partition("?")
    return Request(method, path, query, headers, body)


def _chunks(reader: io.BufferedReader) -> bytes:
    parts = []
    while size := int(reader.readline(100).split(b";")[0], 16):
        parts.append(reader.read(size))
        reader.readline(10)
    reader.readline(10)
    return b"".join(parts)


def _encode(response: Response, *, keep: bool) -> bytes:
    lines = [f"HTTP/1.1 {response.status} {responses.get(response.status, 'Status')}"]
    if response.status != 204:
        lines.append(f"Content-Length: {len(response.body)}")
    lines.extend(f"{name}: {value}" for name, value in response.headers.items())
    lines.append(f"Connection: {'keep-alive' if keep else 'close'}")
    return "\r\n".join([*lines, "\r\n"]).encode("latin-1") + response.body


def ask_wsgi(app: WSGIApplication, request: Request, port: int) -> Response:
    """Let a WSGI application answer a request."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(request.path, "latin-1"),
        "QUERY_STRING": request.query_string,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": request.headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(request.body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **{
            f"HTTP_{name.upper().replace('-', '_')}": value
            for name, value in request.headers.items()
        },
    }
    response = Response()

    def begin(
        status: str, headers: list[tuple[str, str]], _: object = None
    ) -> Callable[[bytes], object]:
        response.status = int(status.split(" ", 1)[0])
        # a second header of one name (cookies) gets another spelling, which HTTP reads alike
        for name, value in headers:
            if name.lower() != "content-length":
                spelled = name if name not in response.headers else name.swapcase()
                response.headers[spelled] = value
        return lambda _: None

    parts: Iterable[bytes] = app(environ, begin)
    response.body = b"".join(parts)
    if closing := getattr(parts, "close", None):
        closing()
    return response
