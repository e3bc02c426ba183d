"""The command that prints the ledger, its months and its changes, and takes people's orders."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, tzinfo
from typing import Any

import click

from commands import ledger_output
from commands.terminal import ID, installed_portal, json_option, json_text, portal_argument
from integration.core.errors import Refused
from integration.portal.context import PortalContext
from integration.reports import bookkeeping, ledger_lines, revenue_total, total_words
from integration.reports.revenue_total import Total
from mappings.formats import month
from mappings.rules.ledger import periods


class _Month(click.ParamType[date]):
    name = "YYYY-MM"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> date:
        if isinstance(value, date):
            return value
        try:
            return periods.read_month(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


_MONTH = _Month()
_DATE = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])


@click.command()
@portal_argument
@json_option
@click.option(
    "--csv", "as_csv", is_flag=True, help="Print CSV (RFC 4180), safe to open in a spreadsheet."
)
@click.option("--month", type=_MONTH, help="Only this month, in the account's time zone.")
@click.option(
    "--as",
    "view",
    type=click.Choice(["reported", "known"]),
    help="The month as it was reported when it closed, or by what is known of its wins now"
    " (the default).",
)
@click.option(
    "--changes",
    "as_changes",
    is_flag=True,
    help="Why numbers changed: what was reversed and booked.",
)
@click.option("--since", type=_DATE, help="With --changes: from this day of the account on.")
@click.option("--until", type=_DATE, help="With --changes: before this day.")
@click.option("--deal", type=ID, help="With --changes: of this deal.")
@click.option("--company", type=ID, help="With --changes: what this company is credited.")
@click.option("--contact", type=ID, help="With --changes: what this person is credited.")
@click.option(
    "--total",
    "as_total",
    is_flag=True,
    help="The total alone, of all time or of --month: parts, range, what could be judged.",
)
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
    "--rejudge", type=ID, help="Judge this deal by what is known now; needs --by and --reason."
)
@click.option("--by", "author", default="", help="Who orders it.")
@click.option("--reason", default="", help="Why.")
# click passes the options as they are declared here: of every type.
def ledger(portal_id: int, *, as_json: bool, as_csv: bool, **options: Any) -> None:  # noqa: ANN401
    """Print the portal's ledger, oldest row first. Months, changes and orders: see the options."""
    _check_options(options)
    with installed_portal(portal_id) as portal:
        for name in _ORDERS:
            if options[name] is not None:
                click.echo(_give_order(portal, name, options))
                return
        if options["as_changes"]:
            _print_changes(portal, options, as_json=as_json)
        elif options["pending"]:
            _print_pending(portal, as_json=as_json)
        elif options["as_total"]:
            found = revenue_total.as_json(revenue_total.of(portal, options["month"]))
            ledger_output.print_total(found, as_json=as_json, as_csv=as_csv)
        elif options["month"] is not None:
            view = options["view"] or "known"
            month = bookkeeping.month(portal, options["month"], view)
            _print_month(month, as_json=as_json, as_csv=as_csv)
        elif as_json:
            ledger_output.print_json(ledger_lines.ledger_rows(portal))
        else:
            ledger_output.print_csv(ledger_lines.ledger_rows(portal), for_spreadsheet=as_csv)
            _say_beside(revenue_total.of(portal))


# What only a person may order: by option, the use case and the sentence that says it is done.
_ORDERS: Mapping[str, tuple[Callable[..., None], str]] = {
    "closes": (
        bookkeeping.close,
        "{} and all before it is closed: what changes later lands in the current month.",
    ),
    "reopens": (
        bookkeeping.reopen,
        "{} is open until somebody closes it again; what it reported first stays on record.",
    ),
    "rejudge": (
        bookkeeping.rejudge,
        (
            "Deal {} is judged anew by what is known now, unless it rests on a removed record;"
            " then shares stay."
        ),
    ),
}


def _check_options(options: Mapping[str, Any]) -> None:
    exclusive = ("as_changes", "as_total", "pending", *_ORDERS)
    if sum(options[name] not in (None, False) for name in exclusive) > 1:
        raise Refused(
            "Ask for one thing at a time: changes, total, pending, close, reopen or rejudge."
        )
    if options["view"] and options["month"] is None:
        raise Refused("Say of which month: --month 2026-05 --as reported.")
    if options["as_total"] and options["view"] == "reported":
        raise Refused(
            "A total is what is known now; --month without --total tells what a month reported."
        )


def _give_order(portal: PortalContext, name: str, options: Mapping[str, Any]) -> str:
    act, sentence = _ORDERS[name]
    what = options[name]
    act(portal, what, actor=options["author"], reason=options["reason"])
    return sentence.format(month(what) if isinstance(what, date) else what)


def _print_month(month: bookkeeping.Month, *, as_json: bool, as_csv: bool) -> None:
    rows = [ledger_lines.ledger_row(row, month.terms) for row in month.rows]
    if as_json:
        click.echo(json_text({**ledger_output.month_head(month), "rows": rows}))
    elif as_csv:
        ledger_output.print_csv(rows, for_spreadsheet=True)
        _say_beside(month.total)
    else:
        for line in ledger_output.month_lines(month):
            click.echo(line)


def _say_beside(total: Total) -> None:
    """Tell the total beside the rows, not among them: whoever adds up a column must get it."""
    click.echo(total_words.headline(revenue_total.as_json(total)), err=True)


def _print_changes(portal: PortalContext, options: Mapping[str, Any], *, as_json: bool) -> None:
    zone = bookkeeping.calendar(portal).zone
    story, credited = bookkeeping.story(
        portal,
        about=_record_asked_about(options),
        within=options["month"],
        since=_in_zone(options["since"], zone),
        until=_in_zone(options["until"], zone),
    )
    if as_json:
        click.echo(json_text(ledger_output.story_json(story, credited)))
        return
    for line in ledger_output.story_lines(story, credited):
        click.echo(line)


def _record_asked_about(options: Mapping[str, Any]) -> tuple[str, int] | None:
    records = [
        (object_type, options[object_type])
        for object_type in ("deal", "company", "contact")
        if options[object_type] is not None
    ]
    if len(records) > 1:
        raise Refused("Ask about one deal, company or contact at a time.")
    return records[0] if records else None


def _in_zone(at: datetime | None, zone: tzinfo) -> datetime | None:
    return None if at is None else at.replace(tzinfo=zone).astimezone(UTC)


def _print_pending(portal: PortalContext, *, as_json: bool) -> None:
    deals = bookkeeping.pending(portal)
    if as_json:
        click.echo(json_text(deals))
        return
    for deal in deals:
        click.echo(f"deal {deal['deal_id']}: {deal['why']}")
    if not deals:
        click.echo("Every won deal is booked.")
