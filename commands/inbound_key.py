"""The command that prints or renews a portal's inbound key."""

from datetime import timedelta

import click

from commands.terminal import installed_portal, portal_argument
from integration.core.errors import Refused
from integration.portal import inbound_keys
from mappings.formats import moment


@click.command("inbound-key")
@portal_argument
@click.option("--renew", is_flag=True, help="Make a new key; the one before works seven days more.")
@click.option("--at-once", is_flag=True, help="With --renew: the one before ends now.")
def inbound_key(portal_id: int, *, renew: bool, at_once: bool) -> None:
    """Print or renew a portal's inbound key. Survey tools and products show it; it is a secret."""
    if at_once and not renew:
        raise Refused("--at-once ends the key before a new one: add --renew")
    with installed_portal(portal_id) as portal:
        if renew:
            grace = timedelta() if at_once else inbound_keys.GRACE
            inbound_keys.renew(portal, actor="command line", grace=grace)
        current = inbound_keys.current(portal)
    if current.key is None:
        raise Refused(
            f"Portal {portal_id}: its inbound key works, but no key in TOKEN_KEYS opens it to be"
            " shown. Put the key that sealed it back, or --renew it."
        )
    click.echo(current.key)
    if current.former_until:
        click.echo(f"The key before works until {moment(current.former_until)}.", err=True)
