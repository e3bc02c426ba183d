"""Standard Webhooks: the published messages are accepted, and nothing that differs from them is."""

import base64
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhooks.standard_webhooks import (
    fresh_secret,
    is_signed,
    key_of,
    message_of,
    signature_of,
)

SECRET = "whsec_plJ3nmyCDGBKInavdOK15jsl"
BODY = b'{"event_type":"ping","data":{"success":true}}'
SENT_AT = 1731705121
SIGNATURE = "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="
HEADERS = {
    "webhook-id": "msg_loFOjxBNrRLzqYUf",
    "webhook-timestamp": str(SENT_AT),
    "webhook-signature": SIGNATURE,
}


def accepted(
    *,
    body: bytes = BODY,
    secrets: tuple[str, ...] = (SECRET,),
    now: float = SENT_AT,
    **changed: str | None,
) -> bool:
    """Whether the published message is accepted, with some of its headers changed or left out."""
    named = {f"webhook-{name}": value for name, value in changed.items()}
    headers = {name: value for name, value in (HEADERS | named).items() if value is not None}
    message = message_of(headers)
    return message is not None and is_signed(message, body, secrets=secrets, now=now)


def test_the_published_message_is_accepted() -> None:
    assert accepted()
    assert signature_of(SECRET, HEADERS["webhook-id"], SENT_AT, BODY) == SIGNATURE


def test_the_message_that_libraries_are_tested_with_is_accepted() -> None:
    headers = {
        "svix-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "svix-timestamp": "1614265330",
        "svix-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    message = message_of(headers)
    assert message is not None
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    assert is_signed(message, b'{"test": 2432232314}', secrets=[secret], now=1614265330)


@pytest.mark.parametrize("seconds", [-300, -1, 0, 1, 300])
def test_a_message_is_accepted_five_minutes_long(seconds: int) -> None:
    assert accepted(now=SENT_AT + seconds)


@pytest.mark.parametrize("seconds", [-301, 301, 86_400])
def test_an_older_or_a_future_message_is_refused(seconds: int) -> None:
    assert not accepted(now=SENT_AT + seconds)


@pytest.mark.parametrize(
    "signature",
    [
        f"v1,{base64.b64encode(b'x' * 32).decode()} {SIGNATURE}",
        f"{SIGNATURE} v2,bm90IG91cnM=",
        f"v1a,bm90IG91cnM= {SIGNATURE}",
        f"v1,not-base64 {SIGNATURE}",
    ],
)
def test_one_of_several_signatures_is_enough(signature: str) -> None:
    assert accepted(signature=signature)


@pytest.mark.parametrize(
    "changed",
    [
        {"id": None},
        {"timestamp": None},
        {"signature": None},
        {"id": ""},
        {"id": "msg_other"},
        {"id": "msg_é"},
        {"id": "m" * 201},
        {"timestamp": "1731705122"},
        {"timestamp": "01731705121"},
        {"timestamp": "1731705121.0"},
        {"timestamp": "-1731705121"},
        {"timestamp": "١٧٣١٧٠٥١٢١"},
        {"timestamp": "9" * 400},
        {"signature": ""},
        {"signature": "v1,"},
        {"signature": SIGNATURE.removeprefix("v1,")},
        {"signature": SIGNATURE.replace("v1,", "v2,")},
        {"signature": f"{SIGNATURE} " * 100},
    ],
    ids=repr,
)
def test_whatever_else_is_sent_is_refused_without_an_error(changed: dict[str, str | None]) -> None:
    assert not accepted(**changed)  # type: ignore[arg-type]


@pytest.mark.parametrize("body", [BODY + b" ", b"", BODY[:-1]])
def test_another_body_is_refused(body: bytes) -> None:
    assert not accepted(body=body)


@pytest.mark.parametrize(
    "secrets", [(), ("",), ("whsec_",), ("whsec_%%%",), (fresh_secret(),), ("whsec_" + "A" * 24,)]
)
def test_without_the_secret_nothing_is_proved(secrets: tuple[str, ...]) -> None:
    assert not accepted(secrets=secrets)


def test_a_former_secret_counts_beside_the_new_one_and_a_prefix_may_be_left_out() -> None:
    assert accepted(secrets=(fresh_secret(), SECRET))
    assert accepted(secrets=(SECRET.removeprefix("whsec_"),))


def test_an_empty_secret_signs_nothing_even_for_who_knows_that_it_is_empty() -> None:
    signed = hmac.digest(b"", f"m.{SENT_AT}.".encode() + BODY, "sha256")
    signature = f"v1,{base64.b64encode(signed).decode()}"
    assert not accepted(secrets=("whsec_",), id="m", signature=signature)
    with pytest.raises(ValueError, match="no base64"):
        signature_of("whsec_", "m", SENT_AT, BODY)


@given(body=st.binary(max_size=200), changed=st.binary(min_size=1, max_size=20))
def test_a_signature_belongs_to_one_body(body: bytes, changed: bytes) -> None:
    secret = fresh_secret()
    signature = signature_of(secret, "m", SENT_AT, body)
    sent = {"id": "m", "signature": signature, "secrets": (secret,)}
    assert accepted(body=body, **sent)  # type: ignore[arg-type]
    assert not accepted(body=body + changed, **sent)  # type: ignore[arg-type]


def test_a_new_secret_is_long_enough_and_never_the_same() -> None:
    secrets = {fresh_secret() for _ in range(20)}
    assert len(secrets) == 20
    assert {len(key_of(secret)) for secret in secrets} == {32}
