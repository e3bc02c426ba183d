"""The account's own months and days: from HubSpot's account details to the books, the fields and the commands."""

import csv
import io
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from integration.admin import account_time, detection
from integration.reports import bookkeeping
from mappings.rules.ledger import periods
from tests import admin
from tests.e2e.test_commands import Run, run, told
from tests.passing_time import pass_time

if TYPE_CHECKING:
    from tests.world import Account, World

__all__ = ["run", "told"]  # fixtures
PACIFIC, BERLIN = "America/Los_Angeles", "Europe/Berlin"
SEPTEMBER, OCTOBER, NOVEMBER = (date(2025, number, 1) for number in (9, 10, 11))
A_NIGHT = 23 * 3600.0


def evening(month: date) -> datetime:
    """22:30 of a month's last day in Los Angeles: in UTC, and in Berlin, it is the next month."""
    last = periods.after(month) - timedelta(days=1)
    return datetime(last.year, last.month, last.day, 22, 30, tzinfo=ZoneInfo(PACIFIC))


def champion_buys(account: "Account", *closed: datetime) -> list[int]:
    """Maria bought at Acme, went to Zenit, and led to these won deals there."""
    crm = account.crm
    long_ago, moved = (datetime(year, 1, 15, 12, tzinfo=UTC) for year in (2023, 2025))
    with crm.silently():
        acme = crm.create("company", {"name": "Acme", "domain": "acme.example"}, at=long_ago).id
        zenit = crm.create("company", {"name": "Zenit", "domain": "zenit.example"}, at=long_ago).id
        maria = crm.create(
            "contact",
            {"firstname": "Maria", "lastname": "Lopez", "email": "maria@acme.example"},
            at=long_ago,
        ).id
        crm.associate("contact", maria, "company", acme, primary=True)
        _won(account, acme, maria, created=long_ago, closed=long_ago + timedelta(days=30))
        crm.update("contact", maria, {"email": "maria@zenit.example"}, at=moved)
        crm.associate("contact", maria, "company", zenit, primary=True)
        return [
            _won(account, zenit, maria, created=moved + timedelta(days=60), closed=at)
            for at in closed
        ]


def _won(
    account: "Account", company: int, contact: int, *, created: datetime, closed: datetime
) -> int:
    values = {"dealname": "a deal", "pipeline": "default", "dealstage": "closedwon"}
    money = {"amount": "1000.00", "closedate": closed.isoformat()}
    deal = int(account.crm.create("deal", {**values, **money}, at=created).id)
    account.crm.associate("deal", deal, "company", company, primary=True)
    account.crm.associate("deal", deal, "contact", contact)
    return deal


def installed(world: "World", time_zone: str, *closed: datetime) -> list[int]:
    world.harbor.crm.time_zone = time_zone
    deals = champion_buys(world.harbor, *closed)
    for account in world.accounts:
        world.install(account)
    world.settle()
    return deals


def booked_on(account: "Account", deals: list[int]) -> list[str]:
    return [account.read("deal", deal, "second_order_booked_on") for deal in deals]


def months_of(account: "Account", view: str = "known") -> Mapping[str, int]:
    """What each month of late 2025 has, first-order included, in minor units."""
    found: dict[str, int] = {}
    with account.context() as portal:
        for month in (SEPTEMBER, OCTOBER, NOVEMBER, date(2025, 12, 1)):
            for sums in bookkeeping.month(portal, month, view).totals.values():
                found[f"{month:%Y-%m}"] = sums["total"]
    return found


def calls_of(account: "Account") -> Mapping[str, int]:
    """How often each of HubSpot's routes answered; after a night the token is refused once."""
    return {row["route"]: row["calls"] - row["errors"] for row in account.kept("api_usage")}


def look(world: "World") -> None:
    """The night passes, and HubSpot is looked at again."""
    pass_time(world, A_NIGHT)
    for account in world.accounts:
        with account.context() as portal:
            detection.look_if_due(portal)
    world.settle()


def test_an_evening_in_california_counts_to_its_own_day_and_month(world: "World") -> None:
    deals = installed(world, PACIFIC, evening(SEPTEMBER))

    assert booked_on(world.harbor, deals) == ["2025-09-30"]
    assert months_of(world.harbor) == {"2025-09": 100_000}


