"""Delimited files as people have them: any common encoding and delimiter, row by row."""

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

ENCODINGS: Final = ("utf-8", "utf-16", "windows-1252")
DELIMITERS: Final = (",", ";", "\t", "|")
# A cell with line ends in it is no longer than so many lines: a quotation mark that nobody closed
# must not swallow the rest of the file.
_MOST_LINES: Final = 200
_LOOKED_AT: Final = 50
_BOMS: Final = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
UNCLOSED: Final = "a quotation mark is not closed"


class NotText(ValueError):
    """These bytes are no text in the encoding; the message says what to do."""


@dataclass(frozen=True, slots=True)
class FileRow:
    """One row with its number in the file, the head being 1; `fault` says why it is none."""

    number: int
    cells: tuple[str, ...]
    fault: str = ""


def encoding_of(raw: bytes) -> str:
    """Return the encoding that these bytes are most likely in.

    A byte-order mark says it. Without one a file with a zero byte in every second place is UTF-16;
    one that reads as UTF-8 is that; the rest is Windows-1252, as spreadsheets save it.
    """
    if raw.startswith(codecs.BOM_UTF8):
        return "utf-8"
    for mark, encoding in _BOMS:
        if raw.startswith(mark):
            return encoding
    if _half_zero(raw):
        return "utf-16"
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return "windows-1252"
    return "utf-8"


def decoded(raw: bytes, encoding: str) -> str:
    """Return the text without its byte-order mark; raises NotText for another encoding."""
    try:
        if encoding == "utf-16" and not raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            text = raw.decode("utf-16-be" if raw[:1] == b"\x00" else "utf-16-le")
        elif encoding == "windows-1252":
            # Five of its bytes mean nothing, and programs write them as Latin-1 has them.
            text = raw.decode("cp1252", errors="replace")
        else:
            text = raw.decode({"utf-8": "utf-8-sig"}.get(encoding, encoding))
    except UnicodeDecodeError:
        name = encoding.upper()
        raise NotText(f"The file is no {name}: choose another encoding") from None
    if "\x00" in text:
        raise NotText("The file is no text: save it as CSV first, for example from a spreadsheet")
    return text.removeprefix("\ufeff")


def delimiter_of(text: str) -> str:
    """Return what most likely separates cells: what makes rows of one width, the widest first."""

    def fit(delimiter: str) -> tuple[int, int]:
        rows = _first_rows(text, delimiter)
        width, alike = Counter(map(len, rows)).most_common(1)[0] if rows else (1, 0)
        return (alike if width > 1 else 0, width)

    return max(DELIMITERS, key=fit)


def rows(text: str, delimiter: str) -> Iterator[FileRow]:
    """Yield the rows that hold something, the head first; a broken one alone is a fault."""
    lines = list(io.StringIO(text, newline=""))
    place = 0
    while place < len(lines):
        taken, cells = _record(lines, place, delimiter)
        if cells is None:
            yield FileRow(place + 1, (lines[place].rstrip("\r\n"),), UNCLOSED)
            place += 1
            continue
        if any(cell.strip() for cell in cells):
            yield FileRow(place + 1, tuple(cells))
        place += taken


def _record(lines: list[str], place: int, delimiter: str) -> tuple[int, list[str] | None]:
    """The cells of a record and how many lines it takes; None for one that does not end."""
    for taken in range(1, min(_MOST_LINES, len(lines) - place) + 1):
        text = "".join(lines[place : place + taken])
        if text.count('"') % 2 == 0 or taken == 1:
            cells = _cells(text, delimiter)
            if cells is not None:
                return taken, cells
    return 1, None


def _cells(text: str, delimiter: str) -> list[str] | None:
    """The cells of one record; None while a quotation mark in it is open."""
    try:
        parsed = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        if str(error).startswith("unexpected"):  # end of data, within a cell
            return None
        # Marks inside of a cell, as in 5" pipe: read as they stand.
        parsed = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    return [cell for row in parsed for cell in row]


def _first_rows(text: str, delimiter: str) -> list[tuple[str, ...]]:
    found = []
    for row in rows(text[:100_000], delimiter):
        found.append(row.cells)
        if len(found) == _LOOKED_AT:
            break
    return found


def _half_zero(raw: bytes) -> bool:
    """Whether every second byte of the beginning is zero, as of Latin letters in UTF-16."""
    start = raw[:200]
    if len(start) < 4:  # noqa: PLR2004 - two letters
        return False
    return min(start[0::2].count(0), start[1::2].count(0)) == 0 and start.count(0) * 3 > len(start)
