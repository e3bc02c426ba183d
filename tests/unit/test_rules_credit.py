from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.rules.attribution.credit import (
    FIRST_ORDER,
    age_factor,
    allocate,
    derived_share,
    raw,
    shares,
    split,
)
from mappings.rules.facts import PPM
from mappings.rules.findings import SHARE_ONE, Source
from mappings.rules.ledger import money
from mappings.rules.policy import DEFAULT, Policy
from tests.unit.rules_builders import a_source, the_three_sources

PPMS = st.integers(0, PPM)


def test_three_sources_share_forty_thousand_dollars_to_the_cent() -> None:
    shared = allocate(7, 4_000_000, "USD", the_three_sources(), DEFAULT)

    assert [(line.source.kind, line.share_ppm, line.amount_minor) for line in shared.lines] == [
        ("moved_champion", 472_011, 1_888_044),
        ("referral", 375_401, 1_501_602),
        ("word_of_mouth", 115_933, 463_730),
    ]
    assert (shared.remainder_minor, shared.derived) == (146_624, 963_344)
    assert (shared.low, shared.high) == (855_000, 990_250)


def test_a_smaller_amount_has_the_same_shares() -> None:
    shared = allocate(7, 3_000_000, "USD", the_three_sources(), DEFAULT)

    assert [line.amount_minor for line in shared.lines] == [1_416_033, 1_126_202, 347_797]
    assert shared.remainder_minor == 109_968


def test_nothing_derived_leaves_all_of_it_first_order() -> None:
    shared = allocate(7, 100, "USD", (), DEFAULT)

    assert (shared.lines, shared.remainder_minor, shared.derived, shared.low, shared.high) == (
        (),
        100,
        0,
        0,
        0,
    )


def test_one_human_counts_once_with_the_stronger_source() -> None:
    both = (a_source("moved_champion", 900_000, 950_000), a_source("referral", 850_000, 970_000))

    shared = allocate(7, 1000, "USD", both, DEFAULT)

    assert [line.source.kind for line in shared.lines] == ["moved_champion"]


def test_a_certain_source_takes_everything_and_a_cap_leaves_a_part_to_sales() -> None:
    certain = a_source(w=PPM, p=PPM)

    assert allocate(7, 999, "USD", [certain], DEFAULT).remainder_minor == 0
    assert allocate(7, 1000, "USD", [certain], Policy(derived_cap=950_000)).remainder_minor == 50


def test_equal_parts_give_the_odd_cent_to_the_lower_id() -> None:
    assert split(101, {"b": 1, "a": 1}) == {"b": 50, "a": 51}
    assert split(-101, {"b": 1, "a": 1}) == {"b": -50, "a": -51}


@pytest.mark.parametrize(
    ("days", "half_life", "expected"),
    [
        (0, 365, PPM),
        (180, 365, PPM),
        (300, 365, 796_214),
        (365, 365, 703_778),
        (730, 365, 351_889),
        (360, 180, 500_000),
    ],
)
def test_age_fades_a_source_after_half_a_year(days: int, half_life: int, expected: int) -> None:
    assert age_factor(days, 180, half_life) == pytest.approx(expected, abs=400)


def test_a_named_referral_forty_days_before_is_raw_068() -> None:
    assert raw(850_000, 800_000, age_factor(40, 180, 180)) == 680_000


@given(
    total=st.integers(-(10**15), 10**15),
    weights=st.dictionaries(st.text(max_size=3), PPMS, min_size=1, max_size=30),
)
def test_splitting_loses_nothing(total: int, weights: dict[str, int]) -> None:
    weights = {**weights, "one": 1}

    parts = split(total, weights)

    assert sum(parts.values()) == total
    exact = {
        key: Fraction(total * weight, sum(weights.values())) for key, weight in weights.items()
    }
    assert all(abs(parts[key] - exact[key]) < 1 for key in weights)


