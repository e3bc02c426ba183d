"""Days of health: what is kept of every day of a customer, a month in a row, a byte or two each.

A day is judged as of its end, in the account's time zone, without any override.
"""

from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from mappings.rules.success.health import FACTORS, UNKNOWN_BAND, Health

BAND_OF: Final[Mapping[str, str]] = {
    "h": "healthy",
    "w": "watch",
    "r": "at_risk",
    "u": UNKNOWN_BAND,
}
"""Bands by the letter that stands for them."""
LETTER_OF: Final = {band: letter for letter, band in BAND_OF.items()}
_NO_DAY: Final = " "
_NOT_KNOWN: Final = 255  # no value of a factor: those end at 100


@dataclass(frozen=True, slots=True)
class HealthDay:
    """One day of a customer: score in tenths (None while too little is known), band, coverage.

    `factors` are whole values, 0 to 100, in the order of `FACTORS`; None where one is not known.
    """

    on: date
    tenths: int | None
    band: str
    coverage: int
    factors: tuple[int | None, ...]

    @property
    def score(self) -> float | None:
        """The score in points."""
        return None if self.tenths is None else self.tenths / 10


@dataclass(frozen=True, slots=True)
class PackedMonth:
    """The days of a month from its first on; days before somebody was a customer are blank."""

    month: date
    tenths: tuple[int | None, ...] = ()
    bands: str = ""
    coverage: bytes = b""
    factors: bytes = b""

    @property
    def days(self) -> int:
        """To which day of the month it goes."""
        return len(self.bands)

    @property
    def is_whole(self) -> bool:
        """Whether it goes to the end of its month."""
        return self.days == monthrange(self.month.year, self.month.month)[1]


def day_of(on: date, health: Health) -> HealthDay:
    """What is kept of a day."""
    values = (health.values.get(name) for name in FACTORS)
    return HealthDay(
        on,
        health.tenths if health.is_known else None,
        health.band,
        health.coverage,
        tuple(None if value is None else round(value) for value in values),
    )


def pack(month: date, before: PackedMonth | None, days: Sequence[HealthDay]) -> PackedMonth:
    """Add days of one month, without a gap between them, to what is kept of it *before*."""
    kept = before or PackedMonth(month)
    blank = days[0].on.day - 1 - kept.days if days else 0
    factors = [value for day in days for value in day.factors]
    return PackedMonth(
        month,
        (*kept.tenths, *[None] * blank, *(day.tenths for day in days)),
        kept.bands + _NO_DAY * blank + "".join(LETTER_OF[day.band] for day in days),
        kept.coverage + bytes(blank) + bytes(day.coverage for day in days),
        kept.factors
        + bytes([_NOT_KNOWN]) * (blank * len(FACTORS))
        + bytes(_NOT_KNOWN if value is None else value for value in factors),
    )


def cut(packed: PackedMonth, days: int) -> PackedMonth:
    """Only the first days of what is kept of a month."""
    return PackedMonth(
        packed.month,
        packed.tenths[:days],
        packed.bands[:days],
        packed.coverage[:days],
        packed.factors[: days * len(FACTORS)],
    )


def unpack(packed: PackedMonth) -> Iterator[HealthDay]:
    """The days of a month that are kept, without blank ones."""
    for place, letter in enumerate(packed.bands):
        if letter == _NO_DAY:
            continue
        values = packed.factors[place * len(FACTORS) : (place + 1) * len(FACTORS)]
        yield HealthDay(
            packed.month + timedelta(place),
            packed.tenths[place],
            BAND_OF[letter],
            packed.coverage[place],
            tuple(None if value == _NOT_KNOWN else value for value in values),
        )
