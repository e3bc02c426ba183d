"""Monthly costs as people write them: one entry of a form, or the rows of a table."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from mappings.currencies import digits_of
from mappings.kinds import SourceKind
from mappings.records import values
from mappings.rules.ledger import money, periods
from mappings.rules.success.lifetime_value import ENTERED_PARTS, SHARED, CostPart

MOST_ROWS: Final = 5_000
"""Rows of one table: more than ten years of every source and part."""
COLUMNS: Final = ("month", "source", "part", "amount", "currency", "rate")
SOURCES: Final[Mapping[str, str]] = {
    SourceKind.FIRST_ORDER.value: "Everything else",
    SourceKind.MOVED_CHAMPION.value: "Moved champions",
    SourceKind.REFERRAL.value: "Referrals",
    SourceKind.WORD_OF_MOUTH.value: "Word of mouth",
    SHARED: "Shared by all",
}
"""What a cost can be for, with what people read."""
PARTS: Final[Mapping[str, str]] = {
    CostPart.MARKET.value: "To market: ads, events, content",
    CostPart.CONVERT.value: "To convert: sales",
    CostPart.PEOPLE.value: "People: time of the success team",
    CostPart.PROGRAM.value: "Program: software, gifts, events for customers",
}
"""What a cost was spent on, with what people read."""
_EARLIEST: Final = date(2000, 1, 1)
_MOST_COLUMNS: Final = 50
_RATE: Final = re.compile(r"\d{1,7}(\.\d{1,12})?", re.ASCII)
_MONTH: Final = re.compile(r"(\d{4})-(\d{2})(-\d{2})?", re.ASCII)
_DELIMITERS: Final = "\t;,|"
# Spreadsheets write these before text in one of the encodings of Unicode.
_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True, slots=True)
class CostEntry:
    """What somebody says was spent: in the account's currency, and as it was written.

    `rate` is how much of the account's currency one of `entered_currency` was; empty where they
    are the same.
    """

    month: date
    source: str
    part: str
    minor: int
    currency: str
    entered_minor: int
    entered_currency: str
    rate: str = ""

    @property
    def key(self) -> tuple[date, str, str]:
        """What it is the entry of: a later one takes its place."""
        return self.month, self.source, self.part


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A row of a table: its line, and the entry, or the sentence that says why there is none."""

    line: int
    entry: CostEntry | None = None
    problem: str = ""


def entry(written: Mapping[str, str], home: str, this_month: date) -> CostEntry:
    """Read one entry; raises ValueError with a sentence for what cannot be one.

    *home* is the account's currency. An amount in another one needs the rate it was paid at, and is
    converted once.
    """
    month = _month(written.get("month", ""), this_month)
    source = _named(written.get("source", ""), tuple(SOURCES), "source")
    part = _named(written.get("part", ""), tuple(map(str, ENTERED_PARTS)), "part")
    currency = written.get("currency", "").strip().upper() or home
    amount = _amount(written.get("amount", ""), currency)
    rate = _rate(written.get("rate", ""), currency, home)
    minor = money.convert(amount, currency, rate, home) if rate else amount
    if minor > money.LARGEST:
        raise ValueError("The amount is too large to be a month's cost")
    return CostEntry(month, source, part, minor, home, amount, currency, rate)


def _month(written: str, this_month: date) -> date:
    found = _MONTH.fullmatch(written.strip())
    try:
        month = date(int(found[1]), int(found[2]), 1) if found else None
    except ValueError:
        month = None
    if month is None:
        raise ValueError(f'"{written.strip()[:20]}" is no month: write it as 2026-05')
    if not _EARLIEST <= month <= this_month:
        raise ValueError(f"{periods.written(month)} is no month that costs can be of yet")
    return month


def _named(written: str, known: Sequence[str], what: str) -> str:
    name = written.strip().lower().replace(" ", "_").replace("-", "_")
    if name not in known:
        raise ValueError(f'"{written.strip()[:40]}" is no {what}: there are {_in_words(known)}')
    return name


def _in_words(known: Sequence[str]) -> str:
    return ", ".join(known).replace("_", " ")


