"""Strict JSON: a reader that refuses what parsers and databases disagree about."""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

BOM: Final = b"\xef\xbb\xbf"
MAX_BYTES: Final = 4 * 1024 * 1024
MAX_DEPTH: Final = 32
_INT64 = 1 << 63
_INT64_CHARACTERS = 20
_PLAIN: Final = frozenset({str, int, float, bool, type(None)})
_SPACE = re.compile(r"[ \t\r\n]*")


class BadJson(ValueError):
    """These bytes are not JSON we accept; the message says why, without quoting them."""


class TooLarge(BadJson):
    """More bytes than we read."""


class TooDeep(BadJson):
    """More levels of nesting than anybody needs."""


class DuplicateKey(BadJson):
    """One object names a key twice, and it is unknown which one is meant."""


class BadNumber(BadJson):
    """NaN, Infinity, or an integer beyond 64 bits."""


class BadText(BadJson):
    """Not UTF-8, or a string with NUL or half a surrogate pair."""


class NotJson(BadJson):
    """Not JSON at all, or cut off."""


@dataclass(frozen=True, slots=True)
class Item:
    """One element of a top-level array: its value, or why it is refused; `raw` are its bytes."""

    raw: bytes
    value: Any = None
    fault: BadJson | None = None


@dataclass(frozen=True, slots=True)
class _Broken:
    """Stands where a refused value was, so that its neighbours can still be read."""

    fault: BadJson


def loads(raw: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> Any:  # noqa: ANN401 - JSON is any
    """Read *raw*; raises a BadJson that says what is wrong with it."""
    text = _decode(raw, max_bytes)
    value, end = _value(text, _skip(text, 0), max_depth)
    if _skip(text, end) != len(text):
        raise NotJson(f"more text after the JSON, at character {end}")
    _check(value, max_depth)
    return value


def items(raw: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> list[Item]:
    """Read a top-level array element by element: a bad element is refused alone.

    Raises a BadJson only when there is no array to walk through. Where the
    text itself breaks off, the last item says so and covers the rest.
    """
    text = _decode(raw, max_bytes)
    at = _skip(text, 0)
    if text[at : at + 1] != "[":
        raise NotJson("not a JSON array")
    # Valid UTF-8 without escapes cannot hold what _check_string looks for.
    return list(_elements(text, at + 1, max_depth, harmless="\\u" not in text and _is_utf8(raw)))


def _elements(text: str, at: int, max_depth: int, *, harmless: bool) -> Iterator[Item]:
    at = _skip(text, at)
    if text[at : at + 1] == "]":
        if _skip(text, at + 1) != len(text):
            yield Item(_bytes(text[at:]), fault=NotJson("more text after the array"))
        return
    while True:
        try:
            value, end = _value(text, at, max_depth)
        except BadJson as fault:
            yield Item(_bytes(text[at:]), fault=fault)
            return
        raw = _bytes(text[at:end])
        # Nothing in flat, harmless values needs a closer look.
        is_safe = harmless and _is_flat(value)
        yield Item(raw, value) if is_safe else _checked(value, raw, max_depth - 1)
        at = _skip(text, end)
        if text[at : at + 1] == "]" and _skip(text, at + 1) == len(text):
            return
        if text[at : at + 1] != ",":
            yield Item(_bytes(text[at:]), fault=NotJson(f"the array breaks off at character {at}"))
            return
        at = _skip(text, at + 1)


def _is_flat(value: object) -> bool:
    """Whether a value is an object of plain scalars, as nearly every notification is."""
    return type(value) is dict and _PLAIN.issuperset(map(type, value.values()))


def _checked(value: object, raw: bytes, max_depth: int) -> Item:
    try:
        _check(value, max_depth)
    except BadJson as fault:
        return Item(raw, fault=fault)
    return Item(raw, value=value)


def _decode(raw: bytes, max_bytes: int) -> str:
    if len(raw) > max_bytes:
        raise TooLarge(f"{len(raw)} bytes are more than the {max_bytes} we read")
    # A byte-order mark says only that this is UTF-8, and the standard lets a reader ignore it.
    # Bytes that are no UTF-8 become lone surrogates and are refused where they stand.
    return raw.removeprefix(BOM).decode("utf-8", errors="surrogateescape")


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", errors="surrogateescape")


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _value(text: str, at: int, max_depth: int) -> tuple[Any, int]:
    try:
        return _DECODER.raw_decode(text, at)
    except RecursionError:
        # The parser guards its own stack; a thousand levels are past any limit of ours.
        raise TooDeep(f"nested deeper than {max_depth} levels") from None
    except json.JSONDecodeError as error:
        raise NotJson(f"not valid JSON at character {error.pos}") from None
    except ValueError:
        raise NotJson("not valid JSON") from None


def _object(pairs: list[tuple[str, Any]]) -> object:
    result = dict(pairs)
    if len(result) != len(pairs):
        return _Broken(DuplicateKey("an object names the same key twice"))
    return result


def _constant(name: str) -> _Broken:
    return _Broken(BadNumber(f"{name} is not a number"))


def _integer(digits: str) -> int | _Broken:
    if len(digits) <= _INT64_CHARACTERS:
        value = int(digits)
        if -_INT64 <= value < _INT64:
            return value
    return _Broken(BadNumber("an integer does not fit into 64 bits"))


def _float(digits: str) -> float | _Broken:
    value = float(digits)
    return _Broken(BadNumber("a number is too large")) if math.isinf(value) else value


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer, parse_float=_float
)


def _check(value: object, max_depth: int) -> None:
    level, depth = [value], 0
    while level:
        below: list[object] = []
        for item in level:
            if isinstance(item, str):
                _check_string(item)
            elif isinstance(item, dict):
                below.extend(item)
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
            elif isinstance(item, _Broken):
                raise item.fault
        if depth >= max_depth and any(isinstance(item, list | dict) for item in level):
            raise TooDeep(f"nested deeper than {max_depth} levels")
        level, depth = below, depth + 1


def _check_string(text: str) -> None:
    if "\0" in text:
        raise BadText("a string holds a NUL character")
    if text.isascii():
        return
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise BadText("a string is not UTF-8, or holds half a surrogate pair") from None
