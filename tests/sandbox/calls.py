"""One API call in the sandbox: its parts for handlers, its route, and HubSpot's error bodies."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import orjson

from .records import PLURALS, Json, UnknownType, Value, iso, object_type, to_ms

if TYPE_CHECKING:
    from .crm import HubSpot
    from .portal import Portal
    from .wire import Request

VERSION = "2026-03"
VERSIONS = frozenset({"2025-09", "2026-03", "2026-09"})


class ApiError(Exception):
    """An error answer in HubSpot's shape."""

    def __init__(
        self, status: int, category: str, message: str, *, errors: Sequence[Json] = (), sub_category: str = "",
        headers: Mapping[str, str] | None = None, extra: Json | None = None,
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.status, self.category, self.message = status, category, message
        self.errors, self.sub_category = list(errors), sub_category
        self.headers, self.extra = dict(headers or {}), extra or {}

    def json(self) -> Json:
        """The body of the answer."""
        body: Json = {
            "status": "error",
            "message": self.message,
            "correlationId": str(uuid.uuid4()),
            "category": self.category,
        }
        if self.errors:
            body["errors"] = self.errors
        if self.sub_category:
            body["subCategory"] = self.sub_category
        return body | self.extra

    def standard(self, context: Mapping[str, Sequence[str]]) -> Json:
        """The same as one of the errors of a 207."""
        return {
            "status": "error",
            "category": self.category,
            "message": self.message,
            "context": {name: list(values) for name, values in context.items()},
            "errors": self.errors,
            "links": {},
        } | ({"subCategory": self.sub_category} if self.sub_category else {})


def invalid(message: str, **extra: Value) -> ApiError:
    """400 VALIDATION_ERROR."""
    return ApiError(400, "VALIDATION_ERROR", message, **extra)


def not_found(message: str = "resource not found") -> ApiError:
    """404 OBJECT_NOT_FOUND."""
    return ApiError(404, "OBJECT_NOT_FOUND", message)


@dataclass(slots=True)
class Call:
    """What a handler gets: whose data, and the parts of the request."""

    hubspot: HubSpot
    portal: Portal
    request: Request
    params: dict[str, str]
    granted: frozenset[str] = frozenset()  # the scopes behind the token
    started: int = field(default_factory=lambda: to_ms(None))

    @property
    def kind(self) -> str:
        """The object type in the path."""
        return self.type_of("type")

    def type_of(self, name: str) -> str:
        """An object type in the path, as singular word."""
        try:
            return object_type(self.params[name])
        except UnknownType:
            raise invalid(f"Unable to infer object type from: {self.params[name]}") from None

    @property
    def record_id(self) -> int:
        """The record id in the path."""
        return number(self.params["id"])

    def one(self, name: str, default: str = "") -> str:
        """The last query value of this name."""
        return self.request.query.get(name, [default])[-1]

    def many(self, name: str) -> list[str]:
        """All query values, repeated or comma-joined."""
        values = self.request.query.get(name, ())
        return [part for value in values for part in value.split(",") if part]

    def flag(self, name: str) -> bool:
        """A boolean in the query; clients write true or True."""
        text = self.one(name, "false").lower()
        if text not in {"true", "false"}:
            raise invalid(f"Invalid boolean for {name}: {text}")
        return text == "true"

    def limit(self, default: int, most: int) -> int:
        """The page size asked for; too large is refused, not cut."""
        text = self.one("limit", str(default))
        if not text.isdigit() or not 1 <= int(text) <= most:
            raise invalid(f"Invalid value {text} for limit: must be between 1 and {most}")
        return int(text)

    def body(self) -> Value:
        """The JSON body."""
        try:
            return orjson.loads(self.request.body)
        except orjson.JSONDecodeError as error:
            raise invalid(f"Invalid input JSON on line 1, column 1: {error}") from None

    def fields(self) -> Json:
        """The JSON body, which must be an object."""
        body = self.body()
        if not isinstance(body, dict):
            raise invalid("Invalid input JSON: expected an object")
        return body

    def inputs(self, most: int) -> list[Json]:
        """The inputs of a batch call."""
        inputs = self.fields().get("inputs")
        if not isinstance(inputs, list) or not all(isinstance(one, dict) for one in inputs):
            raise invalid("Some required fields were not set: [inputs]")
        if len(inputs) > most:
            raise invalid(f"The maximum number of inputs supported in a batch request is {most}")
        if not inputs:
            raise invalid("inputs must not be empty")
        return inputs


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler returns: status and JSON body (None for none)."""

    status: int
    body: Value = None


def number(text: object) -> int:
    """A record id of a path or body."""
    if isinstance(text, int) and not isinstance(text, bool):
        return text
    if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 19:
        return int(text)
    raise invalid(f"Invalid id: {text!r} is not a number")


def batch(call: Call, status: int, results: Sequence[Any], errors: Sequence[Json] = ()) -> Answer:
    """The answer of a batch call; 207 as soon as there are errors."""
    body: Json = {
        "status": "COMPLETE",
        "results": results,
        "startedAt": iso(call.started),
        "completedAt": iso(to_ms(None)),
    }
    if errors:
        return Answer(207, body | {"numErrors": len(errors), "errors": list(errors)})
    return Answer(status, body)


Handler = Callable[[Call], Answer]
Needs = Callable[[Call], Sequence[str]]  # scopes that must all be granted


@dataclass(frozen=True, slots=True)
class Route:
    """A handler with the scopes it needs."""

    method: str
    template: str
    handler: Handler
    needs: Needs
    search: bool = False
    names: tuple[str, ...] = ()

    def label(self, params: Mapping[str, str]) -> str:
        """How calls of this route are counted: object types spelled out, ids not."""
        path = self.template
        for name in ("type", "from", "to"):
            if name in params:
                path = path.replace("{" + name + "}", _plural(params[name]))
        return f"{self.method} {path}"


def _plural(name: str) -> str:
    try:
        return PLURALS[object_type(name)]
    except UnknownType:
        return name


class Table:
    """All routes, found by the number of segments and their words."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._by_size: dict[tuple[str, int], list[tuple[list[str], Route]]] = {}
        for route in routes:
            words = route.template.strip("/").split("/")
            self._by_size.setdefault((route.method, len(words)), []).append((words, route))
        for found in self._by_size.values():
            found.sort(key=lambda pair: [word.startswith("{") for word in pair[0]])

    def match(self, method: str, words: Sequence[str]) -> tuple[Route, dict[str, str]] | None:
        """The route for a path in dated form, with its parameters."""
        for template, route in self._by_size.get((method, len(words)), ()):
            params: dict[str, str] = {}
            for wanted, word in zip(template, words, strict=True):
                if wanted[0] == "{":
                    params[wanted[1:-1]] = word
                elif wanted != word:
                    break
            else:
                return route, params
        return None


_OLD = {"v3", "v4"}


def dated(path: str) -> list[str]:
    """The words of a path, old forms and other dates turned into the 2026-03 form; [] if no version is known."""
    words = [unquote(word) for word in path.strip("/").split("/")]
    if len(words) > 2 and words[0] == "crm":
        if words[1] in _OLD:
            return ["crm", words[2], VERSION, *words[3:]]
        if words[2] in VERSIONS or words[2] in _OLD:
            return ["crm", words[1], VERSION, *words[3:]]
    if (
        len(words) > 2
        and words[0] in {"account-info", "appinstalls"}
        and words[1] in VERSIONS | {"v3"}
    ):
        return [words[0], VERSION, *words[2:]]
    return []
