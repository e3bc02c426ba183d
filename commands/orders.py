"""The command that works out all orders anew and compares them with the kept ones."""

import dataclasses

import click
from rich.console import Console
from rich.table import Table

from commands.terminal import installed_portal, json_option, json_text, portal_argument
from integration.rollup import roll_up

_SHOWN = 20


@click.command(
    help="Check orders and all-in values. Works all of them out anew, compares, and ends with"
    " status 1 when they differ.\n\nA portal at work may differ for as long as work waits:"
    " `second-order settle PORTAL` first."
)
@portal_argument
@click.option("--repair", is_flag=True, help="Let what differs be concluded again.")
@json_option
def orders(portal_id: int, *, repair: bool, as_json: bool) -> None:
    """Compare the kept orders and all-in values with new ones; end with status 1 if they differ."""
    with installed_portal(portal_id) as portal:
        comparison = roll_up.check(portal, repair=repair)
        if repair and not comparison.agrees:
            portal.runtime.queue.wake(portal_id, "drain")
    if as_json:
        click.echo(json_text({**dataclasses.asdict(comparison), "agrees": comparison.agrees}))
    else:
        _show(comparison)
    if not comparison.agrees:
        raise SystemExit(1)


def _show(comparison: roll_up.Comparison) -> None:
    console = Console(highlight=False)
    console.print(
        f"Won deals: {comparison.deals:,}, of companies: {comparison.companies:,}."
        f" Edges: {comparison.edges:,}, inherited: {comparison.inherited:,}."
        f" Deepest order: {comparison.deepest}."
        f" Companies with credit that returns to them (shown, not added):"
        f" {comparison.self_returns:,}. Worked out in {comparison.seconds:.1f} s."
    )
    for deal_id, company_id in comparison.refused[:_SHOWN]:
        console.print(
            f"Refused: deal {deal_id} names company {company_id}, which had not bought before it"
            " closed."
        )
    if len(comparison.refused) > _SHOWN:
        console.print(f"… and {len(comparison.refused) - _SHOWN:,} more; --json has all.")
    if comparison.agrees:
        console.print("All that is kept agrees, to the minor unit.")
    else:
        _show_differences(console, comparison)
    if comparison.waiting:
        console.print(
            f"{comparison.waiting:,} records wait to be concluded; they were not compared."
        )


def _show_differences(console: Console, comparison: roll_up.Comparison) -> None:
    table = Table("Company", "Kept, minor units", "Worked out")
    for company_id, (kept, worked_out) in sorted(comparison.totals.items()):
        table.add_row(str(company_id), str(kept), str(worked_out))
    console.print(table)
    console.print(
        f"Companies that differ: {len(comparison.companies_differ):,}."
        f" Deals: {len(comparison.deals_differ):,}."
    )
