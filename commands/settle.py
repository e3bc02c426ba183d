"""The command that waits until no portal has work left."""

import sys
import time
from typing import Any

import click

from commands.terminal import ID, json_option, json_text
from integration.admin import overview
from integration.core.errors import Refused
from integration.portal.runtime import Runtime, open_runtime

Json = dict[str, Any]
_PAUSE_SECONDS = 0.2
_COUNTED = ("inbox", "events", "stale", "outbox", "importing")


@click.command()
@click.argument("portal_id", metavar="[PORTAL]", type=ID, required=False)
@click.option(
    "--timeout", type=float, default=300.0, show_default=True, help="Seconds to wait at most."
)
@json_option
def settle(portal_id: int | None, timeout: float, *, as_json: bool) -> None:
    """Wait until nothing waits. Status 0 when settled, 1 when paused, held or not in time."""
    with open_runtime() as runtime:
        waited_for = wait_until_settled(runtime, portal_id, timeout)
    if as_json:
        click.echo(json_text([_standing(portal) for portal in waited_for]))
    for sentence in _left_out(waited_for):
        click.echo(sentence, err=True)
    unsettled = [portal for portal in waited_for if not _is_settled(portal)]
    if unsettled and as_json:
        sys.exit(1)
    if unsettled:
        raise Refused("; ".join(_why_not(portal, timeout) for portal in unsettled))


def wait_until_settled(runtime: Runtime, portal_id: int | None, timeout: float) -> list[Json]:
    """Wait until one portal, or every portal, has no work, for *timeout* seconds at most.

    Returns the portals as they stand then. A paused portal keeps its work until it is resumed,
    and one whose values are held back until somebody answers: neither is settled, or waited for.
    """
    deadline = time.monotonic() + timeout
    while True:
        waited_for = _portals(runtime, portal_id)
        if portal_id is not None and not waited_for:
            raise Refused(f"Portal {portal_id} has not installed the app")
        if not any(map(_has_work, waited_for)) or time.monotonic() >= deadline:
            return waited_for
        time.sleep(_PAUSE_SECONDS)


def _has_work(portal: Json) -> bool:
    if portal["state"] != "active" or overview.is_held(portal):
        return False
    return not overview.is_settled(portal)


def _portals(runtime: Runtime, portal_id: int | None) -> list[Json]:
    return [
        portal
        for portal in overview.portals(runtime)
        if portal_id is None or portal["portal_id"] == portal_id
    ]


def _is_settled(portal: Json) -> bool:
    """Whether nothing of the portal's work is left; an uninstalled one has none."""
    if portal["state"] == "active":
        return overview.is_settled(portal)
    return bool(portal["state"] == "uninstalled")


def _left_out(portals: list[Json]) -> list[str]:
    """What HubSpot did not let us read: a portal may be settled without it, but not silently."""
    return [
        f"Portal {portal['portal_id']}: {refused['sentence']}"
        for portal in portals
        for refused in portal["refused_streams"]
    ]


def _standing(portal: Json) -> Json:
    return {
        "portal_id": portal["portal_id"],
        "state": portal["state"],
        "reason": portal["reason"],
        "held": portal["held"],
        "settled": _is_settled(portal),
        "refused_streams": portal["refused_streams"],
        **{queue: portal[queue] for queue in _COUNTED},
    }


def _why_not(portal: Json, timeout: float) -> str:
    if portal["state"] == "paused":
        return (
            f"Portal {portal['portal_id']} is paused, not settled ({_what_waits(portal)}):"
            f" {portal['reason']}"
        )
    if overview.is_held(portal):
        return (
            f"Portal {portal['portal_id']} is not settled ({_what_waits(portal)}): {portal['held']}"
        )
    return (
        f"Portal {portal['portal_id']} is not settled after {timeout:g} seconds:"
        f" {_what_waits(portal)}"
    )


def _what_waits(portal: Json) -> str:
    counts = ", ".join(f"{portal[queue]} {queue}" for queue in _COUNTED if portal[queue])
    return counts or "nothing waits"
