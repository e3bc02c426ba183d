"""Two accounts whose stories are written by hand, concluded, and looked at as their pages show them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from html import unescape
from typing import Protocol

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.test import TestResponse

import wsgi
from integration.admin import sign_in
from integration.pages import guard
from integration.portal.runtime import Runtime
from integration.storage.database import Database
from integration.storage.queue.inbox_writer import InboxWriter
from integration.storage.service import portal_users, portals, settings_versions
from mappings.records.portal_map import dump_portal_map
from tests.contract.conclude_world import HARBOR, ORCHARD, WORDS, Clock, MirrorPortal
from tests.page_words import text_of


@dataclass
class Desk:
    """Our pages with two accounts, harbor and orchard, before an admin of harbor; no HubSpot around."""

    runtime: Runtime
    client: FlaskClient

    def get(self, path: str) -> TestResponse:
        return self.client.get(path, base_url=_ORIGIN, buffered=True)


_ORIGIN = "http://127.0.0.1:8000"
_USER = 88


@pytest.fixture
def desk(runtime: Runtime) -> Iterator[Desk]:
    here = replace(runtime, settings=replace(runtime.settings, public_url=_ORIGIN))
    inbox_writer = InboxWriter(here.settings.database_url or "")
    client = wsgi.create_app(here, inbox_writer).test_client()
    with here.database.service() as tx:
        for portal_id in (HARBOR, ORCHARD):
            known = {"currency": "USD", "ui_domain": "app.hubspot.com"}
            portals.install(tx, portal_id, scopes=["oauth"], account=known, user_id=_USER)
        portal_users.let_installer_in(tx, HARBOR, _USER, anew=True)
    secret = sign_in.sign_in(here, HARBOR, _USER, "anna@harbor.example")
    client.set_cookie(guard.cookie_name(here, "session"), secret, domain="127.0.0.1")
    yield Desk(here, client)
    inbox_writer.close()


class Running(Protocol):
    """A service with accounts installed: a desk, or the town with its HubSpot."""

    @property
    def runtime(self) -> Runtime: ...


def written_by_hand(where: Running, portal_id: int) -> MirrorPortal:
    """An installed account whose import is through: its records are the test's to write."""
    portal = MirrorPortal(Clock(where.runtime.database), portal_id)
    with where.runtime.database.portal(portal_id) as tx:
        tx.run("UPDATE import_run SET state = 'done', finished_at = clock_timestamp()")
        tx.run("UPDATE import_step SET done = true")
        body = {"map": dump_portal_map(WORDS), "policy": {}}
        settings_versions.append(tx, body, author="test", reason="test")
    return portal


class Shown:
    """A page as people read it."""

    def __init__(self, html: str) -> None:
        self.html = html
        self.text = text_of(html)

    @classmethod
    def of(cls, desk: Desk, path: str, *, status: int = 200) -> "Shown":
        answer = desk.get(path)
        assert answer.status_code == status, (path, answer.status_code)
        return cls(answer.text)

    def part(self, name: str) -> "Shown":
        """The section or folded part with this id."""
        start = self.html.index(f'id="{name}"')
        end = re.compile(
            r"</section>|</details>\s*(?=<section|<details class=\"card|</main)"
        ).search(self.html, start)
        return Shown(self.html[start : end.start() if end else None])

    def rows(self, of: str = "tbody") -> list[list[str]]:
        """The cells of each row of the tables' bodies (or feet), as text."""
        bodies = re.findall(rf"<{of}>(.*?)</{of}>", self.html, re.DOTALL)
        rows = re.findall(r"<tr[^>]*>(.*?)</tr>", "".join(bodies), re.DOTALL)
        return [
            [
                " ".join(text_of(cell).split("\n"))
                for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)
            ]
            for row in rows
        ]

    def links(self) -> list[str]:
        """Where the page leads."""
        return [unescape(address) for address in re.findall(r'href="([^"]+)"', self.html)]


def minor(text: str) -> int:
    """An amount on a page in cents."""
    sign = -1 if "-" in text else 1
    return sign * int(re.sub(r"\D", "", text))


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements that are said meanwhile."""
    said: list[str] = []

    def note(*arguments: object) -> None:
        said.append(str(arguments[2]))

    event.listen(database._engine, "before_cursor_execute", note)
    yield said
    event.remove(database._engine, "before_cursor_execute", note)
