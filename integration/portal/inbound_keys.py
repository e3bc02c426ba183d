"""Inlet keys: what a survey tool or a product shows to prove which portal it speaks for."""

import base64
import hashlib
import hmac
import re

from integration.core.errors import Refused

_SOURCE = re.compile(r"[a-z0-9_-]{1,40}")
_BEARER = re.compile(r"Bearer (\d{1,18})\.([A-Za-z0-9_-]{43})")


def key_for(secret_key: str, portal_id: int) -> str:
    """Return the portal's inlet key; it is derived, so nothing has to be stored."""
    mac = hmac.digest(
        hashlib.sha256(secret_key.encode()).digest(), f"inlet:{portal_id}".encode(), "sha256"
    )
    return f"{portal_id}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def portal_of(secret_key: str, authorization: str | None) -> int | None:
    """Return the portal whose key this header shows, or None."""
    shown = _BEARER.fullmatch(authorization or "")
    if shown is None:
        return None
    portal_id = int(shown.group(1))
    wanted = key_for(secret_key, portal_id)
    given = f"{shown.group(1)}.{shown.group(2)}"
    return portal_id if hmac.compare_digest(wanted.encode(), given.encode()) else None


def source_name(kind: str, name: str) -> str:
    """Return the inbox's name of a sender; raises Refused for one that no address can have."""
    if not _SOURCE.fullmatch(name):
        raise Refused("A source is named by 1 to 40 of a-z, 0-9, - and _")
    return f"{kind}:{name}"
