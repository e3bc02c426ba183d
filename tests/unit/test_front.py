"""What the web server hands to the application, and what it takes from it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from webhooks import server_bridge
from webhooks.receiver import MAX_BYTES
from webhooks.server_bridge import WsgiBridge

Start = Callable[..., Any]
App = Callable[[dict[str, Any], Start], Iterable[bytes]]


class Proto:
    """Granian's side of one request: a body in pieces, and what was answered."""

    def __init__(self, *pieces: bytes, pause: float = 0) -> None:
        self.pieces = pieces
        self.pause = pause
        self.answer: tuple[object, ...] = ()
        self.sent: list[bytes] = []

    async def __call__(self) -> bytes:
        await asyncio.sleep(self.pause)
        return b"".join(self.pieces)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            await asyncio.sleep(self.pause)
            yield piece

    def response_empty(self, *answer: object) -> None:
        self.answer = answer

    def response_bytes(self, *answer: object) -> None:
        self.answer = answer

    def response_stream(self, *answer: object) -> "Proto":
        self.answer = answer
        return self

    async def send_bytes(self, chunk: bytes) -> None:
        self.sent.append(chunk)


class Headers(dict[str, str]):
    """Granian's headers behave like a mapping for us."""


def ask(app: App, proto: Proto, method: str = "POST", path: str = "/", **headers: str) -> Proto:
    named = Headers({name.replace("_", "-"): value for name, value in headers.items()})
    context = SimpleNamespace(
        method=method, path=path, query_string="a=%20b", server="127.0.0.1:8000", client="127.0.0.1:1",
        http_version="1.1", scheme="http", headers=named,
    )  # fmt: skip
    asyncio.run(WsgiBridge(app, threads=2).__rsgi__(context, proto))
    return proto


def an_app(
    seen: list[dict[str, Any]], *chunks: bytes, length: bool = True, status: str = "200 OK"
) -> App:
    def app(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        seen.append({**environ, "body": environ["wsgi.input"].read()})
        start(
            status, [("Content-Length", str(sum(map(len, chunks))))] if length else [("X-Y", "z")]
        )
        return chunks

    return app


@pytest.mark.parametrize("headers", [{"content_length": "4"}, {}], ids=["with a length", "chunked"])
def test_a_request_arrives_whole(headers: dict[str, str]) -> None:
    seen: list[dict[str, Any]] = []
    proto = ask(
        an_app(seen, b"o", b"k"),
        Proto(b"ab", b"cd"),
        path="/é%25",
        content_type="text/plain",
        **headers,
    )
    assert proto.answer == (200, [("content-length", "2")], b"ok")
    got = seen[0]
    assert (got["body"], got["CONTENT_LENGTH"], got["CONTENT_TYPE"]) == (b"abcd", "4", "text/plain")
    assert got["PATH_INFO"].encode("latin-1") == "/é%25".encode()
    assert (got["QUERY_STRING"], got["REQUEST_METHOD"], got["REMOTE_ADDR"]) == (
        "a=%20b",
        "POST",
        "127.0.0.1",
    )
    assert not {"HTTP_CONTENT_LENGTH", "HTTP_CONTENT_TYPE"} & got.keys()


def test_an_answer_without_a_length_is_sent_as_it_is_made() -> None:
    proto = ask(an_app([], b"one", b"two", length=False), Proto(), method="GET")
    assert (proto.answer, proto.sent) == ((200, [("x-y", "z")]), [b"one", b"two"])


def test_a_204_needs_no_length() -> None:
    assert ask(an_app([], length=False, status="204 NO CONTENT"), Proto()).answer == (
        204,
        [("x-y", "z")],
        b"",
    )


@pytest.mark.parametrize("headers", [{"content_length": str(MAX_BYTES + 1)}, {}])
def test_more_than_we_read_never_reaches_the_application(headers: dict[str, str]) -> None:
    seen: list[dict[str, Any]] = []
    proto = ask(an_app(seen), Proto(*[b"x" * 100_000] * 11), **headers)
    assert (proto.answer[0], seen) == (413, [])


@pytest.mark.parametrize("headers", [{"content_length": "4"}, {}])
def test_who_takes_too_long_is_told_so(
    monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    monkeypatch.setattr(server_bridge, "BODY_SECONDS", 0.02)
    seen: list[dict[str, Any]] = []
    proto = ask(an_app(seen), Proto(b"a", b"b", pause=0.5), **headers)
    assert (proto.answer[0], seen) == (408, [])


def test_the_application_tidies_up_behind_every_answer() -> None:
    closed: list[str] = []

    class Chunks:
        def __iter__(self) -> Iterator[bytes]:
            yield b"x"

        def close(self) -> None:
            closed.append("closed")

    for headers in ([("Content-Length", "1")], []):

        def app(
            _: dict[str, Any], start: Start, headers: list[tuple[str, str]] = headers
        ) -> Chunks:
            start("200 OK", headers)
            return Chunks()

        ask(app, Proto())
    assert closed == ["closed", "closed"]
