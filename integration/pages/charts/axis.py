"""The axis of a chart: what it counts, where its marks stand, how its figures are written."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Final

from babel import Locale
from babel.numbers import (
    format_compact_currency,
    format_compact_decimal,
    format_currency,
    format_decimal,
    format_percent,
)

from integration.pages import figures
from integration.pages.languages import language
from mappings.currencies import digits_of

_MARKS: Final = 5  # about so many lines cross a chart
_NICE: Final = (1, 2, 2.5, 5, 10)
_THOUSAND: Final = 1_000
_MILLION: Final = 1_000_000
_SMALL_SHARE: Final = 0.1


class Measured(StrEnum):
    """What an axis counts."""

    MONEY = "money"
    COUNT = "count"
    SHARE = "share"


@dataclass(frozen=True, slots=True)
class Unit:
    """What a chart's values are in: counts, shares of one, or minor units of *currency*."""

    measured: Measured
    currency: str = ""

    @property
    def digits(self) -> int | None:
        """Digits after the point of its currency; None of what is no known money."""
        return digits_of(self.currency) if self.measured is Measured.MONEY else None


COUNT: Final = Unit(Measured.COUNT)
SHARE: Final = Unit(Measured.SHARE)


def money(currency: str) -> Unit:
    """Minor units of a currency."""
    return Unit(Measured.MONEY, currency)


def length(value: float, unit: Unit) -> float:
    """How long a value is drawn: money in major units."""
    return value / float(10 ** (unit.digits or 0))


def marks(lengths: Iterable[float], unit: Unit) -> list[float]:
    """Round numbers, zero among them, from below the shortest length to above the longest."""
    known = [0.0, *lengths]
    low, high = min(known), max(known)
    step = _round_step((high - low) / _MARKS or (0.2 if unit is SHARE else 1.0))
    if unit is COUNT:
        step = max(1.0, step)
    first, last = math.floor(low / step), math.ceil(high / step)
    if first == last:
        last += 1
    return [round(number * step, 10) for number in range(first, last + 1)]


def _round_step(rough: float) -> float:
    """The next round number: 1, 2, 2.5 or 5 with any number of zeros."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(nice * power for nice in _NICE if nice * power >= rough * 0.999)


def short(length: float, unit: Unit) -> str:
    """A drawn length in few digits, as it stands at an axis or a bar: €1.2M, 40K, 12%."""
    if unit.measured is Measured.SHARE:
        return _short_share(length)
    return _short_number(length) if unit.digits is None else _short_money(length, unit.currency)


def whole(value: float, unit: Unit) -> str:
    """A value in all its digits, as it is said when the pointer rests on a bar."""
    if unit.measured is Measured.SHARE:
        return figures.exact_percent(value)
    if unit.measured is Measured.MONEY:
        return figures.money(round(value), unit.currency)
    return format_decimal(Decimal(repr(value)).normalize(), locale=language())


def _short_share(share: float) -> str:
    is_small = 0 < abs(share) < _SMALL_SHARE
    return format_percent(share, "#,##0.#%" if is_small else "#,##0%", language())


def _short_money(length: float, currency: str) -> str:
    code = currency.strip().upper()
    if not _is_written_out(length):
        return format_compact_currency(length, code, locale=language(), fraction_digits=1)
    pattern = Locale.parse(language()).currency_formats["standard"].pattern.replace(".00", "")
    return format_currency(round(length), code, pattern, language(), currency_digits=False)


def _short_number(length: float) -> str:
    if not _is_written_out(length):
        return format_compact_decimal(length, locale=language(), fraction_digits=1)
    return format_decimal(round(length), locale=language())


def _is_written_out(length: float) -> bool:
    """Whether the language has no short word for thousands: German 40.000, English 40K."""
    return _THOUSAND <= abs(length) < _MILLION and _says_no_thousands(language())


@cache
def _says_no_thousands(code: str) -> bool:
    return format_compact_decimal(_THOUSAND, locale=code) == str(_THOUSAND)
