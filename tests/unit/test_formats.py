"""Figures are written in one way: on pages, in fields, by commands."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings import formats
from mappings.currencies import DIGITS

BERLIN = formats.zone("Europe/Berlin")


@pytest.mark.parametrize(
    ("minor", "currency", "said"),
    [
        (123456, "EUR", "€1,234.56"),
        (100000, "eur ", "€1,000.00"),
        (-5, "USD", "-$0.05"),
        (1234, "JPY", "¥1,234"),
        (1234567, "KWD", "KWD 1,234.567"),
        (-1234567, "IQD", "-IQD 1,234.567"),
        (123456, "CAD", "CAD 1,234.56"),
        (9007199254740993, "USD", "$90,071,992,547,409.93"),
        (1234, "???", "1,234 ???"),
        (12, "", "12"),
        (12, None, "12"),
        (None, "EUR", "-"),
    ],
)
def test_money_has_its_currency_separators_and_the_digits_of_its_currency(
    minor: int | None, currency: str | None, said: str
) -> None:
    assert formats.money(minor, currency) == said


@pytest.mark.parametrize(
    ("major", "currency", "said"),
    [
        ("5155.12", "USD", "$5,155.12"),
        (Decimal("1e3"), "EUR", "€1,000.00"),
        ("nonsense", "EUR", "nonsense EUR"),
        ("NaN", "EUR", "NaN EUR"),
        ("1e400000", "EUR", "1e400000 EUR"),
        (None, "EUR", "-"),
        ("5", "XXXX", "5 XXXX"),
        ("5", "", "5"),
    ],
)
def test_major_units_are_written_as_money_or_left_as_they_are(
    major: str | None, currency: str, said: str
) -> None:
    assert formats.amount(major, currency) == said


@given(minor=st.integers(-(10**18), 10**18), currency=st.sampled_from(sorted(DIGITS)))
def test_no_digit_of_an_amount_is_lost(minor: int, currency: str) -> None:
    said = formats.money(minor, currency)

    assert int("".join(sign for sign in said if sign.isdigit())) == abs(minor)
    assert said.startswith("-") == (minor < 0)


@pytest.mark.parametrize(
    ("share", "whole", "exact"),
    [
        (0.345, "35%", "34.50%"),
        (0.828, "83%", "82.80%"),
        (0, "0%", "0.00%"),
        (0.0004, "under 1%", "0.04%"),
        (Fraction(472011, 10**6), "47%", "47.20%"),
        (1, "100%", "100.00%"),
        (-0.25, "-25%", "-25.00%"),
        (1.5, "150%", "150.00%"),
        (None, "-", "-"),
    ],
)
def test_a_share_is_written_in_whole_percent_and_to_two_places_where_rows_add_up(
    share: float | Fraction | None, whole: str, exact: str
) -> None:
    assert (formats.percent(share), formats.exact_percent(share)) == (whole, exact)


@pytest.mark.parametrize(
    ("ppm", "said"),
    [
        (1_000_000, "certain"),
        (999_999, "sure (over 0.99)"),
        (994_999, "sure (0.99)"),
        (930_000, "sure (0.93)"),
        (900_000, "sure (0.90)"),
        (894_999, "likely (0.89)"),
        (700_000, "likely (0.70)"),
        (550_000, "possible (0.55)"),
        (400_000, "possible (0.40)"),
        (60_000, "doubtful (0.06)"),
        (1, "doubtful (under 0.01)"),
        (0, "doubtful (0.00)"),
    ],
)
def test_sureness_is_a_word_with_its_number(ppm: int, said: str) -> None:
    assert formats.sure(ppm) == said
    assert formats.likelihood(ppm / 1_000_000) == said


def test_nothing_known_is_no_likelihood() -> None:
    assert formats.likelihood(None) == "-"


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (date(2024, 3, 21), "21 March 2024"),
        (datetime(2024, 3, 21, 23, 30, tzinfo=UTC), "21 March 2024"),
        (datetime(2024, 3, 21, 23, 30, tzinfo=timezone(timedelta(hours=-7))), "22 March 2024"),
        ("2024-03-21", "21 March 2024"),
        ("2024-03-21T23:30:00+00:00", "21 March 2024"),
        ("2024-03-21T23:30:00Z", "21 March 2024"),
        ("soon", "soon"),
        ("", "-"),
        (None, "-"),
    ],
)
def test_a_day_is_written_in_words(at: date | str | None, said: str) -> None:
    assert formats.day(at) == said


def test_a_month_is_written_in_words() -> None:
    assert [formats.month(at) for at in (date(2024, 3, 1), "2024-03", "never", None)] == [
        "March 2024",
        "March 2024",
        "never",
        "-",
    ]


def test_a_time_is_the_account_s_and_says_how_far_from_utc() -> None:
    summer = datetime(2024, 7, 1, 22, 5, tzinfo=UTC)

    assert formats.moment(summer) == "1 July 2024, 22:05 UTC"
    assert formats.moment(summer, BERLIN) == "2 July 2024, 00:05 UTC+2"
    assert formats.moment("2024-01-01T12:00:00+00:00", BERLIN) == "1 January 2024, 13:00 UTC+1"
    assert formats.moment(summer, formats.zone("Asia/Kolkata")) == "2 July 2024, 03:35 UTC+5:30"
    assert formats.moment(summer, formats.zone("US/Pacific")) == "1 July 2024, 15:05 UTC-7"
    assert formats.moment(None) == "-"


@pytest.mark.parametrize(
    "name", ["", None, "Nowhere/At all", "../../etc/passwd", "a" * 400, "\x00"]
)
def test_a_time_zone_that_nobody_knows_is_utc(name: str | None) -> None:
    assert formats.zone(name) is UTC


def test_counts_have_separators() -> None:
    assert [formats.count(number) for number in (1234567, 0, None)] == ["1,234,567", "0", "0"]


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.8876, "88%"), (0.29, "29%"), (0.9999, "99%"), (1.0, "100%"), (0.0, "0%"), (None, "-")],
)
def test_coverage_is_told_in_whole_percent_that_are_reached(share: float | None, said: str) -> None:
    assert formats.percent(formats.rounded_down(share)) == said
