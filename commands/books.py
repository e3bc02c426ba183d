"""The ledger at the command line: its rows, its months, why numbers changed, and what only a person may order."""

import csv
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import click

from commands.look import AN_ID, as_json, dump, known
from integration.core.errors import Refused
from integration.portal.context import PortalContext, open_portal
from integration.portal.runtime import open_runtime
from integration.reports import bookkeeping
from integration.reports import explain as explaining
from mappings.rules.ledger import changes, money, periods


class _Month(click.ParamType[datetime]):
    name = "YYYY-MM"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return periods.read_month(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


_MONTH = _Month()
_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_DATE = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])


@click.command()
@click.argument("portal", type=AN_ID)
@as_json
@click.option(
    "--csv", "as_csv", is_flag=True, help="Print CSV (RFC 4180), safe to open in a spreadsheet."
)
@click.option("--month", type=_MONTH, help="Only this month (UTC).")
@click.option(
    "--as", "view", type=click.Choice(["reported", "known"]),
    help="The month as it was reported when it closed, or by what is known of its wins now (the default).",
)  # fmt: skip
@click.option(
    "--changes",
    "as_changes",
    is_flag=True,
    help="Why numbers changed: what was reversed and booked.",
)
@click.option("--since", type=_DATE, help="With --changes: from this day on.")
@click.option("--until", type=_DATE, help="With --changes: before this day.")
@click.option("--deal", type=AN_ID, help="With --changes: of this deal.")
@click.option("--company", type=AN_ID, help="With --changes: what this company is credited.")
@click.option("--contact", type=AN_ID, help="With --changes: what this person is credited.")
@click.option(
    "--pending", is_flag=True, help="Won deals of which nothing is booked, with the reason."
)
@click.option(
    "--close",
    "closes",
    type=_MONTH,
    help="Close this month and all before it; needs --by and --reason.",
)
@click.option(
    "--reopen", "reopens", type=_MONTH, help="Open this month again; needs --by and --reason."
)
@click.option(
    "--rejudge", type=AN_ID, help="Judge this deal by what is known now; needs --by and --reason."
)
@click.option("--by", "actor", default="", help="Who orders it.")
@click.option("--reason", default="", help="Why.")
def ledger(portal: int, *, as_json: bool, as_csv: bool, **asked: Any) -> None:  # noqa: ANN401 - click's options
    """Print the portal's ledger, oldest row first. Months, changes and orders: see the options."""
    _only_one(asked)
    with open_runtime() as runtime, open_portal(runtime, portal) as context:
        known(runtime, portal)
        for name, act in _ACTS.items():
            if asked[name] is not None:
                act(context, asked[name], actor=asked["actor"], reason=asked["reason"])
                click.echo(_DONE[name].format(_shown(asked[name])))
                return
        if asked["as_changes"]:
            _changes(context, asked, as_json=as_json)
        elif asked["pending"]:
            _pending(context, as_json=as_json)
        elif asked["month"] is not None:
            _month(
                context, asked["month"], asked["view"] or "known", as_json=as_json, as_csv=as_csv
            )
        else:
            _rows(explaining.ledger_rows(context), as_json=as_json, safe=as_csv)


_ACTS: dict[str, Callable[..., None]] = {
    "closes": bookkeeping.close,
    "reopens": bookkeeping.reopen,
    "rejudge": bookkeeping.rejudge,
}
_DONE = {
    "closes": "{} and all before it is closed: what changes later lands in the current month.",
    "reopens": "{} is open until somebody closes it again; what it reported first stays on record.",
    "rejudge": "Deal {} is judged anew by what is known now, unless it rests on a removed record; then shares stay.",
}


def _shown(what: datetime | int) -> str:
    return f"{what:%Y-%m}" if isinstance(what, datetime) else str(what)


def _only_one(asked: dict[str, Any]) -> None:
    chosen = [
        name for name in ("as_changes", "pending", *_ACTS) if asked[name] not in (None, False)
    ]
    if len(chosen) > 1:
        raise Refused("Ask for one thing at a time: changes, pending, close, reopen or rejudge.")
    if asked["view"] and asked["month"] is None:
        raise Refused("Say of which month: --month 2026-05 --as reported.")


def _month(
    context: PortalContext, month: datetime, view: str, *, as_json: bool, as_csv: bool
) -> None:
    found = bookkeeping.month(context, month, view)
    rows = [explaining.ledger_row(row) for row in found.rows]
    if as_json:
        click.echo(dump({**_head(found), "rows": rows}))
    elif as_csv:
        _rows(iter(rows), as_json=False, safe=True)
    else:
        for line in _month_in_words(found):
            click.echo(line)


def _head(found: bookkeeping.Month) -> dict[str, Any]:
    return {
        "month": f"{found.month:%Y-%m}",
        "as": found.view,
        "closed_at": found.closed_at.isoformat() if found.closed_at else None,
        "totals": {
            currency: {name: money.major(minor, currency) for name, minor in sums.items()}
            for currency, sums in sorted(found.totals.items())
        },
    }


