"""A company's page: health that adds up from 50, whom it brought and who brought it, with sums."""

import pytest

from integration.storage.database import as_json
from tests.contract.conclude_world import HARBOR, ORCHARD, MirrorPortal, day, moved_champion
from tests.contract.record_world import Desk, Shown, counted, desk, minor, written_by_hand
from tests.contract.test_conclude_health import a_customer

__all__ = ["desk"]  # a fixture

ACME, ZENIT = f"/portals/{HARBOR}/company/1", f"/portals/{HARBOR}/company/2"


@pytest.fixture
def harbor(desk: Desk) -> MirrorPortal:
    """Acme's Priya moved to Zenit, which bought; she recommended us to Bolt, which bought, too."""
    portal = written_by_hand(desk, HARBOR)
    moved_champion(portal)
    portal.company(3, "Bolt", "bolt-works.com")
    told = [(90, "priya@zenit-labs.com")]
    portal.contact(
        22, 3, firstname="Bo", lastname="Li", email="bo@bolt-works.com", referred_by=told
    )
    portal.deal(10, 3, 22, created=70, won=(15, "1000.00"))
    portal.deal(11, 1, created=30, amount="700.00")
    portal.settle()
    return portal


def say_health(harbor: MirrorPortal) -> None:
    """Acme's health as a conclusion of it holds it."""
    parts = [
        {"name": "relationship", "tenths": 123, "because": "a champion is there"},
        {"name": "support", "tenths": -38, "because": "an urgent ticket is open"},
    ]
    health = {
        "tenths": 585, "band": "watch", "coverage": 65, "contributions": parts,
        "missing": [{"name": "adoption", "because": "nothing is mapped"}], "not_applicable": [],
    }  # fmt: skip
    moved = [{"name": "support", "tenths": -38}, {"name": "champion left", "tenths": 18}]
    reasons = [{"health": {"health": health, "change": {"tenths": -20, "parts": moved}, "hubspot_sentiment": ""}}]  # fmt: skip
    with harbor.database.portal(HARBOR) as tx:
        tx.run(
            """UPDATE conclusion SET reasons = CAST(:reasons AS jsonb)
               WHERE portal_id = :portal AND object_type = 'company' AND record_id = 1""",
            reasons=as_json(reasons),
        )


def test_health_begins_at_fifty_and_its_drivers_add_up_to_the_score(
    desk: Desk, harbor: MirrorPortal
) -> None:
    say_health(harbor)

    health = Shown.of(desk, ACME).part("health")

    points = [float(row[2]) for row in health.rows() if row[2]]
    assert points == [50, 12.3, -3.8]
    assert sum(points) == pytest.approx(float(health.rows("tfoot")[0][-2]))
    assert "65% of what health should rest on is known." in health.text
    assert "Against 30 days ago: -2.0 points." in health.text
    changes = [row[-1] for row in health.rows()]
    assert changes == ["", "", "-3.8", "+1.8"], "by factor, also one that no longer counts"
    total = sum(float(change or 0) for change in changes)
    assert total == pytest.approx(float(health.rows("tfoot")[0][-1]))
    assert "adoption: nothing is mapped" in health.text


def test_health_as_it_is_concluded_adds_up_to_the_field_in_hubspot(desk: Desk) -> None:
    portal = a_customer(written_by_hand(desk, HARBOR))

    health = Shown.of(desk, ACME).part("health")

    points = [round(10 * float(row[2] or 0)) for row in health.rows()]
    assert len(points) > 3
    assert sum(points) == round(10 * float(portal.said("company", 1)["second_order_health"]))


def test_whom_a_company_brought_adds_up_to_the_field_in_hubspot(
    desk: Desk, harbor: MirrorPortal
) -> None:
    page = Shown.of(desk, ACME)
    lines, (total,) = page.part("brought").rows(), page.part("brought").rows("tfoot")

    assert lines[0][0].startswith("Zenit")
    assert sum(minor(line[-1]) for line in lines) == minor(total[-1])
    said = harbor.said("company", 1)
    assert minor(total[-1]) == minor(said["second_order_revenue"])
    all_in = page.part("all-in")
    assert sum(minor(row[-1]) for row in all_in.rows()) == minor(all_in.rows("tfoot")[0][-1])
    assert minor(all_in.rows("tfoot")[0][-1]) == minor(said["second_order_all_in_value"])


def test_who_brought_a_company_is_named_with_what_is_booked_of_its_deals(
    desk: Desk, harbor: MirrorPortal
) -> None:
    brought = Shown.of(desk, ZENIT).part("brought-by")

    ((kind, who, amount),) = brought.rows()
    assert kind == "Moved champion"
    assert "Priya Raman" in who
    assert "Acme" in who
    assert minor(amount) == minor(brought.rows("tfoot")[0][-1]) == harbor.derived(9)


def test_champions_who_left_lead_to_where_they_went(desk: Desk, harbor: MirrorPortal) -> None:
    page = Shown.of(desk, ACME)
    left = page.part("departures")

    assert "Priya Raman" in left.text
    assert "Zenit" in left.text
    assert "12 December 2025, sure (0.90)" in left.text
    assert f"/portals/{HARBOR}/company/2" in left.links()
    there = Shown.of(desk, ZENIT).part("champions")
    assert "Priya Raman" in there.text
    assert "Moved champion" in there.text


