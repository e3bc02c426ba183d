"""The sandbox on a port: in a thread for tests, or as a process for the demo (python -m tests.sandbox)."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

from .api import Api
from .crm import HubSpot
from .wire import Listener

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication


class Server:
    """A running sandbox; also a context manager."""

    def __init__(
        self, hubspot: HubSpot, port: int, pages: WSGIApplication | None, host: str
    ) -> None:
        self.hubspot = hubspot
        api = Api(hubspot, pages)
        self._listener = Listener(api, port, host)
        api.port = self._listener.port
        self.url = f"http://{host}:{self._listener.port}"

    @property
    def authorize_url(self) -> str:
        """Where users connect the app."""
        return f"{self.url}/oauth/authorize"

    def stop(self) -> None:
        """Close the port and all connections."""
        self._listener.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:  # fmt: skip
        self.stop()


def start(
    hubspot: HubSpot, port: int = 0, pages: WSGIApplication | None = None, host: str = "127.0.0.1"
) -> Server:
    """Serve *hubspot* in threads of this process; port 0 picks a free one."""
    return Server(hubspot, port, pages, host)
