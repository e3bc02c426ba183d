"""A deal's page: who led to it, sums that add up on it, its books, and what other models would say."""

from datetime import date, timedelta

import pytest

from integration.portal.forgotten import erase
from integration.reports import revenue_total
from integration.storage.database import as_json
from integration.storage.ledger import period_rows
from mappings.rules.ledger.periods import Closing
from tests.contract.conclude_world import (
    HARBOR,
    KEYS,
    NOW,
    ORCHARD,
    REOPENED,
    MirrorPortal,
    closed_won,
    moved_champion,
)
from tests.contract.record_world import Desk, Shown, counted, desk, minor, written_by_hand

__all__ = ["desk"]  # a fixture

DEAL = f"/portals/{HARBOR}/deal/9"


@pytest.fixture
def harbor(desk: Desk) -> MirrorPortal:
    portal = written_by_hand(desk, HARBOR)
    moved_champion(portal)
    told = [(70, "Maria Lopez at Bolt told us")]
    portal.contact(22, 2, firstname="Bo", lastname="Li", email="bo@zenit-labs.com", heard_from=told)
    portal.company(3, "Bolt", "bolt-works.com")
    portal.contact(31, 3, firstname="Maria", lastname="Lopez", email="maria@bolt-works.com")
    portal.deal(6, 3, 31, created=500, won=(450, "5000.00"))
    portal.link("deal", 9, "contact", 22)
    portal.settle()
    return portal


def test_what_sources_and_selling_get_of_a_deal_adds_up_to_its_amount_on_the_page(
    desk: Desk, harbor: MirrorPortal
) -> None:
    page = Shown.of(desk, DEAL)
    sources, foot = page.part("sources").rows(), page.part("sources").rows("tfoot")
    ledger = page.part("ledger")

    assert [row[0].split(" ")[0] for row in sources] == ["Moved", "Referral"]
    derived, rest, amount = (minor(row[-1]) for row in foot)
    assert sum(minor(row[-1]) for row in sources) == derived == harbor.derived(9)
    assert derived + rest == amount == 40_000_00
    assert sum(minor(row[4]) for row in ledger.rows()) == amount
    assert minor(ledger.rows("tfoot")[0][1]) == amount
    assert "Sum of 3 rows" in ledger.text


def test_each_source_is_a_person_with_its_story_certainty_and_evidence(
    desk: Desk, harbor: MirrorPortal
) -> None:
    page = Shown.of(desk, DEAL).part("sources")

    assert f"/portals/{HARBOR}/contact/12" in page.links()
    assert f"/portals/{HARBOR}/company/1" in page.links()
    assert "Priya Raman left Acme by" in page.text
    assert "Maria Lopez of Bolt recommended us" in page.text
    assert "Sourced: weight 90.00%" in page.text
    assert "was on a won deal" in page.text


def test_the_range_on_the_page_is_that_of_the_account_s_total(
    desk: Desk, harbor: MirrorPortal
) -> None:
    with harbor.clock.database.portal(HARBOR) as tx:
        total = revenue_total.within(tx, deal_id=9)

    page = Shown.of(desk, DEAL).text

    assert total.low < total.second_order < total.high
    for part in (total.low, total.second_order, total.high):
        assert f"${part / 100:,.2f}" in page


def test_an_open_deal_says_what_it_would_be_and_that_nothing_is_booked(
    desk: Desk, harbor: MirrorPortal
) -> None:
    harbor.deal(10, 2, 12, created=50, amount="1000.01", hs_deal_stage_probability="0.4")
    harbor.settle()

    page = Shown.of(desk, f"/portals/{HARBOR}/deal/10")
    foot = page.part("sources").rows("tfoot")

    assert "open, at a probability of 40%" in page.text
    assert "nothing is booked yet" in page.text
    derived, rest, amount = (minor(row[-1]) for row in foot)
    assert sum(minor(row[-1]) for row in page.part("sources").rows()) == derived > 0
    assert derived + rest == amount == 1000_01
    assert "Nothing is booked: a deal is when it is won." in page.part("ledger").text


def test_a_reopened_deal_shows_its_reversals_and_sums_to_nothing(
    desk: Desk, harbor: MirrorPortal
) -> None:
    harbor.change("deal", 9, **REOPENED)
    harbor.settle()

    ledger = Shown.of(desk, DEAL).part("ledger")

    assert len(ledger.rows()) == 6
    assert sum(minor(row[4]) for row in ledger.rows()) == 0
    assert "reverses entry" in ledger.text
    assert "reopened" in ledger.text


def test_a_closed_month_shows_what_it_reported_beside_what_is_known_now(
    desk: Desk, harbor: MirrorPortal
) -> None:
    harbor.deal(12, 2, 12, created=70, won=(45, "1000.00"))
    harbor.settle()
    may = date(2026, 5, 1)
    with harbor.database.portal(HARBOR) as tx:
        period_rows.log(tx, Closing(may, NOW + timedelta(days=1), "close", "anna", "audited"))
    harbor.clock.at = NOW + timedelta(days=2)
    harbor.change("deal", 12, **closed_won(45, "1500.00"))
    harbor.settle()

    page = Shown.of(desk, f"/portals/{HARBOR}/deal/12")
    months = {row[0]: row[1:] for row in page.part("months").rows()}

    assert list(months) == ["May 2026", "July 2026"]
    closed, *amounts = months["May 2026"]
    assert closed.startswith("1 July 2026")
    assert [minor(amount) for amount in amounts[1::2]] == [1000_00, 1500_00]
    assert [minor(amount) for amount in months["July 2026"][2::2]] == [500_00, 0]
    assert sum(minor(row[4]) for row in page.part("ledger").rows()) == 1500_00


