"""Days of health: filled each night, the same as of an account installed today, rewritten by facts."""

from datetime import date, timedelta

import pytest

from integration.conclude.fields import kept_days
from integration.storage.success import health_day_rows
from integration.storage.success.health_day_rows import KeptMonth
from mappings.rules.success.health_days import HealthDay, unpack
from tests.contract.conclude_world import HARBOR, NOW, ORCHARD, Clock, MirrorPortal, day
from tests.contract.test_conclude_health import ACME, ANA, a_customer, a_night_on
from tests.contract.test_conclude_touches import happen

TODAY = NOW.date()
YESTERDAY = TODAY - timedelta(1)


@pytest.fixture
def acme(clock: Clock) -> MirrorPortal:
    return a_customer(MirrorPortal(clock, HARBOR))


def fill(portal: MirrorPortal) -> None:
    """The slices of a night; each ends after one customer, or few."""
    for _ in range(50):
        if not kept_days.advance(portal.context, None, seconds=0.2):
            return
    raise AssertionError("the pass does not come to an end")


def a_night(portal: MirrorPortal, days: float) -> None:
    a_night_on(portal, days)
    fill(portal)


def kept(portal: MirrorPortal, company_id: int = ACME) -> list[KeptMonth]:
    with portal.database.portal(portal.portal_id) as tx:
        return health_day_rows.of_companies(tx, [company_id]).get(company_id, [])


def days_of(portal: MirrorPortal, company_id: int = ACME) -> dict[date, HealthDay]:
    return {found.on: found for month in kept(portal, company_id) for found in unpack(month.packed)}


def test_days_reach_from_the_first_purchase_to_yesterday_without_a_gap(acme: MirrorPortal) -> None:
    fill(acme)

    found = list(days_of(acme))

    bought = day(700).date()
    assert (found[0], found[-1]) == (bought, YESTERDAY)
    assert len(found) == (YESTERDAY - bought).days + 1


def test_each_day_says_what_was_said_that_day(acme: MirrorPortal) -> None:
    """Concluded as of the end of a day, the fields are that day's: score, band and coverage."""
    said: dict[date, tuple[float, str, str]] = {}
    for days in range(60, 100):
        # Days of UTC end at midnight, and NOW is noon.
        a_night_on(acme, days + 0.5)
        fields = acme.said("company", ACME)
        said[TODAY + timedelta(days)] = (
            float(fields["second_order_health"]),
            fields["second_order_health_band"],
            fields["second_order_health_coverage"],
        )
    a_night(acme, 101)

    found = days_of(acme)

    assert {one[1] for one in said.values()} == {"healthy", "watch"}
    for on, expected in said.items():
        one = found[on]
        assert (one.score, one.band, f"{one.coverage / 100:g}") == expected, on


def test_an_account_installed_today_has_the_days_of_one_that_was_watched(
    acme: MirrorPortal, clock: Clock
) -> None:
    fill(acme)
    happen(acme, "meeting", 2, -3, [ANA])
    a_night(acme, 5)
    acme.put("ticket", 71, createdate=day(-8).isoformat(), hs_ticket_priority="HIGH")
    acme.link("ticket", 71, "company", ACME)
    acme.settle()
    for days in (9, 10, 40):
        a_night(acme, days)

    fresh = MirrorPortal(Clock(clock.database, acme.clock.at), ORCHARD)
    a_customer(fresh)
    happen(fresh, "meeting", 2, -3, [ANA])
    fresh.put("ticket", 71, createdate=day(-8).isoformat(), hs_ticket_priority="HIGH")
    fresh.link("ticket", 71, "company", ACME)
    fresh.settle()
    fill(fresh)

    assert days_of(acme) == days_of(fresh)
    assert [month.touched_at for month in kept(acme)] == [month.touched_at for month in kept(fresh)]


def test_missed_nights_are_made_up_for(acme: MirrorPortal) -> None:
    fill(acme)
    a_night(acme, 75)

    found = days_of(acme)

    assert max(found) == TODAY + timedelta(74)
    assert len(found) == (max(found) - min(found)).days + 1


def test_a_night_without_news_appends_a_day_and_works_no_other_one_out(acme: MirrorPortal) -> None:
    fill(acme)
    before = {month.packed.month: month for month in kept(acme)}
    a_night(acme, 1)
    after = {month.packed.month: month for month in kept(acme)}

    changed = {month for month, row in after.items() if row != before.get(month)}

    assert changed == {TODAY.replace(day=1)}
    assert (
        len(days_of(acme))
        == sum(sum(letter != " " for letter in row.packed.bands) for row in before.values()) + 1
    )


