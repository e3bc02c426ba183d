"""Return addresses: where a browser may go after HubSpot; no link sends it anywhere else."""

import re
from urllib.parse import urlsplit

_LONGEST_PATH, _LONGEST_ADDRESS = 500, 2000
_HUBSPOT = "hubspot.com"
# An address without anything that two readers could understand in two ways: no user, no port, no
# backslash, no sign that a browser drops or turns into another.
_PLAIN_ADDRESS = re.compile(r"(https?://[a-z0-9.-]+(?::\d{1,5})?)(?:[/?#][!-~]*)?", re.IGNORECASE)


def local_path(path: str | None) -> str | None:
    """Return *path* when it is a plain path of ours, else None: nobody is sent to another site."""
    if not path or len(path) > _LONGEST_PATH or not path.isascii() or not path.isprintable():
        return None
    if not path.startswith("/") or path.startswith("//") or "\\" in path:
        return None
    parts = urlsplit(path)
    return None if parts.scheme or parts.netloc else path


def hubspot_address(address: str | None, authorize_url: str) -> str | None:
    """Return *address* when it is one of HubSpot's own pages, else None.

    Those are on hubspot.com over https, and on the host of *authorize_url*, where browsers go to
    connect an account.
    """
    if not address or len(address) > _LONGEST_ADDRESS or "\\" in address:
        return None
    found = _PLAIN_ADDRESS.fullmatch(address)
    if found is None:
        return None
    own = urlsplit(authorize_url)
    origin = urlsplit(found[1].lower())
    is_hubspots = origin.scheme == "https" and f".{origin.netloc}".endswith(f".{_HUBSPOT}")
    is_authorizing = (origin.scheme, origin.netloc) == (own.scheme, own.netloc)
    return address if is_hubspots or is_authorizing else None
