"""second-order: the command line of the product."""

import sys

import click

from commands import books, look, policy, process, repair, reviewing, rolling
from integration.core.errors import SecondOrderError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Second-order revenue for HubSpot: which deals exist because of a customer, and why.

    On one machine `second-order up` is all that runs; the other commands talk to the same data.
    Configuration comes from the environment: see docs/operations.md.
    """


for command in (
    process.up,
    process.web,
    process.worker,
    process.schedule,
    repair.migrate,
    look.portals,
    repair.backfill,
    look.settle,
    repair.replay,
    policy.policy,
    look.explain,
    books.ledger,
    rolling.orders,
    reviewing.review,
    look.status_command,
    repair.forget_command,
    repair.uninstall_command,
    repair.rotate_keys,
    repair.inlet_key,
    repair.project,
    look.doctor,
):
    cli.add_command(command)


def main() -> None:
    """Run a command; trouble we know ends with one sentence and status 1."""
    try:
        cli()
    except SecondOrderError as trouble:
        click.echo(f"second-order: {trouble}", err=True)
        sys.exit(1)
