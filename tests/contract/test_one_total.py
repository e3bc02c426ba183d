"""One total: what deals, people and companies say adds up to the ledger, in the account's currency, to the last unit."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

import pytest

from integration.portal import forgotten
from tests.contract.conclude_world import (
    KEYS,
    REOPENED,
    WORDS,
    MirrorPortal,
    closed_won,
    day,
    moved_champion,
)
from tests.contract.test_conclude_people import customer_with_maria
from tests.kept import Row

PARTS = tuple(f"second_order_amount_{kind}" for kind in ("moved", "referral", "word_of_mouth"))
# What one unit is worth in US dollars.
FIVE_CURRENCIES = {
    "USD": "1",
    "EUR": "1.083127",
    "JPY": "0.006417",
    "KWD": "3.258911",
    "GBP": "1.27",
}


def said(portal: MirrorPortal, kind: str, name: str) -> Decimal:
    """The sum of one field over all records, as a report in HubSpot adds it up."""
    found = [row["desired"].get(name) for row in portal.kept("conclusion", object_type=kind)]
    return sum((Decimal(value) for value in found if value), Decimal(0))


def booked(portal: MirrorPortal, home: str = "USD", *, kinds: Iterable[str] = ()) -> Decimal:
    """The ledger's total for customers, of all or some kinds, in the account's currency."""
    rows = [row for row in portal.ledger() if row["kind"] != "first_order"]
    chosen = [row for row in rows if not kinds or row["kind"] in kinds]
    places = {"USD": 2, "JPY": 0, "KWD": 3}[home]
    return Decimal(sum(_home_minor(row, home) for row in chosen)).scaleb(-places)


def _home_minor(row: Row, home: str) -> int:
    """A row in the account's currency; nothing where its rate was not known at the close."""
    if row["home_minor"] is not None:
        return int(row["home_minor"])
    return int(row["amount_minor"]) if row["currency"] == home else 0


def five_deals(portal: MirrorPortal) -> None:
    """Priya moved to Zenit, Eve referred Bo there, Cy heard of us: five won deals in five currencies."""
    moved_champion(portal)
    portal.company(4, "Beta", "beta-parts.com")
    portal.contact(40, 4, firstname="Eve", lastname="Stone", email="eve@beta-parts.com")
    portal.deal(6, 4, 40, created=800, won=(700, "10000.00"))
    portal.contact(30, 2, firstname="Bo", lastname="Lind", email="bo@zenit-labs.com",
                   created=day(60), referred_by="eve@beta-parts.com")  # fmt: skip
    portal.contact(31, 2, firstname="Cy", lastname="Moss", email="cy@zenit-labs.com",
                   created=day(60), heard_from="word of mouth")  # fmt: skip
    people = (12, 30, 31)
    for number, (code, rate) in enumerate(FIVE_CURRENCIES.items(), start=20):
        amount = "1234567" if code == "JPY" else f"{number}321.57"
        portal.deal(number, 2, *people[: number % 3 + 1], created=50, won=(number, amount),
                    deal_currency_code=code, hs_exchange_rate=rate)  # fmt: skip


@pytest.mark.parametrize("home", ["USD", "JPY", "KWD"])
def test_deals_in_five_currencies_add_up_to_the_ledger(harbor: MirrorPortal, home: str) -> None:
    harbor.install(replace(WORDS, home_currency=home))
    five_deals(harbor)
    harbor.settle()

    total = booked(harbor, home)
    assert total > 0
    assert said(harbor, "deal", "second_order_amount_home") == total
    for kind, part in zip(("moved_champion", "referral", "word_of_mouth"), PARTS, strict=True):
        assert said(harbor, "deal", part) == booked(harbor, home, kinds=[kind]), kind
    assert {len(harbor.said("deal", number).keys() & set(PARTS)) for number in range(20, 25)} >= {3}


