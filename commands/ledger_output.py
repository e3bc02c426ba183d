"""The ledger as JSON, as CSV and in sentences."""

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import click

from commands.terminal import json_text, prints_every_sign
from integration.reports import revenue_total, total_words
from integration.reports.bookkeeping import Month
from mappings import formats
from mappings.records.spreadsheet_cells import guarded
from mappings.rules.findings import Entry
from mappings.rules.ledger import changes, money, periods
from mappings.rules.ledger.total_range import RATE_BASIS

Json = dict[str, Any]


def month_head(month: Month) -> Json:
    """Return a month's state and sums, in major units."""
    return {
        "month": f"{month.month:%Y-%m}",
        "as": month.view,
        "closed_at": month.closed_at.isoformat() if month.closed_at else None,
        "totals": {
            currency: _line_sums(sums, currency) for currency, sums in sorted(month.totals.items())
        },
        "in_home": _line_sums(month.in_home, month.home) if month.home else {},
        "total": revenue_total.as_json(month.total),
    }


def _line_sums(sums: Mapping[str, int], currency: str) -> dict[str, str]:
    return {name: money.major(minor, currency) for name, minor in sums.items()}


def month_lines(month: Month) -> Iterator[str]:
    """Yield a month's state, sums and rows as sentences."""
    day_of = month.calendar.day_of
    closed_on = formats.day(day_of(month.closed_at)) if month.closed_at else ""
    state = f"closed on {closed_on}" if closed_on else "still open"
    view = "as originally reported" if month.view == "reported" else "as now known"
    yield f"{formats.month(month.month)} ({state}), {view}: {len(month.entries)} rows"
    for currency, sums in sorted(month.totals.items()):
        amounts = ", ".join(
            f"{name.replace('_', '-')} {money.shown(minor, currency)}"
            for name, minor in sums.items()
        )
        yield f"  {amounts}"
    if month.view == "reported" and month.home:
        sums_shown = ", ".join(
            f"{name.replace('_', '-')} {money.shown(minor, month.home)}"
            for name, minor in month.in_home.items()
        )
        yield f"  all of it, {RATE_BASIS}: {sums_shown}"
    yield from (f"  {line}" for line in total_words.lines(revenue_total.as_json(month.total)))
    for entry in month.entries:
        amount = changes.signed(entry.amount_minor, entry.currency)
        what = f"deal {entry.deal_id} {entry.kind}: {amount}, {entry.occasion}"
        day = formats.day(day_of(entry.effective_at))
        yield f"  {day} {what}{_other_month(month, entry)}"


def _other_month(month: Month, entry: Entry) -> str:
    """Return the month that an entry landed in or belongs to, where it is not the one shown."""
    landed = month.calendar.month_of(entry.effective_at)
    belongs = month.calendar.month_of(periods.belongs_at(entry))
    if month.view == "known" and landed != month.month:
        return f" (landed in {formats.month(landed)})"
    if month.view == "reported" and belongs != month.month:
        return f" (belongs to {formats.month(belongs)})"
    return ""


def story_lines(story: changes.Story, credited: Mapping[str, str]) -> Iterator[str]:
    """Yield what happened, then each currency's sum before and after; *credited* names by key."""
    for change in story.changes:
        yield from changes.in_words(change, credited)
    for currency in sorted({*story.before, *story.after}):
        before, after = story.before.get(currency, 0), story.after.get(currency, 0)
        sums = f"{money.shown(before, currency)} -> {money.shown(after, currency)}"
        yield f"{sums}: {changes.signed(after - before, currency)}"
    if not story.changes:
        yield "Nothing changed."


def story_json(story: changes.Story, credited: Mapping[str, str]) -> Json:
    """Return what happened and the sums before and after, for scripts; *credited* names by key."""
    return {
        "before": _sums(story.before),
        "after": _sums(story.after),
        "second_order_before": _sums(story.derived_before),
        "second_order_after": _sums(story.derived_after),
        "changes": [_change_json(change, credited) for change in story.changes],
    }


def _change_json(change: changes.Change, credited: Mapping[str, str]) -> Json:
    return {
        "deal_id": change.deal_id,
        "at": change.at.isoformat(),
        "occasion": change.occasion,
        "reason": change.reason,
        "difference": _sums(change.differences),
        "second_order": _sums(change.derived),
        "words": changes.in_words(change, credited),
        "lines": [_line_json(line, credited) for line in change.lines],
    }


def _line_json(line: changes.Line, credited: Mapping[str, str]) -> Json:
    return {
        "key": line.key,
        "kind": line.kind,
        "who": credited.get(line.key, ""),
        "company_id": line.company_id,
        "currency": line.currency,
        "taken_back": money.major(line.back, line.currency),
        "booked": money.major(line.booked, line.currency),
        "difference": money.major(line.difference, line.currency),
        "reason": line.reason,
    }


def _sums(minor_by_currency: Mapping[str, int]) -> dict[str, str]:
    return {
        currency: money.major(minor, currency)
        for currency, minor in sorted(minor_by_currency.items())
    }


def print_total(total: Json, *, as_json: bool, as_csv: bool) -> None:
    """Print a total in sentences, as JSON, or as CSV: a name and a value a row."""
    if as_json:
        click.echo(json_text(total))
    elif as_csv:
        print_csv(_named_values(total), for_spreadsheet=True)
    else:
        for line in total_words.lines(total):
            click.echo(line)


def _named_values(values: Json, head: str = "") -> Iterator[Json]:
    """Yield what is in nested JSON, a row each, by names like by_kind.referral."""
    for name, value in values.items():
        path = f"{head}{name}"
        if isinstance(value, list):
            numbered = {str(number): item for number, item in enumerate(value, 1)}
            yield from _named_values(numbered, f"{path}.")
        elif isinstance(value, dict):
            yield from _named_values(value, f"{path}.")
        else:
            yield {"name": path, "value": value}


def print_json(rows: Iterable[Json]) -> None:
    """Print rows as one JSON list, a row a line, each as it comes."""
    separator, escapes = "[\n", not prints_every_sign()
    for row in rows:
        click.echo(separator + json.dumps(row, default=str, ensure_ascii=escapes), nl=False)
        separator = ",\n"
    click.echo("[\n]" if separator == "[\n" else "\n]")


def print_csv(rows: Iterable[Json], *, for_spreadsheet: bool) -> None:
    """Print rows as CSV, each as it comes; the line ends of RFC 4180 are for spreadsheets."""
    line_end = "\r\n" if for_spreadsheet else "\n"
    writer: csv.DictWriter[str] | None = None
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(sys.stdout, list(row), lineterminator=line_end)
            writer.writeheader()
        writer.writerow({name: _cell(value) for name, value in row.items()})
    if writer is None:
        click.echo("The ledger is empty: no won deal yet.", err=True)


def _cell(value: object) -> object:
    return guarded(value) if isinstance(value, str) else value
