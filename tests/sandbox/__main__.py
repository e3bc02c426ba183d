"""python -m tests.sandbox: the sandbox as a process."""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
import threading

from .crm import HubSpot
from .records import Value
from .server import start


def _part(name: str) -> Value:
    """A neighbour module that may not be there."""
    try:
        return importlib.import_module(f"{__package__}.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"{__package__}.{name}":
            raise
        return None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.sandbox", description="A HubSpot on this machine."
    )
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "--town", help="a shipped town's name or a folder; without it two small empty portals"
    )
    parser.add_argument("--webhook-url", help="where events are sent")
    parser.add_argument(
        "--redirect-url", action="append", default=[], help="OAuth callback; may be repeated"
    )
    parser.add_argument("--auto", action="store_true", help="the authorize page approves at once")
    parser.add_argument("--client-id")
    parser.add_argument("--client-secret")
    parser.add_argument("--app-id", type=int)
    parser.add_argument(
        "--limit", type=int, default=110, help="requests per ten seconds and portal"
    )
    parser.add_argument(
        "--latency", type=float, default=0.0, help="seconds each call takes at least"
    )
    parser.add_argument("--seed", type=int, default=7)
    return parser.parse_args()


def _hubspot(given: argparse.Namespace) -> HubSpot:
    hubspot = HubSpot(seed=given.seed)
    app = hubspot.app
    app.client_id = given.client_id or app.client_id
    app.client_secret = given.client_secret or app.client_secret
    app.app_id = given.app_id or app.app_id
    app.redirect_urls = given.redirect_url or app.redirect_urls
    app.webhook_url = given.webhook_url
    hubspot.quirks.approve_at_once = given.auto
    hubspot.subscriptions.add_all(("contact", "company", "deal", "ticket"))
    if given.town:
        town = _part("town")
        if town is None:
            raise SystemExit("no towns are here (tests/sandbox/town.py)")
        town.load(hubspot, given.town, seed=given.seed)
    else:
        hubspot.add_portal(4711, "Harbor")
        hubspot.add_portal(4712, "Orchard", service_hub=False)
    for portal in hubspot.portals.values():
        portal.allowance.limit = given.limit
    if given.latency:
        hubspot.trouble.add("latency", seconds=given.latency)
    return hubspot


def main() -> None:
    """Serve until told to stop."""
    given = _arguments()
    hubspot = _hubspot(given)
    pages = _part("pages")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    application = pages.application(hubspot) if pages is not None else None
    with start(hubspot, given.port, application, given.host) as server, hubspot.courier.running():
        sys.stdout.write(f"HubSpot sandbox at {server.url}\n")
        sys.stdout.flush()
        stop.wait()


if __name__ == "__main__":
    main()
