"""RSGI, the parts of it that we use, as types: Granian leaves its own untyped."""

from collections.abc import AsyncIterator, Awaitable, Iterable
from typing import Protocol

HeaderRows = list[tuple[str, str]]


class RsgiHeaders(Protocol):
    """A request's headers, their names in lower case."""

    def get(self, name: str, default: str, /) -> str:
        """Return a header's value, or *default*."""

    def items(self) -> Iterable[tuple[str, str]]:
        """Return all headers; a name may come several times."""


class RsgiRequest(Protocol):
    """A request's line, headers and addresses: RSGI's scope."""

    method: str
    path: str
    query_string: str
    scheme: str
    http_version: str
    server: str
    client: str
    headers: RsgiHeaders


class RsgiTransport(Protocol):
    """The way for an answer that is sent in chunks."""

    def send_bytes(self, chunk: bytes, /) -> Awaitable[None]:
        """Send one chunk."""


class RsgiProtocol(Protocol):
    """The way to a request's body, whole or in chunks, and for its answer."""

    def __call__(self) -> Awaitable[bytes]:
        """Read the whole body."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    def response_empty(self, status: int, headers: HeaderRows, /) -> None:
        """Answer without a body."""

    def response_bytes(self, status: int, headers: HeaderRows, body: bytes, /) -> None:
        """Answer with a whole body."""

    def response_stream(self, status: int, headers: HeaderRows, /) -> RsgiTransport:
        """Begin an answer in chunks."""
