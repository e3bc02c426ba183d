"""The wire: every call to HubSpot passes here, with token, allowance and limits.

The client library builds most requests and hands them to what it takes for its connection pool;
that is this class, which moves them to dated paths. Batch bodies are sent here directly: the
library's copying of a body costs more than all the rest of the call (docs/hubspot.md, "What the
client library costs").
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final, Protocol
from urllib.parse import quote_plus, urlsplit

import urllib3

from integration.hubspot import bodies, faults
from integration.hubspot.routes import ROUTES, Allowance, Route, dated

CONNECT_SECONDS: Final = 3.0
READ_SECONDS: Final = 10.0
_UNAUTHORIZED: Final = 401
_OK: Final = range(200, 300)


class Token(Protocol):
    """A source of access tokens.

    Called with a token that HubSpot has just refused, it gives a newer one or raises.
    """

    def __call__(self, refused: str | None = None) -> str:
        """Return a usable token."""


class Allow(Protocol):
    """Waits until one more call is allowed; raises Retryable when that would take too long."""

    def __call__(self, kind: Allowance, /) -> None:
        """Take one call from the allowance."""


OnCall = Callable[[str, int, float], None]
OnLimits = Callable[[Mapping[str, int]], None]


def _ignore_call(route: str, status: int, seconds: float) -> None:
    """Stand in where nobody counts calls."""


def _ignore_limits(limits: Mapping[str, int]) -> None:
    """Stand in where nobody needs the limits."""


class Wire:
    """The calls to one HubSpot host for one portal; threads may share it."""

    def __init__(
        self,
        api_url: str,
        token: Token,
        allow: Allow,
        *,
        on_call: OnCall = _ignore_call,
        on_limits: OnLimits = _ignore_limits,
        pool_size: int = 10,
        timeouts: tuple[float, float] = (CONNECT_SECONDS, READ_SECONDS),
    ) -> None:
        self.base = api_url.rstrip("/")
        self._token = token
        self._allow = allow
        self._on_call = on_call
        self._on_limits = on_limits
        self._timeout = urllib3.Timeout(connect=timeouts[0], read=timeouts[1])
        # Waiting for a free connection beats opening one that cannot be kept. One host's pool,
        # asked by path: taking the whole address apart for each call costs a third of it.
        self._pool = urllib3.connection_from_url(
            self.base, maxsize=pool_size, block=True, retries=False
        )
        self._origin = len(self.base) - len(urlsplit(self.base).path)

    def close(self) -> None:
        """Give the connections back."""
        self._pool.close()

    def call(
        self,
        name: str,
        *,
        query: Mapping[str, str | Sequence[str]] | None = None,
        body: object = None,
        **parts: str,
    ) -> Any:  # noqa: ANN401 - JSON is any
        """Call a route of the table directly; return the decoded answer, None for no answer."""
        route = ROUTES[name]
        url = self.base + route.fill(**parts)
        if query:
            url = f"{url}?{_query(_pairs(query))}"
        answer = self._send(route, url, bodies.encode(body) if body is not None else None)
        return self.decoded(route.name, answer.data)

    def request(
        self,
        method: str,
        url: str,
        fields: Any = None,  # noqa: ANN401 - the library's list of pairs
        body: str | bytes | None = None,
        **_library_choices: object,
    ) -> urllib3.BaseHTTPResponse:
        """Stand in for `request` of the client library's connection pool.

        Its own headers and timeouts are not used: token, limits and time are ours.
        """
        if not url.startswith(f"{self.base}/"):
            raise faults.OurMistake(f"a call would leave {urlsplit(self.base).netloc}")
        path, _, query = url[len(self.base) :].partition("?")
        route, path = dated(method, path)
        query = "&".join(part for part in (query, _query(fields or ())) if part)
        return self._send(route, f"{self.base}{path}?{query}" if query else self.base + path, body)

    def decoded(self, route: str, data: bytes) -> Any:  # noqa: ANN401 - JSON is any
        """Read a 2xx answer's body; broken JSON is a Retryable."""
        if not data:
            return None
        try:
            return bodies.decode(data)
        except ValueError:
            raise faults.broken(route, "is not JSON") from None

    def _send(self, route: Route, url: str, body: str | bytes | None) -> urllib3.BaseHTTPResponse:
        token = self._token()
        answer = self._once(route, url, body, token)
        if answer.status == _UNAUTHORIZED:
            # Expired, or replaced by another process: once with a newer one, then it is the owner's
            # turn.
            answer = self._once(route, url, body, self._token(token))
        if answer.status not in _OK:
            raise faults.from_answer(answer.status, dict(answer.headers), answer.data, route.name)
        return answer

    def _once(
        self, route: Route, url: str, body: str | bytes | None, token: str
    ) -> urllib3.BaseHTTPResponse:
        self._allow(route.allowance)
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        started, status = time.perf_counter(), 0
        try:
            answer = self._pool.urlopen(
                route.method,
                url[self._origin :],
                body=body,
                headers=headers,
                timeout=self._timeout,
                retries=False,
                redirect=False,
                preload_content=True,
            )
            status = answer.status
        except faults.NETWORK_FAILURES as error:
            # The network's own exceptions quote URLs: ours stands alone.
            raise faults.from_failure(error, route.name) from None
        finally:
            self._on_call(route.name, status, time.perf_counter() - started)
        self._report_limits(answer.headers)
        return answer

    def _report_limits(self, headers: Mapping[str, str]) -> None:
        limits: dict[str, int] = {}
        for name in ("Max", "Remaining", "Interval-Milliseconds"):
            with suppress(KeyError, ValueError):
                limits[name] = int(headers[f"X-HubSpot-RateLimit-{name}"])
        if limits:
            self._on_limits(limits)


# The same thirty property names go out with every page: quoting them once is a sixth of a call's
# cost.
_quoted = lru_cache(maxsize=4096)(quote_plus)


def _pairs(query: Mapping[str, str | Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Repeat the key of a list, as the specification asks."""
    for name, value in query.items():
        for text in (value,) if isinstance(value, str) else value:
            yield name, text


def _query(fields: Iterable[tuple[str, object]]) -> str:
    return "&".join(f"{_quoted(name)}={_quoted(str(value))}" for name, value in fields)
