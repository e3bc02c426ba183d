"""Standard Webhooks signatures, checked on bytes: anything odd is a plain "no", never an error.

The specification: https://www.standardwebhooks.com. What is signed is ``id.timestamp.body``; a
secret is base64 after ``whsec_``. Svix, which the specification grew from, names its headers
otherwise.
"""

import base64
import binascii
import hmac
import re
import secrets as randomness
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from werkzeug.datastructures import Headers

WINDOW_SECONDS: Final = 300
_PREFIX: Final = "whsec_"
# The specification asks for 24 to 64 bytes.
_SECRET_BYTES: Final = 32
_LONGEST_ID: Final = 200
_LONGEST_SIGNATURES: Final = 2_000
# Seconds until the year 33658.
_TIME: Final = re.compile(r"[1-9]\d{0,11}", re.ASCII)
_NAMES: Final = ("webhook", "svix")

Named = Mapping[str, str] | Headers
"""Headers by name; those of a request, whose names may be written in any case, or a test's."""


@dataclass(frozen=True, slots=True)
class SignedMessage:
    """What the headers of a message say: its id, when it was sent, and by what it is proved."""

    id: str
    sent_at: int
    signatures: tuple[bytes, ...]


def message_of(headers: Named) -> SignedMessage | None:
    """Read the three headers of a message; None where one lacks or is none.

    Of several signatures those of version 1 are kept: a sender that changes its secret sends one
    by each.
    """
    for name in _NAMES:
        message_id = headers.get(f"{name}-id")
        if message_id is not None:
            return _message(
                message_id,
                headers.get(f"{name}-timestamp", ""),
                headers.get(f"{name}-signature", ""),
            )
    return None


def is_signed(message: SignedMessage, body: bytes, *, secrets: Sequence[str], now: float) -> bool:
    """Whether somebody who knows one of *secrets* sent exactly this, at most five minutes from now.

    *now* is in seconds. A secret that is no base64 proves nothing.
    """
    if abs(now - message.sent_at) > WINDOW_SECONDS:
        return False
    signed = b".".join((message.id.encode(), str(message.sent_at).encode(), body))
    keys = [key for key in map(key_of, secrets) if key]
    # Lists, not generators: without an early end the time says nothing about the secrets.
    expected = [hmac.digest(key, signed, "sha256") for key in keys]
    matches = [
        hmac.compare_digest(digest, signature)
        for digest in expected
        for signature in message.signatures
    ]
    return any(matches)


def signature_of(secret: str, message_id: str, sent_at: int, body: bytes) -> str:
    """Sign a message as a sender does; raises ValueError for a secret that is none."""
    key = key_of(secret)
    if not key:
        raise ValueError("the secret is no base64 after whsec_")
    signed = b".".join((message_id.encode(), str(sent_at).encode(), body))
    return f"v1,{base64.b64encode(hmac.digest(key, signed, 'sha256')).decode()}"


def fresh_secret() -> str:
    """Return a new secret, in the form that senders ask for."""
    return _PREFIX + base64.b64encode(randomness.token_bytes(_SECRET_BYTES)).decode()


def key_of(secret: str) -> bytes:
    """Return the bytes of a secret, with or without its prefix; empty for one that is none."""
    return _bytes(secret.removeprefix(_PREFIX)) or b""


def _message(message_id: str, sent_at: str, signatures: str) -> SignedMessage | None:
    is_named = 0 < len(message_id) <= _LONGEST_ID and message_id.isascii()
    if not is_named or not _TIME.fullmatch(sent_at) or len(signatures) > _LONGEST_SIGNATURES:
        return None
    given = [_signature(part) for part in signatures.split(" ")]
    read = tuple(signature for signature in given if signature)
    return SignedMessage(message_id, int(sent_at), read) if read else None


def _signature(part: str) -> bytes | None:
    version, _, text = part.partition(",")
    return _bytes(text) if version == "v1" else None


def _bytes(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