def test_other_models_are_worked_out_when_asked_for_and_never_booked(
    desk: Desk, harbor: MirrorPortal
) -> None:
    page = Shown.of(desk, DEAL)
    assert "none of this is ever booked" in page.part("models").text
    assert f"{DEAL}?models=1#models" in page.links()
    assert "Markov" not in page.text

    models = Shown.of(desk, f"{DEAL}?models=1").part("models")

    assert [row[0] for row in models.rows()][:3] == ["First touch", "Last touch", "Linear"]
    assert models.rows()[0][1] == "Bo Li 100.00%"


def test_a_removed_person_is_nobody_on_the_deal_s_page_and_sums_stay(
    desk: Desk, harbor: MirrorPortal
) -> None:
    before = Shown.of(desk, DEAL).part("sources").rows("tfoot")
    with harbor.clock.database.portal(HARBOR) as tx:
        erase(tx, 12, keys=KEYS)
    harbor.settle()

    page = Shown.of(desk, DEAL)

    assert "Priya" not in page.html
    assert "A removed person left Acme" in page.text
    assert page.part("sources").rows("tfoot") == before


def test_a_merged_deal_leads_to_its_survivor_and_a_deleted_one_says_so(
    desk: Desk, harbor: MirrorPortal
) -> None:
    harbor.merge("deal", (6,), 9)
    harbor.settle()
    merged = Shown.of(desk, f"/portals/{HARBOR}/deal/6")
    assert "It was another record until a merge in HubSpot." in merged.text
    assert "Deal 9" in merged.html or "deal 9" in merged.html

    harbor.retire("deal", 9)
    harbor.settle()
    assert "This record is gone from HubSpot" in Shown.of(desk, DEAL).text


def test_a_deal_of_another_account_is_not_there(desk: Desk, harbor: MirrorPortal) -> None:
    orchard = written_by_hand(desk, ORCHARD)
    orchard.company(1, "Theirs", "theirs.example")
    orchard.deal(99, 1, created=10)
    orchard.settle()

    Shown.of(desk, f"/portals/{HARBOR}/deal/99", status=404)
    Shown.of(desk, f"/portals/{ORCHARD}/deal/99", status=404)


def crowd(harbor: MirrorPortal, deal_id: int, people: int) -> None:
    """A deal with so many sources, each of which got a cent of it."""
    with harbor.clock.database.portal(HARBOR) as tx:
        tx.run("DELETE FROM source WHERE portal_id = :portal AND deal_id = :deal", deal=deal_id)
        tx.run(
            """INSERT INTO source (portal_id, deal_id, source_key, kind, contact_id, company_id,
                 share, confidence, body, settings_version)
               SELECT :portal, :deal, 'referral|' || n, 'referral', 100000 + n, 3, 1000000, 0.9,
                 CAST(:body AS jsonb), 1
               FROM generate_series(1, :people) AS n""",
            deal=deal_id,
            people=people,
            body=as_json({"w": 850000, "p": 950000, "g": 1000000, "raw": 807500, "because": []}),
        )
        tx.run(
            """INSERT INTO ledger (portal_id, deal_id, source_key, kind, company_id, share,
                 amount_minor, currency, effective_at, settings_version, occasion, reason)
               SELECT :portal, :deal, 'referral|' || n, 'referral', 3, 1000000, 1, 'USD', now(), 1,
                 'won', 'won'
               FROM generate_series(1, :people) AS n""",
            deal=deal_id,
            people=people,
        )


def test_ten_thousand_sources_are_read_a_page_at_a_time_with_the_same_queries(
    desk: Desk, harbor: MirrorPortal
) -> None:
    harbor.deal(10, 2, created=50, won=(5, "100.00"))
    harbor.deal(11, 2, created=50, won=(5, "200.00"))
    harbor.settle()
    crowd(harbor, 10, 300)
    crowd(harbor, 11, 10_000)
    with counted(harbor.database) as few:
        Shown.of(desk, f"/portals/{HARBOR}/deal/10")
    with counted(harbor.database) as many:
        page = Shown.of(desk, f"/portals/{HARBOR}/deal/11")

    assert len(many) == len(few) < 60
    assert len(page.part("sources").rows()) == 25
    rest, derived, *_ = page.part("sources").rows("tfoot")
    assert rest[0] == "9,975 sources on other pages"
    assert minor(rest[-1]) + 25 == minor(derived[-1]) == 10_000
    assert "So many people are on this deal" in page.text

    (further,) = [link for link in page.links() if "?source=" in link]
    second = Shown.of(desk, further)
    assert len(second.part("sources").rows()) == 25
    (further,) = [link for link in page.links() if "?row=" in link]
    assert len(Shown.of(desk, further).part("ledger").rows()) == 50


@pytest.mark.parametrize("query", ["?source=x", "?source=1.%00", "?row=-1", "?row=99999999999999999999", "?models"])  # fmt: skip
def test_an_address_that_was_made_up_shows_the_deal(
    desk: Desk, harbor: MirrorPortal, query: str
) -> None:
    assert "Priya Raman left Acme" in Shown.of(desk, f"{DEAL}{query}").text


def test_a_deal_that_nobody_led_to_says_what_would_show_here(
    desk: Desk, harbor: MirrorPortal
) -> None:
    harbor.put("deal", 70, dealname="bare")
    harbor.settle()

    page = Shown.of(desk, f"/portals/{HARBOR}/deal/70").text

    assert "No customer is known to have led to this deal." in page
    assert "no company: put one on the deal in HubSpot" in page
