"""What conclude makes of deals: tags, ledger rows that add up whatever happens, and patches only for differences."""

import pytest

from integration.portal import invalidation
from integration.portal.invalidation import Change
from integration.reports.explain import explain
from integration.reports.ledger_lines import ledger_rows
from integration.reports.portal_figures import summary
from integration.storage.queue import outbox
from tests.contract.conclude_world import (
    HARBOR,
    REOPENED,
    MirrorPortal,
    closed_won,
    day,
    moved_champion,
)


def test_a_moved_champions_deal_is_tagged_booked_and_explained(harbor: MirrorPortal) -> None:
    moved_champion(harbor)

    harbor.settle()

    said = harbor.said("deal", 9)
    assert said["second_order_source"] == "moved_champion"
    assert said["second_order_source_name"] == "Priya Raman (Acme)"
    assert said["second_order_source_record"] == "contact:12"
    assert said["second_order_order"] == "2"
    assert "Priya Raman left Acme" in said["second_order_because"]
    share = float(said["second_order_share"])
    assert 0.5 < share < 0.95
    assert float(said["second_order_amount"]) == pytest.approx(40000 * share, abs=5)
    assert harbor.booked(9) == 4_000_000
    assert harbor.derived(9) == round(float(said["second_order_amount"]) * 100)
    assert harbor.patches()["deal", 9].items() >= said.items()
    assert harbor.said("contact", 12)["second_order_role"] == "moved_champion"
    assert harbor.said("contact", 12)["second_order_moved_from"] == "Acme"
    assert harbor.said("contact", 12)["second_order_revenue"] == said["second_order_amount"]
    assert harbor.said("company", 1)["second_order_revenue"] == said["second_order_amount"]
    assert harbor.said("company", 1)["second_order_deals"] == "1"
    all_in = float(harbor.said("company", 1)["second_order_all_in_value"])
    assert all_in == pytest.approx(10000 + float(said["second_order_amount"]), abs=0.02)


def test_a_deal_without_a_customer_behind_it_says_none(harbor: MirrorPortal) -> None:
    harbor.company(1, "Acme", "acme-tools.com")
    harbor.contact(12, 1, firstname="Ann", lastname="Oak", email="ann@acme-tools.com")
    harbor.deal(5, 1, 12, created=80, won=(70, "10000.00"))

    harbor.settle()

    assert harbor.said("deal", 5)["second_order_source"] == "none"
    assert harbor.said("deal", 5)["second_order_share"] == "0"
    assert [row["kind"] for row in harbor.ledger(5)] == ["first_order"]
    assert harbor.booked(5) == 1_000_000


def test_the_other_portal_stays_empty(harbor: MirrorPortal, orchard: MirrorPortal) -> None:
    moved_champion(harbor)
    harbor.settle()

    assert orchard.settle() == 0
    assert orchard.patches() == {}
    for table in (
        "ledger",
        "person",
        "move",
        "source",
        "edge",
        "conclusion",
        "subject",
        "identity_key",
        "company_key",
    ):
        assert orchard.kept(table) == [], table
        assert harbor.kept(table), table


def test_concluding_twice_changes_nothing(harbor: MirrorPortal) -> None:
    moved_champion(harbor)
    harbor.settle()
    before = [sorted(map(repr, harbor.kept(table))) for table in _TABLES]

    for kind, record_id in (
        ("contact", 12),
        ("deal", 9),
        ("deal", 5),
        ("company", 1),
        ("company", 2),
    ):
        harbor.change(kind, record_id)
    assert harbor.settle() > 0

    assert [sorted(map(repr, harbor.kept(table))) for table in _TABLES] == before


_TABLES = ("ledger", "person", "move", "source", "edge", "subject", "identity_key", "company_key", "deal", "passage",
           "conclusion", "outbox")  # fmt: skip


def test_the_echo_of_our_own_write_plans_nothing(harbor: MirrorPortal) -> None:
    moved_champion(harbor)
    harbor.settle()
    assert harbor.patches()

    harbor.written()
    harbor.settle()

    assert harbor.patches() == {}


@pytest.mark.parametrize("page", [1, 2, 500])
def test_the_order_and_size_of_pages_do_not_matter(harbor: MirrorPortal, page: int) -> None:
    moved_champion(harbor)

    harbor.settle(limit=page)

    assert harbor.said("deal", 9)["second_order_source"] == "moved_champion"
    assert harbor.booked(9) == 4_000_000
    assert harbor.booked(5) == 1_000_000


