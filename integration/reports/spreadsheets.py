"""Spreadsheets: tables as CSV and as workbooks, row by row, however many rows there are.

Text stays text, whatever it begins with; numbers can be added up, and days are days.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import xlsxwriter

from integration.reports.report_tables import Cell, Kind, TableColumn
from mappings.currencies import digits_of
from mappings.records.spreadsheet_cells import guarded

_MOST_ROWS = 1_048_575  # of a sheet, besides its heading
_ROWS_AT_ONCE = 1_000
_WIDTHS: Mapping[Kind, int] = {Kind.TEXT: 28, Kind.MONEY: 16}
_LONGEST = 32_767  # characters of a cell


def csv_lines(columns: Sequence[TableColumn], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """Yield CSV (RFC 4180) in pieces of some rows."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow([column.name for column in columns])
    for number, row in enumerate(rows, 1):
        writer.writerow([_text(cell) for cell in row])
        if number % _ROWS_AT_ONCE == 0:
            yield written.getvalue()
            written.seek(0)
            written.truncate()
    yield written.getvalue()


def _text(cell: Cell) -> str | int | float:
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    if isinstance(cell, date):
        return cell.isoformat()
    return guarded(cell) if isinstance(cell, str) else cell


def write_workbook(
    place: Path | IO[bytes],
    columns: Sequence[TableColumn],
    rows: Iterable[Sequence[Cell]],
    *,
    currency: str,
    total: Sequence[Cell] = (),
    facts: Sequence[tuple[str, Cell]] = (),
) -> None:
    """Write a workbook; rows go to the disk as they come.

    What does not fit on one sheet goes on on the next. The sheet "About" has the *total*, which is
    of the last columns, and the *facts* that it rests on.
    """
    # No text becomes a formula, a link or a number of its own accord.
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(str(place) if isinstance(place, Path) else place, options) as book:
        formats = _Formats(book, currency)
        _write_rows(book, formats, columns, rows)
        if facts:
            _write_about(book, formats, columns[len(columns) - len(total) :], total, facts)


class _Formats:
    """How the cells of each kind look."""

    def __init__(self, book: Any, currency: str) -> None:  # noqa: ANN401 - XlsxWriter is untyped
        digits = digits_of(currency) or 0
        amount = f"#,##0.{'0' * digits}" if digits else "#,##0"
        self.head = book.add_format({"bold": True, "bottom": 1})
        self.of_kind = {
            Kind.TEXT: book.add_format({"num_format": "@"}),
            Kind.DAY: book.add_format({"num_format": "yyyy-mm-dd"}),
            Kind.COUNT: book.add_format({"num_format": "#,##0"}),
            Kind.MONEY: book.add_format({"num_format": amount}),
            Kind.PERCENT: book.add_format({"num_format": "0.0%"}),
            Kind.DAYS: book.add_format({"num_format": "0.0"}),
        }


def _write_rows(
    book: Any,  # noqa: ANN401 - as above
    formats: _Formats,
    columns: Sequence[TableColumn],
    rows: Iterable[Sequence[Cell]],
) -> None:
    sheet, place = _sheet(book, formats, columns), 0
    for row in rows:
        if place == _MOST_ROWS:
            sheet, place = _sheet(book, formats, columns), 0
        place += 1
        for number, (column, cell) in enumerate(zip(columns, row, strict=True)):
            _write(sheet, place, number, cell, formats.of_kind[column.kind])


def _sheet(book: Any, formats: _Formats, columns: Sequence[TableColumn]) -> Any:  # noqa: ANN401 - as above
    sheet = book.add_worksheet()
    for number, column in enumerate(columns):
        sheet.set_column(number, number, _WIDTHS.get(column.kind, 14))
    sheet.freeze_panes(1, 0)
    for number, column in enumerate(columns):
        sheet.write_string(0, number, column.name, formats.head)
    return sheet


def _write_about(
    book: Any,  # noqa: ANN401 - as above
    formats: _Formats,
    columns: Sequence[TableColumn],
    total: Sequence[Cell],
    facts: Sequence[tuple[str, Cell]],
) -> None:
    sheet = book.add_worksheet("About")
    sheet.set_column(0, 1, 32)
    lines = [
        *((column.name, cell, column.kind) for column, cell in zip(columns, total, strict=True)),
        *((name, cell, _kind_of(cell)) for name, cell in facts),
    ]
    for place, (name, cell, kind) in enumerate(lines):
        sheet.write_string(place, 0, name, formats.head)
        _write(sheet, place, 1, cell, formats.of_kind[kind])


def _kind_of(cell: Cell) -> Kind:
    if isinstance(cell, float):
        return Kind.PERCENT
    if isinstance(cell, date):
        return Kind.DAY
    return Kind.TEXT if isinstance(cell, str) else Kind.COUNT


def _write(sheet: Any, row: int, column: int, cell: Cell, form: Any) -> None:  # noqa: ANN401 - as above
    if cell is None:
        sheet.write_blank(row, column, None, form)
    elif isinstance(cell, str):
        sheet.write_string(row, column, cell[:_LONGEST], form)
    elif isinstance(cell, date):
        sheet.write_datetime(row, column, cell, form)
    else:
        sheet.write_number(row, column, cell, form)
