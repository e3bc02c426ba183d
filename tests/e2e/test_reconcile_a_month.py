"""Finance reconciles a month in a browser: what pages say is what the ledger, HubSpot's fields and the total say."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from integration.reports import bookkeeping, reconciliation, revenue_overview, revenue_total
from integration.reports.reconciliation import Reconciliation
from mappings import formats
from mappings.kinds import Mismatch
from mappings.rules.ledger import periods, report_period
from tests import admin
from tests.chromium import CHROMIUM
from tests.devtools import Tab, led_browser
from tests.e2e.test_one_total import OURS, USER, Story, amount_of

if TYPE_CHECKING:
    from tests.world import Account, World

demands_chromium = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"),
    reason="no Chromium on this machine (CI installs it)",
)


@pytest.fixture
def story(world: "World") -> Story:
    """Both accounts lived through refunds, merges, deletions and a removed person; orchard sells in pounds."""
    stories = [Story(world.harbor, "EUR"), Story(world.orchard, "GBP")]
    for told in stories:
        visitor = admin.installed(world.url, world.hubspot, told.account.portal_id)
        world.settle()
        for question in visitor.asked():
            visitor.answer(question, question.ticked)
        world.settle()
        told.go_on(world)
    return stories[0]


def month_of(account: "Account", at: datetime) -> date:
    """The month of the account in which something happened."""
    return at.astimezone(ZoneInfo(account.crm.time_zone)).date().replace(day=1)


def months(account: "Account") -> list[date]:
    """Every month from the first win to the running one."""
    with account.context() as portal:
        today = revenue_overview.today(portal)
        first = reconciliation.of(portal, today.replace(day=1)).first_month
    assert first is not None
    found = [first]
    while found[-1] < today.replace(day=1):
        found.append(periods.after(found[-1]))
    return found


def won_in_hubspot(account: "Account", month: date) -> Counter[str]:
    """What HubSpot's report builder adds up of the deals won in a month, by currency, in minor units."""
    won: Counter[str] = Counter()
    for deal in account.crm.all("deal"):
        closed, currency = deal.get("closedate"), str(deal.get("deal_currency_code"))
        is_won = deal.get("dealstage") == "closedwon" and closed
        if is_won and month_of(account, datetime.fromisoformat(str(closed))) == month:
            won[currency] += formats.minor_units(deal.get("amount") or "0", currency) or 0
    return won


def our_field(account: "Account", month: date) -> int:
    """The sum of our own field over the deals booked in a month; both accounts count in cents."""
    return sum(
        int(amount_of(deal.get(f"{OURS}amount_home") or "") * 100)
        for deal in account.crm.all("deal")
        if (deal.get(f"{OURS}booked_on") or "").startswith(f"{month:%Y-%m}")
    )


def test_every_months_page_is_the_ledger_the_total_and_hubspots_fields_to_the_cent(
    world: "World", story: Story
) -> None:
    for account in world.accounts:
        whole = second_order = 0
        for month in months(account):
            with account.context() as portal:
                found = reconciliation.of(portal, month)
                total = revenue_total.of(portal, month)
                seen = revenue_overview.of(portal, report_period.of_month(month))
            won = {line.currency: line.hubspot for line in found.lines}
            assert +Counter(won) == +won_in_hubspot(account, month), month
            explained = sum(side.told_home - side.booked_home for side in found.differing)
            assert found.whole.difference == explained
            assert found.whole.second_order == total.second_order == our_field(account, month)
            assert found.whole.first_order == total.first_order
            assert seen.total == total
            assert sum(line.now.minor for line in seen.differences) == total.second_order
            whole += found.whole.booked
            second_order += found.whole.second_order
        with account.context() as portal:
            everything = revenue_total.of(portal)
        assert (whole, second_order) == (everything.won, everything.second_order)
        assert second_order > 0


def test_a_deal_whose_rate_hubspot_changed_is_named_and_explains_the_difference(
    world: "World", story: Story
) -> None:
    month = month_of(story.account, datetime.now(UTC) - timedelta(40))

    with story.account.context() as portal:
        found = reconciliation.of(portal, month)

    why = {side.deal_id: side.why for side in found.differing}
    assert why[story.bought] is Mismatch.RATE
    without = month_of(story.account, datetime.now(UTC) - timedelta(41))
    with story.account.context() as portal:
        other = reconciliation.of(portal, without)
    assert story.without_amount in {
        side.deal_id for side in other.differing if side.why is Mismatch.NO_AMOUNT
    }


@pytest.fixture
def tab(tmp_path: Path) -> Iterator[Tab]:
    with led_browser(tmp_path) as browser, browser.tab() as opened:
        opened.resize(1280)
        yield opened


def follow(tab: Tab, text: str) -> None:
    """Click a link or a button by its words, and wait for the page that it leads to."""
    tab.ask(
        "window.left = true; [...document.querySelectorAll('a, button')]"
        f".find(one => one.textContent.trim() === {text!r}).click()"
    )
    tab.wait("!window.left && document.readyState === 'complete'")


def text_of(tab: Tab) -> str:
    return re.sub(r"\s+", " ", str(tab.ask("document.querySelector('main').innerText")))


@demands_chromium
def test_an_admin_reconciles_closes_and_checks_a_month_in_the_browser(
    world: "World", story: Story, tab: Tab
) -> None:
    harbor = story.account
    month = month_of(harbor, datetime.now(UTC) - timedelta(62))
    name = formats.month(month)
    world.hubspot.quirks.approve_at_once = True
    tab.go(f"{world.url}/signin?next=/portals/4711/")

    follow(tab, "Reconciliation")
    tab.ask(f"document.querySelector('input[name=month]').value = '{month:%Y-%m}'")
    follow(tab, "Show")
    before = shown(harbor, month)
    page = text_of(tab)
    assert f"Reconciliation of {name}" in page
    for figure in (before.whole.hubspot, before.whole.first_order, before.whole.second_order):
        assert formats.money(figure, "EUR") in page
    follow(tab, formats.money(before.whole.second_order, "EUR"))
    assert "Ivy buys" in text_of(tab)

    tab.go(f"{world.url}/portals/4711/reconciliation?month={month:%Y-%m}")
    tab.ask("document.querySelector('#reason').focus()")
    tab.write("reported to the board")
    follow(tab, f"Close {name}")
    page = text_of(tab)
    assert "Closed" in page
    assert "reported to the board" in page
    assert " you " in page

    harbor.crm.update("deal", story.again, {"amount": "5.00"}, source=USER)
    world.settle()
    tab.go(f"{world.url}/portals/4711/reconciliation?month={month:%Y-%m}")
    after = shown(harbor, month)
    page = text_of(tab)
    assert after.views is not None
    reported, known = after.views.home.reported_second, after.views.home.known_second
    assert (reported, known) == (before.whole.second_order, after.whole.second_order)
    assert known < reported
    assert formats.money(known - reported, "EUR") in page
    assert "Hill buys" in page
    with harbor.context() as portal:
        sums = bookkeeping.month(portal, month, "reported").in_home
    assert sums["second_order"] == reported

    follow(tab, "All that was booked of its wins")
    assert "The deal changed its amount" in text_of(tab)
    assert tab.complaints == []


def shown(account: "Account", month: date) -> Reconciliation:
    with account.context() as portal:
        return reconciliation.of(portal, month)
