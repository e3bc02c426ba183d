"""Signatures of survey tools, checked on bytes: anything odd is a plain "no", never an error."""

import base64
import binascii
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from mappings.records.survey_tools import Scheme
from webhooks import standard_webhooks
from webhooks.standard_webhooks import WINDOW_SECONDS, Named

OWN_SIGNATURE: Final = "X-Second-Order-Signature"
OWN_TIMESTAMP: Final = "X-Second-Order-Timestamp"
_PREFIX: Final = "sha256="
_LONGEST: Final = 512
# Seconds until the year 33658.
_TIME: Final = re.compile(r"[1-9]\d{0,11}", re.ASCII)
_HEX: Final = re.compile(r"[0-9a-fA-F]{64}")

Check = Callable[[Named, bytes, Sequence[str], float], bool]


def is_signed(
    schemes: Sequence[Scheme],
    headers: Named,
    body: bytes,
    *,
    secrets: Sequence[str],
    now: float,
) -> bool:
    """Whether somebody who knows one of *secrets* sent exactly this, by one of *schemes*.

    *now* is in seconds. A message with a time is accepted for five minutes; tools that sign no time
    may send one again, and its answer counts once.
    """
    known = [secret for secret in secrets if secret]
    return any(_CHECKS[scheme](headers, body, known, now) for scheme in schemes)


def _standard(headers: Named, body: bytes, secrets: Sequence[str], now: float) -> bool:
    message = standard_webhooks.message_of(headers)
    return message is not None and standard_webhooks.is_signed(
        message, body, secrets=secrets, now=now
    )


def _typeform(headers: Named, body: bytes, secrets: Sequence[str], _: float) -> bool:
    given = headers.get("Typeform-Signature", "")
    return given.startswith(_PREFIX) and _matches(_base64(given[len(_PREFIX) :]), body, secrets)


def _tally(headers: Named, body: bytes, secrets: Sequence[str], _: float) -> bool:
    return _matches(_base64(headers.get("Tally-Signature", "")), body, secrets)


def _own(headers: Named, body: bytes, secrets: Sequence[str], now: float) -> bool:
    sent_at, given = headers.get(OWN_TIMESTAMP, ""), headers.get(OWN_SIGNATURE, "")
    if not _TIME.fullmatch(sent_at) or abs(now - int(sent_at)) > WINDOW_SECONDS:
        return False
    digits = given.removeprefix(_PREFIX)
    if not _HEX.fullmatch(digits):
        return False
    return _matches(bytes.fromhex(digits), sent_at.encode() + b"." + body, secrets)


def _matches(given: bytes | None, signed: bytes, secrets: Sequence[str]) -> bool:
    if given is None:
        return False
    expected = [hmac.digest(secret.encode(), signed, "sha256") for secret in secrets]
    # A list, not a generator: without an early end the time says nothing about the secrets.
    matches = [hmac.compare_digest(digest, given) for digest in expected]
    return any(matches)


def _base64(text: str) -> bytes | None:
    if not text or len(text) > _LONGEST:
        return None
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


_CHECKS: Final[Mapping[Scheme, Check]] = MappingProxyType(
    {
        Scheme.STANDARD: _standard,
        Scheme.TYPEFORM: _typeform,
        Scheme.TALLY: _tally,
        Scheme.OWN: _own,
    }
)
