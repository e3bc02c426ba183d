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
    report,
    review,
    rotate_keys,
    schedule,
    settings,
    settle,
    status,
    uninstall,
    up,
    web,
    worker,
)
from integration.core import own_process
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
    settings.settings,
    explain.explain,
    ledger.ledger,
    report.report,
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
    """Run a command; what is wrong around us ends it with one sentence and status 1."""
    own_process.settle_in()
    try:
        cli()
    except SecondOrderError as error:
        _end(str(error))
    except OSError as trouble:
        _end(f"{trouble.filename or 'the system'}: {trouble.strerror or type(trouble).__name__}")


def _end(sentence: str) -> None:
    click.echo(f"second-order: {sentence}", err=True)
    sys.exit(1)
