"""Deals, people and companies as dirty portals have them: a defined result each, no exception, no lost cent."""

import pytest

from tests.contract.conclude_world import MirrorPortal, closed_won, day, moved_champion

MANY = 1_200


def settled(portal: MirrorPortal) -> None:
    """Everything could be digested, and every deal's ledger rows add up to its amount or to nothing."""
    portal.settle()
    assert portal.counts() == {"waiting": 0, "set_aside": 0}
    wrong = portal.rows(
        """SELECT deal_id, sum(ledger.amount_minor) AS booked, deal.amount_minor AS amount, deal.is_won
           FROM ledger JOIN deal USING (portal_id, deal_id) GROUP BY deal_id, deal.amount_minor, deal.is_won
           HAVING sum(ledger.amount_minor) <> CASE WHEN deal.is_won THEN coalesce(deal.amount_minor, 0) ELSE 0 END"""
    )
    assert wrong == []


def test_two_customers_that_refer_each_other(harbor: MirrorPortal) -> None:
    harbor.company(1, "Acme", "acme-tools.com")
    harbor.company(2, "Zenit", "zenit-labs.com")
    harbor.contact(
        11,
        1,
        email="ana@acme-tools.com",
        firstname="Ana",
        lastname="Prado",
        referred_by=[(110, "bo@zenit-labs.com")],
    )
    harbor.contact(
        12,
        2,
        email="bo@zenit-labs.com",
        firstname="Bo",
        lastname="Lund",
        referred_by=[(210, "ana@acme-tools.com")],
    )
    harbor.deal(5, 1, 11, created=300, won=(250, "100.00"))
    harbor.deal(6, 2, 12, created=200, won=(150, "100.01"))
    harbor.deal(7, 1, 11, created=100, won=(50, "100.02"))
    settled(harbor)
    assert [harbor.booked(one) for one in (5, 6, 7)] == [10_000, 10_001, 10_002]
    assert harbor.said("company", 1).get("second_order_revenue") not in {
        None,
        "0",
    }  # for the second deal
    edges = harbor.kept("edge")
    assert all(
        edge["from_deal_id"] < edge["to_deal_id"] for edge in edges
    )  # older to younger, hence no circle


@pytest.mark.parametrize(
    "said", ["ana@acme-tools.com", "Ana Prado at Acme", "11", "herself", "ana@zenit-labs.com"]
)
def test_who_refers_themselves_earns_nothing(harbor: MirrorPortal, said: str) -> None:
    harbor.company(1, "Acme", "acme-tools.com")
    harbor.contact(
        11, 1, email="ana@acme-tools.com", firstname="Ana", lastname="Prado", referred_by=said
    )
    harbor.deal(5, 1, 11, created=300, won=(250, "100.00"))
    harbor.deal(6, 1, 11, created=200, won=(150, "100.00"))
    settled(harbor)
    assert (harbor.derived(5), harbor.derived(6)) == (0, 0)


def test_a_deal_closed_before_it_was_created_is_booked_once_at_its_close(
    harbor: MirrorPortal,
) -> None:
    moved_champion(harbor)
    harbor.deal(10, 2, 12, created=60, won=(90, "77.77"))
    settled(harbor)
    assert harbor.booked(10) == 7_777
    assert {row["effective_at"] for row in harbor.ledger(10)} == {day(90)}


def test_deals_without_company_contact_or_date_stay_first_order(harbor: MirrorPortal) -> None:
    harbor.put(
        "deal",
        20,
        created=day(50),
        dealname="nobody's",
        deal_currency_code="USD",
        **closed_won(9, "12.34"),
    )
    harbor.company(1, "Acme", "acme-tools.com")
    harbor.deal(21, 1, created=40, won=(9, "0.01"))
    harbor.deal(22, 1, created=40, hs_is_closed_won="true", hs_is_closed="true", amount="5.00")
    settled(harbor)
    assert [harbor.booked(one) for one in (20, 21, 22)] == [1_234, 1, 500]
    assert [harbor.derived(one) for one in (20, 21, 22)] == [0, 0, 0]


