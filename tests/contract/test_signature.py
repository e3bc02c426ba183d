import base64
import hmac

import pytest

from webhooks.signature import decode_uri, is_signed

SECRET = b"7d1f0a52-4c1e-4b7e-9a53-2f6f0c8e11aa"
HOOK = b"https://hooks.example.org/hubspot/webhooks"
NOW = 1767225601234
CALLED = (
    b"https://cards.example.org/api/panel?userId=88&portalId=1234567&userEmail=anna.b%40example.org"
    b"&appId=7654321&ids=a%2Cb&note=x%20y%26z"
)
BODY = (
    '[{"eventId":1001,"subscriptionId":42,"portalId":1234567,"appId":7654321,"occurredAt":1767225600000,'
    '"subscriptionType":"contact.propertyChange","attemptNumber":0,"objectId":501,"propertyName":"jobtitle",'
    '"propertyValue":"Leiterin Einkauf – Süd","changeSource":"CRM_UI","sourceId":"userId:88"}]'  # noqa: RUF001 - as signed
).encode()
V3 = "SOXUBx3zCPbxa7l1rm+B/GFWOwLGmgzy6VfkUJ3xlfU="


def check(**changed: object) -> bool:
    given: dict[str, object] = {
        "secrets": [SECRET], "method": b"POST", "uri": HOOK, "body": BODY, "timestamp": str(NOW), "signature": V3,
        "now_ms": NOW,
    }  # fmt: skip
    return is_signed(**{**given, **changed})  # type: ignore[arg-type]


def test_the_worked_vectors_verify() -> None:
    assert check()
    assert check(
        method=b"GET",
        uri=CALLED,
        body=b"",
        signature="CUS4nUMlFCnSd5Up+29COpFniRBtFK0/beq+QD8LsnQ=",
    )
    assert check(
        uri=CALLED,
        body=b'{"objectId":"501"}',
        signature="kSBQL0LDGV7zEb5j8XWiPYfgNlNcKye12u0gU5He5gU=",
    )


@pytest.mark.parametrize(
    ("at", "signature"),
    [
        (1693657560000, "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y="),
        (1700000300000, "RnbPH7+UMKVkbV32P8bz450N4M56aPmcru1+D3kSDtw="),
    ],
)
def test_hubspots_own_vectors_verify(at: int, signature: str) -> None:
    secret = b"yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"
    uri, body = b"https://www.example.com/webhook_uri", b"{'example_field':'example_value'}"
    assert check(
        secrets=[secret], uri=uri, body=body, timestamp=str(at), signature=signature, now_ms=at
    )


def test_the_called_address_is_accepted_beside_the_decoded_one() -> None:
    signature = "0Z7t/tWM6d0/bMqE03mkBK5g1ZUUsAnrwWIGKpKJo1Y="
    assert check(method=b"GET", uri=CALLED, body=b"", signature=signature)


def test_exactly_the_documented_escapes_are_decoded() -> None:
    assert (
        decode_uri(b"%3A%2f%3f%40%21%24%27%28%29%2a%2C%3b|%20%26%2B%25%3D%zz")
        == b":/?@!$'()*,;|%20%26%2B%25%3D%zz"
    )


@pytest.mark.parametrize("off", [0, 299_999, -299_999, 300_000, -300_000])
def test_five_minutes_either_way_are_accepted(off: int) -> None:
    assert check(now_ms=NOW + off)


@pytest.mark.parametrize("off", [300_001, -300_001, 315_360_000_000, -315_360_000_000])
def test_stale_and_future_stamps_are_refused(off: int) -> None:
    assert not check(now_ms=NOW + off)


@pytest.mark.parametrize(
    "changed",
    [
        {"signature": None}, {"signature": ""}, {"signature": "é"}, {"signature": "\ud800"}, {"signature": "=" * 44},
        {"signature": V3[:-2] + "A="}, {"signature": V3 + "A"}, {"signature": "A" * 100_000}, {"signature": V3.lower()},
        {"timestamp": None}, {"timestamp": ""}, {"timestamp": "soon"}, {"timestamp": "-1"}, {"timestamp": "1e12"},
        {"timestamp": f" {NOW}"}, {"timestamp": f"0{NOW}"}, {"timestamp": f"+{NOW}"}, {"timestamp": "٣" * 13},
        {"timestamp": "9" * 400}, {"timestamp": str(NOW // 1000)}, {"timestamp": str(NOW + 1)},
        {"body": BODY + b" "}, {"body": b""}, {"method": b"GET"}, {"uri": HOOK + b"/"}, {"uri": HOOK + b"?a=1"},
        {"secrets": [b"another"]}, {"secrets": []}, {"secrets": [b""]},
    ],
)  # fmt: skip
def test_anything_odd_is_a_plain_no(changed: dict[str, object]) -> None:
    assert not check(**changed)


def test_an_empty_secret_signs_nothing() -> None:
    forged = base64.b64encode(
        hmac.digest(b"", b"POST" + HOOK + BODY + str(NOW).encode(), "sha256")
    ).decode()
    assert not check(secrets=[b""], signature=forged)


def test_both_secrets_of_a_rotation_are_accepted() -> None:
    assert check(secrets=[b"the-new-secret", SECRET])
