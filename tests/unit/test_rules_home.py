"""Money at home and at the edges: frozen rates, what cannot be booked, and deals that are odd."""

from dataclasses import replace

import pytest

from mappings.rules.attribution.credit import allocate, split
from mappings.rules.ledger import changes, money
from mappings.rules.ledger import home_currency as home
from mappings.rules.ledger.entries import Occasion, booked, plan_entries
from mappings.rules.policy import DEFAULT
from tests.booked_deals import booked_deals
from tests.unit.rules_builders import a_deal, a_source, day
from tests.unit.test_rules_ledger import THREE, WON, Books


def test_a_rate_is_frozen_at_the_close() -> None:
    """RULES D19: 40,000 euros at 1.08 are 43,200.00 dollars, for ever; at today's 1.15 they would read 46,000."""
    books = Books()
    euros = replace(WON, currency="EUR", home_currency="USD", rate="1.08")
    books.post(euros, THREE, day(200))
    assert books.post(replace(euros, rate="1.15"), THREE, day(900)) == ()

    assert sum(row.home_amount_minor or 0 for row in books.rows) == 43_200_00
    assert money.convert(40_000_00, "EUR", "1.15", "USD") == 46_000_00
    assert {row.rate_at for row in books.rows} == {day(200)}


@pytest.mark.parametrize(
    ("amount", "currency", "rate", "home_currency", "total"),
    [
        (4_000_000, "EUR", "1.08", "USD", 4_320_000),
        (1_000_001, "JPY", "0.0067", "USD", 670_001),
        (1_234_567, "KWD", "3.25", "USD", 401_234),
        (100, "USD", "149.253731", "JPY", 149),
        (-1_000_00, "EUR", "1.08", "USD", -1_080_00),
    ],
)
def test_each_row_is_converted_and_the_rounded_rest_placed(
    amount: int, currency: str, rate: str, home_currency: str, total: int
) -> None:
    deal = replace(
        WON, amount_minor=amount, currency=currency, rate=rate, home_currency=home_currency
    )
    books = Books()
    books.post(deal, THREE, day(200))

    assert home.total(deal) == total
    assert sum(row.home_amount_minor or 0 for row in books.rows) == total
    assert [row.home_amount_minor for row in books.rows] == list(
        split(total, booked(books.rows).shares).values()
    )


def test_hubspots_amount_wins_at_the_frozen_rate_and_only_there() -> None:
    books = Books()
    euros = replace(
        WON, currency="EUR", home_currency="USD", rate="1.08", home_amount_minor=4_320_001
    )
    books.post(euros, THREE, day(200))
    assert _home(books) == 4_320_001

    books.post(replace(euros, amount_minor=3_000_000, home_amount_minor=3_240_002), THREE, day(300))
    assert _home(books) == 3_240_002

    books.post(
        replace(euros, amount_minor=2_000_000, home_amount_minor=2_300_000, rate="1.15"),
        THREE,
        day(301),
    )
    assert _home(books) == 2_160_000


def test_another_rate_later_takes_nothing_from_an_amount_that_hubspot_told_at_the_close() -> None:
    """HubSpot's own figure may differ from amount x rate, whose decimals are few; only another amount moves it."""
    books = Books()
    euros = replace(
        WON, currency="EUR", home_currency="USD", rate="1.08", home_amount_minor=4_320_005
    )
    books.post(euros, THREE, day(200))

    assert (
        books.post(replace(euros, rate="1.15", home_amount_minor=4_600_000), THREE, day(900)) == ()
    )
    assert _home(books) == 4_320_005


def test_without_a_rate_the_ratio_of_the_close_is_the_rate() -> None:
    books = Books()
    euros = replace(WON, currency="EUR", home_currency="USD", home_amount_minor=4_320_000)
    books.post(euros, THREE, day(200))
    books.post(replace(euros, amount_minor=2_000_000, home_amount_minor=2_300_000), THREE, day(300))

    assert _home(books) == 2_160_000


def test_a_home_amount_that_comes_later_is_booked_then() -> None:
    books = Books()
    euros = replace(WON, currency="EUR", home_currency="USD")
    books.post(euros, THREE, day(200))
    assert {row.home_amount_minor for row in books.rows} == {None}

    made = books.post(replace(euros, home_amount_minor=4_320_000), THREE, day(201))

    assert {row.occasion for row in made} == {"home"}
    assert _home(books) == 4_320_000
    assert books.total == 4_000_000


def test_old_rows_keep_the_home_currency_they_were_booked_in() -> None:
    books = Books()
    euros = replace(WON, currency="EUR", home_currency="USD", rate="1.08")
    books.post(euros, THREE, day(200))
    moved = replace(
        euros, amount_minor=3_000_000, home_currency="GBP", rate="0.86", home_amount_minor=2_580_000
    )
    books.post(moved, THREE, day(500))

    assert {row.home_currency for row in books.rows} == {"USD"}
    assert _home(books) == 3_240_000


