"""G12: every page of a portal with 200,000 deals and 1,000,000 contacts: its time and its queries."""

import math
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.engine import Engine

import wsgi
from bench import big_portal
from bench.figures import Report
from bench.ground import PORTAL, Ground
from integration.admin import sign_in
from integration.pages import guard
from integration.portal.runtime import Runtime
from integration.storage.queue.inbox_writer import InboxWriter
from integration.storage.service import portal_users
from tests.page_addresses import Named, addresses

_USER = 88
_MOST_MS = 300.0
_SMALL = 20_000  # contacts of a quick run
_FILES = 2  # times that what is no page is asked for: a list as CSV has every row of the account
_EXPECTED = {200, 302, 303, 400, 404}  # anything else is a page that is never there
# The records of which most hangs: their pages are the longest.
_RECORDS = {
    "deal": "SELECT deal_id FROM source WHERE portal_id = {portal} GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1",
    "contact": "SELECT contact_id FROM source WHERE portal_id = {portal} AND contact_id IS NOT NULL"
    " GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1",
    "company": "SELECT company_id FROM deal WHERE portal_id = {portal} GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1",
}


@dataclass(frozen=True, slots=True)
class Measured:
    """A page's times in milliseconds and its queries; files to download have no aim."""

    name: str
    is_page: bool
    times: list[float]
    queries: int

    @property
    def p95(self) -> float:
        """The 95th percentile."""
        return statistics.quantiles(self.times, n=20, method="inclusive")[-1]


def run(ground: Ground, report: Report) -> None:
    """Look at each page again and again, one after the other, as an admin."""
    contacts = _SMALL if report.quick else report.asked or 1_000_000
    big_portal.fill(ground.database_url, big_portal.Sizes.of(contacts))
    print(f"pages: {contacts:,} contacts are loaded", file=sys.stderr, flush=True)
    for page in measured(ground, rounds=5 if report.quick else 20):
        aims = {"at_most": _MOST_MS} if page.is_page else {}
        middle = statistics.median(page.times)
        text = f"{page.name}: p95 ms; p50 {middle:.0f}, {page.queries} queries"
        report.goal("G12", text, page.p95, **aims)
        print(f"{text}: {page.p95:.0f}", file=sys.stderr, flush=True)


def measured(ground: Ground, rounds: int) -> Iterator[Measured]:
    """Every page that an admin can look at, warm."""
    named = Named(PORTAL, {kind: _first(ground, sql) for kind, sql in _RECORDS.items()})
    settings = ground.settings(HUBSPOT_API_URL="http://127.0.0.1:9")
    with ground.runtime(settings) as runtime, opened(runtime, ground) as app:
        client = signed_in(app, runtime)
        for _, path in addresses(app, named):
            if not path.startswith("/portals/"):
                continue
            with counting(runtime.database._engine) as count:  # noqa: SLF001 - counts, as tests do
                first = client.get(path, buffered=True)
                queries = count()
            is_page = (first.content_type or "").startswith("text/html")
            times = [_time(client, path) for _ in range(rounds if is_page else _FILES)]
            if first.status_code not in _EXPECTED:
                times = [math.inf] * 2
            yield Measured(path.removeprefix(f"/portals/{PORTAL}"), is_page, times, queries)


def _first(ground: Ground, sql: str) -> int:
    return int(str(ground.sql(sql.format(portal=PORTAL))[0][0]))


def _time(client: FlaskClient, path: str) -> float:
    started = time.perf_counter()
    client.get(path, buffered=True)
    return (time.perf_counter() - started) * 1000


@contextmanager
def opened(runtime: Runtime, ground: Ground) -> Iterator[Flask]:
    """The web application on the portal's database."""
    inbox_writer = InboxWriter(ground.database_url)
    try:
        yield wsgi.create_app(runtime, inbox_writer)
    finally:
        inbox_writer.close()


def signed_in(app: Flask, runtime: Runtime) -> FlaskClient:
    """A browser of the account's admin."""
    with runtime.database.service() as tx:
        portal_users.let_installer_in(tx, PORTAL, _USER, anew=True)
    secret = sign_in.sign_in(runtime, PORTAL, _USER, "admin@big.example")
    client = app.test_client()
    client.set_cookie(guard.cookie_name(runtime, "session"), secret)
    return client


@contextmanager
def counting(engine: Engine) -> Iterator[Callable[[], int]]:
    """Count the statements that are sent to the database meanwhile."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield lambda: len(sent)
    finally:
        event.remove(engine, "before_cursor_execute", note)
