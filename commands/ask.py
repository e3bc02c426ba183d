"""The command that says whom to ask for a referral today, and why."""

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from commands.terminal import ID, installed_portal, json_option, json_text, portal_argument
from integration.success import ask_list, asking
from integration.success.ask_list import AskFilter, AskLine, AskList
from mappings import formats
from mappings.kinds import AskState

_WHO = "command line"


@click.command()
@portal_argument
@click.option("--owner", type=ID, help="Only people at this owner's customers.")
@click.option("--leave", type=ID, metavar="CONTACT", help="Never ask this person.")
@click.option("--again", type=ID, metavar="CONTACT", help="This person may be asked again.")
@json_option
def ask(
    portal_id: int, *, owner: int | None, leave: int | None, again: int | None, as_json: bool
) -> None:
    """Print whom to ask for a referral today, the most money at stake first, and why."""
    owners = None if owner is None else frozenset({owner})
    with installed_portal(portal_id) as portal:
        if leave is not None:
            asking.opt_out(portal, leave, actor=_WHO)
        if again is not None:
            asking.withdraw_opt_out(portal, again, actor=_WHO)
        found = ask_list.whole(portal, AskFilter(owners=owners))
    if as_json:
        click.echo(json_text(_plain(found)))
        return
    _print(found)


def _plain(found: AskList) -> dict[str, object]:
    return {
        "currency": found.currency,
        "counts": {state.value: found.counts[state] for state in AskState},
        "people": [_line(line) for line in found.lines],
    }


def _line(line: AskLine) -> dict[str, object]:
    choice = line.choice
    return {
        "contact_id": line.contact_id,
        "person": line.person,
        "company_id": line.company_id,
        "company": line.company,
        "owner_id": line.owner_id,
        "ask_for": choice.kind.value,
        "because": choice.because,
        "target_contact_id": choice.target.contact_id if choice.target else None,
        "win": line.win.words if line.win else None,
        "win_at": line.win.at if line.win else None,
        "score": line.points / 10,
        "parts": {name: tenths / 10 for name, tenths in line.parts.items()},
        "at_stake_minor": line.stake_minor,
        "bought_lately_minor": line.worth_minor,
        "is_due_this_week": line.is_due,
    }


def _print(found: AskList) -> None:
    console = Console()
    if not found.lines:
        console.print("Nobody to ask just now.")
    else:
        table = Table("Person", "Customer", "Owner", "Ask for", "Why now", "At stake", "This week")
        for line in found.lines:
            table.add_row(*map(escape, _cells(line, found.currency)))
        console.print(table)
    others = (f"{found.counts[state]} {state.label.lower()}" for state in list(AskState)[1:])
    console.print(f"Others: {', '.join(others)}.")


def _cells(line: AskLine, currency: str) -> tuple[str, ...]:
    won = f"{line.win.words}, {formats.day(line.win.at)}" if line.win else ""
    return (
        f"{line.person} ({line.contact_id})",
        f"{line.company} ({line.company_id})",
        line.owner.name if line.owner else "",
        f"{line.choice.kind.label}: {line.choice.because}",
        won,
        formats.money(line.stake_minor or None, currency),
        "yes" if line.is_due else "later",
    )
