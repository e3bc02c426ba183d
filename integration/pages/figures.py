"""Figures in the reader's language: money, percent, dates, times and sureness.

English is written by :mod:`mappings.formats`, the one way of fields and commands; other languages
show the same figures in the form that Babel knows for them.
"""

import datetime as dt
import re
from decimal import Decimal
from fractions import Fraction

from babel import Locale
from babel.dates import format_date, format_skeleton, format_timedelta
from babel.numbers import format_decimal
from flask_babel import get_translations

from integration.pages.languages import ENGLISH, language
from integration.pages.languages import gettext as _
from mappings import formats
from mappings.currencies import SIGNS, digits_of

_PPM = 1_000_000
_PERCENT = "#,##0"
_TWO_PLACES = "#,##0.00"


def money(minor: int | None, currency: str | None) -> str:
    """Minor units as money: 123456, EUR is €1,234.56 in English and 1.234,56 € in German."""
    digits = digits_of(currency)
    if language() == ENGLISH or minor is None or digits is None:
        return formats.money(minor, currency)
    code = (currency or "").strip().upper()
    places = f".{'0' * digits}" if digits else ""
    figure = _number(abs(Decimal(minor).scaleb(-digits)), f"#,##0{places}")
    standard = Locale.parse(language()).currency_formats["standard"].pattern.partition(";")[0]
    before, _sign, after = standard.partition("¤")
    sign = SIGNS.get(code, code)
    written = f"{figure}{_space(before)}{sign}" if before else f"{sign}{_space(after)}{figure}"
    return f"-{written}" if minor < 0 else written


def _space(pattern: str) -> str:
    """The space between a figure and its sign, as the pattern of the language has it."""
    return "\N{NO-BREAK SPACE}" if "\N{NO-BREAK SPACE}" in pattern else ""


def signed_money(minor: int, currency: str | None) -> str:
    """A difference as money, with its sign: +€10.00; nothing has none."""
    return f"+{money(minor, currency)}" if minor > 0 else money(minor, currency)


def rate(value: Decimal) -> str:
    """An exchange rate, in all its digits: 1.083127 or 1,083127."""
    plain = f"{value.normalize():f}"
    return plain if language() == ENGLISH else _number(value, f"0.{'#' * 6}")


def amount(major: Decimal | str | None, currency: str | None) -> str:
    """Major units as money. What is no amount stays."""
    minor = formats.minor_units(major, currency)
    return formats.amount(major, currency) if minor is None else money(minor, currency)


def percent(share: float | Fraction | None) -> str:
    """A share in whole percent: 35% in English, 35 % in German."""
    if language() == ENGLISH or share is None:
        return formats.percent(share)
    whole = formats.whole_percent(share)
    if whole == 0 and share > 0:
        return _("under %(percent)s", percent=_with_percent_sign(Decimal(1), _PERCENT))
    return _with_percent_sign(Decimal(whole), _PERCENT)


def exact_percent(share: float | Fraction | None) -> str:
    """A share in percent to two places, where rows are added up: 47.20% or 47,20 %."""
    if language() == ENGLISH or share is None:
        return formats.exact_percent(share)
    return _with_percent_sign(formats.two_places(share), _TWO_PLACES)


def decimal(value: float | Fraction, digits: int) -> str:
    """A number to so many places: 4.1 or 4,1."""
    return _number(round(Decimal(str(float(value))), digits), f"#,##0.{'0' * digits}")


def _with_percent_sign(value: Decimal, form: str) -> str:
    pattern: str = Locale.parse(language()).percent_formats[None].pattern
    return pattern.replace("#,##0", _number(value, form))


def sure(ppm: int) -> str:
    """How sure something is, in a word and a number: "sure (0.93)", "sicher (0,93)"."""
    if ppm >= _PPM:
        return _(formats.CERTAIN)
    word, bound, hundredths = formats.sureness(ppm)
    figure = _number(Decimal(hundredths).scaleb(-2), "0.00")
    words = f"{_(bound)} {figure}" if bound else figure
    return f"{_(word)} ({words})"


def likelihood(probability: float | None) -> str:
    """The same of a probability between 0 and 1."""
    return formats.NOTHING if probability is None else sure(round(probability * _PPM))


def count(number: int | None) -> str:
    """A count with separators: 1,234,567 or 1.234.567."""
    return formats.count(number) if language() == ENGLISH else _number(number or 0, _PERCENT)


