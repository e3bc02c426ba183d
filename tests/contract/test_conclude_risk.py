"""Churn risk as concluded: read back where HubSpot shows it, from facts alone."""

from datetime import timedelta

import pytest

from integration.portal import feeds, invalidation
from integration.portal.invalidation import Change
from integration.storage.success import churn_rows
from tests.contract.conclude_world import HARBOR, NOW, ORCHARD, Clock, MirrorPortal, day
from tests.contract.test_conclude_health import ACME, ANA, MAP, a_customer
from tests.contract.test_conclude_touches import happen

BO, ZENIT = 13, 2


@pytest.fixture
def acme(clock: Clock) -> MirrorPortal:
    return a_customer(MirrorPortal(clock, HARBOR))


def risk(portal: MirrorPortal) -> float | None:
    said = portal.said("company", ACME).get("second_order_churn_risk")
    return float(said) if said else None


def why(portal: MirrorPortal) -> str:
    return portal.said("company", ACME).get("second_order_churn_risk_because", "")


def a_night_on(portal: MirrorPortal, days: float) -> None:
    portal.clock.at = NOW + timedelta(days)
    with portal.clock.database.portal(portal.portal_id) as tx:
        feeds.look(tx, portal.clock.at)
        invalidation.record(tx, Change.DAY_PASSED)
    portal.settle()


def test_a_customer_has_a_risk_with_its_reasons_and_what_is_not_known(acme: MirrorPortal) -> None:
    assert risk(acme) == pytest.approx(
        2 / 21, abs=1e-4
    )  # (0 + 2) / (1 + 20), and nothing stands out
    assert why(acme) == (
        "Low risk until 4 August 2027: nothing stands out. The base rate here is 10%; how much each"
        " counts are starting values. Not known: what decision makers answer; whether anybody is a"
        " promoter."
    )


def test_a_champion_who_leaves_raises_the_risk(acme: MirrorPortal) -> None:
    before = risk(acme)
    acme.company(ZENIT, "Zenit", "zenit-labs.com")
    acme.contact(
        ANA,
        ZENIT,
        firstname="Ana",
        lastname="Berg",
        email=[(800, "ana@acme-tools.com"), (40, "ana@zenit-labs.com")],
    )
    acme.settle()

    after = risk(acme)

    assert before is not None
    assert after is not None
    assert after > 2 * before
    assert "a champion left (odds x3.0)" in why(acme)


def test_silence_raises_the_risk_by_itself(acme: MirrorPortal) -> None:
    before = risk(acme)

    a_night_on(acme, 60)

    assert before is not None
    assert (risk(acme) or 0) > before
    assert "no two-way touch lately (odds x1.7)" in why(acme)


def test_an_old_urgent_ticket_and_a_near_renewal_count(acme: MirrorPortal) -> None:
    acme.put("ticket", 71, createdate=day(8).isoformat(), hs_ticket_priority="URGENT")
    acme.link("ticket", 71, "company", ACME)
    acme.put("ticket", 72, createdate=day(6).isoformat(), hs_ticket_priority="URGENT")
    acme.link("ticket", 72, "company", ACME)
    acme.settle()
    a_night_on(acme, 311)  # 89 days before the renewal

    assert "an urgent ticket is open for long (odds x1.4)" in why(acme)
    assert "the renewal is near (odds x1.2)" in why(acme)


def test_what_decision_makers_and_promoters_answer_counts(acme: MirrorPortal) -> None:
    acme.contact(
        BO,
        ACME,
        firstname="Bo",
        lastname="Li",
        email="bo@acme-tools.com",
        hs_buying_role="DECISION_MAKER",
        hs_feedback_last_nps_rating_number=[(30, "2")],
    )
    acme.settle()

    assert "a decision maker is a detractor (odds x1.8)" in why(acme)
    assert "whether anybody is a promoter" not in why(acme)


def test_paying_less_than_half_a_year_ago_counts(acme: MirrorPortal) -> None:
    acme.change("company", ACME)
    acme.put(
        "company", ACME, name="Acme", domain="acme-tools.com", arr=[(600, "1000"), (50, "700")]
    )
    acme.settle()

    assert "pays less than half a year ago (odds x2.0)" in why(acme)


def test_who_stopped_paying_churned_and_has_no_risk_any_more(acme: MirrorPortal) -> None:
    acme.put("company", ACME, name="Acme", domain="acme-tools.com", arr=[(600, "1000"), (50, "0")])
    acme.settle()

    with acme.database.portal(HARBOR) as tx:
        (spell,) = churn_rows.all_spells(tx)[ACME]
    assert (spell.since, spell.until, spell.ending) == (day(600), day(50), "value_ended")
    assert (risk(acme), why(acme)) == (None, "")


def test_a_pause_is_no_churn_until_its_contract_ends(acme: MirrorPortal) -> None:
    renews = [(600, (NOW + timedelta(20)).isoformat())]
    acme.put(
        "company", ACME, name="Acme", domain="acme-tools.com",
        arr=[(600, "1000"), (50, "0")], renews=renews,
    )  # fmt: skip
    acme.settle()
    paused = why(acme)
    a_night_on(acme, 21)

    assert paused
    assert why(acme) == ""


def test_a_value_that_somebody_emptied_is_no_churn(acme: MirrorPortal) -> None:
    acme.put("company", ACME, name="Acme", domain="acme-tools.com", arr=[(600, "1000"), (50, "")])
    acme.settle()

    with acme.database.portal(HARBOR) as tx:
        (spell,) = churn_rows.all_spells(tx)[ACME]
        assert churn_rows.cohort(tx, day(180), NOW).churned == 0
    assert spell.ending == "unknown"


def test_churns_of_others_raise_everybodys_base_rate(acme: MirrorPortal) -> None:
    before = risk(acme) or 0
    for company_id in range(100, 110):
        acme.company(company_id, f"Gone {company_id}", f"gone-{company_id}.com")
        acme.deal(company_id, company_id, created=520, won=(500, "10.00"))  # and nothing since
    acme.settle()

    with acme.database.portal(HARBOR) as tx:
        assert churn_rows.base(tx) is not None
        counted = churn_rows.cohort(tx, day(180), NOW)
    assert (counted.customers, counted.churned) == (11, 10)
    assert before < (risk(acme) or 0) == pytest.approx(12 / 31, abs=1e-4)


def test_concluding_again_changes_nothing(acme: MirrorPortal) -> None:
    before = acme.said("company", ACME)
    with acme.database.portal(HARBOR) as tx:
        invalidation.record(tx, Change.SETTINGS_CHANGED)
    acme.settle()

    assert acme.said("company", ACME) == before


def test_another_account_is_not_touched(acme: MirrorPortal, clock: Clock) -> None:
    orchard = MirrorPortal(clock, ORCHARD)
    orchard.install(MAP)
    orchard.imported()
    orchard.settle()

    with orchard.database.portal(ORCHARD) as tx:
        assert churn_rows.all_spells(tx) == {}


def test_a_meeting_ends_the_silence(acme: MirrorPortal) -> None:
    a_night_on(acme, 60)
    happen(acme, "meeting", 2, -55, [ANA])
    acme.settle()
    a_night_on(acme, 61)

    assert "no two-way touch lately" not in why(acme)
