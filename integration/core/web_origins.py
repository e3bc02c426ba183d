"""Web origins: scheme, host and port of an address, in the one form that browsers send."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

import idna

from integration.core.errors import Refused

_DEFAULT_PORTS = {"http": 80, "https": 443}
_EXAMPLE = "such as https://app.example.org"
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")
_LONGEST_HOST = 253


def normal_origin(url: str) -> str:
    """Return an origin as browsers send it: small letters, ASCII, no default port, no slash.

    Raises Refused, without the address, for one that is more than an origin: we answer at a
    host's root only.
    """
    parts = checked_parts(url)
    path = parts.path.strip("/")
    if path:
        raise Refused(
            "has a path, and the service answers at the root of a host only: give it a host of its"
            f" own, {_EXAMPLE}"
        )
    if parts.query or parts.fragment:
        raise Refused(f"must end with the host or its port, {_EXAMPLE}")
    return f"{parts.scheme}://{parts.netloc}"


def checked_parts(url: str) -> SplitResult:
    """Return the parts of a web address, its host in normal form and without a default port."""
    try:
        parts = urlsplit(url.replace("\\", "/"))
        port = parts.port
    except ValueError:
        raise Refused(f"has no valid host or port, {_EXAMPLE}") from None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or port == 0:
        raise Refused(f"must be an http or https address, {_EXAMPLE}")
    if "@" in parts.netloc:
        raise Refused("must not hold a user or a password")
    host = normal_host(parts.hostname)
    is_default = port in {None, _DEFAULT_PORTS[parts.scheme]}
    return parts._replace(netloc=host if is_default else f"{host}:{port}")


def normal_host(host: str) -> str:
    """Return a host as DNS and browsers have it: small letters, ASCII, no dot at the end."""
    if ":" in host:
        return f"[{_address(host)}]"
    try:
        ascii_host = host if host.isascii() else idna.encode(host, uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        ascii_host = ""
    lowered = ascii_host.lower().removesuffix(".")
    if not _HOST.fullmatch(lowered) or len(lowered) > _LONGEST_HOST:
        raise Refused(f"has no valid host, {_EXAMPLE}")
    return lowered


def _address(host: str) -> str:
    try:
        return ipaddress.IPv6Address(host).compressed
    except ValueError:
        raise Refused(f"has no valid host, {_EXAMPLE}") from None
