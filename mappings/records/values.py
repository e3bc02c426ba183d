"""CRM strings as values: each reader returns a value or why there is none, and never raises."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation, localcontext
from typing import Final, Generic, TypeVar

from mappings.caching import cached
from mappings.currencies import digits_of

T_co = TypeVar("T_co", covariant=True)

FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 2200
_MAX_ID: Final = (1 << 63) - 1
# Sums over a portal must stay far inside a 64-bit column.
MAX_MINOR: Final = 10**15
_MAX_NUMBER_TEXT: Final = 64
_PLAIN_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_ENGLISH_NUMBER = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", re.ASCII)
_CONTINENTAL_NUMBER = re.compile(r"[+-]?\d{1,3}(\.\d{3})+,\d+", re.ASCII)
_MILLISECONDS = re.compile(r"-?\d{9,17}", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Pages of records are read several times and repeat days, owners and companies.
_REMEMBERED: Final = 1 << 14


@dataclass(frozen=True, slots=True)
class Parsed(Generic[T_co]):
    """A value, or None; `odd` says why there is none although something was written."""

    value: T_co | None = None
    odd: str | None = None


def number(text: str | None) -> Parsed[Decimal]:
    """A decimal number as the API writes it, or with unambiguous thousands separators."""
    written = (text or "").strip()
    if not written:
        return Parsed()
    if len(written) > _MAX_NUMBER_TEXT:
        return Parsed(odd="is too long for a number")
    if _ENGLISH_NUMBER.fullmatch(written):
        written = written.replace(",", "")
    elif _CONTINENTAL_NUMBER.fullmatch(written):
        written = written.replace(".", "").replace(",", ".")
    elif not _PLAIN_NUMBER.fullmatch(written):
        return Parsed(odd="is not a number")
    try:
        return Parsed(Decimal(written))
    except InvalidOperation:
        return Parsed(odd="is not a number")


def minor_units(text: str | None, currency: str | None) -> Parsed[int]:
    """Money in the smallest unit of *currency*; an unknown currency is odd."""
    parsed = number(text)
    if parsed.value is None:
        return Parsed(odd=parsed.odd)
    digits = digits_of(currency)
    if digits is None:
        return Parsed(odd="has no currency we know")
    # Before scaling: 1e400 has an exponent that would make a number of 400 digits.
    if parsed.value and parsed.value.adjusted() > len(str(MAX_MINOR)):
        return Parsed(odd="is too large to be an amount")
    with localcontext() as exact:
        exact.prec = 100
        minor = int(parsed.value.scaleb(digits).to_integral_value(rounding=ROUND_HALF_EVEN))
    if abs(minor) > MAX_MINOR:
        return Parsed(odd="is too large to be an amount")
    return Parsed(minor)


def parts_per_million(text: str | None) -> Parsed[int]:
    """A probability between 0 and 1, as integer parts per million."""
    parsed = number(text)
    if parsed.value is None:
        return Parsed(odd=parsed.odd)
    if not 0 <= parsed.value <= 1:
        return Parsed(odd="is not between 0 and 1")
    return Parsed(int((parsed.value * 1_000_000).to_integral_value(rounding=ROUND_HALF_EVEN)))


def whole(text: str | None, low: int, high: int) -> Parsed[int]:
    """A whole number between *low* and *high*; `9.0` is nine."""
    parsed = number(text)
    if parsed.value is None:
        return Parsed(odd=parsed.odd)
    if not low <= parsed.value <= high:
        return Parsed(odd=f"is not between {low} and {high}")
    if parsed.value != parsed.value.to_integral_value():
        return Parsed(odd="is not a whole number")
    return Parsed(int(parsed.value))


@cached(_REMEMBERED)
def record_id(text: str | None) -> Parsed[int]:
    """The id of a record or an owner."""
    parsed = whole(text, 1, _MAX_ID)
    return Parsed(parsed.value, "is not an id" if parsed.odd else None)


def record_ids(text: str | None) -> tuple[int, ...]:
    """The ids in `51;1;1551`, or in `51:1700000000000;…` whose second part is a time."""
    ids = (record_id(part.partition(":")[0]).value for part in several(text))
    return tuple(dict.fromkeys(known for known in ids if known is not None))


def dated_ids(text: str | None) -> Iterator[tuple[int, datetime]]:
    """The ids in `51:1700000000000;…`, each with its time; those without are left out."""
    for part in several(text):
        written, _, time = part.partition(":")
        known, at = record_id(written).value, moment(time).value
        if known is not None and at is not None:
            yield known, at


@cached(_REMEMBERED)
def moment(text: str | None) -> Parsed[datetime]:
    """A point in time: ISO 8601, a plain day (midnight UTC), or milliseconds since 1970."""
    written = (text or "").strip()
    if not written:
        return Parsed()
    if _MILLISECONDS.fullmatch(written):
        return _believable(_from_milliseconds(int(written)))
    try:
        found = datetime.fromisoformat(written)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return Parsed(odd="is not a date")
    return _believable(found)


def day(text: str | None) -> Parsed[date]:
    """A calendar day, read like a moment."""
    found = moment(text)
    return Parsed(found.value.date() if found.value else None, found.odd)


def is_same(one: str | None, other: str | None) -> bool:
    """Whether two texts are the same value, however HubSpot writes its numbers and times.

    Empty and missing are one. Times are compared to the millisecond, as HubSpot keeps them.
    """
    if (one or "") == (other or ""):
        return True
    if not one or not other:
        return False
    numbers = number(one).value, number(other).value
    if None not in numbers:
        return numbers[0] == numbers[1]
    times = moment(one).value, moment(other).value
    return None not in times and _milliseconds(times[0]) == _milliseconds(times[1])


def truth(text: str | None) -> Parsed[bool]:
    """`true` or `false`, and what forms and imports write for them."""
    written = (text or "").strip().lower()
    if not written:
        return Parsed()
    if written in {"true", "1", "yes"}:
        return Parsed(value=True)
    if written in {"false", "0", "no"}:
        return Parsed(value=False)
    return Parsed(odd="is neither true nor false")


def several(text: str | None) -> tuple[str, ...]:
    """The parts of `a;b;c`, each once, empty ones left out."""
    parts = (part.strip() for part in (text or "").split(";"))
    return tuple(dict.fromkeys(part for part in parts if part))


def _milliseconds(at: datetime | None) -> int | None:
    return None if at is None else (at - _EPOCH) // timedelta(milliseconds=1)


def _from_milliseconds(ms: int) -> datetime | None:
    try:
        return _EPOCH + timedelta(milliseconds=ms)
    except OverflowError:
        return None


def _believable(found: datetime | None) -> Parsed[datetime]:
    # The years 0001 and 9999 are how systems write "no date".
    if found is None or not FIRST_YEAR <= found.year <= LAST_YEAR:
        return Parsed(odd="is no believable date")
    return Parsed(found)
