"""Hands for tests: a small town of two portals, a running sandbox, and a caller whose every call is checked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import orjson
import urllib3

from tests.waiting import PATIENCE

from . import specs
from .crm import HubSpot, Portal, Record
from .oauth import Grant
from .records import Json, Value
from .server import Server, start

HARBOR, ORCHARD = 4711, 4712
LAST_YEAR = datetime(2025, 3, 1, 9, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Got:
    """An answer."""

    status: int
    body: Value
    headers: urllib3.HTTPHeaderDict

    def __getitem__(self, key: str) -> Value:
        return self.body[key]

    @property
    def ids(self) -> list[str]:
        """Ids of the results."""
        return [one["id"] for one in self.body["results"]]


class Caller:
    """Calls the API with one token, and holds each exchange against HubSpot's own files when they are there."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self.token = url, token
        self._pool = urllib3.PoolManager(retries=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.clear()

    def ask(
        self,
        method: str,
        path: str,
        body: Value = None,
        *,
        query: str = "",
        timeout: float = PATIENCE,
        checked: bool = True,
    ) -> Got:
        """One call; *body* is sent as JSON."""
        headers = {"Authorization": f"Bearer {self.token}"}
        data = None if body is None else body if isinstance(body, bytes) else orjson.dumps(body)
        if data is not None:
            headers["Content-Type"] = "application/json"
        url = self._url + path + (f"?{query}" if query else "")
        answer = self._pool.request(method, url, body=data, headers=headers, timeout=timeout)
        got = Got(answer.status, orjson.loads(answer.data) if answer.data else None, answer.headers)
        if checked and specs.present():
            specs.check(
                method, path, None if isinstance(body, bytes) else body, got.status, got.body
            )
        return got

    def get(self, path: str, query: str = "") -> Got:
        """GET."""
        return self.ask("GET", path, query=query)

    def post(self, path: str, body: Value, query: str = "") -> Got:
        """POST."""
        return self.ask("POST", path, body, query=query)

    def form(self, path: str, fields: Json, *, checked: bool = True) -> Got:
        """POST a form, without a token."""
        answer = self._pool.request(
            "POST", self._url + path, fields=fields, encode_multipart=False, redirect=False
        )
        got = Got(answer.status, orjson.loads(answer.data) if answer.data else None, answer.headers)
        if checked and specs.present() and got.status < 400 and got.body is not None:
            specs.check("POST", path, None, got.status, got.body)
        return got


@dataclass(slots=True)
class World:
    """Everything a sandbox test needs."""

    hubspot: HubSpot
    harbor: Portal
    orchard: Portal
    server: Server
    grant: Grant
    api: Caller
    ana: Record
    bo: Record
    acme: Record
    bolt: Record
    deal: Record

    def as_orchard(self) -> Caller:
        """A caller for the other portal."""
        return Caller(self.server.url, self.hubspot.install(ORCHARD).access_token)


@contextmanager
def a_world(*, service_hub: bool = True) -> Iterator[World]:
    """Two portals, a few records, the app installed in harbor, served on a free port."""
    hubspot = HubSpot(clock=lambda: 0.0)  # windows and lags pass when a test says so
    harbor = hubspot.add_portal(
        HARBOR, "Harbor", service_hub=service_hub, currencies={"USD": "0.9"}
    )
    orchard = hubspot.add_portal(ORCHARD, "Orchard", service_hub=False, currency="USD")
    hubspot.subscriptions.add_all(("contact", "company", "deal", "ticket"))
    with harbor.silently(), orchard.silently():
        values = {"email": "ana@acme.example", "firstname": "Ana", "jobtitle": "Buyer"}
        ana = harbor.create("contact", values, at=LAST_YEAR)
        bo = harbor.create("contact", {"email": "bo@bolt.example", "firstname": "Bo"}, at=LAST_YEAR)
        acme = harbor.create("company", {"name": "Acme", "domain": "acme.example"}, at=LAST_YEAR)
        bolt = harbor.create("company", {"name": "Bolt", "domain": "bolt.example"}, at=LAST_YEAR)
        deal_values = {
            "dealname": "Acme buys",
            "dealstage": "contractsent",
            "pipeline": "default",
            "amount": "1000.50",
        }
        deal = harbor.create("deal", deal_values, at=LAST_YEAR)
        harbor.associate("contact", ana.id, "company", acme.id, at=LAST_YEAR)
        harbor.associate("deal", deal.id, "contact", ana.id, at=LAST_YEAR)
        harbor.add_owner("olga@harbor.example", "Olga", "Owner")
        orchard.create(
            "contact", {"email": "ana@acme.example", "firstname": "Ana of Orchard"}, at=LAST_YEAR
        )
    grant = hubspot.install(HARBOR)
    with start(hubspot) as server, Caller(server.url, grant.access_token) as api:
        yield World(hubspot, harbor, orchard, server, grant, api, ana, bo, acme, bolt, deal)
