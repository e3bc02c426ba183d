"""Reconciliation: a month's won deals in HubSpot are first order plus second order, and each difference has its reason."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest

from integration.portal import forgotten, invalidation
from integration.portal.invalidation import Change
from integration.reports import bookkeeping, ledger_changes, reconciliation, revenue_total
from integration.reports.reconciliation import Line, Reconciliation, ViewLine
from integration.storage.database import Database
from integration.storage.service import portals
from mappings.kinds import Mismatch
from mappings.rules.ledger.report_period import ALL_TIME, between
from tests.contract.conclude_world import (
    HARBOR,
    KEYS,
    NOW,
    ORCHARD,
    REOPENED,
    WORDS,
    Clock,
    MirrorPortal,
    closed_won,
    day,
    moved_champion,
)

APRIL, MAY, JUNE, JULY, AUGUST = (date(2026, number, 1) for number in (4, 5, 6, 7, 8))


@pytest.fixture
def clock(database: Database) -> Clock:
    made = Clock(database)
    made.queue = SimpleNamespace(wake=lambda *_: None)  # type: ignore[attr-defined]  # nobody waits to be woken here
    return made


@pytest.fixture
def harbor(clock: Clock) -> MirrorPortal:
    portal = MirrorPortal(clock, HARBOR)
    portal.install()
    with clock.database.service() as tx:
        tx.run("UPDATE portal SET imported_at = :at WHERE portal_id = :id", at=day(90), id=HARBOR)
    return portal


@pytest.fixture
def orchard(clock: Clock) -> Iterator[MirrorPortal]:
    """The other portal sells in yen; nothing of it is seen in harbor."""
    portal = MirrorPortal(clock, ORCHARD)
    portal.install(replace(WORDS, home_currency="JPY"))
    moved_champion(portal, amount="77777")
    portal.change("deal", 9, deal_currency_code="JPY")
    portal.settle()
    yield portal
    june = of(portal, JUNE)
    assert (june.whole.currency, june.whole.hubspot, june.whole.booked) == ("JPY", 77777, 77777)


def of(portal: MirrorPortal, month: date) -> Reconciliation:
    return reconciliation.of(portal.context, month)


def line(found: Reconciliation, currency: str) -> Line:
    return next(line for line in found.lines if line.currency == currency)


def reasons(found: Reconciliation) -> dict[int, Mismatch | None]:
    return {side.deal_id: side.why for side in found.differing}


def several_currencies(portal: MirrorPortal) -> None:
    moved_champion(portal)
    rates = {"EUR": ("1.08", "1000.00"), "JPY": ("0.0067", "150000"), "KWD": ("3.25", "100.125")}
    for number, (currency, (rate, amount)) in enumerate(rates.items(), 20):
        portal.deal(number, 2, 12, created=59, won=(21, amount), deal_currency_code=currency,
                    hs_exchange_rate=rate)  # fmt: skip
    portal.deal(23, 2, created=59, won=(18, "250.01"))


def agrees(portal: MirrorPortal, found: Reconciliation) -> None:
    """The books' side is the one total; HubSpot's is that and what the deals that differ say."""
    total = revenue_total.of(portal.context, found.month)
    assert (found.whole.second_order, found.whole.first_order) == (
        total.second_order,
        total.first_order,
    )
    for of_currency in found.lines:
        differing = [side for side in found.differing if side.currency == of_currency.currency]
        explained = sum((side.hubspot or 0) - side.booked for side in differing)
        assert of_currency.difference == explained, of_currency
    explained = sum(side.told_home - side.booked_home for side in found.differing)
    assert found.whole.difference == explained
    known = bookkeeping.month(portal.context, found.month, "known").totals
    assert {
        line.currency: (line.second_order, line.first_order) for line in found.lines if line.booked
    } == {
        currency: (sums["second_order"], sums["first_order"])
        for currency, sums in known.items()
        if sums["total"]
    }


def test_hubspots_sum_is_first_order_plus_second_order_in_each_currency(
    harbor: MirrorPortal, orchard: MirrorPortal
) -> None:
    several_currencies(harbor)
    harbor.settle()

    found = of(harbor, JUNE)

    agrees(harbor, found)
    assert found.differ == 0
    assert [(line.currency, line.hubspot, line.difference) for line in found.lines] == [
        ("EUR", 1000_00, 0), ("JPY", 150_000, 0), ("KWD", 100_125, 0), ("USD", 40_250_01, 0),
    ]  # fmt: skip
    assert [str(rate.normalize()) for rate in line(found, "JPY").rates] == ["0.0067"]
    assert found.whole.hubspot == found.whole.booked == 40_250_01 + 1080_00 + 1005_00 + 325_41
    assert (found.whole.hubspot_deals, found.whole.booked_deals) == (5, 5)


def test_every_deal_that_differs_is_named_with_its_reason(
    clock: Clock, harbor: MirrorPortal, orchard: MirrorPortal
) -> None:
    several_currencies(harbor)
    harbor.settle()
    harbor.deal(30, 2, 12, created=59, won=(21, ""))
    harbor.deal(31, 2, 12, created=59, won=(21, "7.00"), deal_currency_code="XBT")
    harbor.deal(32, 2, 12, created=59, won=(21, "500.00"), deal_currency_code="GBP")
    harbor.settle()
    with harbor.context.transaction() as tx:
        tx.run("UPDATE deal SET amount_minor = 39999999 WHERE deal_id = 9")
        tx.run("UPDATE deal SET is_won = false WHERE deal_id = 23")
        tx.run("UPDATE deal SET home_minor = 123, home_currency = 'USD' WHERE deal_id = 20")
        tx.run("UPDATE deal SET closed_at = :at WHERE deal_id = 21", at=NOW + timedelta(3))
        tx.run("UPDATE deal SET closed_at = :at WHERE deal_id = 22", at=day(45))

    found = of(harbor, JUNE)

    agrees(harbor, found)
    assert reasons(found) == {
        30: Mismatch.NO_AMOUNT,
        31: Mismatch.NO_CURRENCY,
        32: Mismatch.NO_HOME,
        9: Mismatch.AMOUNT,
        23: Mismatch.NOT_WON,
        20: Mismatch.RATE,
        21: Mismatch.STILL_TO_COME,
        22: Mismatch.OTHER_MONTH,
    }
    assert found.differing[0].deal_id == 9
    assert found.names["deal", 9] == "deal 9"
    assert reasons(of(harbor, MAY)) == {22: Mismatch.NOT_BOOKED}


def test_a_refund_of_a_closed_month_is_the_difference_of_its_two_views(
    clock: Clock, harbor: MirrorPortal, orchard: MirrorPortal
) -> None:
    several_currencies(harbor)
    harbor.settle()
    clock.at = datetime(2026, 7, 15, tzinfo=UTC)
    harbor.change("deal", 9, amount="30000.00")
    harbor.change("deal", 20, **REOPENED)
    harbor.settle()

    june, july = of(harbor, JUNE), of(harbor, JULY)

    for found in (june, july):
        agrees(harbor, found)
        views_agree(harbor, found)
    assert june.views is not None
    assert july.views is None
    assert june.is_closed
    assert not july.is_closed
    assert {change.occasion for change in june.views.later} == {"amount", "reopened"}
    assert june.views.home.difference < 0
    assert (june.closed_at, june.log[0].actor) == (datetime(2026, 7, 10, tzinfo=UTC), "calendar")
    clock.at = datetime(2026, 8, 15, tzinfo=UTC)
    july = of(harbor, JULY)
    views_agree(harbor, july)
    assert july.views is not None
    assert july.views.later == ()
    assert {change.deal_id for change in july.views.foreign} == {9, 20}


def views_agree(portal: MirrorPortal, found: Reconciliation) -> None:
    """Both views are those of the command, and the changes between them are their difference."""
    if found.views is None:
        return
    views = {
        view: bookkeeping.month(portal.context, found.month, view) for view in ("reported", "known")
    }
    home = found.views.home
    for view, second, first in (
        ("reported", home.reported_second, home.reported_first),
        ("known", home.known_second, home.known_first),
    ):
        sums = views[view].in_home
        assert (second, first) == (sums["second_order"], sums["first_order"]), view
    for of_currency in found.views.lines:
        assert of_currency.difference == _explained(found, of_currency)


def _explained(found: Reconciliation, of_currency: ViewLine) -> int:
    assert found.views is not None
    later = sum(change.derived.get(of_currency.currency, 0) for change in found.views.later)
    foreign = sum(change.derived.get(of_currency.currency, 0) for change in found.views.foreign)
    return later - foreign


def test_a_removed_person_and_a_merged_company_move_no_sum(
    harbor: MirrorPortal, orchard: MirrorPortal
) -> None:
    several_currencies(harbor)
    harbor.settle()
    before = of(harbor, JUNE)

    with harbor.context.transaction() as tx:
        forgotten.erase(tx, 12, keys=KEYS)
    harbor.company(3, "Acme Group", "acme-group.com")
    harbor.merge("company", (1, 3), 3)
    harbor.settle()

    after = of(harbor, JUNE)
    agrees(harbor, after)
    assert (after.lines, after.whole) == (before.lines, before.whole)


def test_a_month_without_anything_is_a_statement_of_nothing(
    harbor: MirrorPortal, orchard: MirrorPortal
) -> None:
    moved_champion(harbor)
    harbor.settle()

    found = of(harbor, APRIL)

    assert (found.lines, found.differ, found.whole) == ((), 0, Line("USD"))
    assert found.first_month is not None
    assert found.first_month < APRIL < found.this_month


def test_an_open_month_says_why_it_is_provisional(
    clock: Clock, harbor: MirrorPortal, orchard: MirrorPortal
) -> None:
    harbor.company(1, "Acme", "acme-tools.com")
    harbor.company(2, "Zenit", "zenit-labs.com")
    harbor.contact(11, 1, firstname="Ann", lastname="Oak", email="ann@acme-tools.com")
    harbor.deal(5, 1, 11, created=800, won=(700, "10000.00"))
    harbor.contact(30, 2, firstname="Bo", lastname="Lind", email="bo@zenit-labs.com",
                   created=day(80), referred_by="ann@acme-tools.com")  # fmt: skip
    harbor.deal(9, 2, 30, created=60, won=(20, "1000.00"))
    harbor.settle()

    why = of(harbor, JUNE).provisional

    assert (why.is_running, why.hold_days, why.held_deals) == (True, 30, 1)
    assert why.held_minor == harbor.derived(9)
    assert of(harbor, JUNE).closes_on == date(2026, 7, 10)
    clock.at = datetime(2026, 9, 1, tzinfo=UTC)
    late = of(harbor, JUNE)
    assert (late.provisional.held_deals, late.provisional.is_running) == (0, False)
    assert late.closes_on is None


def test_deals_won_between_two_time_zones_of_the_account_are_named(
    clock: Clock, harbor: MirrorPortal, orchard: MirrorPortal
) -> None:
    """June closed by the zone of Los Angeles; the account is in Berlin now, where it was July."""
    move_to(harbor, "America/Los_Angeles", at=day(90))
    moved_champion(harbor)
    harbor.change("deal", 9, **closed_won(-0.7, "40000.00"))
    clock.at = datetime(2026, 7, 2, tzinfo=UTC)
    harbor.settle()
    clock.at = datetime(2026, 7, 15, tzinfo=UTC)
    bookkeeping.close(harbor.context, JUNE, actor="ann", reason="the auditors come")
    move_to(harbor, "Europe/Berlin", at=clock.at)
    harbor.settle()

    june, july = of(harbor, JUNE), of(harbor, JULY)

    assert reasons(june) == {9: Mismatch.TIME_ZONE}
    assert reasons(july) == {9: Mismatch.TIME_ZONE}
    assert (june.whole.booked, july.whole.hubspot) == (40_000_00, 40_000_00)
    assert june.log[0].reason == "the auditors come"


def move_to(portal: MirrorPortal, time_zone: str, *, at: datetime) -> None:
    """HubSpot told another time zone of the account."""
    with portal.context.transaction() as tx:
        portals.change_time_zone(tx, time_zone, at=at)
        invalidation.record(tx, Change.TIME_ZONE_CHANGED)


def test_an_account_that_changed_its_currency_counts_what_is_known_in_the_new_one(
    harbor: MirrorPortal, orchard: MirrorPortal
) -> None:
    several_currencies(harbor)
    harbor.settle()

    harbor.install(replace(WORDS, home_currency="EUR"))
    harbor.settle()

    found = of(harbor, JUNE)
    agrees(harbor, found)
    assert found.home == "EUR"
    assert found.whole.booked == revenue_total.of(harbor.context, JUNE).won


@pytest.mark.parametrize("limit", [1, 3, 300])
def test_pages_of_changes_tell_each_event_once_newest_first_and_add_up(
    clock: Clock, harbor: MirrorPortal, orchard: MirrorPortal, limit: int
) -> None:
    several_currencies(harbor)
    harbor.settle()
    clock.at = datetime(2026, 7, 15, tzinfo=UTC)
    harbor.change("deal", 9, amount="30000.00")
    harbor.change("deal", 20, **REOPENED)
    harbor.settle()

    told: list[tuple[int, str, int]] = []
    place = ""
    while True:
        page = ledger_changes.page(harbor.context, ALL_TIME, after=place, limit=limit)
        told += [
            (change.deal_id, change.occasion, line.difference)
            for change in page.changes
            for line in change.lines
        ]
        place = page.next
        if not place:
            break

    story, _ = bookkeeping.story(harbor.context)
    said = [
        (change.deal_id, change.occasion, line.difference)
        for change in story.changes
        for line in change.lines
    ]
    assert sorted(told) == sorted(said)
    assert [deal for deal, _, _ in told][:1] == [20]
    assert page.sums["second_order"] == revenue_total.of(harbor.context).second_order


def test_changes_of_one_months_wins_and_of_some_days_are_told_apart(
    clock: Clock, harbor: MirrorPortal, orchard: MirrorPortal
) -> None:
    several_currencies(harbor)
    harbor.settle()
    clock.at = datetime(2026, 7, 15, tzinfo=UTC)
    harbor.change("deal", 9, amount="30000.00")
    harbor.settle()

    july = ledger_changes.page(harbor.context, between(JULY, date(2026, 7, 31)))
    of_june = ledger_changes.page(harbor.context, ALL_TIME, JUNE)

    assert [(change.deal_id, change.occasion) for change in july.changes] == [(9, "amount")]
    assert of_june.sums["second_order"] == revenue_total.of(harbor.context, JUNE).second_order
    assert ledger_changes.page(harbor.context, between(APRIL, APRIL)).changes == ()
