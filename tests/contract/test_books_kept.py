"""What keeps the books steady: people who turn out to be one, records that go, and credit notes read in any order."""

from datetime import timedelta

import pytest

from integration.portal import forgotten, invalidation
from integration.portal.invalidation import Change
from integration.storage.ledger import entry_rows, leader_rows
from integration.storage.ledger.total_rows import Wins
from tests.contract.conclude_world import (
    HARBOR,
    KEYS,
    NOW,
    Clock,
    MirrorPortal,
    closed_won,
    day,
    moved_champion,
)


@pytest.fixture
def harbor(clock: Clock) -> MirrorPortal:
    portal = MirrorPortal(clock, HARBOR)
    portal.install()
    with clock.database.service() as tx:
        tx.run("UPDATE portal SET imported_at = :at WHERE portal_id = :id", at=day(15), id=HARBOR)
    return portal


@pytest.mark.parametrize("how", ["merged", "same profile"])
def test_two_credited_people_who_turn_out_to_be_one_keep_what_both_were_booked(
    clock: Clock, harbor: MirrorPortal, how: str
) -> None:
    """Their shares are frozen: the record goes on saying what the ledger says, to the cent."""
    moved_champion(harbor, amount="40000.01")
    harbor.contact(
        13,
        2,
        firstname="Tom",
        lastname="Okafor",
        email=[(900, "tom@acme-tools.com"), (300, "tom@zenit-labs.com")],
    )
    harbor.link("deal", 5, "contact", 13)
    harbor.link("deal", 9, "contact", 13)
    harbor.settle()
    rows, said = harbor.ledger(9), harbor.said("deal", 9)
    assert len({row["subject_id"] for row in rows} - {None}) == 2

    clock.at = NOW + timedelta(200)
    if how == "merged":
        harbor.merge("contact", (12, 13), 12)
    else:
        for one in (12, 13):
            harbor.change(
                "contact",
                one,
                firstname="Priya",
                lastname="Raman",
                hs_linkedin_url="linkedin.com/in/priya-7",
            )
    harbor.settle()
    assert set(harbor.persons().values()) == {12}
    harbor.change("deal", 9, dealname="another name")
    harbor.settle()

    assert harbor.ledger(9) == rows
    now = harbor.said("deal", 9)
    for name in ("second_order_share", "second_order_amount"):
        assert now[name] == said[name]
    assert "removed person" not in now["second_order_because"]
    assert float(now["second_order_amount"]) * 100 == harbor.derived(9)


def test_a_deleted_record_of_a_credited_person_with_two_moves_no_row(harbor: MirrorPortal) -> None:
    moved_champion(harbor)
    profile = "https://www.linkedin.com/in/priya-raman-7"
    harbor.change("contact", 12, hs_linkedin_url=profile)
    harbor.contact(7, 1, firstname="Priya", lastname="Raman", hs_linkedin_url=profile)
    harbor.settle()
    assert set(harbor.persons().values()) == {7}
    rows = harbor.ledger(9)
    assert harbor.derived(9) > 0

    harbor.retire("contact", 12)
    harbor.settle()
    for name in ("one name", "another name"):
        harbor.change("deal", 9, dealname=name)
        harbor.settle()
    assert harbor.ledger(9) == rows


def test_a_credit_note_that_is_read_before_its_original_is_shared_like_it_all_the_same(
    harbor: MirrorPortal,
) -> None:
    moved_champion(harbor)
    harbor.deal(4, 2, created=800, won=(750, "100.00"))
    harbor.change("deal", 9, hs_is_closed_won="false", hs_is_closed="false")
    harbor.deal(11, 2, created=18, won=(10, "-10000.00"), dealname="Credit note: deal 9")
    harbor.settle()
    harbor.change("deal", 9, **closed_won(20, "40000.00"))
    harbor.settle()

    assert harbor.derived(9) > 0
    assert harbor.derived(11) * 4 == -harbor.derived(9)


def test_a_renewal_that_bears_the_same_name_is_not_what_an_older_credit_note_gives_back(
    harbor: MirrorPortal,
) -> None:
    moved_champion(harbor)
    harbor.deal(11, 2, created=18, won=(10, "-10000.00"), dealname="Credit note: deal 9")
    harbor.deal(14, 2, created=8, won=(5, "40000.00"), dealname="deal 9")
    harbor.settle()

    assert harbor.derived(11) * 4 == -harbor.derived(9)


def test_a_merged_and_then_forgotten_person_moves_no_row(harbor: MirrorPortal) -> None:
    moved_champion(harbor)
    harbor.settle()
    rows = harbor.ledger(9)
    harbor.contact(505, 2, firstname="Priya", lastname="Raman", hs_merged_object_ids="12",
                   email=[(900, "priya@acme-tools.com"), (200, "priya@zenit-labs.com")])  # fmt: skip
    harbor.merge("contact", (12,), 505)
    harbor.settle()
    with harbor.context.transaction() as tx:
        forgotten.erase(tx, 505, keys=KEYS)
    harbor.settle()
    for name in ("one name", "another name"):
        harbor.change("deal", 9, dealname=name)
        harbor.settle()

    money = [(row["kind"], row["amount_minor"], row["share"]) for row in harbor.ledger(9)]
    assert money == [(row["kind"], row["amount_minor"], row["share"]) for row in rows]


def test_money_of_a_win_whose_close_was_to_come_moves_to_its_month_when_that_comes(
    clock: Clock, harbor: MirrorPortal
) -> None:
    """Nobody touches the deal meanwhile: the nightly look finds it, once."""
    moved_champion(harbor)
    harbor.change("deal", 9, closedate=(NOW + timedelta(40)).isoformat())
    harbor.settle()
    assert {row["origin_at"] or row["effective_at"] for row in harbor.ledger(9)} == {NOW}

    clock.at = NOW + timedelta(41)
    for _ in range(2):
        with harbor.context.transaction() as tx:
            invalidation.record(tx, Change.DAY_PASSED)
        harbor.settle()
        live = [
            row
            for row in harbor.ledger(9)
            if row["occasion"] == "close date" and row["reverses"] is None
        ]
        assert {row["origin_at"] for row in live} == {NOW + timedelta(40)}
        assert len(harbor.ledger(9)) == 3 * len(live)
    assert harbor.booked(9) == 4_000_000


def test_sums_in_a_new_home_currency_count_no_money_of_the_old_one(harbor: MirrorPortal) -> None:
    moved_champion(harbor)
    harbor.change("deal", 9, deal_currency_code="EUR", hs_exchange_rate="1.08")
    harbor.settle()
    euros = harbor.derived(9)
    with harbor.context.transaction() as tx:
        sums = {home: entry_rows.by_company(tx, [1], home)[1][0] for home in ("USD", "EUR", "GBP")}
        best = {
            home: [row["minor"] for row in leader_rows.companies(tx, home, Wins(), limit=5)]
            for home in sums
        }

    assert sums == {"USD": round(euros * 1.08), "EUR": euros, "GBP": 0}
    assert best == {"USD": [round(euros * 1.08)], "EUR": [euros], "GBP": []}
