"""Every page, in a browser: usable by everybody, whole at every width, and deaf to what names say.

The pages come from the app's own list of addresses (`tests/page_addresses.py`).
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from integration.core.environment import Settings
from integration.portal import setup_questions
from integration.reports import saved_reports
from integration.review import answering
from integration.storage.database import Database
from integration.storage.findings import move_rows
from mappings.records import report_view
from mappings.records.setup_kinds import BY_DEALS, BY_STAGE_ALWAYS, CUSTOMER_RULE
from mappings.stored.setup_shapes import Candidate, SetupQuestion
from tests.chromium import CHROMIUM
from tests.devtools import Tab, led_browser
from tests.page_addresses import Named, addresses
from tests.sandbox import town
from tests.sandbox.crm import HubSpot
from tests.waiting import PATIENCE
from tests.world import World, build_world

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"),
    reason="no Chromium on this machine (CI installs it)",
)

# Names that would run, that turn the direction of reading, that are no letters, that have no end.
HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "'\"><svg onload=alert(3)> javascript:alert(4) {{ 7 * 7 }} ${alert(5)}",
    "\u202e\u05e9\u05dc\u05d5\u05dd\u202c \u0645\u0631\u062d\u0628\u0627",
    "\N{CONVENIENCE STORE}\N{VARIATION SELECTOR-16}\N{FLEXED BICEPS}",
    "Donaudampfschifffahrtsgesellschaft" * 6,
)
AXE = (Path(__file__).parents[1] / "third_party" / "axe-core-4.14.1.min.js").read_text("utf-8")
DESKTOP, TABLET, PHONE, SMALLEST = 1280, 640, 390, 320  # 640 is a desktop at 200 % zoom
SHIFT = 0.02  # of the window; browsers call up to 0.1 good
TAB_STOPS = 25  # that are tried on each page
# A page is there, leads elsewhere, finds nothing, or was asked without what it needs.
ANSWERS = (200, 302, 303, 308, 404, 400)

_WATCH_SHIFTS = """
window.shifted = 0;
new PerformanceObserver(list => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({type: "layout-shift", buffered: true});
"""
_RUN_AXE = """axe.run(document, {resultTypes: ["violations"], runOnly: %s}).then(found => found.violations
  .filter(rule => ["serious", "critical"].includes(rule.impact))
  .map(rule => rule.id + ": " + rule.nodes.slice(0, 2).map(node => node.html.slice(0, 160)).join(" | ")))"""
_EVERY_RULE = '{type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}'
_COLOURS = '{type: "rule", values: ["color-contrast", "link-in-text-block"]}'
# What sticks out at the side, named by the deepest things that do; what scrolls by itself may.
_STICKS_OUT = """(() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return "";
  const box = node => node.getBoundingClientRect();
  const out = [...document.querySelectorAll("body *")].filter(node =>
    (box(node).right > wide + 1 || box(node).left < -1) && !node.closest(".scroll, .tabs, .hidden-text, .skip"));
  const deepest = out.filter(node => !out.some(other => other !== node && node.contains(other)));
  return document.documentElement.scrollWidth + " of " + wide + ": " + deepest.slice(0, 3).map(node => node.outerHTML.slice(0, 160)).join(" | ");
})()"""
_STRANGERS = "document.querySelector('script:not([src]), [onerror], [onload], img[src=x]') !== null"
# What has the focus, and whether one can see that it has.
_FOCUS = """(() => {
  const node = document.activeElement;
  if (node === document.body) return null;
  const style = getComputedStyle(node), box = node.getBoundingClientRect();
  const isSeen = box.width > 1 && box.height > 1 && box.right > 0;
  const isMarked = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  return {what: node.outerHTML.slice(0, 160), isSeen, isMarked, isSkip: node.classList.contains("skip")};
})()"""


@pytest.fixture
def world(
    settings: Settings, database: Database, redis_url: str, postgres_url: str
) -> Iterator[World]:
    """Harbor is a town in which every third record has a bad name; orchard is empty."""
    hubspot = HubSpot()
    town.load(hubspot, "shipped:0.04", orchard_scale=0)
    crm = hubspot.portals[town.HARBOR_ID]
    with crm.silently():
        for kind, name in (("company", "name"), ("contact", "lastname"), ("deal", "dealname")):
            for number, record in enumerate(crm.all(kind)[::3]):
                named = f"{record.values.get(name, '')} {HOSTILE[number % len(HOSTILE)]}"
                crm.update(kind, record.id, {name: named})
    with build_world(settings, database, redis_url, postgres_url, hubspot=hubspot) as world:
        for account in world.accounts:
            world.install(account)
        world.settle()
        world.hubspot.quirks.approve_at_once = True
        yield world


def harbor(world: World) -> Named:
    """The full account: two questions are open, and somebody saved a report under a bad name."""
    asked = SetupQuestion(
        text=HOSTILE[0],
        candidates=(Candidate(BY_DEALS, HOSTILE[1]), Candidate(BY_STAGE_ALWAYS, HOSTILE[4])),
        proposal=(BY_STAGE_ALWAYS,),
    )
    with world.harbor.context() as portal:
        with portal.transaction() as tx:
            people = sorted({row["new_contact_id"] for row in move_rows.every(tx)})[:4]
            setup_questions.ask(tx, CUSTOMER_RULE, "customer", asked)
        view = report_view.read([("by", "company"), ("by", "source"), ("period", "all")])
        report = saved_reports.save(portal, HOSTILE[0], view, labels={}, actor="user:88")
        questions = [number for person in people for number in answering.flag(portal, person)]
    records = {
        kind: next(
            record.id for record in world.harbor.crm.all(kind) if HOSTILE[0] in str(record.values)
        )
        for kind in ("deal", "contact", "company")
    }
    return Named(world.harbor.portal_id, records, questions[0], report)


def pages_of(world: World, named: Named, tab: Tab) -> dict[str, list[str]]:
    """Sign the tab in and return the account's pages by their route; files are none."""
    session = requests.Session()
    url = f"{world.url}/signin"
    asked = session.get(url, timeout=PATIENCE, allow_redirects=False).headers["Location"]
    session.get(f"{asked}&portalId={named.portal_id}", timeout=PATIENCE)
    for cookie in session.cookies:
        tab.tell("Network.setCookie", url=url, name=cookie.name, value=cookie.value)
    tab.before_each_page(_WATCH_SHIFTS)
    assert world.app is not None
    pages: dict[str, list[str]] = {}
    for endpoint, path in addresses(world.app, named):
        if is_page(session, f"{world.url}{path}"):
            pages.setdefault(endpoint, []).append(path)
    return pages


