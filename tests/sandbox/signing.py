"""How HubSpot signs what it sends: v1 and v2 hashes, v3 HMAC over method, URI, body and time."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

_DECODED = {
    "%3A": ":", "%2F": "/", "%3F": "?", "%40": "@", "%21": "!", "%24": "$", "%27": "'", "%28": "(", "%29": ")",
    "%2A": "*", "%2C": ",", "%3B": ";",
}  # fmt: skip
_ENCODED = re.compile("|".join(_DECODED), re.IGNORECASE)


def decoded(uri: str) -> str:
    """The URI as v3 signs it: twelve characters decoded, all others left."""
    return _ENCODED.sub(lambda found: _DECODED[found.group().upper()], uri)


def v1(secret: str, body: bytes) -> str:
    """Hex SHA-256 of secret and body."""
    return hashlib.sha256(secret.encode() + body).hexdigest()


def v2(secret: str, method: str, uri: str, body: bytes) -> str:
    """Hex SHA-256 of secret, method, URI as called, and body."""
    return hashlib.sha256(f"{secret}{method}{uri}".encode() + body).hexdigest()


def v3(secret: str, method: str, uri: str, body: bytes, timestamp: int | str) -> str:
    """Base64 HMAC-SHA-256 of method, decoded URI, body and timestamp."""
    said = f"{method}{decoded(uri)}".encode() + body + str(timestamp).encode()
    return base64.b64encode(hmac.new(secret.encode(), said, hashlib.sha256).digest()).decode()


def headers(secret: str, method: str, uri: str, body: bytes, timestamp: int) -> dict[str, str]:
    """What a webhook delivery carries: v3, and v1 for old receivers."""
    return {
        "Content-Type": "application/json",
        "User-Agent": "HubSpot Connect 2.0 (http://dev.hubspot.com/) (namespace: webhooks-nio-http-client)",
        "X-HubSpot-Signature": v1(secret, body),
        "X-HubSpot-Signature-Version": "v1",
        "X-HubSpot-Signature-v3": v3(secret, method, uri, body, timestamp),
        "X-HubSpot-Request-Timestamp": str(timestamp),
    }