def test_a_corrected_fact_rewrites_the_days_from_its_month_on_and_no_earlier_ones(
    acme: MirrorPortal,
) -> None:
    """Usage of 300 days ago was mistyped: what was told of the months before stays."""
    fill(acme)
    before = days_of(acme)
    acme.put(
        "company", ACME, name="Acme", seats=[(300, "10"), (20, "80")],
        arr=[(600, "1000")], renews=[(600, (NOW + timedelta(400)).isoformat())],
    )  # fmt: skip
    acme.settle()
    a_night(acme, 1)

    after = days_of(acme)

    differ = [on for on, found in before.items() if after[on] != found]
    assert (min(differ), max(differ)) == (day(300).date(), day(21).date())


def test_what_nobody_dated_counts_for_every_day(acme: MirrorPortal) -> None:
    fill(acme)
    before = days_of(acme)
    acme.contact(13, ACME, firstname="Bo", lastname="Li", email="bo@acme-tools.com")
    happen(acme, "meeting", 3, 400, [13])
    acme.settle()
    a_night(acme, 1)

    after = days_of(acme)

    assert min(on for on, found in before.items() if after[on] != found) == day(400).date()


def test_days_that_facts_no_longer_tell_of_stay_as_they_were_told_for_five_years(
    acme: MirrorPortal,
) -> None:
    fill(acme)
    told = days_of(acme)
    a_night(acme, 600)
    out_of_reach = [on for on in told if on < (NOW + timedelta(600 - 916)).date()]
    assert out_of_reach
    after = days_of(acme)
    assert {on: told[on] for on in out_of_reach} == {on: after[on] for on in out_of_reach}

    with acme.database.portal(HARBOR) as tx:
        health_day_rows.tidy(tx, before=date(2026, 1, 1))
    assert min(days_of(acme)) == date(2026, 1, 1)


def test_days_of_a_merged_company_are_its_survivors_and_those_of_a_deleted_one_go(
    acme: MirrorPortal,
) -> None:
    fill(acme)
    acme.company(3, "Acme Tools", "acme-tools.com")
    acme.merge("company", (ACME,), 3)
    acme.settle()
    acme.clock.at = NOW + timedelta(1)
    fill(acme)
    assert (days_of(acme), min(days_of(acme, 3))) == ({}, day(700).date())

    acme.retire("company", 3)
    acme.settle()
    acme.clock.at = NOW + timedelta(2)
    fill(acme)
    assert acme.kept("health_month") == []


def test_a_first_purchase_that_was_earlier_or_later_moves_the_first_day(acme: MirrorPortal) -> None:
    fill(acme)
    acme.change("deal", 5, closedate=day(650).isoformat())
    a_night(acme, 1)
    assert min(days_of(acme)) == day(650).date()

    acme.change("deal", 5, closedate=day(720).isoformat())
    a_night(acme, 2)
    assert min(days_of(acme)) == day(720).date()


def test_the_portfolio_is_counted_by_band_and_by_touch_at_each_months_end(
    acme: MirrorPortal, clock: Clock
) -> None:
    orchard = a_customer(MirrorPortal(clock, ORCHARD))
    fill(orchard)
    happen(acme, "meeting", 4, 80, [ANA])
    acme.settle()
    fill(acme)
    with acme.database.portal(HARBOR) as tx:
        ends = health_day_rows.month_ends(tx, date(2026, 3, 1), touch_days=30)
        bands = health_day_rows.bands_on(tx, date(2026, 4, 15))
        moved = health_day_rows.moved(tx, date(2025, 1, 15), date(2026, 6, 29), limit=9)

    assert [(line.month.month, line.customers, line.touched) for line in ends] == [
        (3, 1, 0), (4, 1, 1), (5, 1, 0), (6, 1, 1),
    ]  # fmt: skip
    assert sum(bands.values()) == 1
    assert [row[:3] for row in moved] in (
        [],
        [(ACME, "watch", "healthy")],
        [(ACME, "unknown", "healthy")],
    )


def test_nothing_is_worked_out_before_all_activities_are_read(acme: MirrorPortal) -> None:
    with acme.database.portal(HARBOR) as tx:
        tx.run("UPDATE touch_step SET told = false, weighed = false WHERE portal_id = :portal")

    fill(acme)

    assert acme.kept("health_month") == []
