"""Ledger rows as a CSV file (RFC 4180), safe to open in a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mappings.records.spreadsheet_cells import guarded


def lines(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the lines of a file: names, then a row each; nothing where there is none."""
    for number, row in enumerate(rows):
        if number == 0:
            yield _line(row)
        yield _line(row.values())


def _line(cells: Iterable[object]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerow(
        [guarded(cell) if isinstance(cell, str) else cell for cell in cells]
    )
    return written.getvalue()