@given(st.lists(PPMS, max_size=8), PPMS)
def test_more_evidence_never_lowers_the_derived_share_nor_passes_one(
    raws: list[int], more: int
) -> None:
    assert derived_share(raws) <= derived_share([*raws, more]) <= 1


sources = st.lists(
    st.builds(
        lambda person, w, p, g, kind: Source(kind, w, p, g, raw(w, p, g), person, person, 10),
        st.integers(1, 6),
        PPMS,
        PPMS,
        PPMS,
        st.sampled_from(["moved_champion", "referral"]),
    ),
    max_size=12,
)


@given(sources, st.integers(-(10**13), 10**13))
def test_credit_and_remainder_are_the_deal_amount(found: list[Source], amount: int) -> None:
    shared = allocate(7, amount, "USD", found, DEFAULT)

    assert sum(line.amount_minor for line in shared.lines) + shared.remainder_minor == amount
    assert sum(line.share for line in shared.lines) + shared.remainder_share == SHARE_ONE
    assert shared.low <= shared.derived <= shared.high
    assert len({line.source.person_id for line in shared.lines}) == len(shared.lines)


@given(sources)
def test_the_order_of_evidence_does_not_matter(found: list[Source]) -> None:
    assert allocate(7, 12_345, "USD", found, DEFAULT) == allocate(
        7, 12_345, "USD", found[::-1], DEFAULT
    )


def test_thousands_of_sources_on_one_deal_share_it_exactly_and_at_once() -> None:
    many = [a_source(person_id=n, contact_id=n, w=1 + n * 37 % 999_983) for n in range(1, 3001)]

    shared = allocate(7, 4_000_000, "USD", many, DEFAULT)

    assert sum(line.amount_minor for line in shared.lines) + shared.remainder_minor == 4_000_000
    assert sum(line.share for line in shared.lines) + shared.remainder_share == SHARE_ONE


@given(
    st.dictionaries(st.text(max_size=3), st.fractions(0, 10**9), min_size=1, max_size=9),
    st.integers(0, 10**13),
)
def test_fractions_as_weights_give_each_the_nearest_units(
    weights: dict[str, Fraction], total: int
) -> None:
    weights = {**weights, "one": Fraction(1, 3)}
    whole = sum(weights.values())

    parts = split(total, weights)

    assert sum(parts.values()) == total
    assert all(abs(parts[key] - total * weight / whole) < 1 for key, weight in weights.items())


def test_shares_name_the_remainder() -> None:
    assert shares([]) == {FIRST_ORDER: SHARE_ONE}


@pytest.mark.parametrize(
    ("text", "currency", "expected"),
    [
        ("40000", "EUR", 4_000_000),
        ("12.345", "KWD", 12_345),
        ("1500", "JPY", 1500),
        ("0.005", "USD", 0),
        ("0.015", "USD", 2),
        ("-3.5", "usd", -350),
        ("", "USD", None),
        ("1e3", "USD", 100_000),
    ],
)
def test_amounts_are_read_in_the_digits_of_their_currency(
    text: str, currency: str, expected: int | None
) -> None:
    assert money.minor(text, currency) == expected


@pytest.mark.parametrize("text", ["1,000.50", "NaN", "Infinity", "1e400", "abc", "12 USD"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        money.minor(text, "USD")


@pytest.mark.parametrize("currency", ["", "XXX", "€", "EURO"])
def test_an_unknown_currency_is_refused_not_taken_for_home(currency: str) -> None:
    with pytest.raises(ValueError, match="unknown currency"):
        money.digits(currency)


def test_forty_thousand_euros_stay_what_they_were_worth_at_the_close() -> None:
    assert money.convert(4_000_000, "EUR", "1.08", "USD") == 4_320_000
    assert money.convert(1000, "JPY", "0.0065", "KWD") == 6500
    assert (money.major(4_320_000, "USD"), money.shown(4_320_000, "USD")) == (
        "43200.00",
        "$43,200.00",
    )
    assert money.major(1500, "JPY") == "1500"
