"""Signatures of survey tools: each by its own header, and nothing that differs is accepted."""

import base64
import hashlib
import hmac
import subprocess

import pytest

from mappings.records.survey_tools import Scheme
from webhooks import standard_webhooks
from webhooks.survey_signatures import is_signed

SECRET = "whsec_plJ3nmyCDGBKInavdOK15jsl"
OTHER = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = '{"score":9,"comment":"Größe – süß"}'.encode()  # noqa: RUF001 - as people write
NOW = 1790000000


def own(secret: str, body: bytes = BODY, *, at: object = NOW) -> dict[str, str]:
    """What our own form asks for, by another library than the product's."""
    signed = f"{at}.".encode() + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return {"X-Second-Order-Timestamp": str(at), "X-Second-Order-Signature": f"sha256={digest}"}


def plain(secret: str, body: bytes = BODY) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def signed(scheme: Scheme, secret: str, body: bytes = BODY) -> dict[str, str]:
    """The headers with which each tool sends a body."""
    if scheme is Scheme.STANDARD:
        signature = standard_webhooks.signature_of(secret, "m1", NOW, body)
        return {
            "webhook-id": "m1",
            "webhook-timestamp": str(NOW),
            "webhook-signature": signature,
        }
    if scheme is Scheme.TYPEFORM:
        return {"Typeform-Signature": f"sha256={plain(secret, body)}"}
    if scheme is Scheme.TALLY:
        return {"Tally-Signature": plain(secret, body)}
    return own(secret, body)


def accepted(
    scheme: Scheme, headers: dict[str, str], *, body: bytes = BODY, secrets: tuple[str, ...] = ()
) -> bool:
    return is_signed([scheme], headers, body, secrets=secrets or (SECRET,), now=NOW)


@pytest.mark.parametrize("scheme", Scheme)
def test_a_signed_message_is_accepted_and_no_other(scheme: Scheme) -> None:
    headers = signed(scheme, SECRET)
    assert accepted(scheme, headers)
    assert accepted(scheme, headers, secrets=(OTHER, SECRET))
    assert not accepted(scheme, headers, body=BODY + b" ")
    assert not accepted(scheme, headers, secrets=(OTHER,))
    assert not accepted(scheme, headers, secrets=("",))
    assert not accepted(scheme, {})
    for name in headers:
        assert not accepted(scheme, {**headers, name: ""})
        assert not accepted(scheme, {**headers, name: "é" * 600})


@pytest.mark.parametrize("scheme", Scheme)
def test_a_signature_of_another_tool_proves_nothing(scheme: Scheme) -> None:
    others = [other for other in Scheme if other is not scheme]
    assert not any(accepted(scheme, signed(other, SECRET)) for other in others)


def test_the_signature_that_typeform_documents_is_accepted() -> None:
    """A delivery that was computed with openssl, as Typeform's documentation does it."""
    digest = subprocess.run(
        ["/usr/bin/env", "openssl", "dgst", "-sha256", "-hmac", "abc123", "-binary"],
        input=BODY,
        capture_output=True,
        check=True,
    ).stdout
    headers = {"Typeform-Signature": "sha256=" + base64.b64encode(digest).decode()}
    assert accepted(Scheme.TYPEFORM, headers, secrets=("abc123",))


@pytest.mark.parametrize("at", [NOW - 300, NOW + 300])
def test_our_own_signature_is_accepted_five_minutes_long(at: int) -> None:
    assert accepted(Scheme.OWN, own(SECRET, at=at))


@pytest.mark.parametrize("at", [NOW - 301, NOW + 301, 0, "x", "1790000000.0", "", -5])
def test_our_own_signature_needs_a_time_of_now(at: object) -> None:
    assert not accepted(Scheme.OWN, own(SECRET, at=at))


def test_an_empty_secret_signs_nothing() -> None:
    for scheme in (Scheme.TYPEFORM, Scheme.TALLY, Scheme.OWN):
        assert not accepted(scheme, signed(scheme, ""), secrets=("",))
