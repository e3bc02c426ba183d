"""A person with a browser: walks through install, sign-in and pages, against the sandbox over HTTP."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from html import unescape
from re import search
from urllib.parse import urlsplit

import psycopg
import requests
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

import wsgi
from integration.admin.sign_in import Session, find
from integration.portal.runtime import Runtime
from integration.storage.queue.inbox_writer import InboxWriter
from tests.sandbox.crm import HubSpot
from tests.sandbox.portal import Portal
from tests.sandbox.server import start
from tests.waiting import PATIENCE

HARBOR, ORCHARD = 4711, 4712


@dataclass
class Town:
    """The sandbox with two portals, and our web application beside it."""

    hubspot: HubSpot
    harbor: Portal
    orchard: Portal
    runtime: Runtime
    app: Flask
    origin: str = field(default="")

    def visitor(self) -> "Visitor":
        return Visitor(self, self.app.test_client())


@contextmanager
def opened(runtime: Runtime, *, public_url: str = "http://127.0.0.1:8000") -> Iterator[Town]:
    hubspot = HubSpot()
    harbor = hubspot.add_portal(HARBOR, "Harbor")
    orchard = hubspot.add_portal(ORCHARD, "Orchard", service_hub=False)
    for portal in (harbor, orchard):
        portal.allowance.limit = 100_000  # these tests are not about waiting for the allowance
    hubspot.app.redirect_urls = (f"{public_url}/oauth/callback",)
    with start(hubspot) as server:
        settings = replace(
            runtime.settings,
            public_url=public_url,
            hubspot_api_url=server.url,
            hubspot_authorize_url=server.authorize_url,
            hubspot_rate_per_10s=10_000,
        )
        here = replace(runtime, settings=settings)
        inbox_writer = InboxWriter(settings.database_url or "")
        try:
            yield Town(
                hubspot, harbor, orchard, here, wsgi.create_app(here, inbox_writer), public_url
            )
        finally:
            inbox_writer.close()


def hash_of(town: Town) -> str:
    """Everything in the database, except the trips to HubSpot, whose making is what /install is for."""
    seen = sha256()
    with psycopg.connect(town.runtime.settings.database_url or "") as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'oauth_state' ORDER BY 1"
        ).fetchall()
        for (table,) in tables:
            rows = connection.execute(
                f"SELECT md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '')) FROM \"{table}\" t"
            )
            seen.update(f"{table}:{rows.fetchone()}".encode())
    return seen.hexdigest()


class Visitor:
    """One browser."""

    def __init__(self, town: Town, client: FlaskClient) -> None:
        self.town = town
        self.client = client

    def get(self, path: str, **more: str) -> TestResponse:
        return self.client.get(path, base_url=self.town.origin, headers=more or None, buffered=True)

    def ask(self, path: str = "/install", *, portal: int = HARBOR, user: str = "") -> str:
        """Go to HubSpot and press Connect; the address HubSpot sends the browser back to."""
        left = self.get(path)
        assert left.status_code == 302, left.text
        form = {"answer": "connect", "portal": str(portal), "user": user}
        answered = requests.post(
            left.headers["Location"], data=form, allow_redirects=False, timeout=PATIENCE
        )
        assert answered.status_code == 302, answered.text
        parts = urlsplit(answered.headers["Location"])
        return f"{parts.path}?{parts.query}"

    def cancel(self) -> str:
        left = self.get("/install")
        answered = requests.post(
            left.headers["Location"],
            data={"answer": "cancel"},
            allow_redirects=False,
            timeout=PATIENCE,
        )
        parts = urlsplit(answered.headers["Location"])
        return f"{parts.path}?{parts.query}"

    def install(self, portal: int = HARBOR, *, user: str = "") -> TestResponse:
        return self.get(self.ask(portal=portal, user=user))

    def sign_in(self, portal: int = HARBOR, *, next_path: str = "", user: str = "") -> TestResponse:
        return self.get(
            self.ask(
                f"/signin?next={next_path}" if next_path else "/signin", portal=portal, user=user
            )
        )

    def csrf(self) -> str:
        """The token on the page in front of the visitor."""
        page = self.get(f"/portals/{self.portal_id()}/").text
        found = search(r'name="csrf" value="([^"]+)"', page)
        assert found, page[:300]
        return unescape(found[1])

    def session(self) -> Session:
        """The session of the account that was looked at last."""
        cookie = self.client.get_cookie(self.cookie_name("session"), domain="127.0.0.1")
        session = find(self.town.runtime, cookie.value if cookie else None)
        assert session is not None
        return session

    def portal_id(self) -> int:
        """Whose session this is."""
        return self.session().portal_id

    def press(
        self,
        path: str,
        data: Mapping[str, str] | None = None,
        *,
        csrf: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> TestResponse:
        """Send a form from our own page."""
        token = self.csrf() if csrf is None else csrf
        sent = headers or {"Origin": self.town.origin, "Sec-Fetch-Site": "same-origin"}
        form = {**(data or {}), "csrf": token}
        return self.client.post(path, base_url=self.town.origin, data=form, headers=sent)

    def cookie_name(self, name: str) -> str:
        return f"__Host-{name}" if self.town.origin.startswith("https://") else name
