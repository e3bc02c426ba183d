"""The command that lists an account's users and hands out roles."""

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from commands.terminal import installed_portal, json_option, json_text, portal_argument
from integration.admin import roles
from integration.core.errors import Refused
from integration.portal.context import PortalContext
from integration.storage.service import portal_users
from integration.storage.service.portal_users import PortalUser
from mappings.formats import moment
from mappings.kinds import Role

_NONE = "none"
_ROLES = click.Choice([*(role.value for role in Role), _NONE])


@click.command()
@portal_argument
@click.option(
    "--give",
    nargs=2,
    type=(str, _ROLES),
    metavar="USER ROLE",
    help="Give a user, by id or mail address, a role; none takes it away.",
)
@click.option("--by", "author", default="", metavar="NAME", help="Who orders it.")
@json_option
def users(portal_id: int, *, give: tuple[str, str] | None, author: str, as_json: bool) -> None:
    """List an account's users with their roles, or give one a role."""
    with installed_portal(portal_id) as portal:
        if give:
            user = _user(portal, give[0])
            roles.give(portal, user.user_id, Role.of(give[1]), actor=author or "command line")
        with portal.transaction() as tx:
            listed = portal_users.every(tx)
    if as_json:
        click.echo(json_text([_json(user) for user in listed]))
        return
    table = Table("User", "Name", "E-mail", "Role", "Since", "Last here")
    for user in listed:
        role = user.role.label if user.role else "no role"
        gone = ", left HubSpot" if user.has_left else ""
        seen = moment(user.seen_at) if user.seen_at else "never"
        who = escape(user.name), escape(user.email)
        table.add_row(str(user.user_id), *who, role + gone, moment(user.since), seen)
    Console().print(table if listed else "Nobody was here yet.")


def _user(portal: PortalContext, text: str) -> PortalUser:
    with portal.transaction() as tx:
        listed = portal_users.every(tx)
    for user in listed:
        if text.lower() in {str(user.user_id), user.email.lower()}:
            return user
    raise Refused(f"No user of this account is {text[:100]}; only who was here has a role")


def _json(user: PortalUser) -> dict[str, object]:
    return {
        "user_id": user.user_id,
        "name": user.name,
        "email": user.email,
        "role": user.role.value if user.role else None,
        "since": user.since,
        "given_by": user.given_by,
        "seen_at": user.seen_at,
        "has_left": user.has_left,
    }
