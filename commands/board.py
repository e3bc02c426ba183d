"""The command that tells the board's numbers: the same figures as the page."""

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from commands.terminal import installed_portal, json_option, json_text, portal_argument
from integration.core.errors import Refused
from integration.portal.context import PortalContext
from integration.reports import board as boards
from integration.reports import board_figures, board_file, board_periods, spreadsheets
from integration.reports.board import Board
from integration.reports.board_figures import Figure, Unit
from mappings import formats
from mappings.kinds import source_label


@click.command()
@portal_argument
@click.option("--from", "first", default="", help="First day, as 2026-01-01.")
@click.option("--to", "last", default="", help="Last day.")
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, safe to open in a spreadsheet.")
@click.option(
    "--xlsx", type=click.Path(dir_okay=False, path_type=Path), help="Write a workbook to this file."
)
def board(
    portal_id: int, first: str, last: str, *, as_json: bool, as_csv: bool, xlsx: Path | None
) -> None:
    """Print the board's numbers of a portal: of the last 12 full months, or of given days."""
    if sum((as_json, as_csv, xlsx is not None)) > 1:
        raise Refused("Choose one of --json, --csv and --xlsx.")
    with installed_portal(portal_id) as portal:
        found = _found(portal, first, last)
    if as_json:
        click.echo(json_text(board_file.as_json(found)))
    elif as_csv:
        for piece in spreadsheets.csv_lines(board_file.COLUMNS, board_file.rows(found)):
            click.echo(piece, nl=False)
    elif xlsx is not None:
        spreadsheets.write_workbook(
            xlsx,
            board_file.COLUMNS,
            board_file.rows(found),
            currency=found.currency,
            facts=board_file.facts(found),
        )
    else:
        _print(found)


def _found(portal: PortalContext, first: str, last: str) -> Board:
    period = board_periods.usual(portal)
    if first or last:
        period = board_periods.of_days(first, last)
    return boards.of(portal, period)


def _print(found: Board) -> None:
    table = Table(box=None, pad_edge=False)
    for head, side in (("Number", "left"), ("Value", "right"), ("95% interval", "left"),
                       ("Rests on", "left"), ("Note", "left")):  # fmt: skip
        table.add_column(head, justify="right" if side == "right" else "left", overflow="fold")
    for figure in board_figures.of(found):
        table.add_row(*_cells(figure, found.currency))
    Console(markup=False, highlight=False, soft_wrap=False).print(table)
    for name, value in board_file.facts(found):
        if value not in (None, ""):
            click.echo(f"{name}: {value}")


def _cells(figure: Figure, currency: str) -> list[str]:
    source = f" ({source_label(figure.source)})" if figure.source else ""
    interval = ""
    if figure.interval:
        ends = figure.interval
        is_share = figure.unit is Unit.PERCENT
        interval = " to ".join(formats.percent(end) if is_share else f"{end:g}" for end in ends)
    size = f"{float(figure.size):.4g} {figure.sized}"
    shown = _shown(figure, currency)
    return [f"{figure.label}{source}", shown, interval, size, board_file.note(figure)]


def _shown(figure: Figure, currency: str) -> str:
    if figure.value is None:
        return formats.NOTHING
    if figure.unit is Unit.MONEY:
        return formats.money(round(figure.value), currency)
    if figure.unit is Unit.PERCENT:
        return formats.exact_percent(figure.value)
    return f"{float(figure.value):.3g}"