def day(at: dt.date | str | None) -> str:
    """A date in words: 21 March 2024, 21. März 2024. What is no date stays."""
    date = formats.day_of(at)
    if language() == ENGLISH or date is None:
        return formats.day(at)
    return format_date(date, "long", language())


def month(at: dt.date | str | None) -> str:
    """A month: March 2024, März 2024. Text is one like 2024-03."""
    date = formats.month_of(at)
    if language() == ENGLISH or date is None:
        return formats.month(at)
    return format_skeleton("yMMMM", date, locale=language())


def moment(at: dt.datetime | str | None, zone: dt.tzinfo = dt.UTC) -> str:
    """A time to the minute, with its distance from UTC: 21. März 2024, 14:05 UTC+1."""
    local = formats.local_time(at, zone)
    if language() == ENGLISH or local is None:
        return formats.moment(at, zone)
    return f"{format_date(local, 'long', language())}, {formats.clock(local)}"


def points(value: float, *, signed: bool = False) -> str:
    """Points of a score with one place: 63.0 or 63,0; signed as a difference, +5.9."""
    written = _number(round(Decimal(repr(value)), 1), "#,##0.0")
    return f"+{written}" if signed and value > 0 else written


def ago(at: dt.datetime | str | None, now: dt.datetime) -> str:
    """Return how long before *now*: "3 minutes ago"; "never" without a time."""
    at = dt.datetime.fromisoformat(at) if isinstance(at, str) else at
    if at is None:
        return _("never")
    return format_timedelta(at - now, add_direction=True, locale=language())


def duration(seconds: float) -> str:
    """A length of time in its largest unit: "3 minutes"."""
    return format_timedelta(dt.timedelta(seconds=seconds), threshold=1.5, locale=language())


def again(text: str) -> str | None:
    """Write a figure anew that stands in English in a sentence; None for what is none."""
    for pattern, write in _AGAIN:
        found = pattern.fullmatch(text)
        if found:
            return write(found)
    return None


def _day_again(found: re.Match[str]) -> str:
    written = day(dt.date(int(found[3]), formats.MONTHS.index(found[2]) + 1, int(found[1])))
    return f"{written}{found[4] or ''}"


def _month_again(found: re.Match[str]) -> str:
    return month(dt.date(int(found[2]), formats.MONTHS.index(found[1]) + 1, 1))


def _money_again(found: re.Match[str]) -> str:
    code = _CODES.get(found[2], found[2].strip())
    minor = formats.minor_units(found[3].replace(",", ""), code)
    if minor is None:
        return found[0]
    plus = "+" if found[1] == "+" else ""
    return plus + money(-minor if found[1] == "-" else minor, code)


def _percent_again(found: re.Match[str]) -> str:
    form = _TWO_PLACES if "." in found[1] else _PERCENT
    return _with_percent_sign(Decimal(found[1]), form)


def _sure_again(found: re.Match[str]) -> str:
    figure = _number(Decimal(found[3]), "0.00")
    words = f"{_(found[2].strip())} {figure}" if found[2] else figure
    return f"{_(found[1])} ({words})"


def _count_again(found: re.Match[str]) -> str:
    number, one = int(found[1].replace(",", "")), f"%(num)s {found[2]}"
    text: str = get_translations().ungettext(one, f"{one}s", number)
    return text % {"num": count(number)}


_CODES = {sign: code for code, sign in SIGNS.items()}
_COUNTED = "day|contact|deal|detractor|open ticket|passive|promoter"
_MONTH = "|".join(formats.MONTHS)
_AGAIN = (
    (re.compile(rf"(\d{{1,2}}) ({_MONTH}) (\d{{4}})(, \d\d:\d\d UTC[-+:\d]*)?"), _day_again),
    (re.compile(rf"({_MONTH}) (\d{{4}})"), _month_again),
    (re.compile(r"([-+]?)([€$£¥]|[A-Z]{3} )(\d[\d,]*(?:\.\d+)?)"), _money_again),
    (re.compile(r"(\d+(?:\.\d\d)?)%"), _percent_again),
    (re.compile(r"(sure|likely|possible|doubtful) \(((?:under|over) )?(0\.\d\d)\)"), _sure_again),
    (re.compile(rf"([\d,]+) ({_COUNTED})s?"), _count_again),
    (re.compile(r"\d{1,3}(?:,\d{3})+"), lambda found: count(int(found[0].replace(",", "")))),
)


def _number(value: Decimal | int, form: str) -> str:
    return format_decimal(value, form, language())