def test_open_months_follow_the_account_and_a_closed_one_keeps_what_it_reported(
    world: "World",
) -> None:
    deals = installed(world, PACIFIC, evening(SEPTEMBER), evening(OCTOBER))
    with world.harbor.context() as portal:
        bookkeeping.close(portal, SEPTEMBER, actor="ana", reason="reported")
    assert booked_on(world.harbor, deals) == ["2025-09-30", "2025-10-31"]
    rows = world.harbor.ledger()

    world.harbor.crm.time_zone = BERLIN
    look(world)

    assert booked_on(world.harbor, deals) == ["2025-09-30", "2025-11-01"]
    assert months_of(world.harbor) == {"2025-09": 100_000, "2025-11": 100_000}
    assert months_of(world.harbor, "reported")["2025-09"] == 100_000
    assert world.harbor.ledger() == rows
    (moved,) = world.harbor.kept("audit", action="time zone changed")
    assert moved["detail"] == {"before": PACIFIC, "after": BERLIN}
    assert world.orchard.kept("audit", action="time zone changed") == []


def test_a_month_that_was_due_to_close_closes_by_the_zone_it_was_seen_in(world: "World") -> None:
    """Nothing was booked since the tenth, so nobody had written the closing yet."""
    installed(world, PACIFIC, evening(SEPTEMBER))
    with world.runtime.database.service() as tx:
        tx.run("UPDATE portal SET imported_at = imported_at - interval '100 days'")
    assert world.harbor.kept("closing") == []

    world.harbor.crm.time_zone = BERLIN
    look(world)

    (closing,) = world.harbor.kept("closing")
    assert (closing["time_zone"], closing["actor"]) == (PACIFIC, periods.CALENDAR)


def test_a_zone_that_stays_costs_one_call_a_night_and_writes_nothing(world: "World") -> None:
    installed(world, PACIFIC, evening(SEPTEMBER))
    conclusions, calls = world.harbor.kept("conclusion"), calls_of(world.harbor)

    look(world)

    assert world.harbor.kept("conclusion") == conclusions
    assert calls_of(world.harbor)["account"] == calls.get("account", 0) + 1
    assert calls_of(world.harbor)["objects.update"] == calls["objects.update"]


def test_a_zone_that_nobody_knows_moves_no_month_and_is_told(told: "World", run: Run) -> None:
    told.harbor.crm.time_zone = "Mars/Olympus"
    look(told)

    said = run("doctor").stdout
    assert "calls the account's time zone 'Mars/Olympus', which is none" in " ".join(said.split())
    visitor = admin.installed(told.url, told.hubspot, told.harbor.portal_id)
    assert "Mars/Olympus" in visitor.page("health")
    with told.harbor.context() as portal:
        assert bookkeeping.calendar(portal).time_zone == BERLIN

    told.harbor.crm.time_zone = BERLIN
    look(told)
    assert "Mars/Olympus" not in run("doctor").stdout


def test_an_account_installs_with_a_zone_that_nobody_knows_and_has_the_months_of_utc(
    world: "World",
) -> None:
    deals = installed(world, "Mars/Olympus", evening(SEPTEMBER))

    assert booked_on(world.harbor, deals) == ["2025-10-01"]
    with world.harbor.context() as portal:
        found = portal.find()
    assert found is not None
    assert "months and days are those of UTC" in (account_time.trouble(found) or "")


def test_an_account_that_moved_while_it_was_away_is_followed_when_it_is_back(
    world: "World",
) -> None:
    deals = installed(world, PACIFIC, evening(SEPTEMBER))
    world.harbor.crm.time_zone = BERLIN

    world.connect(world.harbor)
    world.settle()

    assert booked_on(world.harbor, deals) == ["2025-10-01"]


def test_the_ledger_as_a_file_has_the_accounts_days_and_months(told: "World", run: Run) -> None:
    """Beside the exact times, so that nobody makes months of those."""
    rows = list(csv.DictReader(io.StringIO(run("ledger", "4711", "--csv").stdout)))

    assert rows
    for row in rows:
        local = datetime.fromisoformat(row["effective_at"]).astimezone(ZoneInfo(BERLIN))
        assert row["booked_on"] == f"{local:%Y-%m-%d}"
        assert row["month"] == row["win_month"] == f"{local:%Y-%m}"


def test_days_of_the_ledger_command_are_the_accounts(told: "World", run: Run) -> None:
    """Asked from tomorrow on by the account's clock, nothing of today is told."""
    today = datetime.now(ZoneInfo(BERLIN)).date()

    since = run("ledger", "4711", "--changes", "--since", f"{today - timedelta(days=1)}").stdout
    later = run("ledger", "4711", "--changes", "--since", f"{today + timedelta(days=1)}").stdout

    assert "was won" in since
    assert "Nothing changed." in later
