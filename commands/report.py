"""The command that builds reports: the same figures as the page, by the same words."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from commands.terminal import installed_portal, json_option, json_text, portal_argument
from integration.core.errors import Refused
from integration.reports import report as reporting
from integration.reports import (
    report_json,
    report_lines,
    report_sentences,
    report_tables,
    spreadsheets,
)
from integration.reports.report import Report
from mappings.records import report_request
from mappings.records.report_request import ReportRequest


@click.command()
@portal_argument
@click.option(
    "--by",
    multiple=True,
    help="What rows are of, twice at most: source, month, quarter, year, owner, team, pipeline,"
    " company, credited, advocate, order, timing, deal.PROPERTY or company.PROPERTY.",
)
@click.option(
    "--measure",
    multiple=True,
    help="What is told of them, repeatable: booked (the default), first_order, won, share, deals,"
    " won_deals, win_rate, days, size, mean_size, pipeline, coverage.",
)
@click.option("--from", "first", default="", help="First day: 2026-05-31, 2026-05, 2026-Q2, 2026.")
@click.option("--to", "last", default="", help="Last day, or the month, quarter or year with it.")
@click.option("--period", default="", help="Instead of both: last_month, this_quarter and so on.")
@click.option("--compare", default="", help="before: beside the period before.")
@click.option("--currency", default="", help="Only deals in this currency, in it.")
@click.option(
    "--where", multiple=True, help="Only these, repeatable: source=referral, owner=88, team=none."
)
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, safe to open in a spreadsheet.")
@click.option(
    "--xlsx", type=click.Path(dir_okay=False, path_type=Path), help="Write a workbook to this file."
)
@click.option(
    "--deals",
    is_flag=True,
    help="With --csv or --xlsx: the deals behind it, a line for each credit.",
)
def report(
    portal_id: int,
    *,
    by: Sequence[str],
    measure: Sequence[str],
    where: Sequence[str],
    as_json: bool,
    as_csv: bool,
    xlsx: Path | None,
    deals: bool,
    **once: str,
) -> None:
    """Print a report of a portal; the words are those of the page's address."""
    request = _request(by, measure, where, once)
    if sum((as_json, as_csv, xlsx is not None)) > 1:
        raise Refused("Choose one of --json, --csv and --xlsx.")
    if deals and not (as_csv or xlsx):
        raise Refused("Say where the deals go: --csv, or --xlsx FILE.")
    with installed_portal(portal_id) as portal:
        if deals:
            currency = report_lines.currency(portal, request)
            lines = report_lines.lines(portal, request)
            _give(xlsx, report_lines.COLUMNS, lines, currency)
            return
        found = reporting.of(portal, request)
    if as_json:
        click.echo(json_text(report_json.as_json(found)))
    elif as_csv or xlsx:
        _give_report(xlsx, found)
    else:
        _print(found)


def _request(
    by: Sequence[str], measure: Sequence[str], where: Sequence[str], once: dict[str, str]
) -> ReportRequest:
    pairs = [("by", word) for word in by] + [("measure", word) for word in measure]
    names = {"first": "from", "last": "to"}
    pairs += [(names.get(name, name), value) for name, value in once.items() if value]
    for condition in where:
        name, is_said, value = condition.partition("=")
        if not is_said:
            raise Refused(f"--where {condition}: write it as owner=88.")
        pairs.append((name, value))
    try:
        return report_request.read(pairs)
    except ValueError as error:
        raise Refused(str(error)) from error


def _give_report(xlsx: Path | None, found: Report) -> None:
    columns, rows = report_tables.columns(found), report_tables.rows(found)
    if xlsx is None:
        _print_csv(columns, rows)
    else:
        total, facts = report_tables.total(found), report_tables.facts(found)
        spreadsheets.write_workbook(
            xlsx, columns, rows, currency=found.currency, total=total, facts=facts
        )
    for line in report_sentences.lines(found):
        click.echo(line, err=True)


def _give(
    xlsx: Path | None,
    columns: Sequence[report_tables.TableColumn],
    rows: Iterator[list[report_tables.Cell]],
    currency: str,
) -> None:
    if xlsx is None:
        _print_csv(columns, rows)
    else:
        spreadsheets.write_workbook(xlsx, columns, rows, currency=currency)


def _print_csv(
    columns: Sequence[report_tables.TableColumn], rows: Iterator[list[report_tables.Cell]]
) -> None:
    for piece in spreadsheets.csv_lines(columns, rows):
        click.echo(piece, nl=False)


def _print(found: Report) -> None:
    """Print a table, what it rests on, and what it leaves out."""
    words = report_sentences.table(found)
    table = Table(box=None, pad_edge=False)
    for place, head in enumerate(words.heads):
        is_key = place < len(found.request.by)
        table.add_column(head, justify="left" if is_key else "right", overflow="fold")
    for row in words.rows:
        table.add_row(*row)
    table.add_section()
    table.add_row(*words.total, style="bold")
    Console(markup=False, highlight=False, soft_wrap=False).print(table)
    for line in report_sentences.lines(found):
        click.echo(line)
