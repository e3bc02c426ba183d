"""The table of faults: every refusal and every failure, and what we do about it."""

import json

import pytest
import requests
import urllib3

from integration.core.errors import NeedsOwner, RecordGone, Refused, Retryable, SecondOrderError
from integration.hubspot import faults
from integration.hubspot.faults import AlreadyExists, BadRequest, OurMistake

TABLE = [
    (400, {"category": "VALIDATION_ERROR"}, BadRequest, None),
    (401, {"category": "EXPIRED_AUTHENTICATION"}, NeedsOwner, None),
    (401, {"category": "INVALID_AUTHENTICATION"}, NeedsOwner, None),
    (403, {"category": "MISSING_SCOPES"}, faults.Forbidden, None),
    (404, {"category": "OBJECT_NOT_FOUND"}, RecordGone, None),
    (405, {}, OurMistake, None),
    (408, {}, Retryable, 5.0),
    (409, {"category": "CONFLICT"}, AlreadyExists, None),
    (413, {}, BadRequest, None),
    (414, {}, BadRequest, None),
    (415, {}, OurMistake, None),
    (418, {}, OurMistake, None),
    (422, {}, BadRequest, None),
    (423, {}, Retryable, 2.0),
    (429, {"policyName": "TEN_SECONDLY_ROLLING"}, Retryable, 10.0),
    (429, {"policyName": "SECONDLY"}, Retryable, 1.0),
    (429, {"policyName": "DAILY"}, Retryable, 3600.0),
    (429, {}, Retryable, 10.0),
    (429, {"policyName": "SOMETHING_NEW"}, Retryable, 10.0),
    (477, {}, Retryable, 600.0),
    (500, {}, Retryable, None),
    (502, {}, Retryable, 5.0),
    (503, {}, Retryable, 5.0),
    (504, {}, Retryable, 5.0),
    (521, {}, Retryable, 5.0),
    (599, {}, Retryable, None),
    (302, {}, Retryable, None),
    (304, {}, Retryable, None),
]


@pytest.mark.parametrize(("status", "body", "kind", "after"), TABLE)
def test_what_an_answer_means(
    status: int, body: dict[str, object], kind: type[SecondOrderError], after: float | None
) -> None:
    fault = faults.from_answer(status, {}, json.dumps(body).encode(), "objects.page")

    assert type(fault) is kind
    assert getattr(fault, "after", None) == after
    assert f"HubSpot answered {status}" in str(fault)
    assert "objects.page" in str(fault)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"\xff\xfe", b"[]", b"null", b'"x"', b"[" * 100_000, b'{"errors": 7}']
)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 429, 500])
def test_a_body_of_any_kind_changes_nothing(status: int, body: bytes) -> None:
    fault = faults.from_answer(status, {}, body, "objects.page")

    assert isinstance(fault, SecondOrderError)


@pytest.mark.parametrize(
    ("told", "after"),
    [("37", 37.0), ("0", 0.0), ("999999999", 86_400.0), ("soon", 10.0), ("-5", 10.0), ("", 10.0)],
)
def test_retry_after_is_believed_within_a_day(told: str, after: float) -> None:
    fault = faults.from_answer(429, {"Retry-After": told}, b"{}", "objects.page")

    assert isinstance(fault, Retryable)
    assert fault.after == after


def test_a_lock_is_waited_for_at_least_two_seconds() -> None:
    fault = faults.from_answer(423, {"Retry-After": "0"}, b"{}", "objects.update")

    assert isinstance(fault, Retryable)
    assert fault.after == 2.0


@pytest.mark.parametrize("key", ["requiredGranularScopes", "requiredScopes"])
@pytest.mark.parametrize("inside", [True, False], ids=["in errors", "at the top"])
def test_a_missing_scope_is_named(key: str, inside: bool) -> None:
    context = {"context": {key: ["crm.objects.deals.write", "<b>x</b>", 7]}}
    body = {"category": "MISSING_SCOPES", "errors": [context]} if inside else context

    fault = faults.from_answer(403, {}, json.dumps(body).encode(), "objects.update")

    assert isinstance(fault, NeedsOwner)
    assert "not granted crm.objects.deals.write; reconnect" in str(fault)