def test_a_company_s_deals_are_summed_by_their_state_and_lead_to_the_list(
    desk: Desk, harbor: MirrorPortal
) -> None:
    deals = Shown.of(desk, ACME).part("deals")

    sums = [row for row in deals.rows() if ":" in row[0]]
    assert [(row[0], minor(row[-1])) for row in sums] == [
        ("Won: 1 deal", 10_000_00),
        ("Open: 1 deal", 700_00),
    ]
    assert f"/portals/{HARBOR}/deals?company=1" in deals.links()
    assert desk.get(f"/portals/{HARBOR}/deals?company=1").status_code == 200


def test_a_company_s_story_says_since_when_it_is_a_customer(
    desk: Desk, harbor: MirrorPortal
) -> None:
    story = Shown.of(desk, ACME).part("story").text
    assert "recommended us to" in Shown.of(desk, ZENIT).part("story").text

    first, *_, last = [line for line in story.split("\n") if line[:1].isdigit() and " 20" in line]
    assert first == "30 July 2024"
    assert "a customer from here on" in story
    assert "bought because of it:" in story
    assert "Priya Raman" in story
    assert last == "10 June 2026"


def test_a_merged_company_leads_to_its_survivor_with_what_both_brought(
    desk: Desk, harbor: MirrorPortal
) -> None:
    harbor.company(4, "Acme Group", "acme-group.com")
    harbor.settle()
    harbor.merge("company", (4,), 1)
    harbor.settle()

    page = Shown.of(desk, f"/portals/{HARBOR}/company/4")

    assert "It was another record until a merge in HubSpot." in page.text
    total = page.part("brought").rows("tfoot")[0][-1]
    assert minor(total) == minor(harbor.said("company", 1)["second_order_revenue"])


def test_a_company_of_another_account_is_not_there(desk: Desk, harbor: MirrorPortal) -> None:
    orchard = written_by_hand(desk, ORCHARD)
    orchard.company(99, "Theirs", "theirs.example")
    orchard.settle()

    Shown.of(desk, f"/portals/{HARBOR}/company/99", status=404)
    Shown.of(desk, f"/portals/{ORCHARD}/company/99", status=404)


def test_a_company_that_nothing_is_known_of_says_what_would_show(
    desk: Desk, harbor: MirrorPortal
) -> None:
    harbor.company(80, "New", "new.example")
    harbor.settle()

    page = Shown.of(desk, f"/portals/{HARBOR}/company/80").text

    for part in (
        "no won deal yet",
        "Nobody yet. When somebody from here changes jobs",
        "No deal has this company as its primary one.",
        "No champion is known to have left.",
        "Nothing is known yet",
    ):
        assert part in page, part


def staff(harbor: MirrorPortal, people: int) -> None:
    """So many contacts of Acme's, each of whom left it."""
    with harbor.database.portal(HARBOR) as tx:
        tx.run(
            """INSERT INTO record (portal_id, object_type, record_id, properties, created_at)
               SELECT :portal, 'contact', 300000 + n, jsonb_build_object('firstname', 'P' || n), now()
               FROM generate_series(1, :people) AS n ON CONFLICT DO NOTHING""",
            people=people,
        )
        tx.run(
            """INSERT INTO association (portal_id, from_type, from_id, to_type, to_id, category, type_id)
               SELECT :portal, 'contact', 300000 + n, 'company', 1, 'HUBSPOT_DEFINED', 1
               FROM generate_series(1, :people) AS n ON CONFLICT DO NOTHING""",
            people=people,
        )
        tx.run(
            """INSERT INTO move (portal_id, person_id, move_key, former_contact_id, new_contact_id,
                 former_company_id, new_company_id, earliest, latest, confidence, status, body, settings_version)
               SELECT :portal, 300000 + n, 'k', 300000 + n, 300000 + n, 1, 2, CAST(:at AS timestamptz),
                 CAST(:at AS timestamptz), 0.9, 'auto', '{"strength": 900000}', 1
               FROM generate_series(1, :people) AS n ON CONFLICT DO NOTHING""",
            people=people,
            at=day(10),
        )


def test_a_company_of_twenty_thousand_contacts_costs_the_queries_of_a_small_one(
    desk: Desk, harbor: MirrorPortal
) -> None:
    staff(harbor, 60)
    with counted(harbor.database) as few:
        Shown.of(desk, ACME)
    staff(harbor, 20_000)
    with counted(harbor.database) as many:
        page = Shown.of(desk, ACME)

    assert len(many) == len(few) < 60
    assert "and 19,991 more" in page.part("departures").text
    assert len([link for link in page.links() if "?after=" in link]) == 1


def test_churn_risk_says_what_counts_and_what_is_not_known(
    desk: Desk, harbor: MirrorPortal
) -> None:
    told = {
        "ppm": 327_013, "band": "raised", "parts": [["champion_left", 3000], ["gone_word", 1], "x"],
        "unknown": ["renewal_near", "who_knows"], "until": None, "days": 180, "base_ppm": 120_000, "version": 0,
    }  # fmt: skip
    with harbor.database.portal(HARBOR) as tx:
        tx.run(
            """UPDATE conclusion SET reasons = CAST(:reasons AS jsonb)
               WHERE portal_id = :portal AND object_type = 'company' AND record_id = 1""",
            reasons=as_json([{"churn_risk": told}]),
        )

    risk = Shown.of(desk, ACME).part("risk")

    assert risk.rows() == [["3.0"]]
    assert "a champion left" in risk.text
    assert "33%" in risk.text
    assert "The base rate of this account is 12%" in risk.text
    assert "the renewal date" in risk.text
