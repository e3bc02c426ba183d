"""Stored shapes: frozen values as versioned JSON and back, whatever older or newer code wrote.

A body is a JSON object that says its version under "v"; one without is version 0. Reading never
raises: fields that the value does not have are dropped, those that are missing or of another type
are filled in, and a body that cannot be read at all is None. docs/decisions/0010-stored-shapes.md
describes how to change a shape.
"""

import functools
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
VERSION = "v"
Body = dict[str, Any]
Upgrade = Callable[[Body], Body]
Check = Callable[[Any], bool]
_NOTHING: Mapping[str, Any] = types.MappingProxyType({})
# PostgreSQL's bigint ends there: a larger id would fail the next query of the whole page.
_LARGEST = 1 << 63


class _Misread(ValueError):
    """This JSON is not what the field takes."""


@dataclass(frozen=True, slots=True)
class Read(Generic[T]):
    """A stored value; `is_whole` when nothing in it had to be filled in or left out."""

    value: T
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Shape(Generic[T]):
    """How values of a dataclass are kept as JSON.

    `upgrades` say by version how a body becomes one of the next version; they must take any JSON
    object. `checks` say by class and field what a value of the right type must satisfy besides:
    one of some words, a record's name.
    """

    name: str
    of: type[T]
    version: int
    checks: Mapping[tuple[type[Any], str], Check] = field(default_factory=dict)
    upgrades: Mapping[int, Upgrade] = field(default_factory=dict)

    def write(self, value: T) -> Body:
        """The body of a value, for a JSON writer that knows dataclasses and times."""
        kind: Any = self.of
        body: Body = {known.name: getattr(value, known.name) for known in _fields(kind)}
        return {VERSION: self.version, **body}

    def read(self, body: object, instead: Mapping[str, Any] = _NOTHING) -> Read[T] | None:
        """The value of a body; *instead* are values for fields that cannot be read from it.

        None when fields are missing that nothing can stand for.
        """
        given: Body = dict(body) if isinstance(body, Mapping) else {}
        version = given.pop(VERSION, 0)
        known = type(version) is int and 0 <= version <= self.version
        # Later code's fields are read where they have our names; whether they mean the same is
        # unknown.
        gaps = [] if known else [VERSION]
        try:
            value = _Reader(self.checks, gaps).value(
                self.of, self._upgraded(given, version) if known else given, instead
            )
        except _Misread:
            return None
        return Read(value, is_whole=not gaps)

    def _upgraded(self, body: Body, version: int) -> Body:
        """The body as the newest version would have written it."""
        for older in range(version, self.version):
            body = self.upgrades[older](body) if older in self.upgrades else body
        return body


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads dataclasses field by field, and notes in `gaps` what it could not."""

    checks: Mapping[tuple[type[Any], str], Check]
    gaps: list[str]

    def value(
        self,
        kind: Any,  # noqa: ANN401 - a dataclass
        body: object,
        instead: Mapping[str, Any] = _NOTHING,
    ) -> Any:  # noqa: ANN401 - its value
        if not isinstance(body, Mapping):
            raise _Misread(kind.__name__)
        values = []
        for known in _fields(kind):
            name = known.name
            try:
                values.append(self._field(kind, known, body[name]))
            except (KeyError, _Misread):
                self.gaps.append(name)
                values.append(instead[name] if name in instead else known.neutral())
        return kind(*values)

    def _field(self, kind: type[Any], known: "_Field", stored: object) -> object:
        value = known.read(stored, self)
        check = self.checks.get((kind, known.name))
        if check is not None and not check(value):
            raise _Misread(known.name)
        return value


_Typed = Callable[[object, _Reader], object]


@dataclass(frozen=True, slots=True)
class _Field:
    """One field of a dataclass: how its JSON is read, and its value when that fails."""

    name: str
    read: _Typed
    neutral: Callable[[], object]


@functools.cache
def _fields(kind: Any) -> tuple[_Field, ...]:  # noqa: ANN401 - a dataclass
    hints = get_type_hints(kind)
    return tuple(
        _Field(part.name, _typed(hints[part.name]), _neutral(part, hints[part.name]))
        for part in fields(kind)
    )


def _neutral(part: Field[Any], hint: object) -> Callable[[], object]:
    """The field's default, or None where that is allowed."""
    if part.default is not MISSING:
        return lambda: part.default
    if part.default_factory is not MISSING:
        return part.default_factory
    if types.NoneType in get_args(hint):
        return lambda: None
    return functools.partial(_refuse, part.name)


def _refuse(name: str) -> object:
    raise _Misread(name)


def _typed(hint: Any) -> _Typed:  # noqa: ANN401 - whatever a type hint is made of
    """How JSON becomes a value of a type; raises _Misread for what is none."""
    origin = get_origin(hint)
    if origin in {Union, types.UnionType}:
        inner = _typed(next(kind for kind in get_args(hint) if kind is not types.NoneType))
        return lambda value, reader: None if value is None else inner(value, reader)
    if origin is tuple:
        return _several(_typed(get_args(hint)[0]))
    if is_dataclass(hint):
        return lambda value, reader: reader.value(hint, value)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return lambda value, _: _word(hint, value)
    simple = {datetime: _moment, float: _number, int: _integer}.get(hint)
    return _exactly(hint) if simple is None else lambda value, _: simple(value)


def _several(item: _Typed) -> _Typed:
    """A list without those of its items that cannot be read."""

    def read(value: object, reader: _Reader) -> tuple[object, ...]:
        if not isinstance(value, list | tuple):
            raise _Misread("no list")
        values = []
        for stored in value:
            try:
                values.append(item(stored, reader))
            except _Misread:
                reader.gaps.append("an item")
        return tuple(values)

    return read


def _exactly(kind: type[Any]) -> _Typed:
    def read(value: object, _: _Reader) -> object:
        if type(value) is not kind:
            raise _Misread(f"no {kind.__name__}")
        return value

    return read


def _integer(value: object) -> int:
    # Not isinstance: true and false are integers to Python.
    if type(value) is not int or not -_LARGEST <= value < _LARGEST:
        raise _Misread("no whole number")
    return value


def _number(value: object) -> float:
    if type(value) is not float and type(value) is not int:
        raise _Misread("no number")
    return float(value)


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError as wrong:
        raise _Misread("no time") from wrong
    if found is None:
        raise _Misread("no time")
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _word(kind: type[Enum], value: object) -> Enum:
    try:
        return kind(value)
    except ValueError as wrong:
        raise _Misread("no such word") from wrong
