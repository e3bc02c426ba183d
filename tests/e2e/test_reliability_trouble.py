"""HubSpot's bad days, and the app removed and back again: nothing lost, nothing wrong, never too many calls."""

import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from integration.storage.queue import inbox_events
from integration.storage.service import portals
from tests import chaos_verdict as judge
from tests.chaos_verdict import Verdict
from tests.passing_time import pass_time, work_until_quiet
from tests.sandbox import town

if TYPE_CHECKING:
    from tests.world import Account, World


@pytest.fixture
def busy(world: "World", monkeypatch: pytest.MonkeyPatch) -> "World":
    """Two installed towns; waiting for one's turn lets time pass instead of sleeping."""
    town.load(world.hubspot, scale=0.03, orchard_scale=0.02)
    for account in world.accounts:
        world.install(account)
    world.settle()
    monkeypatch.setattr(time, "sleep", lambda seconds: pass_time(world, seconds))
    return world


def everybody_changes(world: "World", plus: int = 0) -> None:
    for account in world.accounts:
        for number, deal in enumerate(account.crm.all("deal")):
            account.crm.update("deal", deal.id, {"amount": f"{1000 + number + plus}"})
        for contact in account.crm.all("contact")[::3]:
            account.crm.update("contact", contact.id, {"jobtitle": f"Head of Everything {plus}"})


def all_is_right(world: "World") -> Verdict:
    verdict = Verdict()
    judge.the_mirror_is_right(verdict, world)
    for account in world.accounts:
        with world.runtime.database.portal(account.portal_id) as tx:
            found = inbox_events.identity(tx)
        verdict.must(found["received"] == found["done"] + found["duplicate"], f"{found}")
        waiting = account.kept("outbox")
        verdict.must(not waiting, f"outbox: {waiting}")
    return verdict


def calls(account: "Account") -> int:
    return sum(account.crm.calls.values())


def test_a_tenth_of_each_trouble_loses_nothing_and_stays_within_the_limit(busy: "World") -> None:
    for account in busy.accounts:
        account.crm.allowance.peak_tried = 0
    rules = [
        busy.hubspot.trouble.add(kind, probability=0.1) for kind in ("lost", "reset", "500", "429")
    ]
    for round_number in range(4):
        everybody_changes(busy, round_number)
        busy.hubspot.deliver()
        work_until_quiet(busy)
    busy.hubspot.trouble.clear()
    busy.hubspot.deliver()
    work_until_quiet(busy)
    assert all(rule.hits for rule in rules), [rule.hits for rule in rules]
    verdict = all_is_right(busy)
    assert not verdict.broken
    assert max(account.crm.allowance.peak_tried for account in busy.accounts) <= 1000
    amounts = Counter(deal.get("amount") for deal in busy.harbor.crm.all("deal"))
    assert amounts == Counter(
        row["amount"] for row in busy.harbor.rows(
            "SELECT properties ->> 'amount' AS amount FROM record WHERE object_type = 'deal' AND gone_at IS NULL"
        )
    )  # fmt: skip


def test_an_hour_of_too_many_requests_is_a_probe_now_and_then(busy: "World") -> None:
    everybody_changes(busy)
    busy.hubspot.deliver()
    rule = busy.hubspot.trouble.add("429", portal_id=busy.harbor.portal_id)
    before = calls(busy.harbor)
    passed = 0.0
    while passed < 3600:
        while busy.work():
            pass
        pass_time(busy, 20)
        passed += 20
    assert rule.hits == calls(busy.harbor) - before
    assert 1 <= rule.hits <= 2 * 3600 / 10 + 2, "two lanes, each asks again after ten seconds"
    assert not busy.orchard.kept("event", state="waiting"), "the other portal is not held up"
    busy.hubspot.trouble.clear()
    work_until_quiet(busy)
    assert not all_is_right(busy).broken


def test_uninstalled_in_the_middle_pauses_and_reinstalled_goes_on(busy: "World") -> None:
    everybody_changes(busy)
    report = busy.hubspot.deliver()
    heard = report.events
    busy.hubspot.uninstall(busy.harbor.portal_id)
    before = calls(busy.harbor)
    for _ in range(100):
        busy.work()
        pass_time(busy, 3)
    with busy.runtime.database.service() as tx:
        portal = portals.find(tx, busy.harbor.portal_id)
    assert portal is not None
    assert (portal.state, "reconnect" in (portal.paused_reason or "")) == ("paused", True)
    assert calls(busy.harbor) == before, "no call with a dead token gets as far as being counted"
    waiting = len(busy.harbor.kept("event", state="waiting"))
    kept = len(busy.harbor.kept("inbox"))
    assert waiting + kept > 0

    pass_time(busy, 3600)
    assert not busy.work() or calls(busy.harbor) == before, "a paused portal rests"
    busy.install(busy.harbor)
    work_until_quiet(busy)
    assert not all_is_right(busy).broken
    done = sum(_done(account) for account in busy.accounts)
    assert done >= heard
    twice = busy.harbor.rows(
        "SELECT dedupe_key FROM event GROUP BY source, dedupe_key HAVING count(*) > 1"
    )
    assert twice == []


def _done(account: "Account") -> int:
    with account.world.runtime.database.portal(account.portal_id) as tx:
        return inbox_events.identity(tx)["done"]


def test_a_mass_deletion_is_looked_at_in_portions(busy: "World") -> None:
    doomed = [contact.id for contact in busy.harbor.crm.all("contact")][:70]
    for contact_id in doomed:
        busy.harbor.crm.archive("contact", contact_id)
    busy.settle()
    gone = busy.harbor.kept("record", object_type="contact", gone_why="deleted")
    assert {row["record_id"] for row in gone} == set(doomed)
    assert not all_is_right(busy).broken
