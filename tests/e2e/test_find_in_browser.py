"""From half a name to the evidence, in a browser: find, story, deal, reasons; and a list that narrows."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.chromium import CHROMIUM
from tests.devtools import led_browser

if TYPE_CHECKING:
    from tests.world import World

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"),
    reason="no Chromium on this machine (CI installs it)",
)
NOW = datetime.now(UTC)
HOME = "/portals/4711/"


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


@pytest.fixture
def moved(world: "World") -> "World":
    """Priya Nárang bought for Acme, left for Zenit, and bought there again."""
    crm = world.harbor.crm
    with crm.silently():
        acme = crm.create("company", {"name": "Acme", "domain": "acme.example"}, at=ago(900)).id
        zenit = crm.create("company", {"name": "Zenit", "domain": "zenit.example"}, at=ago(700)).id
        who = {"email": "priya@acme.example", "firstname": "Priya", "lastname": "Nárang"}
        priya = crm.create("contact", who, at=ago(880)).id
        crm.associate("contact", priya, "company", acme, primary=True, at=ago(880))
        _sell(world, "Acme first", acme, priya, opened=860, closed=800)
        user = ("CRM_UI", "userId:88")
        crm.update("contact", priya, {"email": "priya@zenit.example"}, at=ago(200), source=user)
        crm.associate("contact", priya, "company", zenit, primary=True, at=ago(200))
        _sell(world, "Zenit rollout", zenit, priya, opened=150, closed=30)
    world.install(world.harbor)
    world.settle()
    world.hubspot.quirks.approve_at_once = True
    return world


def _sell(
    world: "World", name: str, company: int, who: int, *, opened: float, closed: float
) -> None:
    crm = world.harbor.crm
    values = {
        "dealname": name, "dealstage": "closedwon", "pipeline": "default", "amount": "40000",
        "closedate": ago(closed).isoformat(), "createdate": ago(opened).isoformat(),
    }  # fmt: skip
    deal = crm.create("deal", values, at=ago(opened)).id
    crm.associate("deal", deal, "company", company, primary=True)
    crm.associate("deal", deal, "contact", who, at=ago(opened))


def _names(links: str) -> str:
    return f"[...document.querySelectorAll('{links}')].map(node => node.innerText).join('|')"


def test_half_a_name_leads_to_the_story_the_deal_and_its_evidence(
    moved: "World", tmp_path: Path
) -> None:
    with led_browser(tmp_path) as browser, browser.tab() as tab:
        tab.go(f"{moved.url}/signin?next={HOME}")
        tab.ask("document.getElementById('find-anything').focus()")
        for letters in ("nar", " pri"):
            tab.tell("Input.insertText", text=letters)
        tab.wait(f"{_names('#found-here .found a')}.includes('Priya Nárang')")
        assert "Zenit" in tab.ask(_names("#found-here .found a"))
        tab.press("Tab")
        assert "Priya Nárang" in tab.ask("document.activeElement.innerText")
        tab.press("Enter")
        tab.wait("location.pathname.includes('/contact/')")
        tab.wait("document.querySelector('h1').innerText.includes('Priya Nárang')")
        assert "Zenit rollout" in tab.ask("document.querySelector('main').innerText")
        tab.ask(
            "[...document.querySelectorAll('main a')].find(a => a.innerText == 'Zenit rollout').click()"
        )
        tab.wait("document.querySelector('h1').innerText.includes('Zenit rollout')")
        said = tab.ask("document.querySelector('main').innerText")
        assert "Priya Nárang" in said
        assert "Acme" in said
        tab.go(f"{moved.url}{HOME}find?q=nobody+at+all")
        assert "Nothing found for “nobody at all”" in tab.ask("document.body.innerText")
        assert tab.complaints == []


def test_a_list_is_sorted_filtered_and_cleared_without_leaving_the_page(
    moved: "World", tmp_path: Path
) -> None:
    with led_browser(tmp_path) as browser, browser.tab() as tab:
        tab.go(f"{moved.url}/signin?next={HOME}deals")
        rows = _names("table.rows tbody tr td:first-child")
        assert tab.ask(rows) == "Zenit rollout|Acme first"
        tab.ask("document.querySelector('th a').click()")
        tab.wait(f"{rows} == 'Acme first|Zenit rollout'")
        assert tab.ask("location.search") == "?sort=name"
        tab.go(f"{moved.url}{HOME}deals?source=moved_champion")
        assert tab.ask(rows) == "Zenit rollout"
        assert "Priya Nárang" in tab.ask("document.querySelector('tbody').innerText")
        tab.ask("document.querySelector('.chips a').click()")
        tab.wait(f"{rows} == 'Zenit rollout|Acme first'")
        for name, wanted in (("people", "Priya Nárang"), ("companies", "Acme"), ("moves", "Zenit")):
            tab.go(f"{moved.url}{HOME}{name}")
            assert wanted in tab.ask("document.querySelector('tbody').innerText"), name
        assert tab.complaints == []
