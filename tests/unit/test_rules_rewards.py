"""Rewards: which values are taken, and what accrued when."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.currencies import DIGITS
from mappings.rules.ledger import money, rewards
from mappings.rules.ledger.rewards import Accrual, Reward, Totals


def month_of(at: datetime) -> date:
    return at.date().replace(day=1)


def a_reward(month: int, minor: int = 5000, **more: object) -> Reward:
    at = datetime(2026, month, 3, tzinfo=UTC)
    usual = Reward("referral", "gift_card", minor, "USD", at)
    return replace(usual, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("50", "usd", 5000),
        (" 50.5 ", "EUR", 5050),
        ("500", "JPY", 500),
        ("1.234", "KWD", 1234),
        ("1.50000", "USD", 150),
    ],
)
def test_a_value_is_read_in_the_smallest_unit_of_its_currency(
    text: str, currency: str, minor: int
) -> None:
    assert rewards.amount(text, currency) == (minor, currency.upper())


@pytest.mark.parametrize(
    ("text", "currency", "why"),
    [
        ("50", "XXX", "no currency"),
        ("50", "", "no currency"),
        ("50", "dollars", "no currency"),
        ("-50", "USD", "more than nothing"),
        ("0", "USD", "more than nothing"),
        ("0.00", "USD", "more than nothing"),
        ("", "USD", "no amount"),
        ("fifty", "USD", "no amount"),
        ("1,000", "USD", "no amount"),
        ("1e3", "USD", "no amount"),
        ("NaN", "USD", "no amount"),
        ("\u0665\u0660", "USD", "no amount"),
        ("0.001", "USD", "more digits"),
        ("50.5", "JPY", "more digits"),
        ("2000000000", "USD", "more than any reward"),
        ("9" * 40, "USD", "no amount"),
    ],
)
def test_what_is_no_reward_is_refused_with_a_sentence(text: str, currency: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        rewards.amount(text, currency)


@given(st.integers(1, 10**8), st.sampled_from(sorted(DIGITS)))
def test_every_amount_of_every_currency_is_read_as_it_is_written(minor: int, currency: str) -> None:
    assert rewards.amount(money.major(minor, currency), currency) == (minor, currency)


def test_a_reward_accrues_in_the_month_of_its_approval_whenever_it_is_paid() -> None:
    paid = a_reward(3, paid_on=date(2026, 9, 1))

    assert rewards.accrued([paid], month_of) == (
        Accrual(date(2026, 3, 1), "referral", "USD", 5000),
    )


def test_one_that_is_withdrawn_later_leaves_the_month_of_its_approval_as_it_was_told() -> None:
    withdrawn = a_reward(3, withdrawn_at=datetime(2026, 5, 20, tzinfo=UTC))

    assert rewards.accrued([withdrawn, a_reward(5, 2000)], month_of) == (
        Accrual(date(2026, 3, 1), "referral", "USD", 5000),
        Accrual(date(2026, 5, 1), "referral", "USD", -3000),
    )


def test_one_that_is_withdrawn_in_its_own_month_never_accrued() -> None:
    withdrawn = a_reward(3, withdrawn_at=datetime(2026, 3, 20, tzinfo=UTC))

    assert rewards.accrued([withdrawn], month_of) == ()


def test_sources_and_currencies_are_never_added_together() -> None:
    kept = [a_reward(3), a_reward(3, source="moved_champion"), a_reward(3, currency="EUR")]

    assert {
        (line.source, line.currency, line.minor) for line in rewards.accrued(kept, month_of)
    } == {
        ("referral", "USD", 5000),
        ("moved_champion", "USD", 5000),
        ("referral", "EUR", 5000),
    }


def test_what_was_promised_is_told_apart_from_what_was_paid() -> None:
    kept = [
        a_reward(1, paid_on=date(2026, 2, 1)),
        a_reward(2, 3000),
        a_reward(3, withdrawn_at=datetime(2026, 4, 1, tzinfo=UTC)),
        a_reward(3, 700, currency="JPY"),
    ]

    assert rewards.totals(kept) == (Totals("JPY", 700, 0), Totals("USD", 8000, 5000))
    assert rewards.totals(kept)[1].owed == 3000


@given(
    st.lists(st.tuples(st.integers(1, 12), st.integers(1, 9999), st.none() | st.integers(1, 12)))
)
def test_what_accrued_adds_up_to_what_stands(drawn: list[tuple[int, int, int | None]]) -> None:
    kept = [
        a_reward(
            month, minor, withdrawn_at=back and datetime(2026, max(back, month), 5, tzinfo=UTC)
        )
        for month, minor, back in drawn
    ]

    standing = sum(total.accrued for total in rewards.totals(kept))
    assert sum(line.minor for line in rewards.accrued(kept, month_of)) == standing