def test_the_ledger_adds_up_through_a_deals_whole_life(harbor: MirrorPortal) -> None:
    moved_champion(harbor, amount="40000.01")
    harbor.settle()
    share = harbor.derived(9) / 4_000_001

    harbor.change("deal", 9, **REOPENED)
    harbor.settle()
    assert (harbor.booked(9), harbor.derived(9)) == (0, 0)
    assert harbor.said("company", 1).get("second_order_revenue") is None
    assert harbor.patches()["company", 1].get("second_order_revenue") in (None, "")

    harbor.change("deal", 9, amount="30000.07")
    harbor.settle()
    assert harbor.booked(9) == 0

    harbor.change("deal", 9, **closed_won(1, "30000.07"))
    harbor.settle()
    assert harbor.booked(9) == 3_000_007
    assert harbor.derived(9) == pytest.approx(3_000_007 * share, abs=2)

    harbor.change("deal", 9, amount="35000.00")
    harbor.settle()
    assert harbor.booked(9) == 3_500_000

    harbor.retire("deal", 9)
    harbor.settle()
    assert (harbor.booked(9), harbor.derived(9)) == (0, 0)
    assert ("deal", 9) not in harbor.patches()

    harbor.change("deal", 9)
    harbor.settle()
    assert harbor.booked(9) == 3_500_000
    occasions = [row["occasion"] for row in harbor.ledger(9)]
    assert list(dict.fromkeys(occasions)) == [
        "won",
        "reopened",
        "rewon",
        "amount",
        "deleted",
        "restored",
    ]


def test_a_merged_away_deals_rows_are_reversed(harbor: MirrorPortal) -> None:
    moved_champion(harbor)
    harbor.deal(10, 2, 12, created=50, won=(15, "500.00"))
    harbor.settle()
    assert harbor.booked(10) == 50_000

    harbor.merge("deal", (10,), 9)
    harbor.settle()

    assert harbor.booked(10) == 0
    assert harbor.booked(9) == 4_000_000


def test_late_evidence_counts_for_ninety_days_and_then_only_amounts_change(
    harbor: MirrorPortal,
) -> None:
    harbor.imported()
    harbor.company(1, "Acme", "acme-tools.com")
    harbor.company(2, "Zenit", "zenit-labs.com")
    harbor.company(3, "Novum", "novum-tech.com")
    harbor.contact(30, 1, firstname="Maria", lastname="Lopez", email="maria@acme-tools.com")
    harbor.contact(40, 2, firstname="Bo", lastname="Berg", email="bo@zenit-labs.com")
    harbor.contact(41, 3, firstname="Cy", lastname="Dorn", email="cy@novum-tech.com")
    harbor.deal(5, 1, 30, created=800, won=(700, "10000.00"))
    harbor.deal(6, 2, 40, created=200, won=(91, "1000.00"))
    harbor.deal(7, 3, 41, created=200, won=(89, "1000.00"))
    harbor.settle()
    assert harbor.derived(6) == harbor.derived(7) == 0

    told = [(0.5, "a friend told me about you")]
    harbor.put(
        "contact", 40, firstname="Bo", lastname="Berg", email="bo@zenit-labs.com", heard_from=told
    )
    harbor.put(
        "contact", 41, firstname="Cy", lastname="Dorn", email="cy@novum-tech.com", heard_from=told
    )
    harbor.settle()

    assert harbor.derived(6) == 0
    assert harbor.said("deal", 6)["second_order_source"] == "none"
    assert harbor.derived(7) > 0
    assert harbor.booked(6) == harbor.booked(7) == 100_000
    assert harbor.said("deal", 7)["second_order_source"] == "word_of_mouth"
    assert "evidence" in {row["occasion"] for row in harbor.ledger(7)}


def test_evidence_that_the_crm_dates_in_time_counts_whenever_it_is_read(
    harbor: MirrorPortal,
) -> None:
    """A portal that was paused for weeks says the same afterwards as one that was not."""
    harbor.imported()
    harbor.company(1, "Acme", "acme-tools.com")
    harbor.company(2, "Zenit", "zenit-labs.com")
    harbor.contact(30, 1, firstname="Maria", lastname="Lopez", email="maria@acme-tools.com")
    harbor.contact(40, 2, firstname="Bo", lastname="Berg", email="bo@zenit-labs.com")
    harbor.deal(5, 1, 30, created=800, won=(700, "10000.00"))
    harbor.deal(6, 2, 40, created=200, won=(150, "1000.00"))
    harbor.settle()
    assert harbor.derived(6) == 0

    told = [(180, "maria@acme-tools.com")]
    harbor.put(
        "contact", 40, firstname="Bo", lastname="Berg", email="bo@zenit-labs.com", referred_by=told
    )
    harbor.settle()
    derived = harbor.derived(6)
    assert (derived, harbor.booked(6)) == (80_750, 100_000)

    harbor.put("contact", 40, firstname="Bo", lastname="Berg", email="bo@zenit-labs.com")
    harbor.settle()
    assert harbor.derived(6) == derived