def _month_in_words(found: bookkeeping.Month) -> Iterator[str]:
    state = f"closed on {found.closed_at:%Y-%m-%d}" if found.closed_at else "still open"
    view = "as originally reported" if found.view == "reported" else "as now known"
    yield f"{found.month:%Y-%m} ({state}), {view}: {len(found.entries)} rows"
    for currency, sums in sorted(found.totals.items()):
        named = ", ".join(
            f"{name.replace('_', '-')} {money.shown(minor, currency)}"
            for name, minor in sums.items()
        )
        yield f"  {named}"
    for row in found.entries:
        away = ""
        if found.view == "known" and periods.month_of(row.effective_at) != found.month:
            away = f" (landed in {row.effective_at:%Y-%m})"
        elif found.view == "reported" and periods.month_of(periods.belongs_at(row)) != found.month:
            away = f" (belongs to {periods.belongs_at(row):%Y-%m})"
        amount = changes.signed(row.amount_minor, row.currency)
        yield f"  {row.effective_at:%Y-%m-%d} deal {row.deal_id} {row.kind}: {amount}, {row.occasion}{away}"


def _changes(context: PortalContext, asked: dict[str, Any], *, as_json: bool) -> None:
    about = [
        (kind, asked[kind]) for kind in ("deal", "company", "contact") if asked[kind] is not None
    ]
    if len(about) > 1:
        raise Refused("Ask about one deal, company or contact at a time.")
    told, who = bookkeeping.story(
        context,
        about=about[0] if about else None,
        within=asked["month"],
        since=_utc(asked["since"]),
        until=_utc(asked["until"]),
    )
    if as_json:
        click.echo(dump(_story(told, who)))
        return
    for one in told.changes:
        for line in changes.in_words(one, who):
            click.echo(line)
    for currency in sorted({*told.before, *told.after}):
        before, after = told.before.get(currency, 0), told.after.get(currency, 0)
        difference = changes.signed(after - before, currency)
        click.echo(
            f"{money.shown(before, currency)} -> {money.shown(after, currency)}: {difference}"
        )
    if not told.changes:
        click.echo("Nothing changed.")


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.replace(tzinfo=UTC)


def _story(told: changes.Story, who: Any) -> dict[str, Any]:  # noqa: ANN401 - names by key
    return {
        "before": _sums(told.before),
        "after": _sums(told.after),
        "second_order_before": _sums(told.derived_before),
        "second_order_after": _sums(told.derived_after),
        "changes": [
            {
                "deal_id": one.deal_id,
                "at": one.at.isoformat(),
                "occasion": one.occasion,
                "reason": one.reason,
                "difference": _sums(one.differences),
                "second_order": _sums(one.derived),
                "words": changes.in_words(one, who),
                "lines": [_line(each, who) for each in one.lines],
            }
            for one in told.changes
        ],
    }


def _line(each: changes.Line, who: Any) -> dict[str, Any]:  # noqa: ANN401 - names by key
    return {
        "key": each.key,
        "kind": each.kind,
        "who": who.get(each.key, ""),
        "company_id": each.company_id,
        "currency": each.currency,
        "taken_back": money.major(each.back, each.currency),
        "booked": money.major(each.booked, each.currency),
        "difference": money.major(each.difference, each.currency),
        "reason": each.reason,
    }


def _sums(sums: Any) -> dict[str, str]:  # noqa: ANN401 - minor units by currency
    return {currency: money.major(minor, currency) for currency, minor in sorted(sums.items())}


def _pending(context: PortalContext, *, as_json: bool) -> None:
    found = bookkeeping.pending(context)
    if as_json:
        click.echo(dump(found))
        return
    for one in found:
        click.echo(f"deal {one['deal_id']}: {one['why']}")
    if not found:
        click.echo("Every won deal is booked.")


def _rows(rows: Iterator[dict[str, Any]], *, as_json: bool, safe: bool) -> None:
    if not as_json:
        _print_csv(rows, safe=safe)
        return
    for chunk in _json_list(rows):
        click.echo(chunk, nl=False)


def _json_list(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    first = True
    yield "["
    for row in rows:
        yield ("\n" if first else ",\n") + json.dumps(row, default=str, ensure_ascii=False)
        first = False
    yield "\n]\n"


def _print_csv(rows: Iterable[dict[str, Any]], *, safe: bool) -> None:
    writer: Any = None
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(sys.stdout, list(row), lineterminator="\r\n" if safe else "\n")
            writer.writeheader()
        writer.writerow({key: _cell(value) for key, value in row.items()})
    if writer is None:
        click.echo("The ledger is empty: no won deal yet.", err=True)


def _cell(value: object) -> object:
    """Spreadsheets run text that begins like a formula: an apostrophe keeps it text. A number is added up."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return value
    if isinstance(value, str) and value.lstrip()[:1] in set("=+-@\t\r\n\0＝＋－＠"):  # noqa: RUF001 - full-width forms count, too
        return "'" + value
    return value