def is_page(session: requests.Session, url: str) -> bool:
    """Whether an address answers with a page, and not with a file or the way to somewhere else."""
    answer = session.get(url, timeout=PATIENCE, allow_redirects=False)
    assert answer.status_code in ANSWERS, f"{url}: {answer.status_code}"
    return answer.headers.get("Content-Type", "").startswith("text/html") and not answer.is_redirect


def barriers(tab: Tab, rules: str) -> Iterator[str]:
    """What keeps people from using the page as it stands, as axe finds it."""
    yield from tab.ask(_RUN_AXE % rules)


def looks(tab: Tab, url: str) -> Iterator[str]:
    """What is wrong with a page on a desktop and on a phone, in light and dark, left to right and not."""
    for width in (DESKTOP, PHONE):
        tab.resize(width)
        tab.prefer(color_scheme="light", reduced_motion="reduce")
        tab.go(url)
        tab.ask(f"{AXE};0")
        for found in barriers(tab, _EVERY_RULE):
            yield f"{width} light: {found}"
        if (shifted := tab.ask("window.shifted")) > SHIFT:
            yield f"{width}: what was read moved by {shifted:.3f}"
        tab.prefer(color_scheme="dark", reduced_motion="reduce")
        for found in barriers(tab, _COLOURS):
            yield f"{width} dark: {found}"
    for width in (SMALLEST, PHONE, TABLET, DESKTOP):
        tab.resize(width)
        for direction in ("ltr", "rtl"):
            tab.ask(f"document.documentElement.dir = '{direction}'")
            if found := tab.ask(_STICKS_OUT):
                yield f"{width} {direction}: sticks out, {found}"
    if tab.ask(_STRANGERS):
        yield "a name has become part of the page"


def glance(tab: Tab, url: str) -> Iterator[str]:
    """What is wrong with another page of a route that was looked at, on a phone."""
    tab.resize(PHONE)
    tab.prefer(color_scheme="light", reduced_motion="reduce")
    tab.go(url)
    tab.ask(f"{AXE};0")
    yield from barriers(tab, _EVERY_RULE)
    if found := tab.ask(_STICKS_OUT):
        yield f"sticks out, {found}"
    if tab.ask(_STRANGERS):
        yield "a name has become part of the page"


def keys(tab: Tab, url: str) -> Iterator[str]:
    """What a visitor with a keyboard alone meets: the way past the navigation, and a mark at each stop."""
    tab.go(url)
    tab.press("Tab")
    first = tab.ask(_FOCUS)
    if first is None or not first["isSkip"] or not first["isSeen"]:
        yield f"the first stop is not the way to the content: {first}"
    tab.press("Enter")
    if tab.ask("document.activeElement.id") != "main":
        yield "the way to the content does not lead there"
    for _ in range(TAB_STOPS):
        tab.press("Tab")
        focus = tab.ask(_FOCUS)
        if focus is None:
            return
        if not (focus["isSeen"] and focus["isMarked"]):
            yield f"nobody sees that this has the focus: {focus['what']}"


def test_everybody_can_use_every_page_of_a_full_and_of_an_empty_account(
    world: World, tmp_path: Path
) -> None:
    with led_browser(tmp_path) as browser:
        with browser.tab() as tab:
            full = list(wrong_with_a_full_account(world, tab))
        with browser.tab() as tab:
            empty = list(wrong_with_an_empty_account(world, tab))

    assert not full, "\n".join(full)
    assert not empty, "\n".join(empty)


def wrong_with_a_full_account(world: World, tab: Tab) -> Iterator[str]:
    """What is wrong with pages on which much stands, and bad names do."""
    named = harbor(world)
    pages = {**pages_of(world, named, tab), "": [f"/portals/{named.portal_id}/nowhere"]}
    assert len(pages) > 20
    for first, *others in pages.values():
        url = f"{world.url}{first}"
        for found in (*looks(tab, url), *keys(tab, url)):
            yield f"{first} {found}"
        for path in others:
            for found in glance(tab, f"{world.url}{path}"):
                yield f"{path} {found}"
    yield from unexpected(tab)
    yield from {url for url in tab.asked_for if not url.startswith((world.url, "data:"))}


def wrong_with_an_empty_account(world: World, tab: Tab) -> Iterator[str]:
    """What is wrong with pages that have nothing to show, on a phone."""
    for first, *_ in pages_of(world, Named(world.orchard.portal_id), tab).values():
        for found in glance(tab, f"{world.url}{first}"):
            yield f"{first}: {found}"
    yield from unexpected(tab)


def unexpected(tab: Tab) -> list[str]:
    """What the browser objected to: scripts and styles refused, dialogs, errors; pages about trouble are meant."""
    return [said for said in tab.complaints if "responded with a status of 4" not in said]