def _amount(written: str, currency: str) -> int:
    places = digits_of(currency)
    if places is None:
        raise ValueError(f'"{currency[:10]}" is no currency: write its three letters')
    if not written.strip():
        raise ValueError("An amount is missing: write 0 where nothing was spent")
    number = values.number(written)
    if number.value is None:
        raise ValueError(f'"{written.strip()[:40]}" is no amount: write digits, like 1250.00')
    if number.value < 0:
        raise ValueError("A cost is not below zero: enter what was really spent in the month")
    if _decimals(number.value) > places:
        raise ValueError(f"{written.strip()[:40]} has more digits than {currency} has: round it")
    minor = values.minor_units(written, currency)
    if minor.value is None:
        raise ValueError(f'"{written.strip()[:40]}" {minor.odd}')
    return minor.value


def _decimals(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0


def _rate(written: str, currency: str, home: str) -> str:
    rate = written.strip()
    if currency == home:
        return ""
    if not rate:
        raise ValueError(
            f"{currency} is not the account's currency: write at what rate it was paid,"
            f" in {home} for one {currency}, or the amount in {home}"
        )
    if not _RATE.fullmatch(rate) or not float(rate):
        raise ValueError(f'"{rate[:20]}" is no rate: write how much {home} one {currency} was')
    return rate


def decoded(sent: bytes) -> str:
    """A sent file as text: in an encoding that it marks, else UTF-8, else that of old tools."""
    for mark, encoding in _MARKS:
        if sent.startswith(mark):
            return sent.decode(encoding, errors="replace")
    try:
        return sent.decode("utf-8")
    except UnicodeDecodeError:
        return sent.decode("cp1252", errors="replace")


def table(text: str, home: str, this_month: date) -> list[ReadRow]:
    """Read a table with a heading; each row is an entry or says why it is none.

    Of two rows for one month, source and part the later is refused. Raises ValueError with a
    sentence where the whole is no such table.
    """
    lines = list(_cells(text))
    if not lines:
        raise ValueError("The table is empty")
    (_, head), *rows = lines
    names = [name.strip().lower() for name in head]
    lacking = [name for name in COLUMNS[:4] if name not in names]
    if lacking:
        raise ValueError(
            f"The first line must name the columns {', '.join(COLUMNS)};"
            f" {', '.join(lacking)} cannot be found. currency and rate may be left out"
        )
    if len(rows) > MOST_ROWS:
        raise ValueError(f"The table has {len(rows)} rows; {MOST_ROWS} can be read at once")
    return list(_read(rows, names, home, this_month))


def _cells(text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that say anything, each with its line."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    first = next((line for line in plain.split("\n") if line.strip()), "")
    delimiter = max(_DELIMITERS, key=first.count)
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(plain), delimiter=delimiter), 1):
            if any(cell.strip() for cell in cells):
                yield number, cells[:_MOST_COLUMNS]
    except csv.Error as error:
        raise ValueError(f"The table cannot be read: {error}") from error


def _read(
    rows: Sequence[tuple[int, list[str]]], names: Sequence[str], home: str, this_month: date
) -> Iterator[ReadRow]:
    seen: dict[tuple[date, str, str], int] = {}
    for line, cells in rows:
        # What a spreadsheet guarded by an apostrophe is meant without it.
        written = {
            name: cell.strip().removeprefix("'") for name, cell in zip(names, cells, strict=False)
        }
        try:
            found = entry(written, home, this_month)
        except ValueError as error:
            yield ReadRow(line, problem=str(error))
            continue
        if found.key in seen:
            yield ReadRow(line, problem=f"It says again what line {seen[found.key]} says")
            continue
        seen[found.key] = line
        yield ReadRow(line, found)


def written_row(found: CostEntry) -> dict[str, str]:
    """An entry as a row of a table: read again it is the same."""
    return {
        "month": periods.written(found.month),
        "source": found.source,
        "part": found.part,
        "amount": money.major(found.entered_minor, found.entered_currency),
        "currency": found.entered_currency,
        "rate": found.rate,
    }
