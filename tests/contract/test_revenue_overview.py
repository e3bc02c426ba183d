"""The overview: a period's total, its trend, and sentences about what changed that add up to the last unit."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest
from sqlalchemy import event

from integration.portal import forgotten
from integration.reports import bookkeeping, revenue_overview, revenue_total
from integration.reports.revenue_overview import Overview
from integration.storage.database import Database
from integration.storage.service import settings_versions
from mappings.kinds import Cause
from mappings.records.portal_map import dump_portal_map
from mappings.rules.ledger import report_period
from mappings.rules.ledger.report_period import Period
from tests.contract.conclude_world import (
    HARBOR,
    KEYS,
    ORCHARD,
    REOPENED,
    WORDS,
    Clock,
    MirrorPortal,
    day,
    moved_champion,
)

MAY, JUNE, JULY = (date(2026, number, 1) for number in (5, 6, 7))
SECOND_QUARTER = report_period.of_months(date(2026, 4, 1), 3)


@pytest.fixture
def clock(database: Database) -> Clock:
    made = Clock(database)
    made.queue = SimpleNamespace(wake=lambda *_: None)  # type: ignore[attr-defined]  # nobody waits to be woken here
    return made


@pytest.fixture
def harbor(clock: Clock) -> MirrorPortal:
    portal = MirrorPortal(clock, HARBOR)
    portal.install()
    return portal


@pytest.fixture
def orchard(clock: Clock) -> Iterator[MirrorPortal]:
    """The other portal, with money of its own that harbor must never count."""
    portal = MirrorPortal(clock, ORCHARD)
    portal.install(replace(WORDS, home_currency="EUR"))
    moved_champion(portal, amount="77777.00")
    portal.settle()
    yield portal
    whole = revenue_total.of(portal.context)
    assert (whole.currency, whole.second_order) == ("EUR", 0)


def overview(portal: MirrorPortal, period: Period) -> Overview:
    return revenue_overview.of(portal.context, period)


def total(portal: MirrorPortal, period: Period) -> int:
    with portal.context.transaction() as tx:
        return revenue_total.within(tx, period).second_order


def causes(found: Overview) -> dict[Cause, int]:
    return {line.cause: line.minor for line in found.differences}


def adds_up(portal: MirrorPortal, found: Overview) -> None:
    """The sentences are the difference of the two totals; the trend is what its steps' totals are."""
    assert found.earlier is not None
    earlier = total(portal, found.earlier)
    assert found.difference == found.total.second_order - earlier
    assert sum(line.now.minor for line in found.differences) == found.total.second_order
    for step in found.trend:
        assert step.minor == total(portal, step.period), step.period.name
    for line in found.differences:
        for part in (line.now, line.earlier):
            assert len(part.largest) == min(part.deals, 3)
            if part.deals <= 3:
                assert sum(minor for _, minor in part.largest) == part.minor


def later_life(portal: MirrorPortal) -> None:
    """Wins of April, May and June, and after them all that changes what is booked of them."""
    moved_champion(portal)
    portal.company(4, "Beta", "beta-parts.com")
    portal.contact(40, 4, firstname="Eve", lastname="Stone", email="eve@beta-parts.com")
    portal.deal(6, 4, 40, created=800, won=(700, "10000.00"))
    portal.contact(30, 2, firstname="Bo", lastname="Lind", email="bo@zenit-labs.com",
                   created=day(160), referred_by="eve@beta-parts.com")  # fmt: skip
    money = {"deal_currency_code": "EUR", "hs_exchange_rate": "1.083127"}
    portal.deal(20, 2, 12, created=70, won=(45, "7000.01"))
    portal.deal(21, 2, 12, 30, created=70, won=(46, "600.07"), **money)
    portal.deal(22, 2, 12, created=100, won=(80, "500.10"))
    portal.deal(23, 2, 30, created=60, won=(10, "4321.99"))
    portal.deal(24, 2, 12, created=60, won=(11, "812.35"))
    portal.deal(25, 2, 12, created=60, won=(12, "99.99"))
    portal.deal(26, 2, 12, created=60, won=(14, "10.01"))
    portal.settle()
    portal.change("deal", 9, amount="30000.00")
    portal.change("deal", 20, amount="7500.02")
    portal.change("deal", 23, **REOPENED)
    portal.retire("deal", 24)
    portal.change("deal", 22, closedate=day(9).isoformat())
    portal.merge("deal", (25, 26), 26)
    portal.settle()


def test_what_changed_since_the_month_before_adds_up_to_the_cent(
    clock: Clock, harbor: MirrorPortal, orchard: MirrorPortal
) -> None:
    later_life(harbor)

    found = overview(harbor, report_period.of_month(JUNE))

    adds_up(harbor, found)
    assert causes(found).keys() >= {
        Cause.WINS, Cause.RAISED, Cause.REFUNDS, Cause.LOST, Cause.REMOVED, Cause.MERGED,
        Cause.CLOSE_DATE,
    }  # fmt: skip
    assert causes(found)[Cause.REFUNDS] < 0 < causes(found)[Cause.CLOSE_DATE]
    refunds = next(line for line in found.differences if line.cause is Cause.REFUNDS)
    assert (refunds.now.deals, refunds.earlier.deals) == (1, 0)
    assert found.names["deal", 9] == "deal 9"


def test_other_settings_and_orders_of_people_are_causes_of_their_own(
    clock: Clock, harbor: MirrorPortal, orchard: MirrorPortal
) -> None:
    later_life(harbor)
    bookkeeping.rejudge(harbor.context, 26, actor="ann", reason="a partner brought it")
    with harbor.context.transaction() as tx:
        body = {"map": dump_portal_map(WORDS), "policy": {"moved_sourced": 500_000}}
        version = settings_versions.append(tx, body, author="test", reason="less for moves")
    harbor.change("deal", 9, dealname="Zenit buys")
    harbor.settle()
    assert version == 2

    found = overview(harbor, SECOND_QUARTER)

    adds_up(harbor, found)
    for month in (MAY, JUNE):
        adds_up(harbor, overview(harbor, report_period.of_month(month)))