def test_a_rate_that_makes_more_than_money_is_no_rate() -> None:
    assert (
        home.total(replace(WON, amount_minor=money.LARGEST, rate="9999999", home_currency="JPY"))
        is None
    )


def _home(books: Books) -> int:
    return sum(row.home_amount_minor or 0 for row in books.rows)


# What cannot be booked


@pytest.mark.parametrize(
    ("amount", "currency", "why"),
    [
        ("1000", "XBT", "is no currency of ISO 4217"),
        ("1000", "", "no currency"),
        ("", "USD", "no amount yet"),
        ("0.00", "USD", "is zero"),
        ("1e400", "USD", "is too large"),
        ("92233720368547758.08", "USD", "is too large"),
        ("a lot", "USD", "not an amount"),
        ("1,000", "USD", "not an amount"),
    ],
)
def test_what_cannot_be_booked_is_refused_in_a_sentence(
    amount: str, currency: str, why: str
) -> None:
    said = money.refusal(amount, currency)

    assert said is not None
    assert why in said
    assert said.endswith(".")


@pytest.mark.parametrize(
    ("amount", "currency"), [("1000", "JPY"), ("-0.001", "KWD"), ("12.34", "eur")]
)
def test_what_can_be_booked_is_not(amount: str, currency: str) -> None:
    assert money.refusal(amount, currency) is None


@pytest.mark.parametrize("currency", ["XBT", "", None])
def test_an_unknown_currency_books_nothing_and_takes_back_what_was_booked(
    currency: str | None,
) -> None:
    books = Books()
    odd = replace(WON, currency=currency)
    assert plan_entries(odd, (), None, Occasion(day(200)), DEFAULT) == ()

    books.post(WON, THREE, day(200))
    for row in plan_entries(odd, books.rows, None, Occasion(day(210)), DEFAULT):
        books.rows.append(replace(row, id=len(books.rows) + 1))

    assert books.total == 0
    assert booked_deals(books.rows) == ()


# Odd deals


def test_a_deal_closed_before_it_was_created_is_dated_at_its_close() -> None:
    books = Books()
    books.post(a_deal(created=300, closed=200), THREE, day(310))

    assert ({row.effective_at for row in books.rows}, books.total) == ({day(200)}, 4_000_000)


def test_a_win_without_a_close_date_counts_from_when_we_saw_it() -> None:
    books = Books()
    books.post(replace(WON, closed_at=None), THREE, day(310))

    assert ({row.effective_at for row in books.rows}, books.total) == ({day(310)}, 4_000_000)
    assert books.post(replace(WON, closed_at=None), THREE, day(400)) == ()


def test_a_close_date_to_come_counts_from_now() -> None:
    books = Books()
    future = replace(WON, closed_at=day(500))
    books.post(future, THREE, day(310))

    assert {row.effective_at for row in books.rows} == {day(310)}
    assert books.post(future, THREE, day(400)) == ()


def test_two_things_at_one_moment_are_both_booked() -> None:
    books = Books()
    books.post(WON, THREE, day(200))
    books.post(replace(WON, is_won=False), THREE, day(200))
    books.post(replace(WON, amount_minor=5), THREE, day(200))

    assert books.total == 5
    assert [one.occasion for one in changes.changes_of(books.rows)] == ["won", "lost", "rewon"]


def test_a_replaced_contract_is_no_loss() -> None:
    books = Books()
    books.post(WON, THREE, day(200))

    assert books.post(replace(WON, is_replaced=True, closed_at=day(500)), (), day(500)) == ()
    assert books.total == 4_000_000


def test_a_deal_that_was_merged_away_says_into_which() -> None:
    books = Books()
    books.post(WON, THREE, day(200))
    made = books.post(replace(WON, archived=True), THREE, day(210), merged_into=505)

    assert {row.reason for row in made} == {"deal 7 was merged into deal 505"}
    assert books.total == 0


def test_a_persons_order_is_told_as_one() -> None:
    books = Books()
    books.post(WON, THREE, day(200))
    made = books.post(WON, THREE[:1], day(900), ordered=True)

    assert {row.occasion for row in made} == {"ordered"}
    assert books.total == 4_000_000


def test_money_of_any_size_is_shared_to_the_last_unit() -> None:
    for amount in (1, -1, money.LARGEST, -money.LARGEST):
        shared = allocate(7, amount, "USD", (a_source(),), DEFAULT)
        assert sum(line.amount_minor for line in shared.lines) + shared.remainder_minor == amount
