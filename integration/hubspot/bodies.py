"""JSON bodies to Python and back: fast, and tolerant of invalid text in a record."""

import json
from typing import Any, Final

import orjson

_DIGITS_OF_INT64: Final = 19


def encode(value: object) -> bytes:
    """Return a request body."""
    return orjson.dumps(value)


def decode(body: bytes) -> Any:  # noqa: ANN401 - JSON is any
    """Read an answer's body; raises ValueError when it is not JSON.

    Half a surrogate pair or a NUL character in one record's text must not make its whole page
    unreadable for ever. Such characters are replaced, since neither UTF-8 nor PostgreSQL can
    hold them.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _cleaned(_slowly(body))
    # One fast look for any backslash spares most bodies the search for an escaped NUL.
    return _cleaned(value) if b"\\" in body and b"\\u0000" in body else value


def lenient(body: bytes) -> Any:  # noqa: ANN401 - JSON is any
    """Read a body like :func:`decode`; None for what is no JSON: error pages are often HTML."""
    try:
        return decode(body)
    except ValueError:
        return None


def _slowly(body: bytes) -> Any:  # noqa: ANN401 - JSON is any
    try:
        return json.loads(
            body.decode("utf-8", "replace"), parse_constant=lambda _: None, parse_int=_integer
        )
    except RecursionError:
        raise ValueError("nested too deep") from None


def _integer(digits: str) -> int | str:
    # What does not fit into 64 bits can be written back by nobody: it stays the text it was.
    return int(digits) if len(digits) < _DIGITS_OF_INT64 else digits


def _cleaned(value: Any) -> Any:  # noqa: ANN401 - JSON is any
    if isinstance(value, str):
        return (
            value.replace("\0", "�").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        )
    if isinstance(value, list):
        return [_cleaned(part) for part in value]
    if isinstance(value, dict):
        return {_cleaned(name): _cleaned(part) for name, part in value.items()}
    return value
