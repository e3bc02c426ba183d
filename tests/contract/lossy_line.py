"""A line to PostgreSQL that can die around a COMMIT: before the server hears it, or after."""

import contextlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

Moment = Literal["before", "after"]
_COMMIT = b"COMMIT\0"
_CHUNK = 64 * 1024


@dataclass
class LossyLine:
    """Passes bytes on between our processes and the server, until told to break."""

    server_url: str
    broken: int = 0
    _breaks: list[Moment] = field(default_factory=list)
    _listener: socket.socket = field(init=False)
    _sockets: list[socket.socket] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._start(self._accept)

    @property
    def url(self) -> str:
        """The server's address by way of this line."""
        parts = urlsplit(self.server_url)
        own = f"127.0.0.1:{self._listener.getsockname()[1]}"
        credentials = parts.netloc.rpartition("@")[0]
        return parts._replace(netloc=f"{credentials}@{own}" if credentials else own).geturl()

    def break_at_commit(self, *moments: Moment) -> None:
        """Break at the next commits: *before* the server hears of it, or *after* it kept it."""
        self._breaks.extend(moments)

    def close(self) -> None:
        _shut(self._listener, *self._sockets)
        for thread in list(self._threads):
            thread.join(timeout=5)
        for opened in (self._listener, *self._sockets):
            opened.close()

    def _start(self, work: Callable[..., None], *lines: socket.socket) -> None:
        thread = threading.Thread(target=work, args=lines, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                parts = urlsplit(self.server_url)
                server = socket.create_connection(
                    (parts.hostname or "127.0.0.1", parts.port or 5432)
                )
                self._sockets += [client, server]
                self._start(self._to_server, client, server)
                self._start(self._to_client, client, server)

    def _to_server(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while chunk := client.recv(_CHUNK):
                if self._breaks and _COMMIT in chunk:
                    self._break(client, server, chunk)
                    break
                server.sendall(chunk)
        _shut(client, server)

    def _break(self, client: socket.socket, server: socket.socket, chunk: bytes) -> None:
        moment = self._breaks.pop(0)
        self.broken += 1
        _shut(client)
        if moment == "after":
            server.sendall(chunk)
            # The other thread reads the answer and finds nobody to give it to.

    def _to_client(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while chunk := server.recv(_CHUNK):
                client.sendall(chunk)
        _shut(client, server)


def _shut(*lines: socket.socket) -> None:
    for line in lines:
        with contextlib.suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)
