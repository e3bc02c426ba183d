"""Faults: the one table from HubSpot's refusals and network failures to what to do now."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import requests
import urllib3

from integration.core.errors import NeedsOwner, RecordGone, Refused, Retryable, SecondOrderError
from integration.hubspot import bodies

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.\-]{0,99}", re.ASCII)
_ID = re.compile(r"[0-9A-Za-z\-]{1,64}", re.ASCII)

# HubSpot documents no Retry-After on 429; these are the steps its own client uses.
_RATE_WAITS: Final[Mapping[str, float]] = MappingProxyType(
    {"TEN_SECONDLY_ROLLING": 10.0, "SECONDLY": 1.0, "DAILY": 3600.0}
)
_LOCKED_SECONDS: Final = 2.0
_MOVING_SECONDS: Final = 600.0
_PAUSE_SECONDS: Final = 5.0
_LONGEST_WAIT: Final = 86_400.0

# A refusal with one of these codes is about a property's definition, not about the record.
DEFINITION_CODES: Final = frozenset({"PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE"})
_VALUE_CODES: Final = frozenset(
    {
        "INVALID_OPTION",
        "INVALID_INTEGER",
        "INVALID_LONG",
        "INVALID_NUMBER",
        "INVALID_DATE",
        "INVALID_DATETIME",
        "INVALID_BOOLEAN",
        "INVALID_STRING",
        "VALUE_TOO_LONG",
    }
)


class BadRequest(Refused):
    """HubSpot refused the request; `properties` maps the properties it objects to to a code."""

    def __init__(self, message: str, *, properties: Mapping[str, str], code: str) -> None:
        super().__init__(message)
        self.properties = properties
        self.code = code


class AlreadyExists(Refused):
    """What was to be created exists."""


class Forbidden(NeedsOwner):
    """The connection works, but does not allow this; an optional step goes on without it."""


class OurMistake(SecondOrderError):
    """Our request or configuration is wrong: stop and be seen; it is never a portal's fault."""


def from_answer(
    status: int, headers: Mapping[str, str], body: bytes, route: str
) -> SecondOrderError:
    """Return the error for an answer other than 2xx.

    Tokens, names and HubSpot's own prose stay out of its message.
    """
    found = bodies.lenient(body)
    said = _Refusal(status, headers, found if isinstance(found, dict) else {}, route)
    handler = _TABLE.get(status)
    if handler is not None:
        return handler(said)
    if 500 <= status <= 599:  # noqa: PLR2004 - the server's side
        return Retryable(said.sentence(), is_server_fault=True)
    if 300 <= status <= 399:  # noqa: PLR2004 - redirects
        return Retryable(said.sentence("with a redirect, which is never followed"))
    return OurMistake(said.sentence("which is not in the table of faults"))


def from_failure(error: BaseException, route: str) -> SecondOrderError:
    """Return the error for a call without a complete answer; it may pass, nothing is known done."""
    for kind, words in _FAILURES:
        if isinstance(error, kind):
            sentence = f"HubSpot could not be asked ({route}): {words}"
            return Retryable(sentence, is_server_fault=True)
    raise TypeError(f"{type(error).__name__} is no failure of the network") from error


def broken(route: str, why: str) -> Retryable:
    """Return the error for a 2xx answer that cannot be understood: ask again."""
    return Retryable(f"HubSpot's answer to {route} {why}", is_server_fault=True)


NETWORK_FAILURES: Final = (urllib3.exceptions.HTTPError, requests.RequestException, OSError)

_FAILURES: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (urllib3.exceptions.NameResolutionError, "its name does not resolve"),
    (urllib3.exceptions.ConnectTimeoutError, "no connection in time"),
    (urllib3.exceptions.ReadTimeoutError, "no answer in time"),
    (urllib3.exceptions.NewConnectionError, "no connection"),
    (urllib3.exceptions.SSLError, "no secure connection"),
    (urllib3.exceptions.EmptyPoolError, "all our connections are busy"),
    (urllib3.exceptions.ProtocolError, "the connection broke off"),
    (urllib3.exceptions.HTTPError, "the answer could not be read"),
    (requests.exceptions.SSLError, "no secure connection"),
    (requests.exceptions.ConnectTimeout, "no connection in time"),
    (requests.exceptions.Timeout, "no answer in time"),
    (requests.exceptions.ConnectionError, "no connection, or it broke off"),
    (requests.RequestException, "the answer could not be read"),
    (OSError, "the connection broke off"),
)