def test_a_deals_parts_by_kind_are_its_amount(harbor: MirrorPortal) -> None:
    five_deals(harbor)
    harbor.settle()

    for number in range(20, 25):
        fields = harbor.said("deal", number)
        parts = sum(Decimal(fields.get(part, "0")) for part in PARTS)
        assert parts == Decimal(fields["second_order_amount_home"])


def test_an_amount_in_account_currency_stays_at_the_rate_of_its_close(harbor: MirrorPortal) -> None:
    moved_champion(harbor)
    harbor.change("deal", 9, deal_currency_code="EUR", hs_exchange_rate="1.08")
    harbor.settle()
    before = harbor.said("deal", 9)

    harbor.change("deal", 9, hs_exchange_rate="1.15")
    harbor.settle()

    share = Decimal(before["second_order_amount_home"]) / Decimal(before["second_order_amount"])
    assert share == pytest.approx(Decimal("1.08"), abs=Decimal("0.0001"))
    assert harbor.said("deal", 9) == before


def test_an_open_deal_has_no_amount_in_account_currency_until_it_is_won(
    harbor: MirrorPortal,
) -> None:
    """Its rate is not fixed, and a report that adds up all deals must say what the ledger says."""
    moved_champion(harbor)
    harbor.change("deal", 9, **REOPENED)
    harbor.settle()
    assert "second_order_amount_home" not in harbor.said("deal", 9)
    assert Decimal(harbor.said("deal", 9)["second_order_amount"]) > 0

    harbor.change("deal", 9, **closed_won(1, "40000.00"))
    harbor.settle()
    assert Decimal(harbor.said("deal", 9)["second_order_amount_home"]) == booked(harbor)

    harbor.change("deal", 9, **REOPENED)
    harbor.settle()
    assert "second_order_amount_home" not in harbor.said("deal", 9)
    assert booked(harbor) == 0


def test_a_deal_says_how_its_strongest_source_took_part(harbor: MirrorPortal) -> None:
    moved_champion(harbor)
    harbor.settle()

    assert harbor.said("deal", 9)["second_order_timing"] == "sourced"
    assert "second_order_timing" not in harbor.said("deal", 5)


# One record a person


PRIYANKA = {
    "firstname": "Priyanka",
    "lastname": "Ramanujan",
    "jobtitle": "Head of Operations",
    "email": "priyanka@acme-tools.com",
    "notes_last_contacted": day(240).isoformat(),
    "hs_email_hard_bounce_reason_enum": [(210, "UNKNOWN_USER")],
}


def two_records(portal: MirrorPortal) -> None:
    """Priyanka was 10 at Acme until it bounced, and is 12 at Zenit, where she led to deal 9."""
    portal.company(1, "Acme", "acme-tools.com")
    portal.company(2, "Zenit", "zenit-labs.com")
    portal.contact(10, 1, created=day(900), **PRIYANKA)
    portal.contact(12, 2, created=day(200), firstname="Priyanka", lastname="Ramanujan",
                   jobtitle="Head of Operations", email="priyanka@zenit-labs.com")  # fmt: skip
    portal.deal(5, 1, 10, created=800, won=(700, "10000.00"))
    portal.deal(9, 2, 12, created=60, won=(20, "40000.00"))


def test_a_persons_money_is_on_the_current_record_and_the_others_name_it(
    harbor: MirrorPortal,
) -> None:
    two_records(harbor)
    harbor.settle()

    old, current = harbor.said("contact", 10), harbor.said("contact", 12)
    assert Decimal(current["second_order_revenue"]) == booked(harbor) > 0
    assert (old["second_order_revenue"], old["second_order_same_person"]) == ("0", "contact:12")
    assert "second_order_same_person" not in current
    assert old["second_order_role"] == current["second_order_role"] == "moved_champion"
    assert said(harbor, "contact", "second_order_revenue") == booked(harbor)


