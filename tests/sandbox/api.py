"""The HTTP face: finds the route, checks token, allowance and scopes, lets trouble strike, answers JSON."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import orjson

from . import (
    authorize,
    control,
    routes_associations,
    routes_lists,
    routes_objects,
    routes_properties,
    routes_search,
    routes_settings,
)  # fmt: skip
from .bonds import CannotLink
from .calls import Answer, ApiError, Call, Route, Table, dated, invalid, not_found
from .portal import Missing, Portal
from .wire import URL_LIMIT, Request, Response, ask_wsgi

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from .crm import HubSpot
    from .trouble import Rule

_JSON = "application/json;charset=utf-8"
_TABLE = Table(
    route
    for module in (
        routes_objects, routes_search, routes_properties, routes_associations, routes_settings, routes_lists,
    )
    for route in module.ROUTES
)  # fmt: skip
_POLICIES = {"429": "TEN_SECONDLY_ROLLING", "429-secondly": "SECONDLY", "429-daily": "DAILY"}
_HANG = 30.0


class Api:
    """Answers every request a HubSpot host gets; *pages* is a WSGI application for what is not API."""

    def __init__(self, hubspot: HubSpot, pages: WSGIApplication | None = None) -> None:
        self.hubspot = hubspot
        self.pages = pages
        self.port = 0

    def __call__(self, request: Request) -> Response:
        """The answer, or what becomes of it."""
        if request.path.startswith("/_sandbox"):
            return control.answer(self.hubspot, request)
        if request.path == "/marketplace/install":
            return authorize.install_button(self.hubspot, request)
        if request.path.startswith("/oauth/"):
            return self._oauth(request)
        words = dated(request.path)
        if words:
            return self._api(request, words)
        if self.pages is not None:
            return ask_wsgi(self.pages, request, self.port)
        return _error(not_found("No such page"))

    def _oauth(self, request: Request) -> Response:
        route = f"{request.method} {request.path}"
        if fate := self._strike_oauth(route):
            return fate
        response = authorize.answer(self.hubspot, request)
        return response if response is not None else _error(not_found(f"No such route: {route}"))

    def _strike_oauth(self, route: str) -> Response | None:
        for rule in (
            self.hubspot.trouble.strikes(route, None) if not route.endswith("authorize") else []
        ):
            if rule.kind == "latency":
                time.sleep(rule.seconds or 0)
            elif rule.kind in {"hang", "reset", "500", "502", "503", "504"} or rule.kind.startswith(
                "429"
            ):
                try:
                    self._before(rule, None)
                except ApiError as error:
                    return _error(error)
                return Response(fate="reset")
        return None

    def _api(self, request: Request, words: list[str]) -> Response:
        matched = _TABLE.match(request.method, words)
        if matched is None:
            return _error(not_found(f"No such route: {request.method} {request.path}"))
        route, params = matched
        try:
            portal, granted = self._holder(request)
        except ApiError as error:
            return _error(error)
        call = Call(self.hubspot, portal, request, params, granted)
        label = route.label(params)
        struck = self.hubspot.trouble.strikes(f"{request.method} /{'/'.join(words)}", portal.id)
        headers: dict[str, str] = {}
        late = next((rule for rule in struck if rule.kind in {"lost", "truncated"}), None)
        try:
            self._count(portal, route, label, headers)
            for rule in struck:
                self._before(rule, portal)
            with self.hubspot.lock:
                self._check(call, route, granted)
                answer = route.handler(call)
            response = _respond(answer, headers)
        except ApiError as error:
            response = _error(error, headers)
        except CannotLink as error:
            response = _error(invalid(str(error)), headers)
        except Missing as error:
            response = _error(not_found(str(error)), headers)
        if late is not None:
            response.fate = "reset" if late.kind == "lost" else "truncated"
        return response

    def _holder(self, request: Request) -> tuple[Portal, frozenset[str]]:
        if len(request.path) + len(request.query_string) > URL_LIMIT:
            raise ApiError(414, "VALIDATION_ERROR", "URI too long")
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        found = self.hubspot.office.holder(token) if kind.lower() == "bearer" else None
        if found is None:
            raise ApiError(
                401, "INVALID_AUTHENTICATION", "Authentication credentials not found or not valid."
            )
        portal_id, granted, expired = found
        if expired:
            raise ApiError(
                401, "EXPIRED_AUTHENTICATION", "The OAuth token used to make this call expired."
            )
        return self.hubspot.portals[portal_id], granted

    def _count(self, portal: Portal, route: Route, label: str, headers: dict[str, str]) -> None:
        now = self.hubspot.monotonic()
        with self.hubspot.lock:
            portal.calls[label] += 1
            allowance = portal.allowance
            if route.search:
                if not allowance.take_search(now):
                    portal.refused += 1
                    raise self._limited("SECONDLY", None)
                return
            taken = allowance.take(now)
            headers["X-HubSpot-RateLimit-Max"] = str(allowance.limit)
            headers["X-HubSpot-RateLimit-Remaining"] = str(allowance.remaining)
            headers["X-HubSpot-RateLimit-Interval-Milliseconds"] = str(
                round(allowance.window * 1000)
            )
            if not taken:
                portal.refused += 1
                raise self._limited("TEN_SECONDLY_ROLLING", None)

    def _limited(self, policy: str, seconds: float | None) -> ApiError:
        wait = (
            seconds
            if seconds is not None
            else 10
            if self.hubspot.quirks.retry_after_on_429
            else None
        )
        return ApiError(
            429, "RATE_LIMITS", f"You have reached your {policy.lower()} limit.",
            headers={} if wait is None else {"Retry-After": f"{wait:g}"},
            extra={"errorType": "RATE_LIMIT", "policyName": policy, "groupName": "publicapi:crm"},
        )  # fmt: skip

    def _before(self, rule: Rule, portal: Portal | None) -> None:
        """Trouble that strikes before the call takes effect."""
        kind, seconds = rule.kind, rule.seconds
        if kind == "latency":
            time.sleep(seconds or 0)
        elif kind == "hang":
            time.sleep(_HANG if seconds is None else seconds)
            raise ApiError(504, "SERVER_ERROR", "Timed out")
        elif kind in _POLICIES:
            raise self._limited(_POLICIES[kind], seconds)
        elif kind == "423":
            raise ApiError(
                423,
                "LOCKED",
                "The record is being changed by another request; try again in 2 seconds.",
            )
        elif kind == "477":
            wait = {"Retry-After": f"{seconds or 60:g}"}
            raise ApiError(
                477,
                "MIGRATION_IN_PROGRESS",
                "This account is moving between data centres.",
                headers=wait,
            )
        elif kind == "401":
            if portal is not None:
                self.hubspot.office.expire(portal.id)
            raise ApiError(
                401, "EXPIRED_AUTHENTICATION", "The OAuth token used to make this call expired."
            )
        elif kind == "403":
            raise _scopes_missing(["sandbox.denied"])
        elif kind == "400":
            raise invalid("The request is not valid")
        elif kind == "404":
            raise not_found()
        elif kind == "reset":
            raise _Reset
        elif kind.startswith("5"):
            wait = {} if seconds is None else {"Retry-After": f"{seconds:g}"}
            raise ApiError(
                int(kind), "SERVER_ERROR", "There was a problem on HubSpot's side.", headers=wait
            )

    def _check(self, call: Call, route: Route, granted: frozenset[str]) -> None:
        needed = [scope for scope in route.needs(call) if scope not in granted]
        if needed:
            raise _scopes_missing(needed)


class _Reset(ApiError):
    """The connection dies before anything happened."""

    def __init__(self) -> None:
        super().__init__(503, "RESET", "reset")


def _scopes_missing(needed: list[str]) -> ApiError:
    return ApiError(
        403, "MISSING_SCOPES", "This app hasn't been granted all required scopes to make this call.",
        errors=[{"message": "One or more of the following scopes are required.",
                 "context": {"requiredGranularScopes": needed}}],
    )  # fmt: skip


def _respond(answer: Answer, headers: dict[str, str]) -> Response:
    if answer.body is None:
        return Response(answer.status, b"", headers)
    return Response(answer.status, _bytes(answer.body), {"Content-Type": _JSON, **headers})


def _bytes(body: object) -> bytes:
    """JSON; text that UTF-8 cannot hold goes out as an escape, as from a server that stores UTF-16."""
    try:
        return orjson.dumps(body)
    except TypeError:
        return json.dumps(body).encode("ascii")


def _error(error: ApiError, headers: dict[str, str] | None = None) -> Response:
    fate = "reset" if isinstance(error, _Reset) else ""
    said = {"Content-Type": _JSON, **(headers or {}), **error.headers}
    return Response(error.status, orjson.dumps(error.json()), said, fate)
