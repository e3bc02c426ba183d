"""HubSpot's v3 signature, checked on bytes: anything odd is a plain "no", never an error."""

import base64
import binascii
import hmac
import re
from collections.abc import Sequence

WINDOW_MILLISECONDS = 300_000
_LONGEST = 512
# Digits of a time in milliseconds: until the year 33658.
_LONGEST_TIME = 15
# What HubSpot decodes in the URI before it signs, and nothing else: docs/hubspot.md#signatures
_DECODED = {
    b"3A": b":", b"2F": b"/", b"3F": b"?", b"40": b"@", b"21": b"!", b"24": b"$", b"27": b"'",
    b"28": b"(", b"29": b")", b"2A": b"*", b"2C": b",", b"3B": b";",
}  # fmt: skip
_ESCAPED = re.compile(rb"%(" + b"|".join(_DECODED) + rb")", re.IGNORECASE)


def is_signed(
    *,
    secrets: Sequence[bytes],
    method: bytes,
    uri: bytes,
    body: bytes,
    timestamp: str | None,
    signature: str | None,
    now_ms: int,
) -> bool:
    """Whether somebody who knows one of *secrets* sent exactly this, at most five minutes from now.

    *uri* is the address as configured, never as the request claims it. By HubSpot's documentation
    the decoded address is signed; the address as called is accepted too, for it proves the same.
    """
    sent_at = _milliseconds(timestamp)
    given = _bytes(signature)
    if sent_at is None or given is None or abs(now_ms - sent_at) > WINDOW_MILLISECONDS:
        return False
    stamp = str(sent_at).encode()
    spellings = {uri, decode_uri(uri)}
    expected = (
        hmac.digest(secret, b"".join((method, spelling, body, stamp)), "sha256")
        for secret in secrets
        if secret
        for spelling in spellings
    )
    # A list, not a generator: without an early end the time says nothing about the secrets.
    matches = [hmac.compare_digest(digest, given) for digest in expected]
    return any(matches)


def decode_uri(uri: bytes) -> bytes:
    """Decode the few escapes that HubSpot decodes; `%20`, `%26`, `%25` and all others stay."""
    return _ESCAPED.sub(lambda match: _DECODED[match.group(1).upper()], uri)


def _milliseconds(text: str | None) -> int | None:
    if not text or not text.isascii() or not text.isdigit() or len(text) > _LONGEST_TIME:
        return None
    return int(text) if str(int(text)) == text else None


def _bytes(text: str | None) -> bytes | None:
    if not text or len(text) > _LONGEST:
        return None
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
