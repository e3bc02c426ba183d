"""One total: what deals, people and companies say adds up to the ledger, in the account's currency, to the last unit."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.contract.conclude_world import (
    REOPENED,
    WORDS,
    MirrorPortal,
    closed_won,
    day,
    moved_champion,
)
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
