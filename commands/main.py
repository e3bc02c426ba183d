"""second-order: the command line of the product."""

import copy
import functools
import sys
from collections.abc import MutableMapping
from typing import Any

import click

from commands import (
    ask,
    backfill,
    board,
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
    users,
    web,
    worker,
)
from commands.terminal import ID, installed_portal
from integration.admin import roles
from integration.core import own_process
from integration.core.errors import Refused, SecondOrderError
from integration.portal import permissions
from integration.portal.permissions import Open, Permission


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--as",
    "as_user",
    type=ID,
    metavar="USER",
    help="Act as this HubSpot user: in their name, and only as far as their role allows.",
)
@click.pass_context
def cli(context: click.Context, *, as_user: int | None) -> None:
    """Second-order revenue for HubSpot: which deals exist because of a customer, and why.

    On one machine `second-order up` is all that runs; the other commands talk to the same data.
    Configuration comes from the environment: see docs/operations.md.
    """
    context.obj = as_user


def _guarded(command: click.Command) -> click.Command:
    """Return a command that asks the table of permissions before it does anything."""
    act = command.callback
    if act is None:
        raise LookupError(command.name)
    name = str(command.name)
    asked = permissions.of_command(name)

    @functools.wraps(act)
    def ask_first(**values: Any) -> Any:  # noqa: ANN401 - whatever the command takes and answers
        user_id = click.get_current_context().find_root().obj
        if user_id is not None:
            _check(name, asked, user_id, values)
        return act(**values)

    guarded = copy.copy(command)
    guarded.callback = ask_first
    return guarded


def _check(
    name: str, asked: Permission | Open, user_id: int, values: MutableMapping[str, Any]
) -> None:
    """Refuse what the user's role does not allow; what they do carries their name."""
    portal_id = values.get("portal_id")
    if isinstance(asked, Open) or portal_id is None:
        raise Refused(f"{name} is for whoever runs the server, and is not done as a user")
    with installed_portal(portal_id) as portal:
        roles.check_command(portal, user_id, name, asked)
    if values.get("author"):
        raise Refused("Say --as or --by, not both: what a user does carries their name")
    if "author" in values:
        values["author"] = f"user:{user_id}"


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
    board.board,
    ask.ask,
    orders.orders,
    review.review,
    status.status,
    forget.forget,
    uninstall.uninstall,
    users.users,
    rotate_keys.rotate_keys,
    inbound_key.inbound_key,
    project.project,
    doctor.doctor,
):
    cli.add_command(_guarded(command))


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
