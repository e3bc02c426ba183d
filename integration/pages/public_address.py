"""The public address: links and redirects stay on PUBLIC_URL, whatever host a request names."""

import ipaddress
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_.-]+?)\.?(:\d{1,5})?")
# Names that nobody can register: how a proxy or a neighbouring container may call us.
_PRIVATE = (".localhost", ".internal", ".local")


class PublicAddress:
    """A WSGI application that is served at one address.

    A proxy that does not pass the host on changes nothing. A page that was asked for under a
    stranger's host is refused: a browser that came so was led here by somebody else's DNS.
    *unchecked* paths are for programs, which sign what they send or probe us by our number.
    """

    def __init__(
        self, app: "WSGIApplication", public_url: str, *, unchecked: tuple[str, ...]
    ) -> None:
        parts = urlsplit(public_url)
        self._app, self._unchecked = app, unchecked
        self._scheme, self._host, self._name = parts.scheme, parts.netloc, parts.hostname or ""
        self._refusal = f"This host is not served here. Open {public_url} instead.\n".encode()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer a request as one for the public address."""
        is_checked = not environ.get("PATH_INFO", "").startswith(self._unchecked)
        if is_checked and not self._is_known(environ.get("HTTP_HOST", "")):
            return self._refuse(start_response)
        environ["HTTP_HOST"] = self._host
        environ["wsgi.url_scheme"] = self._scheme
        return self._app(environ, start_response)

    def _is_known(self, host: str) -> bool:
        found = _HOST.fullmatch(host.lower())
        if found is None:
            return not host  # HTTP 1.0 names no host
        name = found[1].strip("[]")
        is_ours = name == self._name or name.endswith(_PRIVATE)
        return is_ours or "." not in name or _is_number(name)

    def _refuse(self, start_response: "StartResponse") -> Iterable[bytes]:
        headers = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(self._refusal))),
            ("X-Content-Type-Options", "nosniff"),
            ("Cache-Control", "no-store"),
        ]
        start_response("421 Misdirected Request", headers)
        return [self._refusal]


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