def test_the_money_goes_to_the_record_that_is_left_and_back_when_one_is_restored(
    harbor: MirrorPortal,
) -> None:
    """Maria recommended us as 30; her newer record 31 is deleted, and restored."""
    customer_with_maria(harbor)
    profile = "linkedin.com/in/maria-lopez-7"
    harbor.change("contact", 30, hs_linkedin_url=profile)
    newer = {"firstname": "Maria", "lastname": "Lopez", "hs_linkedin_url": profile}
    harbor.contact(31, 1, created=day(100), **newer)
    harbor.contact(40, 2, created=day(80), firstname="Bo", lastname="Berg",
                   email="bo@zenit-labs.com", referred_by="maria@acme-tools.com")  # fmt: skip
    harbor.deal(6, 2, 40, created=60, won=(10, "1000.00"))
    harbor.settle()
    before = {one: harbor.said("contact", one) for one in (30, 31)}
    assert Decimal(before[31]["second_order_revenue"]) == booked(harbor) > 0
    assert before[30]["second_order_same_person"] == "contact:31"

    harbor.retire("contact", 31)
    harbor.settle()
    assert Decimal(harbor.said("contact", 30)["second_order_revenue"]) == booked(harbor)
    assert "second_order_same_person" not in harbor.said("contact", 30)

    harbor.contact(31, 1, created=day(100), **newer)
    harbor.settle()
    assert {one: harbor.said("contact", one) for one in (30, 31)} == before


def test_records_that_become_one_have_the_money_once(harbor: MirrorPortal) -> None:
    two_records(harbor)
    harbor.settle()

    addresses = [(900, "priyanka@acme-tools.com"), (200, "priyanka@zenit-labs.com")]
    harbor.contact(99, 2, created=day(900), firstname="Priyanka", lastname="Ramanujan",
                   email=addresses, hs_merged_object_ids="10;12")  # fmt: skip
    harbor.merge("contact", (10, 12), 99)
    harbor.settle()

    assert Decimal(harbor.said("contact", 99)["second_order_revenue"]) == booked(harbor) > 0
    assert said(harbor, "contact", "second_order_revenue") == booked(harbor)
    assert "second_order_same_person" not in harbor.said("contact", 99)


def test_a_record_that_is_somebody_elses_names_nobody_and_has_no_money(
    harbor: MirrorPortal,
) -> None:
    """The name of record 10 is corrected: the deal was won less than 90 days ago, and is judged anew."""
    two_records(harbor)
    harbor.settle()
    assert booked(harbor) > 0

    harbor.change("contact", 10, firstname="Rolf", lastname="Berg", email="rolf@acme-tools.com")
    harbor.settle()

    for number in (10, 12):
        assert "second_order_same_person" not in harbor.said("contact", number)
        assert "second_order_revenue" not in harbor.said("contact", number)
    assert said(harbor, "contact", "second_order_revenue") == booked(harbor) == 0


def test_a_forgotten_persons_money_is_on_no_record_and_in_the_total(harbor: MirrorPortal) -> None:
    two_records(harbor)
    harbor.settle()
    total = booked(harbor)

    with harbor.context.transaction() as tx:
        forgotten.erase(tx, 12, keys=KEYS)
    harbor.settle()

    assert "second_order_same_person" not in harbor.said("contact", 10)
    assert said(harbor, "contact", "second_order_revenue") == 0
    assert said(harbor, "company", "second_order_revenue") == booked(harbor) == total


def test_records_with_nothing_to_say_name_nobody(harbor: MirrorPortal) -> None:
    """That two records are one person is told where something is told of the person."""
    harbor.company(1, "Acme", "acme-tools.com")
    for number in (10, 12):
        harbor.contact(number, 1, firstname="Priyanka", lastname="Ramanujan",
                       email="priyanka@acme-tools.com")  # fmt: skip
    harbor.settle()

    assert len(set(harbor.persons().values())) == 1
    assert harbor.patches() == {}
