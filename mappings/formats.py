"""How figures are written for people: money, percent, dates, times and sureness.

The one way for pages, written fields and commands. What scripts read (JSON, CSV) keeps plain
numbers and ISO dates.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Final

from mappings.currencies import SIGNS, digits_of
from mappings.time_zones import zone_named

NOTHING: Final = "-"
"""Stands where there is no figure."""
MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
CERTAIN: Final = "certain"
UNDER: Final = "under"
OVER: Final = "over"
_PPM = 1_000_000
_LARGEST = 30  # digits; what has more is no amount of money
_WORDS: Sequence[tuple[int, str]] = (
    (90, "sure"),
    (70, "likely"),
    (40, "possible"),
    (0, "doubtful"),
)
"""What a certainty is called, from so many hundredths on."""
SURENESS: Final = tuple(word for _, word in _WORDS)


def money(minor: int | None, currency: str | None) -> str:
    """Minor units as money: 123456, EUR is €1,234.56; 123456, SEK is SEK 1,234.56.

    An unknown currency keeps its code, and its units as they are.
    """
    if minor is None:
        return NOTHING
    code = (currency or "").strip().upper()
    digits = digits_of(code)
    if digits is None:
        return f"{minor:,} {currency or ''}".strip()
    figure = f"{abs(Decimal(minor).scaleb(-digits)):,.{digits}f}"
    minus = "-" if minor < 0 else ""
    return f"{minus}{SIGNS[code]}{figure}" if code in SIGNS else f"{minus}{code} {figure}"


def amount(major: Decimal | str | None, currency: str | None) -> str:
    """Major units as money: "1234.50", EUR is €1,234.50. What is no amount stays."""
    if major is None:
        return NOTHING
    minor = minor_units(major, currency)
    return f"{major} {currency or ''}".strip() if minor is None else money(minor, currency)


def minor_units(major: Decimal | str | None, currency: str | None) -> int | None:
    """Major units in minor ones: "1234.50", EUR is 123450. None for what is no amount."""
    digits = digits_of(currency)
    if major is None or digits is None:
        return None
    try:
        value = Decimal(str(major))
        if not value.is_finite() or value.adjusted() > _LARGEST:
            return None
        return int(value.scaleb(digits).to_integral_value())
    except (InvalidOperation, OverflowError):
        return None


def percent(share: float | Fraction | None) -> str:
    """A share in whole percent: 0.345 is 35%. What is small but there says so."""
    if share is None:
        return NOTHING
    whole = whole_percent(share)
    return "under 1%" if whole == 0 and share > 0 else f"{whole}%"


def exact_percent(share: float | Fraction | None) -> str:
    """A share in percent to two places, where rows are added up: 0.472011 is 47.20%."""
    if share is None:
        return NOTHING
    return f"{two_places(share)}%"


def whole_percent(share: float | Fraction) -> int:
    """A share in percent, rounded to a whole number: 0.345 is 35."""
    return _half_up(Fraction(share) * 100)


def rounded_down(share: float | Fraction | None) -> Fraction | None:
    """A share as whole percent that are reached: only all of it is 100%, as coverage is told."""
    if share is None:
        return None
    # What a float lost in its last places is not taken for a percent less.
    return Fraction(int(round(Fraction(share) * 100, 6)), 100)


def two_places(share: float | Fraction) -> Decimal:
    """A share in percent, rounded to two places: 0.472011 is 47.20."""
    return Decimal(_half_up(Fraction(share) * 10_000)).scaleb(-2)


def _half_up(value: Fraction) -> int:
    """Round to the nearest whole number, halves away from zero, without a float's residue."""
    nearest = abs(value).limit_denominator(10**9) + Fraction(1, 2)
    return int(nearest) if value >= 0 else -int(nearest)


def sure(ppm: int) -> str:
    """How sure something is, in a word and a number: "sure (0.93)"; "certain" at one."""
    if ppm >= _PPM:
        return CERTAIN
    word, bound, hundredths = sureness(ppm)
    return f"{word} ({bound}{' ' if bound else ''}0.{hundredths:02d})"


def sureness(ppm: int) -> tuple[str, str, int]:
    """A probability below one as a word, "under" or "over" its bound, and hundredths.

    It is neither 0 nor 1 unless it is: 999,999 ppm are "sure", "over", 99.
    """
    hundredths = (ppm + _PPM // 200) // (_PPM // 100)
    word = next(word for least, word in _WORDS if hundredths >= least)
    if hundredths == 0 and ppm > 0:
        return word, UNDER, 1
    if hundredths >= 100:  # noqa: PLR2004 - the whole
        return word, OVER, 99
    return word, "", hundredths


def likelihood(probability: float | None) -> str:
    """The same of a probability between 0 and 1."""
    return NOTHING if probability is None else sure(round(probability * _PPM))


def count(number: int | None) -> str:
    """A count with separators: 1234567 is 1,234,567."""
    return f"{number or 0:,}"


def day(at: date | str | None) -> str:
    """A date in words that mean the same everywhere: 21 March 2024. What is no date stays.

    Of a time it is the day in UTC, as HubSpot keeps dates.
    """
    date_read = day_of(at)
    if date_read is None:
        return str(at or NOTHING)
    return f"{date_read.day} {MONTHS[date_read.month - 1]} {date_read.year}"


def day_of(at: date | str | None) -> date | None:
    """The day that a date, a time or a text says; None for what is no date."""
    date_read = _read(at) if isinstance(at, str) else at
    if isinstance(date_read, datetime) and date_read.tzinfo is not None:
        return date_read.astimezone(UTC)
    return date_read


def month(at: date | str | None) -> str:
    """A month: March 2024. Text is one like 2024-03."""
    date_read = month_of(at)
    if date_read is None:
        return str(at or NOTHING)
    return f"{MONTHS[date_read.month - 1]} {date_read.year}"


def month_of(at: date | str | None) -> date | None:
    """A day of the month that a date or a text like 2024-03 says; None for what is none."""
    return _read(f"{at[:7]}-01") if isinstance(at, str) else at


def moment(at: datetime | str | None, zone: tzinfo = UTC) -> str:
    """A time to the minute, with its distance from UTC: 21 March 2024, 14:05 UTC+1."""
    local = local_time(at, zone)
    if local is None:
        return NOTHING
    words = f"{local.day} {MONTHS[local.month - 1]} {local.year}"
    return f"{words}, {clock(local)}"


def local_time(at: datetime | str | None, zone: tzinfo) -> datetime | None:
    """A time in a time zone; None for what is none. Without a zone of its own it is in UTC."""
    if isinstance(at, str):
        at = _read(at)
    if at is None:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(zone)


def clock(local: datetime) -> str:
    """A time of day with its distance from UTC: 14:05 UTC+1."""
    return f"{local:%H:%M} UTC{_offset(local.utcoffset() or timedelta())}"


def _offset(offset: timedelta) -> str:
    """UTC's distance: empty, "+1", "-3:30"."""
    minutes = round(offset.total_seconds() / 60)
    if not minutes:
        return ""
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours}{f':{rest:02d}' if rest else ''}"


def zone(name: str | None) -> tzinfo:
    """An account's time zone by HubSpot's name of it; UTC for one that nobody knows."""
    return zone_named(name or "") or UTC


def _read(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
