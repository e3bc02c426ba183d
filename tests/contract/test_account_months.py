"""Books in the account's own months: what lands where, what closes when, and what every sum by month says."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest

from integration.portal import invalidation
from integration.portal.invalidation import Change
from integration.reports import bookkeeping, revenue_total
from integration.storage.database import Database
from integration.storage.ledger import period_rows, trial_rows
from integration.storage.service import portals
from tests.contract.conclude_world import HARBOR, Clock, MirrorPortal, day, moved_champion

PACIFIC, BERLIN = "America/Los_Angeles", "Europe/Berlin"
MAY, JUNE = date(2026, 5, 1), date(2026, 6, 1)
# In Los Angeles it is 22:30 of 31 May.
LATE_IN_MAY = datetime(2026, 6, 1, 5, 30, tzinfo=UTC)


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
        tx.run("UPDATE portal SET imported_at = :at WHERE portal_id = :id", at=day(300), id=HARBOR)
    move_to(portal, PACIFIC, at=day(300))
    return portal


def move_to(portal: MirrorPortal, time_zone: str, *, at: datetime) -> None:
    """HubSpot told another time zone of the account."""
    with portal.context.transaction() as tx:
        portals.change_time_zone(tx, time_zone, at=at)
        invalidation.record(tx, Change.TIME_ZONE_CHANGED)


def closes(portal: MirrorPortal, at: datetime) -> None:
    portal.change("deal", 9, closedate=at.isoformat())
    portal.settle()


def test_every_sum_by_month_counts_a_late_evening_to_its_own_month(harbor: MirrorPortal) -> None:
    """The tenth of June has not come when it is read, so May takes it."""
    harbor.clock.at = LATE_IN_MAY + timedelta(hours=1)
    moved_champion(harbor)
    closes(harbor, LATE_IN_MAY)

    assert harbor.said("deal", 9)["second_order_booked_on"] == "2026-05-31"
    may, june = (bookkeeping.month(harbor.context, month, "known") for month in (MAY, JUNE))
    assert sum(entry.amount_minor for entry in may.entries) == 4_000_000
    assert june.entries == ()
    totals = [revenue_total.of(harbor.context, month).second_order for month in (MAY, JUNE)]
    assert totals == [harbor.derived(9), 0]
    with harbor.context.transaction() as tx:
        calendar = period_rows.read(tx).calendar
        by_month = trial_rows.booked_by_month(tx, [9], "USD", calendar, kept=True)
    assert by_month == {"2026-05": harbor.derived(9)}


@pytest.mark.parametrize(
    ("hours", "is_closed"), [(-1, False), (1, True)], ids=["the ninth there", "the tenth there"]
)
def test_a_month_closes_when_its_day_comes_for_the_account(
    harbor: MirrorPortal, hours: int, *, is_closed: bool
) -> None:
    midnight_there = datetime(2026, 6, 10, 7, tzinfo=UTC)
    harbor.clock.at = midnight_there + timedelta(hours=hours)
    moved_champion(harbor)
    closes(harbor, LATE_IN_MAY)

    landed = {row["effective_at"] for row in harbor.ledger(9)}
    assert landed == ({harbor.clock.at} if is_closed else {LATE_IN_MAY})
    (closing,) = harbor.kept("closing")
    assert closing["time_zone"] == PACIFIC
    assert closing["month"] == (MAY if is_closed else date(2026, 4, 1))


def test_a_close_date_that_moves_within_the_accounts_month_makes_no_row(
    harbor: MirrorPortal,
) -> None:
    """In UTC it would be another month's."""
    moved_champion(harbor)
    closes(harbor, datetime(2026, 6, 10, 12, tzinfo=UTC))
    rows = harbor.ledger(9)

    harbor.clock.at = datetime(2026, 7, 2, tzinfo=UTC)
    closes(harbor, datetime(2026, 7, 1, 5, 30, tzinfo=UTC))

    assert harbor.ledger(9) == rows
    assert harbor.said("deal", 9)["second_order_booked_on"] == "2026-06-30"


def test_money_booked_ahead_moves_when_the_accounts_own_month_comes(harbor: MirrorPortal) -> None:
    harbor.clock.at = datetime(2026, 6, 30, 12, tzinfo=UTC)
    moved_champion(harbor)
    closes(harbor, datetime(2026, 7, 1, 8, tzinfo=UTC))
    rows = harbor.ledger(9)
    assert harbor.said("deal", 9)["second_order_booked_on"] == "2026-06-30"

    for at in (datetime(2026, 7, 1, 6, tzinfo=UTC), datetime(2026, 7, 1, 9, tzinfo=UTC)):
        assert harbor.ledger(9) == rows
        harbor.clock.at = at
        with harbor.context.transaction() as tx:
            invalidation.record(tx, Change.DAY_PASSED)
        harbor.settle()

    assert harbor.booked(9) == 4_000_000
    assert harbor.said("deal", 9)["second_order_booked_on"] == "2026-07-01"


def test_months_add_up_to_all_rows_wherever_the_account_goes(harbor: MirrorPortal) -> None:
    """May was closed in Los Angeles; then the account is in Berlin, and nothing is in two months or in none."""
    harbor.clock.at = LATE_IN_MAY + timedelta(hours=1)
    moved_champion(harbor)
    closes(harbor, LATE_IN_MAY)
    harbor.deal(10, 2, 12, created=60, won=(29.1, "500.00"))
    harbor.clock.at = datetime(2026, 6, 20, tzinfo=UTC)
    harbor.settle()
    rows, reported = harbor.ledger(), bookkeeping.month(harbor.context, MAY, "reported").rows

    move_to(harbor, BERLIN, at=harbor.clock.at)
    harbor.settle()

    assert harbor.ledger() == rows
    assert bookkeeping.month(harbor.context, MAY, "reported").rows == reported
    for view in ("known", "reported"):
        months = [date(2024, 1, 1)]
        while months[-1] < date(2026, 8, 1):
            months.append((months[-1] + timedelta(days=32)).replace(day=1))
        shown = [bookkeeping.month(harbor.context, month, view) for month in months]
        assert sum(len(month.rows) for month in shown) == len(rows), view
