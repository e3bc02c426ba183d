"""A report as a table for files: names beside ids, days as dates, amounts as numbers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum, auto

from integration.reports.report import MONEY, Report, ReportRow, Value, Values
from mappings.currencies import digits_of
from mappings.kinds import Measure
from mappings.records.report_request import PERIODIC

Cell = str | int | float | Decimal | date | None
"""Text, a number, an amount in major units, a day, or nothing."""


class Kind(Enum):
    """What a column holds."""

    TEXT = auto()
    DAY = auto()
    COUNT = auto()
    MONEY = auto()
    PERCENT = auto()
    DAYS = auto()


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column: its name for scripts, and what it holds."""

    name: str
    kind: Kind


_KINDS = {
    Measure.SHARE: Kind.PERCENT,
    Measure.WIN_RATE: Kind.PERCENT,
    Measure.COVERAGE: Kind.PERCENT,
    Measure.DAYS: Kind.DAYS,
    Measure.DEALS: Kind.COUNT,
    Measure.WON_DEALS: Kind.COUNT,
    **dict.fromkeys(MONEY, Kind.MONEY),
}
_RANGE = (Measure.LOW, Measure.HIGH)


def columns(report: Report) -> list[TableColumn]:
    """Return the columns: keys with their names or days, measures, and those of before."""
    found: list[TableColumn] = []
    for grouping in report.request.by:
        word = grouping.word.replace(".", "_")
        found.append(TableColumn(word, Kind.TEXT))
        if grouping.dimension in PERIODIC:
            found += [TableColumn(f"{word}_{end}", Kind.DAY) for end in ("from", "to")]
        else:
            found.append(TableColumn(f"{word}_name", Kind.TEXT))
    shown = measures(report)
    found += [TableColumn(measure.value, _KINDS[measure]) for measure in shown]
    if report.before is not None:
        found += [TableColumn(f"{measure.value}_before", _KINDS[measure]) for measure in shown]
    return [*found, TableColumn("currency", Kind.TEXT)]


def measures(report: Report) -> list[Measure]:
    """Return what is told of each row: what was asked for, revenue with its range."""
    asked = report.request.measures
    with_range = [
        named
        for measure in asked
        for named in (measure, *(_RANGE if measure is Measure.BOOKED else ()))
    ]
    return list(dict.fromkeys(with_range))


def rows(report: Report) -> Iterator[list[Cell]]:
    """Yield the rows; a report that is by nothing has its total as the one row."""
    for row in report.rows:
        yield [*_keys(row), *_values(row.values, row.before, report)]
    if not report.request.by:
        yield total(report)


def total(report: Report) -> list[Cell]:
    """Return the cells of the measures of all rows together."""
    return _values(report.total, report.before, report)


def _keys(row: ReportRow) -> Iterator[Cell]:
    for key in row.keys:
        yield key.value
        if key.first is not None:
            yield from (key.first, key.last)
        else:
            yield str(key.label)


def _values(values: Values, before: Values | None, report: Report) -> list[Cell]:
    shown = measures(report)
    cells = [_cell(measure, values.get(measure), report.currency) for measure in shown]
    if before is not None:
        cells += [_cell(measure, before.get(measure), report.currency) for measure in shown]
    return [*cells, report.currency]


def _cell(measure: Measure, value: Value, currency: str) -> Cell:
    return major(int(value), currency) if measure in MONEY and value is not None else value


def major(minor: int, currency: str) -> Decimal | None:
    """Return an amount in major units; None without a currency."""
    digits = digits_of(currency)
    return None if digits is None else Decimal(minor).scaleb(-digits)


def facts(report: Report) -> Sequence[tuple[str, Cell]]:
    """Return what a table rests on, a name and a value each."""
    left_out = [
        (f"left out: {line.why} {line.currency}".strip(), line.deals) for line in report.left_out
    ]
    return (
        ("period", report.period.name),
        ("from", report.period.first),
        ("to", report.period.last),
        ("currency", report.currency),
        ("settings version", report.settings_version),
        ("asked at", report.asked_at.isoformat(timespec="seconds")),
        ("measurement coverage", report.coverage),
        ("deals with several sources are in several rows", "yes" if report.is_shared else "no"),
        *left_out,
    )
