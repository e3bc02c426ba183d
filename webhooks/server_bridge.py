"""The bridge between the RSGI server and the WSGI application: slow bodies hold no thread.

A threaded WSGI server gives a request its thread when the headers are there, and the thread waits
for the body: as many slow senders as threads, and nobody else is served. So the body is read in the
event loop, where a slow sender costs a socket, and only whole requests go to one of a few threads:
docs/decisions/0003-web-server.md.
"""

import asyncio
import io
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar, TypeVarTuple

from webhooks.receiver import MAX_BYTES
from webhooks.rsgi import HeaderRows, RsgiProtocol, RsgiRequest

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

# As long as a megabyte takes on a bad line; HubSpot never needs longer.
BODY_SECONDS: Final = 20.0
_WITHOUT_BODY: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_TIMEOUT, _TOO_LARGE = 408, 413
# Answers without a body and without a length; any other answer without a length is a stream.
_EMPTY: Final = frozenset({204, 304})


@dataclass(slots=True)
class Answer:
    """The application's answer: all of it, or the beginning and where the rest comes from."""

    status: int = 500
    headers: HeaderRows = field(default_factory=list)
    content: bytes = b""
    rest: Iterable[bytes] | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it can be sent at once."""
        return self.status in _EMPTY or any(name == "content-length" for name, _ in self.headers)

    def close(self) -> None:
        """Let the application release what its answer holds."""
        getattr(self.rest, "close", _nothing)()


class WsgiBridge:
    """An RSGI application that hands whole requests to a WSGI application, in a few threads."""

    def __init__(self, app: "WSGIApplication", *, threads: int) -> None:
        self._app = app
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="web")

    async def __rsgi__(self, request: RsgiRequest, proto: RsgiProtocol) -> None:
        """Answer one request."""
        try:
            body = b"" if request.method in _WITHOUT_BODY else await _read(request, proto)
        except TimeoutError:
            proto.response_empty(_TIMEOUT, [("connection", "close")])
            return
        if body is None:
            proto.response_empty(_TOO_LARGE, [("connection", "close")])
            return
        answer = await self._in_thread(self._ask, request, body)
        if answer.rest is None:
            proto.response_bytes(answer.status, answer.headers, answer.content)
            return
        await self._stream(answer, answer.rest, proto)

    async def _stream(self, answer: Answer, rest: Iterable[bytes], proto: RsgiProtocol) -> None:
        """Send an answer while it is made: a report of a million rows is never gathered."""
        transport = proto.response_stream(answer.status, answer.headers)
        chunks = iter(rest)
        try:
            while chunk := await self._in_thread(_next_chunk, chunks):
                await transport.send_bytes(chunk)
        finally:
            await self._in_thread(answer.close)

    async def _in_thread(self, work: Callable[[*Ts], T], *given: *Ts) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *given)

    def _ask(self, request: RsgiRequest, body: bytes) -> Answer:
        answer = Answer()

        def start(
            status: str, headers: HeaderRows, _error: object = None, /
        ) -> Callable[[bytes], object]:
            answer.status = int(status[:3])
            answer.headers = [(name.lower(), value) for name, value in headers]
            return _write

        answer.rest = self._app(_environ(request, body), start)
        if answer.is_whole:
            try:
                answer.content = b"".join(answer.rest)
            finally:
                answer.close()
                answer.rest = None
        return answer


def _nothing() -> None:
    """Most answers need no closing."""


def _next_chunk(chunks: Iterator[bytes]) -> bytes:
    return next(chunks, b"")


def _write(_chunk: bytes) -> object:
    raise NotImplementedError(
        "answers are returned; WSGI's older way of writing them is not served"
    )


async def _read(request: RsgiRequest, proto: RsgiProtocol) -> bytes | None:
    """The whole body, or None when it is larger than anything we take."""
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > MAX_BYTES:
        return None
    async with asyncio.timeout(BODY_SECONDS):
        if length.isdigit():
            return await proto()
        body = bytearray()
        async for chunk in proto:
            body += chunk
            if len(body) > MAX_BYTES:
                return None
        return bytes(body)


def _environ(request: RsgiRequest, body: bytes) -> dict[str, Any]:
    host, _, port = request.server.rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        # Granian has decoded the escapes; WSGI wants the path's bytes, one character each.
        "PATH_INFO": request.path.encode().decode("latin-1"),
        "QUERY_STRING": request.query_string,
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{request.http_version}",
        "REMOTE_ADDR": request.client.rpartition(":")[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": request.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        key = f"HTTP_{name.upper().replace('-', '_')}"
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    environ["CONTENT_TYPE"] = environ.pop("HTTP_CONTENT_TYPE", "")
    environ.pop("HTTP_CONTENT_LENGTH", None)
    environ["CONTENT_LENGTH"] = str(len(body)) if body else ""
    return environ