def test_the_ledger_holds_no_contact_ids_and_no_names(harbor: MirrorPortal) -> None:
    moved_champion(harbor)
    harbor.settle()

    text = repr([{**row, "effective_at": "", "recorded_at": ""} for row in harbor.ledger(9)])

    assert "Priya" not in text
    assert "Acme" not in text
    assert "contact:" not in text
    assert harbor.values("subject", "contact_id") == [12]


def test_a_forgotten_persons_credit_stays_to_the_cent(harbor: MirrorPortal) -> None:
    moved_champion(harbor)
    harbor.settle()
    derived = harbor.derived(9)
    with harbor.context.transaction() as tx:
        for table in ("record", "conclusion", "outbox"):
            tx.run(f"DELETE FROM {table} WHERE object_type = 'contact' AND record_id = 12")
        tx.run(
            "DELETE FROM association WHERE (from_type, from_id) = ('contact', 12) OR (to_type, to_id) = ('contact', 12)"
        )
        tx.run(
            "DELETE FROM person; DELETE FROM move; DELETE FROM identity_key; DELETE FROM passage"
        )
        tx.run("UPDATE source SET contact_id = NULL, body = jsonb_build_object('removed', true)")
        tx.run("UPDATE subject SET contact_id = NULL")
    harbor.change("deal", 9)
    harbor.settle()

    assert harbor.derived(9) == derived
    assert harbor.booked(9) == 4_000_000
    assert harbor.said("company", 1)["second_order_revenue"] == f"{derived / 100:.2f}"
    assert "Priya" not in repr(harbor.said("deal", 9))
    assert harbor.said("deal", 9)["second_order_source"] == "moved_champion"

    harbor.change("deal", 9, amount="20000.00")
    harbor.settle()
    assert harbor.booked(9) == 2_000_000
    assert harbor.derived(9) == pytest.approx(derived / 2, abs=1)

    harbor.change("deal", 9, **REOPENED)
    harbor.settle()
    assert harbor.booked(9) == 0
    harbor.change("deal", 9, **closed_won(1, "20000.00"))
    harbor.settle()
    assert harbor.booked(9) == 2_000_000
    assert harbor.derived(9) == pytest.approx(derived / 2, abs=1)


def test_credit_flows_on_to_the_customers_own_successes(harbor: MirrorPortal) -> None:
    """Acme brought Zenit; Zenit's champion brings Orion: order 3 for Acme."""
    moved_champion(harbor)
    harbor.company(3, "Orion", "orion-data.com")
    harbor.contact(
        13,
        3,
        firstname="Noa",
        lastname="Lind",
        email=[(400, "noa@zenit-labs.com"), (12, "noa@orion-data.com")],
    )
    harbor.link("deal", 9, "contact", 13)
    harbor.deal(20, 3, 13, created=8, won=(1, "6000.00"))

    harbor.settle()

    assert harbor.said("deal", 20)["second_order_source"] == "moved_champion"
    assert harbor.said("deal", 20)["second_order_order"] == "3"
    first, second = harbor.derived(9), harbor.derived(20)
    expected = 1_000_000 + first + round(first / 4_000_000 * second)
    assert float(harbor.said("company", 1)["second_order_all_in_value"]) * 100 == pytest.approx(
        expected, abs=2
    )
    assert harbor.said("company", 2)["second_order_revenue"] == f"{second / 100:.2f}"

    harbor.change("deal", 9, **REOPENED)
    harbor.settle()
    # Without its win Zenit is nobody's customer, so whoever left it brings nothing from a customer.
    assert harbor.said("deal", 20)["second_order_source"] == "none"
    assert (harbor.booked(20), harbor.derived(20)) == (600_000, 0)
    assert "second_order_revenue" not in harbor.said("company", 2)


def test_an_open_deals_share_is_pipeline_and_not_revenue(harbor: MirrorPortal) -> None:
    moved_champion(harbor)
    harbor.settle()
    harbor.change("deal", 9, **REOPENED, hs_deal_stage_probability="0.5")
    harbor.settle()

    company = harbor.said("company", 1)
    amount = float(harbor.said("deal", 9)["second_order_amount"])
    assert "second_order_revenue" not in company
    assert float(company["second_order_pipeline"]) == pytest.approx(amount / 2, abs=0.01)


def test_a_paused_property_is_left_out_and_the_rest_goes_on(harbor: MirrorPortal) -> None:
    with harbor.context.transaction() as tx:
        tx.run(
            """INSERT INTO property_state (portal_id, object_type, name, paused_at, sentence)
               VALUES (:portal, 'deal', 'second_order_share', now(), 'deleted by the admin')"""
        )
    moved_champion(harbor)
    harbor.settle()

    patch = harbor.patches()["deal", 9]
    assert "second_order_share" not in patch
    assert patch["second_order_source"] == "moved_champion"
    assert patch["second_order_updated_at"]


