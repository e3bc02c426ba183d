"""second-order: the command line of the product."""

import sys

import click

from commands import (
    backfill,
    doctor,
    explain,
    forget,
    inbound_key,
    ledger,
    migrate,
    orders,
    policy,
    portals,
    preview,
    project,
    replay,
    review,
    rotate_keys,
    schedule,
    settle,
    status,
    uninstall,
    up,
    web,
    worker,
)
from integration.core.errors import SecondOrderError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Second-order revenue for HubSpot: which deals exist because of a customer, and why.

    On one machine `second-order up` is all that runs; the other commands talk to the same data.
    Configuration comes from the environment: see docs/operations.md.
    """


for command in (
    up.up,
    web.web,
    worker.worker,
    schedule.schedule,
    migrate.migrate,
    portals.portals,
    backfill.backfill,
    settle.settle,
    replay.replay,
    policy.policy,
    preview.preview,
    explain.explain,
    ledger.ledger,
    orders.orders,
    review.review,
    status.status,
    forget.forget,
    uninstall.uninstall,
    rotate_keys.rotate_keys,
    inbound_key.inbound_key,
    project.project,
    doctor.doctor,
):
    cli.add_command(command)


def main() -> None:
    """Run a command; an error that we know ends it with one sentence and status 1."""
    try:
        cli()
    except SecondOrderError as error:
        click.echo(f"second-order: {error}", err=True)
        sys.exit(1)
