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
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_PPM = 1_000_000
_LARGEST = 30  # digits; what has more is no amount of money
_WORDS: Sequence[tuple[int, str]] = (
    (90, "sure"),
    (70, "likely"),
    (40, "possible"),
    (0, "doubtful"),
)
"""What a certainty is called, from so many hundredths on."""


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
    unchanged = f"{major} {currency or ''}".strip()
    digits = digits_of(currency)
    if digits is None:
        return unchanged
    try:
        value = Decimal(str(major))
        if not value.is_finite() or value.adjusted() > _LARGEST:
            return unchanged
        return money(int(value.scaleb(digits).to_integral_value()), currency)
    except (InvalidOperation, OverflowError):
        return unchanged


def percent(share: float | Fraction | None) -> str:
    """A share in whole percent: 0.345 is 35%. What is small but there says so."""
    if share is None:
        return NOTHING
    whole = _half_up(Fraction(share) * 100)
    return "under 1%" if whole == 0 and share > 0 else f"{whole}%"


def exact_percent(share: float | Fraction | None) -> str:
    """A share in percent to two places, where rows are added up: 0.472011 is 47.20%."""
    if share is None:
        return NOTHING
    return f"{Decimal(_half_up(Fraction(share) * 10_000)).scaleb(-2)}%"


def _half_up(value: Fraction) -> int:
    """Round to the nearest whole number, halves away from zero, without a float's residue."""
    nearest = abs(value).limit_denominator(10**9) + Fraction(1, 2)
    return int(nearest) if value >= 0 else -int(nearest)


def sure(ppm: int) -> str:
    """How sure something is, in a word and a number: "sure (0.93)"; "certain" at one."""
    if ppm >= _PPM:
        return "certain"
    hundredths = (ppm + _PPM // 200) // (_PPM // 100)
    word = next(word for least, word in _WORDS if hundredths >= least)
    return f"{word} ({_two_digits(ppm, hundredths)})"


def _two_digits(ppm: int, hundredths: int) -> str:
    """A probability below one, to two digits; neither 0 nor 1 unless it is."""
    if hundredths == 0 and ppm > 0:
        return "under 0.01"
    return "over 0.99" if hundredths >= 100 else f"0.{hundredths:02d}"  # noqa: PLR2004 - the whole


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
    date_read = _read(at) if isinstance(at, str) else at
    if date_read is None:
        return str(at or NOTHING)
    if isinstance(date_read, datetime) and date_read.tzinfo is not None:
        date_read = date_read.astimezone(UTC)
    return f"{date_read.day} {_MONTHS[date_read.month - 1]} {date_read.year}"


def month(at: date | str | None) -> str:
    """A month: March 2024. Text is one like 2024-03."""
    date_read = _read(f"{at[:7]}-01") if isinstance(at, str) else at
    if date_read is None:
        return str(at or NOTHING)
    return f"{_MONTHS[date_read.month - 1]} {date_read.year}"


def moment(at: datetime | str | None, zone: tzinfo = UTC) -> str:
    """A time to the minute, with its distance from UTC: 21 March 2024, 14:05 UTC+1."""
    if isinstance(at, str):
        at = _read(at)
    if at is None:
        return NOTHING
    local = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(zone)
    words = f"{local.day} {_MONTHS[local.month - 1]} {local.year}"
    return f"{words}, {local:%H:%M} UTC{_offset(local.utcoffset() or timedelta())}"


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