def test_refunds_of_closed_months_and_late_evidence_add_up_too(
    clock: Clock, harbor: MirrorPortal, orchard: MirrorPortal
) -> None:
    with clock.database.service() as tx:
        tx.run("UPDATE portal SET imported_at = :at WHERE portal_id = :id", at=day(90), id=HARBOR)
    later_life(harbor)
    clock.at = datetime(2026, 7, 15, tzinfo=UTC)
    harbor.change("deal", 9, amount="12345.67")
    harbor.contact(31, 2, firstname="Cy", lastname="Moss", email="cy@zenit-labs.com",
                   created=day(60), referred_by="eve@beta-parts.com")  # fmt: skip
    harbor.link("deal", 26, "contact", 31)
    harbor.settle()

    june = overview(harbor, report_period.of_month(JUNE))
    july = overview(harbor, report_period.of_month(JULY))

    adds_up(harbor, june)
    adds_up(harbor, july)
    assert Cause.EVIDENCE in causes(june)
    assert bookkeeping.month(harbor.context, JUNE, "known").total == june.total


def test_a_forgotten_person_and_a_merged_company_move_no_sentence(
    clock: Clock, harbor: MirrorPortal, orchard: MirrorPortal
) -> None:
    later_life(harbor)
    before = overview(harbor, report_period.of_month(JUNE))

    with harbor.context.transaction() as tx:
        forgotten.erase(tx, 12, keys=KEYS)
    harbor.merge("company", (1, 4), 4)
    harbor.settle()

    after = overview(harbor, report_period.of_month(JUNE))
    adds_up(harbor, after)
    assert causes(after) == causes(before)


def test_the_running_month_is_compared_with_as_many_days_of_the_month_before(
    clock: Clock, harbor: MirrorPortal
) -> None:
    later_life(harbor)
    clock.at = datetime(2026, 6, 16, tzinfo=UTC)

    found = overview(harbor, report_period.of_month(JUNE))

    assert found.earlier == Period(MAY, date(2026, 5, 16))
    adds_up(harbor, found)


def test_all_time_is_compared_with_nothing_and_has_a_step_a_year_or_month(
    clock: Clock, harbor: MirrorPortal
) -> None:
    later_life(harbor)

    found = overview(harbor, report_period.ALL_TIME)

    assert (found.earlier, found.differences) == (None, ())
    assert sum(step.minor for step in found.trend) == found.total.second_order > 0
    assert all(step.is_inside for step in found.trend)


def test_open_deals_are_told_apart_by_the_probability_of_their_stage(
    clock: Clock, harbor: MirrorPortal
) -> None:
    moved_champion(harbor)
    for number, amount, probability in (
        (31, "9000000.01", "0.2"),
        (32, "500.00", "0.2"),
        (33, "90.00", "0.6"),
    ):
        harbor.deal(number, 2, 12, created=30, amount=amount, hs_deal_stage_probability=probability)
    harbor.deal(34, 2, 12, created=30, hs_deal_stage_probability="0.9")
    harbor.settle()
    said = harbor.said("company", 1)

    found = overview(harbor, SECOND_QUARTER)

    lines = [(float(line.probability), line.deals) for line in found.pipeline]
    assert lines == [(0.9, 1), (0.6, 1), (0.2, 2)]
    assert f"{found.expected / 100:.2f}" == said["second_order_pipeline"]
    assert found.pipeline[0].minor == 0
    assert found.total.second_order == harbor.derived()


def test_an_account_without_a_win_has_an_empty_overview(
    harbor: MirrorPortal, orchard: MirrorPortal
) -> None:
    found = overview(harbor, SECOND_QUARTER)

    assert (found.total.second_order, found.difference, found.expected) == (0, 0, 0)
    assert not any((found.trend, found.pipeline, found.wins, found.moves, found.leaders["people"]))


def test_the_newest_wins_and_job_changes_come_first(clock: Clock, harbor: MirrorPortal) -> None:
    later_life(harbor)

    found = overview(harbor, SECOND_QUARTER)

    assert [row["deal_id"] for row in found.wins] == [22, 9, 20, 21]
    (move,) = found.moves
    assert found.names["contact", move["new_contact_id"]] == "Priya Raman"
    assert found.names["company", move["former_company_id"]] == "Acme"


def test_an_overview_asks_as_often_in_a_large_account_as_in_a_small_one(
    clock: Clock, harbor: MirrorPortal
) -> None:
    moved_champion(harbor)
    buyers(harbor, range(100, 104))
    few = _queries(clock, harbor)

    buyers(harbor, range(104, 140))

    assert _queries(clock, harbor) == few <= 40


def buyers(portal: MirrorPortal, numbers: Iterable[int]) -> None:
    """Companies whose one person was referred by Priya and bought."""
    for number in numbers:
        portal.company(number, f"Firm {number}", f"firm-{number}.com")
        portal.contact(number, number, firstname="Al", lastname=f"Oak{number}",
                       email=f"al@firm-{number}.com", referred_by="priya@zenit-labs.com")  # fmt: skip
        portal.deal(number, number, number, created=60, won=(number - 95, f"{number}.01"))
    portal.settle()


def _queries(clock: Clock, portal: MirrorPortal) -> int:
    asked: list[str] = []
    engine = clock.database._engine

    def note(_c: object, _cu: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        overview(portal, SECOND_QUARTER)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len(asked)
