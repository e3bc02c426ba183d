"""The command that works all orders out anew and compares them with what is kept."""

import dataclasses

import click
from rich.console import Console
from rich.table import Table

from commands.look import AN_ID, as_json, dump, known
from integration.portal.context import open_portal
from integration.portal.runtime import open_runtime
from integration.rollup import roll_up

_SHOWN = 20


@click.command()
@click.argument("portal", type=AN_ID)
@click.option("--repair", is_flag=True, help="Let what differs be concluded again.")
@as_json
def orders(portal: int, *, repair: bool, as_json: bool) -> None:
    """Check orders and all-in values. Works all of them out anew, compares, and ends with status 1 when they differ.

    A portal at work may differ for as long as work waits: `second-order settle PORTAL` first.
    """
    with open_runtime() as runtime, open_portal(runtime, portal) as context:
        known(runtime, portal)
        found = roll_up.check(context, repair=repair)
        if repair and not found.agrees:
            runtime.queue.wake(portal, "drain")
    if as_json:
        click.echo(dump({**dataclasses.asdict(found), "agrees": found.agrees}))
    else:
        _show(found)
    if not found.agrees:
        raise SystemExit(1)


def _show(found: roll_up.Comparison) -> None:
    console = Console(highlight=False)
    console.print(
        f"Won deals: {found.deals:,}, of companies: {found.companies:,}. Edges: {found.edges:,}, inherited:"
        f" {found.inherited:,}. Deepest order: {found.deepest}. Companies with credit that returns to them (shown, not"
        f" added): {found.self_returns:,}. Worked out in {found.seconds:.1f} s."
    )
    for deal, company in found.refused[:_SHOWN]:
        console.print(
            f"Refused: deal {deal} names company {company}, which had not bought before it closed."
        )
    if len(found.refused) > _SHOWN:
        console.print(f"… and {len(found.refused) - _SHOWN:,} more; --json has all.")
    if found.agrees:
        console.print("All that is kept agrees, to the minor unit.")
        return
    table = Table("Company", "Kept, minor units", "Worked out")
    for company, (kept, worked_out) in sorted(found.totals.items()):
        table.add_row(str(company), str(kept), str(worked_out))
    console.print(table)
    console.print(
        f"Companies that differ: {len(found.companies_differ):,}. Deals: {len(found.deals_differ):,}."
    )
