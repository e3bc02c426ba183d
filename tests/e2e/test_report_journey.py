"""A marketer's way in a browser: build a report, save it, take it along; the figures are the ledger's."""

import csv
import io
import os
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
import requests

from integration.core.environment import Settings
from integration.storage.database import Database
from mappings import formats
from tests.chromium import CHROMIUM
from tests.devtools import Tab, led_browser
from tests.sandbox import town
from tests.sandbox.crm import HubSpot
from tests.waiting import PATIENCE
from tests.world import HARBOR, World, build_world

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"),
    reason="no Chromium on this machine (CI installs it)",
)
SHOW = "document.querySelector('form.builder button').click()"
ANSWER = "document.querySelector('#answer').innerText"


@pytest.fixture
def world(
    settings: Settings, database: Database, redis_url: str, postgres_url: str
) -> Iterator[World]:
    """Harbor is a small town that is worked out; orchard has another one."""
    hubspot = HubSpot()
    town.load(hubspot, "shipped:0.06", orchard_scale=0.02)
    with build_world(settings, database, redis_url, postgres_url, hubspot=hubspot) as world:
        for account in world.accounts:
            world.install(account)
        world.settle()
        world.hubspot.quirks.approve_at_once = True
        yield world


@pytest.fixture
def session(world: World) -> requests.Session:
    session = requests.Session()
    asked = session.get(f"{world.url}/signin", timeout=PATIENCE, allow_redirects=False)
    session.get(f"{asked.headers['Location']}&portalId={HARBOR}", timeout=PATIENCE)
    return session


def booked(world: World) -> tuple[int, str]:
    """What the ledger has booked for customers, added up row by row; its currency."""
    with world.harbor.context() as portal, portal.transaction() as tx:
        ((minor, currency),) = tx.tuples(
            """SELECT sum(home_minor), max(home_currency) FROM ledger
               WHERE portal_id = :portal AND kind <> 'first_order'"""
        )
    return int(minor), str(currency)


def choose(tab: Tab, name: str, value: str, *, place: int = 0) -> None:
    tab.ask(f"document.querySelectorAll('form.builder [name={name}]')[{place}].value = '{value}'")


def test_a_report_is_built_saved_and_taken_along_with_the_ledgers_figures(
    world: World, session: requests.Session, tmp_path: Path
) -> None:
    minor, currency = booked(world)
    total = formats.money(minor, currency)
    with led_browser(tmp_path) as browser, browser.tab() as tab:
        for cookie in session.cookies:
            tab.tell("Network.setCookie", url=world.url, name=cookie.name, value=cookie.value)
        tab.go(f"{world.url}/portals/{HARBOR}/reports")
        tab.ask("document.querySelector('.actions a.button').click()")
        tab.wait("document.querySelector('form.builder') !== null")

        choose(tab, "by", "month")
        choose(tab, "by", "source", place=1)
        choose(tab, "period", "all")
        tab.ask(SHOW)
        tab.wait(f"{ANSWER}.includes('by month and source')")
        assert total in tab.ask(ANSWER)
        assert "by=month&by=source&period=all" in tab.ask("location.search")
        assert tab.ask("document.querySelectorAll('#answer svg[role=img]').length") == 2

        links = tab.ask("[...document.querySelectorAll('details.menu a')].map(a => a.href)")
        assert any("reports.csv" in link and "by=month&by=source" in link for link in links)

        tab.ask("document.querySelector('#save-name').value = 'What customers led to'")
        tab.ask("document.querySelector('#save-name').form.requestSubmit()")
        tab.wait("location.pathname.includes('/reports/saved/')")
        tab.wait("document.querySelector('h1') !== null")
        assert tab.ask("document.querySelector('h1').innerText") == "What customers led to"
        assert total in tab.ask(ANSWER)
        exports = tab.ask("[...document.querySelectorAll('details.menu a')].map(a => a.href)")
        assert not tab.complaints

    files = {
        re.sub(r"\?.*", "", url).rpartition("/")[2]: session.get(url, timeout=PATIENCE)
        for url in exports
    }
    assert files["reports.json"].json()["total"]["booked"] == _major(minor)
    assert files["chart.svg"].text.startswith("<svg")
    assert files["chart.png"].content.startswith(b"\x89PNG")
    lines = csv.DictReader(io.StringIO(files["reports.csv"].text))
    assert sum(Decimal(line["booked"]) for line in lines) == Decimal(_major(minor))
    sheet = openpyxl.load_workbook(io.BytesIO(files["reports.xlsx"].content)).worksheets[0]
    head, *filled = [[cell.value for cell in row] for row in sheet.iter_rows()]
    amounts = [row[head.index("booked")] for row in filled if row[head.index("month")] != "Total"]
    known = [Decimal(str(amount)) for amount in amounts if isinstance(amount, int | float)]
    assert sum(known) == Decimal(_major(minor))
    rows = files["reports.json"].json()["rows"]
    assert sum(Decimal(row["values"]["booked"]) for row in rows) == Decimal(_major(minor))


def _major(minor: int) -> str:
    return f"{Decimal(minor).scaleb(-2):.2f}"