class _Refusal:
    """The parts of a refusal that are safe to repeat."""

    def __init__(
        self, status: int, headers: Mapping[str, str], body: dict[str, Any], route: str
    ) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.route = route

    def word(self, name: str) -> str:
        value = self.body.get(name)
        return value if isinstance(value, str) and _WORD.fullmatch(value) else ""

    @property
    def code(self) -> str:
        return self.word("subCategory") or self.word("category") or self.word("errorType") or ""

    def sentence(self, more: str = "") -> str:
        words = [f"HubSpot answered {self.status}", self.code, f"to {self.route}", more]
        correlation = self.body.get("correlationId")
        if isinstance(correlation, str) and _ID.fullmatch(correlation):
            words.append(f"(correlation {correlation})")
        return " ".join(word for word in words if word)

    def wait(self, otherwise: float) -> float:
        told = self.headers.get("Retry-After") or self.headers.get("retry-after") or ""
        seconds = float(told) if told.isascii() and told.isdigit() else otherwise
        return min(seconds, _LONGEST_WAIT)


def _bad_request(said: _Refusal) -> SecondOrderError:
    properties = troubled_properties(said.body)
    more = ", ".join(f"{name}: {code}" for name, code in sorted(properties.items()))
    return BadRequest(said.sentence(more), properties=properties, code=said.code or "BAD_REQUEST")


def _unauthorized(said: _Refusal) -> SecondOrderError:
    return NeedsOwner(
        said.sentence("- the connection is no longer accepted; reconnect the account")
    )


def _forbidden(said: _Refusal) -> SecondOrderError:
    scopes = missing_scopes(said.body)
    if scopes:
        words = f"- the account has not granted {', '.join(scopes)}; reconnect and grant it"
    else:
        words = "- the account does not allow this; check its subscription and reconnect"
    return Forbidden(said.sentence(words))


def _rate_limited(said: _Refusal) -> SecondOrderError:
    policy = said.word("policyName")
    wait = said.wait(_RATE_WAITS.get(policy, _RATE_WAITS["TEN_SECONDLY_ROLLING"]))
    return Retryable(said.sentence(policy), after=wait)


def _fails(said: _Refusal) -> SecondOrderError:
    return Retryable(said.sentence(), after=said.wait(_PAUSE_SECONDS), is_server_fault=True)


def _moves(said: _Refusal) -> SecondOrderError:
    return Retryable(said.sentence(), after=said.wait(_MOVING_SECONDS))


def _gone(said: _Refusal) -> SecondOrderError:
    return RecordGone(said.sentence())


def _exists(said: _Refusal) -> SecondOrderError:
    return AlreadyExists(said.sentence())


def _locked(said: _Refusal) -> SecondOrderError:
    return Retryable(said.sentence(), after=max(said.wait(_LOCKED_SECONDS), _LOCKED_SECONDS))


def _ours(said: _Refusal) -> SecondOrderError:
    return OurMistake(said.sentence())


_TABLE: Final[Mapping[int, Callable[[_Refusal], SecondOrderError]]] = MappingProxyType(
    {
        400: _bad_request,
        401: _unauthorized,
        403: _forbidden,
        404: _gone,
        405: _ours,
        406: _ours,
        408: _fails,
        409: _exists,
        413: _bad_request,
        414: _bad_request,
        415: _ours,
        422: _bad_request,
        423: _locked,
        429: _rate_limited,
        477: _moves,
        502: _fails,
        503: _fails,
        504: _fails,
        521: _fails,
        522: _fails,
        523: _fails,
        524: _fails,
    }
)


def missing_scopes(body: Mapping[str, Any]) -> list[str]:
    """Return the scopes that a 403 asks for, in either of the spellings HubSpot has used."""
    scopes: dict[str, None] = {}
    for place in (body, *_details(body)):
        context = place.get("context")
        if not isinstance(context, dict):
            continue
        for name in ("requiredGranularScopes", "requiredScopes"):
            listed = context.get(name)
            if isinstance(listed, list):
                scopes |= dict.fromkeys(scope for scope in listed if _is_word(scope))
    return list(scopes)


def troubled_properties(body: Mapping[str, Any]) -> dict[str, str]:
    """Return the properties a refusal objects to, with the code.

    They stand in `errors`, or in the JSON inside `message`.
    """
    codes: dict[str, str] = {}
    for detail in (*_details(body), *_embedded(body.get("message"))):
        code = detail.get("code") or detail.get("error")
        if not isinstance(code, str) or code not in DEFINITION_CODES | _VALUE_CODES:
            continue
        context = detail.get("context")
        named = context.get("propertyName") if isinstance(context, dict) else None
        names = named if isinstance(named, list) else [detail.get("name"), detail.get("in")]
        codes.update({str(name): code for name in names if _is_word(name)})
    return codes


def _details(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    return _objects_in(body.get("errors"))


def _embedded(message: object) -> list[dict[str, Any]]:
    if not isinstance(message, str) or "[" not in message:
        return []
    embedded = message[message.index("[") : message.rfind("]") + 1]
    return _objects_in(bodies.lenient(embedded.encode("utf-8", "replace")))


def _objects_in(value: object) -> list[dict[str, Any]]:
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def _is_word(name: object) -> bool:
    return isinstance(name, str) and _WORD.fullmatch(name) is not None