@pytest.mark.parametrize(
    ("currency", "amount", "booked"),
    [
        ("XXQ", "100.00", 0),  # nobody knows how many digits it has
        ("JPY", "1500", 1_500),
        ("KWD", "1.234", 1_234),
        ("USD", "0", 0),
        ("USD", "", 0),
        ("USD", "-40.00", -4_000),
        ("USD", "1e3", 100_000),
        ("USD", "9" * 40, 0),
        ("USD", "0.015", 2),
        ("USD", "0.005", 0),
    ],
)
def test_odd_amounts_and_currencies(
    harbor: MirrorPortal, currency: str, amount: str, booked: int
) -> None:
    moved_champion(harbor, amount="100.00")
    harbor.deal(10, 2, 12, created=60, won=(20, amount), deal_currency_code=currency)
    settled(harbor)
    assert harbor.booked(10) == booked
    assert harbor.booked(9) == 10_000  # its neighbour is as it was


def test_a_deal_with_thousands_of_contacts(harbor: MirrorPortal) -> None:
    moved_champion(harbor)
    for one in range(1_000, 1_000 + MANY):
        harbor.put(
            "contact",
            one,
            firstname=f"First{one}",
            lastname=f"Last{one}",
            email=f"u{one}@zenit-labs.com",
        )
        harbor.link("deal", 9, "contact", one)
    settled(harbor)
    assert harbor.booked(9) == 4_000_000
    assert harbor.derived(9) > 0


def test_a_person_on_thousands_of_deals(harbor: MirrorPortal) -> None:
    moved_champion(harbor)
    for one in range(1_000, 1_000 + MANY):
        harbor.deal(one, 2, 12, created=50, won=(10, "0.03"))
    settled(harbor)
    assert {
        row["n"]
        for row in harbor.rows(
            "SELECT sum(amount_minor) AS n FROM ledger WHERE deal_id >= 1000 GROUP BY deal_id"
        )
    } == {3}


def test_a_company_that_merges_into_its_referrer_is_no_source_of_itself(
    harbor: MirrorPortal,
) -> None:
    moved_champion(harbor)
    settled(harbor)
    assert harbor.derived(9) > 0
    harbor.merge("company", (1, 2), 3)
    harbor.company(3, "Zenit", "zenit-labs.com")
    settled(harbor)
    assert harbor.booked(9) == 4_000_000
    assert not any(edge["from_deal_id"] == edge["to_deal_id"] for edge in harbor.kept("edge"))
    said = harbor.said("company", 3)
    assert (
        said.get("second_order_deals", "0") == "0"
    )  # its own expansion, not somebody else's purchase


def test_a_history_with_gaps_and_equal_times_is_read_the_same_way_twice(
    harbor: MirrorPortal, orchard: MirrorPortal
) -> None:
    for portal in (harbor, orchard):
        portal.company(1, "Acme", "acme-tools.com")
        portal.company(2, "Zenit", "zenit-labs.com")
        mails = [
            (900, "priya@acme-tools.com"),
            (200, ""),
            (200, "priya@zenit-labs.com"),
            (200, "priya@acme-tools.com"),
            (200, "priya@zenit-labs.com"),
        ]
        portal.contact(
            12,
            2,
            firstname="Priya",
            lastname="Raman",
            email=mails,
            jobtitle=[(900, ""), (900, "CTO")],
        )
        portal.deal(5, 1, 12, created=800, won=(700, "10000.00"))
        portal.deal(9, 2, 12, created=60, won=(20, "40000.00"))
    settled(harbor)
    orchard.settle(limit=1)
    assert harbor.said("deal", 9) == orchard.said("deal", 9)
    assert harbor.said("deal", 9)["second_order_source"] == "moved_champion"