def test_troubled_properties_are_found_in_errors_and_in_the_message() -> None:
    message = 'Property values were not valid: [{"isValid":false,"error":"READ_ONLY_VALUE","name":"b","message":"Ana"}]'
    body = {
        "message": message,
        "errors": [
            {"code": "PROPERTY_DOESNT_EXIST", "context": {"propertyName": ["a"]}},
            {"code": "INVALID_OPTION", "in": "c"},
            {"code": "SOMETHING_ELSE", "context": {"propertyName": ["d"]}},
            {"code": "INVALID_DATE", "context": {"propertyName": ["<script>", None]}},
        ],
    }

    fault = faults.from_answer(400, {}, json.dumps(body).encode(), "objects.update")

    assert isinstance(fault, BadRequest)
    assert fault.properties == {
        "a": "PROPERTY_DOESNT_EXIST",
        "b": "READ_ONLY_VALUE",
        "c": "INVALID_OPTION",
    }


@pytest.mark.parametrize(
    "message", ["[", "[[[", "x [1, 2] y [", "[" * 100_000, 7, None, "[{}]", '[{"error": []}]']
)
def test_a_message_that_embeds_nothing_readable_is_left_alone(message: object) -> None:
    fault = faults.from_answer(400, {}, json.dumps({"message": message}).encode(), "objects.update")

    assert isinstance(fault, BadRequest)
    assert fault.properties == {}


def test_hubspots_prose_is_not_repeated() -> None:
    body = {
        "message": "Contact ana@acme.example is wrong",
        "category": "Ana Lima <ana@acme.example>",
        "correlationId": "5e1df182-fdb4-4164-993f-3cef5d7db843",
    }

    said = str(faults.from_answer(400, {}, json.dumps(body).encode(), "objects.update"))

    assert "ana" not in said.lower()
    assert "5e1df182-fdb4-4164-993f-3cef5d7db843" in said


FAILURES = [
    urllib3.exceptions.ReadTimeoutError(None, "http://x/secret", "x"),  # type: ignore[arg-type]
    urllib3.exceptions.ConnectTimeoutError(),
    urllib3.exceptions.ProtocolError("x"),
    urllib3.exceptions.IncompleteRead(1, 2),
    urllib3.exceptions.SSLError("x"),
    urllib3.exceptions.DecodeError("x"),
    urllib3.exceptions.LocationParseError("x"),
    requests.exceptions.SSLError("x"),
    requests.exceptions.ReadTimeout("x"),
    requests.exceptions.ConnectTimeout("x"),
    requests.exceptions.ConnectionError("http://x/secret"),
    requests.exceptions.ChunkedEncodingError("x"),
    requests.exceptions.ContentDecodingError("x"),
    ConnectionResetError("x"),
    TimeoutError("x"),
]


@pytest.mark.parametrize(
    "failure", FAILURES, ids=lambda one: f"{type(one).__module__}.{type(one).__name__}"
)
def test_every_failure_of_the_network_passes(failure: BaseException) -> None:
    fault = faults.from_failure(failure, "objects.page")

    assert type(fault) is Retryable
    assert str(fault).startswith("HubSpot could not be asked (objects.page): ")
    assert "secret" not in str(fault)


def test_what_is_no_failure_of_the_network_is_a_bug_to_be_seen() -> None:
    with pytest.raises(TypeError):
        faults.from_failure(ZeroDivisionError(), "objects.page")


def test_refusals_are_kinds_of_refused() -> None:
    assert issubclass(BadRequest, Refused)
    assert issubclass(AlreadyExists, Refused)
    assert not issubclass(OurMistake, Refused | NeedsOwner | Retryable)
