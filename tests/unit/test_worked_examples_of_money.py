"""Every worked example of the rule book about money, D6 to D8, D16 and D19, with its own numbers and others by hand."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest

from mappings.rules.attribution import classic_models, removal_effects
from mappings.rules.attribution.credit import allocate, derived_share
from mappings.rules.attribution.journeys import ModelTouch
from mappings.rules.attribution.orders import WonDeal, all_in, build
from mappings.rules.facts import PPM, DealFacts
from mappings.rules.findings import SHARE_ONE
from mappings.rules.ledger import money
from mappings.rules.ledger.entries import Occasion, plan_entries
from mappings.rules.policy import DEFAULT, Policy
from tests.unit.rules_builders import (
    a_deal,
    a_source,
    day,
    the_three_sources,
)

# Paragraph D6 · several sources


def test_d6_forty_thousand_dollars_among_three_sources() -> None:
    three = the_three_sources()
    shared = allocate(7, 4_000_000, "USD", three, DEFAULT)

    assert [one.raw for one in three] == [855_000, 680_000, 210_000]
    assert sum(one.raw for one in three) == 1_745_000
    assert (
        derived_share([one.raw for one in three])
        == 1 - Fraction(145 * 320 * 790, 10**9)
        == Fraction(963_344, PPM)
    )
    assert [(line.share_ppm, line.amount_minor) for line in shared.lines] == [
        (472_011, 1_888_044),
        (375_401, 1_501_602),
        (115_933, 463_730),
    ]
    assert (shared.remainder_minor, round(shared.remainder_share / SHARE_ONE, 6)) == (
        146_624,
        0.036656,
    )
    assert sum(line.amount_minor for line in shared.lines) + shared.remainder_minor == 4_000_000


def test_d6_the_range_of_the_example() -> None:
    shared = allocate(7, 4_000_000, "USD", the_three_sources(), DEFAULT)

    assert (shared.low, shared.high) == (855_000, 990_250)
    assert 4_000_000 * shared.low // PPM == 3_420_000
    assert 4_000_000 * shared.high // PPM == 3_961_000


@pytest.mark.parametrize(
    ("parts", "amount", "expected", "rest"),
    [
        # raw .5 and .5: D = .75, half each
        pytest.param(
            ((1_000_000, 500_000), (1_000_000, 500_000)), 10_000, (3750, 3750), 2500, id="two equal"
        ),
        # raw .9 and .1: D = 1 - .1 x .9 = .91; .819 and .091
        pytest.param(
            ((1_000_000, 900_000), (1_000_000, 100_000)),
            1_000,
            (819, 91),
            90,
            id="one strong, one weak",
        ),
        pytest.param(
            ((500_000, 500_000),), 101, (25,), 76, id="25.25 and 75.75 of 101: the larger remainder"
        ),
        # raw .5 three times: D = .875, 29.1666 each and 12.5 of 100: 29, 29, 29 and 12 leave one,
        # .5 is the largest
        pytest.param(((1_000_000, 500_000),) * 3, 100, (29, 29, 29), 13, id="three equal"),
    ],
)
def test_d6_by_hand(
    parts: tuple[tuple[int, int], ...], amount: int, expected: tuple[int, ...], rest: int
) -> None:
    found = [
        a_source("referral", w, p, person_id=n, contact_id=n) for n, (w, p) in enumerate(parts, 1)
    ]
    shared = allocate(7, amount, "USD", found, DEFAULT)

    assert tuple(line.amount_minor for line in shared.lines) == expected
    assert shared.remainder_minor == rest


def test_d6_a_cap_leaves_a_part_to_selling() -> None:
    assert DEFAULT.derived_cap == PPM
    capped = allocate(7, 4_000_000, "USD", the_three_sources(), Policy(derived_cap=950_000))

    assert (capped.derived, capped.remainder_minor) == (950_000, 200_000)


# Paragraph D7 · orders


def bought(
    deal_id: int, company: int, dollars: int, on: int, *shares: tuple[int, float]
) -> WonDeal:
    return WonDeal(
        deal_id,
        company,
        dollars * 100,
        day(on),
        tuple((who, round(part * SHARE_ONE)) for who, part in shares),
    )


A, B, C = 1, 2, 3
CHAIN = (
    bought(1, A, 10_000, 0),
    bought(2, B, 20_000, 9, (A, 0.5)),
    bought(3, C, 30_000, 20, (B, 0.8)),
)


def test_d7_a_chain_of_three_customers() -> None:
    graph = build(CHAIN, DEFAULT)
    a, b, c = (all_in(company, graph, DEFAULT) for company in (A, B, C))

    assert (a.direct_minor, a.by_order[2], a.by_order[3]) == (1_000_000, 1_000_000, 1_200_000)
    assert [one.total_minor for one in (a, b, c)] == [3_200_000, 4_400_000, 3_000_000]
    assert sum(one.total_minor for one in (a, b, c)) == 10_600_000


def test_d7_what_returns_is_shown_and_not_added() -> None:
    deals = (*CHAIN[:2], bought(3, A, 12_000, 20, (B, 0.4)))
    graph = build(deals, DEFAULT)

    assert all_in(B, graph, DEFAULT).by_order[2] == 480_000
    assert all_in(A, graph, DEFAULT).self_return_minor == 240_000
    assert all_in(A, graph, DEFAULT).total_minor == 1_000_000 + 1_200_000 + 1_000_000


def test_d7_by_hand_two_paths_to_one_deal_add_up() -> None:
    """A to B .5; A to D .1 and B to D .6 of 1,000: order 2 of A is 10,000 + 100, order 3 is .5 x .6 x 1,000."""
    deals = (*CHAIN[:2], bought(9, 4, 1_000, 30, (A, 0.1), (B, 0.6)))
    found = all_in(A, build(deals, DEFAULT), DEFAULT)

    assert found.by_order == {2: 1_010_000, 3: 30_000}


def test_d7_limits_stand() -> None:
    assert (DEFAULT.max_order, DEFAULT.smallest_path, DEFAULT.inheritance_months) == (6, 10_000, 36)


# Paragraph D8 · classic models


def test_d8_time_decay_of_a_week() -> None:
    win = day(100)
    just_now = timedelta(
        milliseconds=1
    )  # a touch at the very moment of the win would not be before it
    touches = [
        ModelTouch(str(n), win - timedelta(days=n) - just_now, "touch", str(n))
        for n in (0, 7, 14, 28)
    ]

    found = classic_models.time_decay(touches, win, Policy(model_half_life_days=7))

    assert {who: round(share * 100 / SHARE_ONE, 1) for who, share in found.shares.items()} == {
        "0": 55.2,
        "7": 27.6,
        "14": 13.8,
        "28": 3.4,
    }
    assert sum(found.shares.values()) == SHARE_ONE
    assert (
        DEFAULT.model_half_life_days,
        DEFAULT.model_look_back_days,
        DEFAULT.shapley_deals_at,
    ) == (30, 365, 30)


def test_d8_shapley() -> None:
    rates = {"": 10, "C": 30, "R": 25, "W": 15, "CR": 45, "CW": 33, "RW": 28, "CRW": 48}
    table = {
        frozenset(names): removal_effects.Outcome(won, 100 - won) for names, won in rates.items()
    }

    found = removal_effects.shapley(table, DEFAULT)

    assert {who: round(float(value), 4) for who, value in found.values.items()} == {
        "C": 0.1967,
        "R": 0.1467,
        "W": 0.0367,
    }
    assert sum(found.values.values()) == Fraction(38, 100)
    assert [round(found.shares[who] * 100 / SHARE_ONE, 2) for who in "CRW"] == [51.75, 38.60, 9.65]


def test_d8_markov() -> None:
    paths = [
        removal_effects.Path(("A",), won=2),
        removal_effects.Path(("A", "B"), won=1),
        removal_effects.Path(("A",), lost=4),
        removal_effects.Path(("B",), lost=3),
    ]

    found = removal_effects.markov(paths)

    assert sum(path.won for path in paths) / sum(path.won + path.lost for path in paths) == 0.30
    assert (found.values["A"], round(float(found.values["B"]), 3)) == (Fraction(3, 4), 0.333)
    assert [round(found.shares[who] * 100 / SHARE_ONE, 1) for who in "AB"] == [69.2, 30.8]


# Paragraph D16 · refunds


def test_d16_a_refund_of_ten_thousand_to_the_cent() -> None:
    deal = DealFacts(
        7,
        day(0),
        amount_minor=4_000_000,
        currency="USD",
        is_won=True,
        is_closed=True,
        closed_at=day(50),
    )
    shared = allocate(7, 4_000_000, "USD", the_three_sources(), DEFAULT)
    posted = [
        replace(row, id=number)
        for number, row in enumerate(plan_entries(deal, [], shared, Occasion(day(50)), DEFAULT), 1)
    ]
    target = allocate(7, 3_000_000, "USD", the_three_sources(), DEFAULT)

    smaller = replace(deal, amount_minor=3_000_000)
    refund = plan_entries(smaller, posted, target, Occasion(day(80)), DEFAULT)

    assert [line.amount_minor for line in target.lines] == [1_416_033, 1_126_202, 347_797]
    assert target.remainder_minor == 109_968
    assert [row.amount_minor for row in refund] == [-472_011, -375_400, -115_933, -36_656]
    assert sum(row.amount_minor for row in refund) == -1_000_000
    # a quarter of each row, rounded on its own, would lose a cent
    assert sum(round(row.amount_minor / 4) for row in posted) == 999_999


@pytest.mark.parametrize(
    ("amount", "booked"),
    [(4_000_100, 100), (0, -4_000_000), (1, -3_999_999), (8_000_000, 4_000_000), (4_000_000, 0)],
)
def test_d16_any_change_of_amount_books_its_difference(amount: int, booked: int) -> None:
    deal = a_deal(created=0, closed=50)
    shared = allocate(7, 4_000_000, "USD", the_three_sources(), DEFAULT)
    first = plan_entries(deal, [], shared, Occasion(day(50)), DEFAULT)
    posted = [replace(row, id=number) for number, row in enumerate(first, 1)]

    later = plan_entries(
        replace(deal, amount_minor=amount),
        posted,
        allocate(7, amount, "USD", the_three_sources(), DEFAULT),
        Occasion(day(60)),
        DEFAULT,
    )

    assert sum(row.amount_minor for row in later) == booked


# Paragraph D19 · currencies


def test_d19_forty_thousand_euros_stay_what_they_were() -> None:
    frozen, today = (
        money.convert(4_000_000, "EUR", "1.08", "USD"),
        money.convert(4_000_000, "EUR", "1.15", "USD"),
    )

    assert (frozen, today) == (4_320_000, 4_600_000)
    assert round(100 * (today / frozen - 1), 1) == 6.5


@pytest.mark.parametrize(("currency", "digits"), [("EUR", 2), ("JPY", 0), ("KWD", 3)])
def test_d19_each_currency_has_its_digits(currency: str, digits: int) -> None:
    assert money.digits(currency) == digits


@pytest.mark.parametrize(
    ("minor", "currency", "rate", "home", "expected"),
    [
        (1_500, "JPY", "0.0067", "USD", 1_005),  # 1,500 yen are 10.05 dollars
        (12_345, "KWD", "3.25", "USD", 4_012),  # 12.345 dinars are 40.12125 dollars
        (100, "USD", "0.308", "KWD", 308),
        (1, "EUR", "1.005", "USD", 1),
    ],
)
def test_d19_conversions_by_hand(
    minor: int, currency: str, rate: str, home: str, expected: int
) -> None:
    assert money.convert(minor, currency, rate, home) == expected


def test_d19_each_row_has_its_part_of_the_home_amount_and_they_add_up() -> None:
    deal = a_deal(created=0, closed=50, currency="EUR", home_currency="USD", rate="1.08")
    shared = allocate(7, 4_000_000, "EUR", the_three_sources(), DEFAULT)

    rows = plan_entries(deal, [], shared, Occasion(day(50)), DEFAULT)

    assert [row.home_amount_minor for row in rows] == [2_039_087, 1_621_730, 500_829, 158_354]
    assert sum(row.home_amount_minor or 0 for row in rows) == 4_320_000