def test_what_a_patch_on_its_way_may_have_written_is_taken_back(harbor: MirrorPortal) -> None:
    """The answer to a write may be lost: what HubSpot took must not stay when it is not meant any more."""
    moved_champion(harbor)
    harbor.settle()
    before = harbor.patches()["deal", 9]
    assert {"second_order_confidence", "second_order_source_name"} <= before.keys()
    with harbor.clock.database.portal(HARBOR) as tx:
        while sent := {one.object_type for one in outbox.due(tx, limit=500)}:
            if "deal" in sent:
                break
            tx.run(
                "UPDATE outbox SET next_at = 'infinity' WHERE object_type = ANY(:kinds)",
                kinds=list(sent),
            )
    harbor.change("deal", 9, dealname="a new name")
    harbor.settle()
    assert harbor.patches()["deal", 9] == before  # nothing else to say: it goes on its way

    harbor.change("deal", 9, dealtype="renewal")
    harbor.settle()
    after = harbor.patches()["deal", 9]
    assert after["second_order_source"] == "none"
    assert {after[name] for name in before.keys() - after.keys()} == set()
    assert (after["second_order_confidence"], after["second_order_source_name"]) == ("", "")


def test_what_lost_its_meaning_is_cleared(harbor: MirrorPortal) -> None:
    moved_champion(harbor)
    harbor.settle()
    harbor.written()

    harbor.put(
        "contact",
        12,
        firstname="Priya",
        lastname="Raman",
        email="priya@zenit-labs.com",
        associatedcompanyid=2,
    )
    with harbor.context.transaction() as tx:  # as if the history had been an import's mistake
        tx.run("UPDATE record SET history = '{}' WHERE object_type = 'contact'")
        tx.run("DELETE FROM association WHERE from_type = 'deal' AND from_id = 5")
    harbor.change("deal", 5)
    harbor.change("deal", 9)
    harbor.settle()

    assert harbor.said("deal", 9)["second_order_source"] == "none"
    patch = harbor.patches()["deal", 9]
    assert patch["second_order_source"] == "none"
    assert patch["second_order_source_name"] == patch["second_order_amount"] == ""
    assert harbor.booked(9) == 4_000_000
    assert harbor.derived(9) == 0


def test_a_record_that_no_rule_can_digest_is_set_aside_alone(harbor: MirrorPortal) -> None:
    moved_champion(harbor)
    harbor.contact(66, 2, firstname="Odd", lastname="Row", email="odd@zenit-labs.com")
    with harbor.context.transaction() as tx:
        tx.run("""UPDATE record SET history = '{"email": 5}' WHERE record_id = 66""")

    harbor.settle()

    assert harbor.said("deal", 9)["second_order_source"] == "moved_champion"
    assert harbor.counts() == {"waiting": 1, "set_aside": 0}
    for _ in range(2):
        with harbor.context.transaction() as tx:
            tx.run("UPDATE stale SET next_at = now() WHERE next_at < 'infinity'")
        harbor.settle()
    assert harbor.counts() == {"waiting": 0, "set_aside": 1}
    assert harbor.values("stale", "record_id") == [66]


def test_everything_can_be_explained(harbor: MirrorPortal) -> None:
    moved_champion(harbor)
    harbor.settle()

    deal = explain(harbor.context, "deal", 9)
    found = summary(harbor.context)

    assert deal["values"]["second_order_source"] == "moved_champion"
    assert deal["sources"][0]["contact"] == "Priya Raman"
    assert deal["booked"]["second_order USD"] == deal["values"]["second_order_amount"]
    assert explain(harbor.context, "contact", 12)["moves"][0]["former_company"] == "Acme"
    assert explain(harbor.context, "company", 1)["ledger"][0]["deal_id"] == 9
    assert found["deals_by_source"] == {"moved_champion": 1, "none": 1}
    assert found["people"][0]["name"] == "Priya Raman"
    assert found["companies"][0]["name"] == "Acme"
    assert [
        (one["former_contact_id"], one["new_contact_id"], one["status"]) for one in found["moves"]
    ] == [(12, 12, "auto")]
    assert found["total"]["won"] == "50000.00"
    assert found["unbalanced_deals"] == []
    assert sum(row["amount_minor"] for row in ledger_rows(harbor.context)) == 5_000_000


def test_numbers_that_depend_on_the_date_are_refreshed(harbor: MirrorPortal) -> None:
    moved_champion(harbor)
    harbor.settle()
    assert harbor.said("company", 1)["second_order_champions_left"] == "1"

    harbor.clock.at = day(-400)
    with harbor.context.transaction() as tx:
        invalidation.record(tx, Change.DAY_PASSED)
    assert harbor.counts()["waiting"] > 0
    harbor.settle()

    assert "second_order_champions_left" not in harbor.said("company", 1)
