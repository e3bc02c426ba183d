"""Health as the days go by: nothing has to happen for silence to cost, and nothing is remembered."""

from datetime import datetime, timedelta

import pytest

from integration.portal import feeds, invalidation
from integration.portal.invalidation import Change
from integration.storage.queue import stream_troubles
from integration.storage.service import lost_feeds
from mappings.records.portal_map import PortalMap
from tests.contract.conclude_world import HARBOR, NOW, ORCHARD, Clock, MirrorPortal, day
from tests.contract.test_conclude_touches import happen, read_activities, unhappen

ACME, ANA, DEAL = 1, 12, 5
MAP = PortalMap(
    home_currency="USD",
    usage_property="seats",
    renewal_date_property="renews",
    recurring_property="arr",
)


def a_customer(portal: MirrorPortal, *, renews_in: int = 400) -> MirrorPortal:
    """Acme bought long ago, uses what it bought, and met us ten days ago."""
    portal.install(MAP)
    with portal.clock.database.service() as tx:
        tx.run(
            "UPDATE portal SET scopes = '{oauth,tickets}' WHERE portal_id = :id",
            id=portal.portal_id,
        )
    portal.imported()
    portal.put(
        "company",
        ACME,
        name="Acme",
        domain="acme-tools.com",
        seats=[(300, "60"), (20, "80")],
        arr=[(600, "1000")],
        renews=[(600, (NOW + timedelta(renews_in)).isoformat())],
    )
    portal.contact(ANA, ACME, firstname="Ana", lastname="Berg", email="ana@acme-tools.com")
    portal.deal(DEAL, ACME, ANA, created=800, won=(700, "10000.00"))
    portal.put("ticket", 70, createdate=day(200).isoformat(), closed_date=day(190).isoformat())
    portal.link("ticket", 70, "company", ACME)
    happen(portal, "meeting", 1, 10, [ANA])
    read_activities(portal)
    with portal.clock.database.portal(portal.portal_id) as tx:
        feeds.found_again(tx, portal.clock.at)  # as at the end of an import
    portal.settle()
    return portal


@pytest.fixture
def acme(clock: Clock) -> MirrorPortal:
    return a_customer(MirrorPortal(clock, HARBOR))


def a_night_on(portal: MirrorPortal, days: float) -> float:
    """The score so many days later, when nothing happened but the nights."""
    portal.clock.at = NOW + timedelta(days)
    with portal.clock.database.portal(portal.portal_id) as tx:
        feeds.look(tx, portal.clock.at)
        invalidation.record(tx, Change.DAY_PASSED)
    portal.settle()
    return score(portal)


def score(portal: MirrorPortal) -> float:
    return float(portal.said("company", ACME)["second_order_health"])


def why(portal: MirrorPortal) -> str:
    return portal.said("company", ACME)["second_order_health_because"]


def test_silence_costs_a_customer_about_whom_nothing_happens(acme: MirrorPortal) -> None:
    scores = [a_night_on(acme, days) for days in (0, 30, 60, 90, 120, 170, 320, 500, 900)]

    assert scores == sorted(scores, reverse=True)
    assert (scores[0], scores[-1]) == (79.6, 40.0)
    assert "relationship -10.0 (last two-way touch 20 June 2026" in why(acme)
    assert "renewal overdue since" in why(acme)


def test_the_band_waits_a_night_and_needs_no_memory_for_it(
    acme: MirrorPortal, clock: Clock
) -> None:
    """Whoever installs on the second day says what an account says that was watched on the first."""
    bands: list[str] = []
    for days in range(60, 400, 1):
        a_night_on(acme, days)
        bands.append(acme.said("company", ACME)["second_order_health_band"])
        if bands[-1] == "watch":
            break
    assert bands == ["healthy"] * (len(bands) - 1) + ["watch"]
    assert acme.said("company", ACME)["second_order_health"] == "69.8"

    orchard = a_customer(MirrorPortal(Clock(clock.database, acme.clock.at), ORCHARD))

    assert orchard.said("company", ACME) == acme.said("company", ACME)


def test_the_change_is_worked_out_from_dated_facts(acme: MirrorPortal) -> None:
    """Usage was 60 until twenty days ago, and Ana met us since."""
    happen(acme, "meeting", 2, 35, [ANA])
    acme.settle()

    assert float(acme.said("company", ACME)["second_order_health_change"]) > 0
    assert "Against 30 days ago +" in why(acme)
    assert "adoption +9.0 (usage 80 of 100)" in why(acme)


def test_a_change_that_cannot_be_known_is_left_empty(acme: MirrorPortal) -> None:
    """Nobody was ever in touch before: thirty days ago the relationship was not known."""
    unhappen(acme, "meeting", 1)
    acme.change("contact", ANA, hs_sales_email_last_replied=day(5).isoformat())
    acme.settle()

    assert "relationship +" in why(acme)
    assert "second_order_health_change" not in acme.said("company", ACME)


def test_a_feed_of_usage_that_fell_silent_ages_for_all_and_comes_back(acme: MirrorPortal) -> None:
    a_night_on(acme, 24)
    assert "adoption +" in why(acme)
    assert "stale" not in why(acme)

    a_night_on(acme, 40)
    assert "usage 80 of 100, out of date since 10 June 2026" in why(acme)

    acme.put(
        "company", ACME, name="Acme", seats=[(300, "60"), (20, "80"), (-40, "79")],
        arr=[(600, "1000")], renews=[(600, (NOW + timedelta(400)).isoformat())],
    )  # fmt: skip
    acme.settle()
    assert "usage 79 of 100)" in why(acme)
    a_night_on(acme, 41)
    assert acme.kept("lost_feed") == []


def test_a_list_that_hubspot_refuses_later_is_noted_once(acme: MirrorPortal) -> None:
    with acme.clock.database.portal(HARBOR) as tx:
        stream_troubles.refuse(tx, "records:ticket", "403")
    before = a_night_on(acme, 0)
    noted = acme.kept("lost_feed")
    assert [(row["feed"], row["lost_at"]) for row in noted] == [("ticket", NOW)]

    assert a_night_on(acme, 20) < before
    assert acme.kept("lost_feed") == noted
    assert "support +" in why(acme)
    assert "no open ticket when tickets were last read, on 30 June 2026" in why(acme)

    with acme.clock.database.portal(HARBOR) as tx:
        stream_troubles.forget(tx, ["records:ticket"])
        feeds.found_again(tx, acme.clock.at)
    acme.settle()
    assert acme.kept("lost_feed") == []
    assert "(no open ticket)" in why(acme)


def test_a_feed_that_one_account_lost_is_read_in_the_other(
    acme: MirrorPortal, clock: Clock
) -> None:
    orchard = a_customer(MirrorPortal(clock, ORCHARD))
    with clock.database.portal(HARBOR) as tx:
        lost_feeds.lose(tx, "ticket", datetime(2026, 1, 1, tzinfo=NOW.tzinfo))

    a_night_on(acme, 0)
    a_night_on(orchard, 0)

    assert "when tickets were last read" in why(acme)
    assert "when tickets were last read" not in why(orchard)
    assert orchard.kept("lost_feed") == []


def test_hubspots_own_sentiment_stands_beside_and_does_not_count(acme: MirrorPortal) -> None:
    before = score(acme)

    acme.change("company", ACME, hs_csm_sentiment="at_risk")
    acme.settle()

    assert score(acme) == before
    assert why(acme).endswith('HubSpot\'s own sentiment says "at risk"; it is not counted.')
