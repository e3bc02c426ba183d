"""The command that waits until no portal has work left."""

import time
from typing import Any

import click

from commands.terminal import ID
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
def settle(portal_id: int | None, timeout: float) -> None:
    """Wait until nothing waits. Status 0 when settled, 1 when not in time."""
    with open_runtime() as runtime:
        if not wait_until_settled(runtime, portal_id, timeout):
            waiting = "; ".join(
                _what_waits(portal)
                for portal in _portals(runtime, portal_id)
                if not overview.is_settled(portal)
            )
            raise Refused(f"Not settled after {timeout:g} seconds: {waiting}")


def wait_until_settled(runtime: Runtime, portal_id: int | None, timeout: float) -> bool:
    """Wait until one portal, or every portal, has no work; return False after *timeout* seconds."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        waited_for = _portals(runtime, portal_id)
        if portal_id is not None and not waited_for:
            raise Refused(f"Portal {portal_id} has not installed the app")
        # A paused portal keeps its work until it is reconnected: waiting for it would never end.
        if all(portal["state"] != "active" or overview.is_settled(portal) for portal in waited_for):
            return True
        time.sleep(_PAUSE_SECONDS)
    return False


def _portals(runtime: Runtime, portal_id: int | None) -> list[Json]:
    return [
        portal
        for portal in overview.portals(runtime)
        if portal_id is None or portal["portal_id"] == portal_id
    ]


def _what_waits(portal: Json) -> str:
    counts = ", ".join(f"{portal[queue]} {queue}" for queue in _COUNTED if portal[queue])
    return f"portal {portal['portal_id']}: {counts}"
