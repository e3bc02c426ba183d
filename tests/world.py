"""A little world for end-to-end tests: a local HubSpot with two portals, and the app around it, without workers.

world.harbor.crm.update("deal", deal.id, {"amount": "500"})   # a HubSpot user does something
world.settle()                                                # webhooks, sync, conclude, writeback
assert world.harbor.read("deal", deal.id, "second_order_source") == "referral"
"""

import contextlib
import dataclasses
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from flask import Flask
from werkzeug.serving import make_server

import wsgi
from integration.admin import install, overview
from integration.core.environment import Settings
from integration.core.servers import free_port
from integration.core.vault import Vault
from integration.core.wake_ups import Queue
from integration.portal.context import PortalContext, open_portal
from integration.portal.runtime import Runtime
from integration.storage.database import Database
from integration.storage.queue import lanes
from integration.storage.queue.inbox_writer import InboxWriter
from integration.storage.service import portals, tokens
from mappings.records.project import project_files
from tests.kept import Kept
from tests.sandbox import pages, server
from tests.sandbox.crm import HubSpot, Portal
from tests.sandbox.records import Json
from tests.waiting import PATIENCE, wait_until
from workers import jobs

HARBOR, ORCHARD = 4711, 4712


@dataclass
class Account(Kept):
    """One portal, from both sides: what HubSpot shows and what we keep."""

    world: "World" = field(repr=False)
    portal_id: int
    crm: Portal = field(repr=False)

    def read(self, kind: str, record_id: int, name: str) -> str:
        """What HubSpot's users see in a field."""
        record = self.crm.get(kind, self.crm.survivor(kind, record_id))
        assert record is not None, f"no {kind} {record_id}"
        return record.get(name) or ""

    @contextlib.contextmanager
    def context(self) -> Iterator[PortalContext]:
        """Our side of the portal."""
        with open_portal(self.world.runtime, self.portal_id) as context:
            yield context

    @property
    def database(self) -> Database:
        """Where our side is kept."""
        return self.world.runtime.database


@dataclass
class World:
    """A local HubSpot, our app, and the two portals."""

    runtime: Runtime
    hubspot: HubSpot
    url: str
    postgres_url: str
    sandbox_url: str = ""
    app: Flask | None = field(default=None, repr=False)
    harbor: Account = field(init=False)
    orchard: Account = field(init=False)

    def __post_init__(self) -> None:
        self.harbor = Account(self, HARBOR, self.hubspot.portals[HARBOR])
        self.orchard = Account(self, ORCHARD, self.hubspot.portals[ORCHARD])

    @property
    def accounts(self) -> tuple[Account, Account]:
        return self.harbor, self.orchard

    def install(self, account: Account) -> None:
        """Install as the OAuth callback does, without a browser."""
        self.connect(account)
        with account.context() as context:
            install.set_up(context)

    def connect(self, account: Account) -> None:
        """Only the first half of an install: the portal and its tokens are stored, and the import is wished for."""
        grant = self.hubspot.install(account.portal_id)
        sealed = self.runtime.vault.seal(
            account.portal_id, {"access": grant.access_token, "refresh": str(grant.refresh_token)}
        )
        with self.runtime.database.service() as tx:
            known = {"currency": account.crm.currency, "time_zone": account.crm.time_zone}
            portals.install(
                tx,
                account.portal_id,
                scopes=sorted(grant.scopes),
                account=known,
                user_id=account.crm.user_id,
            )
            tokens.save(tx, account.portal_id, sealed, lifetime=1800)
            lanes.want(tx, account.portal_id, "import")

    def settle(self, *, deliver: bool = True) -> None:
        """Deliver the webhooks and do all work that is due, until nothing is left."""
        for _ in range(200):
            if deliver:
                self.hubspot.deliver()
            if not self.work():
                return
        raise AssertionError("the world does not settle")

    def rest(self) -> None:
        """As :meth:`settle`, and wait for what a busy machine's servers put off."""

        def rests() -> bool:
            self.settle()
            return all(map(overview.is_settled, overview.portals(self.runtime)))

        wait_until(rests, lambda: f"work is left: {overview.portals(self.runtime)}", every=1.0)

    def work(self) -> bool:
        """Do the work that is due now; say whether there was any."""
        with self.runtime.database.service() as tx:
            # Years of days are of no concern to most tests: see `fill_days`.
            due = [lane for lane in lanes.due(tx) if lane[1] != "days"]
        for portal_id, kind in due:
            jobs.work(self.runtime, portal_id, kind)
        return bool(due)

    def fill_days(self) -> None:
        """Work out the days of health that are due."""
        while True:
            with self.runtime.database.service() as tx:
                due = [lane for lane in lanes.due(tx) if lane[1] == "days"]
            if not due:
                return
            for portal_id, kind in due:
                jobs.work(self.runtime, portal_id, kind)


@contextlib.contextmanager
def build_world(
    settings: Settings,
    database: Database,
    redis_url: str,
    postgres_url: str,
    *,
    hubspot: HubSpot | None = None,
) -> Iterator[World]:
    """Start a local HubSpot and our receiver; the portals exist and nothing is installed yet."""
    hubspot = hubspot or _two_empty_portals()
    hubspot.courier.timeout = PATIENCE
    for portal in hubspot.portals.values():
        portal.allowance.limit = 100_000
    port = free_port()
    own = dataclasses.replace(settings, port=port, public_url=f"http://127.0.0.1:{port}")
    with contextlib.ExitStack() as stack:
        outside = stack.enter_context(server.start(hubspot, pages=pages.application(hubspot)))
        own = dataclasses.replace(
            own,
            hubspot_api_url=outside.url,
            hubspot_authorize_url=outside.authorize_url,
            hubspot_rate_per_10s=1000,
        )
        runtime = Runtime(own, database, Queue(redis_url), Vault(own.token_keys))
        stack.callback(runtime.queue.redis.close)
        inbox_writer = InboxWriter(postgres_url)
        inbox_writer.open()
        stack.callback(inbox_writer.close)
        app = wsgi.create_app(runtime, inbox_writer)
        stack.enter_context(_serve(app, port))
        hubspot.app.webhook_url = own.webhook_url
        hubspot.app.redirect_urls = [own.redirect_url]
        hubspot.subscriptions.load_project(subscriptions(own.public_url))
        yield World(runtime, hubspot, own.public_url, postgres_url, outside.url, app)


def _two_empty_portals() -> HubSpot:
    hubspot = HubSpot()
    hubspot.add_portal(HARBOR, "Harbor")
    hubspot.add_portal(ORCHARD, "Orchard", currency="EUR", service_hub=False)
    return hubspot


def subscriptions(url: str) -> Json:
    """Our own webhooks file, as HubSpot would read it from the developer project."""
    found = [text for name, text in project_files(url).items() if "webhooks" in name]
    assert len(found) == 1
    parsed: Json = json.loads(found[0])
    return parsed


@contextlib.contextmanager
def _serve(app: Flask, port: int) -> Iterator[None]:
    listener = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=listener.serve_forever, daemon=True)
    thread.start()
    yield
    listener.shutdown()
    listener.server_close()
    thread.join()
