"""The board's numbers for files and programs: a row for each figure, and what all rest on."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from integration.reports import board_figures
from integration.reports.board import Board
from integration.reports.board_figures import WHY, Figure, Unit
from integration.reports.report_tables import Cell, Kind, TableColumn
from mappings.currencies import digits_of
from mappings.rules.ledger import periods

Json = dict[str, Any]
COLUMNS: Final = (
    TableColumn("figure", Kind.TEXT),
    TableColumn("source", Kind.TEXT),
    TableColumn("label", Kind.TEXT),
    TableColumn("value", Kind.TEXT),
    TableColumn("unit", Kind.TEXT),
    TableColumn("low", Kind.TEXT),
    TableColumn("high", Kind.TEXT),
    TableColumn("rests_on", Kind.TEXT),
    TableColumn("of", Kind.TEXT),
    TableColumn("from", Kind.DAY),
    TableColumn("to", Kind.DAY),
    TableColumn("note", Kind.TEXT),
    TableColumn("definition", Kind.TEXT),
)
_DIGITS: Final = 6


def rows(board: Board) -> Iterator[list[Cell]]:
    """Yield a row for each figure."""
    for figure in board_figures.of(board):
        low, high = figure.interval or (None, None)
        yield [
            figure.key,
            figure.source,
            figure.label,
            _value(figure, board.currency),
            _unit(figure, board.currency),
            _rounded(low),
            _rounded(high),
            _rounded(figure.size),
            figure.sized,
            board.first_day(figure.since),
            board.last_day(figure.until),
            note(figure),
            figure.definition,
        ]


def note(figure: Figure) -> str:
    """Why a figure is not told, or must be read with care, in English."""
    if figure.why is None:
        return "Indicative: it rests on fewer than 30" if figure.is_indicative else ""
    if figure.months:
        return f"{WHY[figure.why]}: {', '.join(figure.months)}"
    return WHY[figure.why]


def _unit(figure: Figure, currency: str) -> str:
    return currency if figure.unit is Unit.MONEY else figure.unit.value


def _value(figure: Figure, currency: str) -> Decimal | None:
    """Money in major units; a share of 1 where it is in percent."""
    if figure.value is None:
        return None
    if figure.unit is not Unit.MONEY:
        return _rounded(figure.value)
    return Decimal(round(figure.value)).scaleb(-(digits_of(currency) or 0))


def _rounded(value: Fraction | float | None) -> Decimal | None:
    return None if value is None else Decimal(str(round(float(value), _DIGITS))).normalize() + 0


def facts(board: Board) -> Sequence[tuple[str, Cell]]:
    """Return what the figures rest on, a name and a value each."""
    basis, recurring = board.costs.basis, board.recurring
    by_source = recurring.retention.by_source.items()
    return (
        ("period", board.period.name),
        ("from", board.first_day(board.since)),
        ("to", board.last_day(board.end)),
        ("year from", board.first_day(board.year_start)),
        ("currency", board.currency),
        ("settings version", board.settings_version),
        ("measurement coverage in percent", board.measurement.percent),
        ("active customers", board.active_customers),
        ("customers that pay something that recurs", recurring.customers),
        *((f"recurring value by {source}", count) for source, count in by_source),
        ("customers without a rate of exchange", recurring.unpriced),
        ("contracts whose term is assumed", recurring.assumed_terms),
        ("customers that came back within the year", len(recurring.retention.came_back)),
        ("customers won back", recurring.won_back),
        ("gross margin confirmed", "yes" if board.costs.is_margin_confirmed else "no"),
        ("sales cycle in days, median", _rounded(basis.lag_days)),
        ("months of costs", ", ".join(map(periods.written, basis.months))),
        ("costs in another currency", basis.other_currency),
    )


def as_json(board: Board) -> Json:
    """Return all figures, with what they rest on."""
    names = [column.name for column in COLUMNS]
    return {
        "figures": [dict(zip(names, map(_plain, row), strict=True)) for row in rows(board)],
        "basis": {name: _plain(value) for name, value in facts(board)},
    }


def _plain(cell: Cell) -> str | int | float | None:
    if cell is None or isinstance(cell, str | int):
        return cell
    return float(cell) if isinstance(cell, Decimal | float) else cell.isoformat()
