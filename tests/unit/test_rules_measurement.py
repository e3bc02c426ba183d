"""Measurement coverage: how much of the won revenue could have shown a customer's part."""

from collections.abc import Mapping
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.kinds import Gap, Ground
from mappings.rules.ledger.measurement import AlikeDeals, Money, Reading, measure

ALL_READ = Reading()


def won(minor: int, deals: int = 1, **traces: bool) -> AlikeDeals:
    return AlikeDeals(Money(minor, deals), **traces)


def test_of_a_million_won_78_percent_could_be_judged() -> None:
    """620,000 by employers, 100,000 more by an answer, 60,000 more by activity."""
    found = measure(
        [
            won(620_000_00, 31, contacts=True, employer=True),
            won(100_000_00, 5, contacts=True, answer=True),
            won(60_000_00, 3, activity=True),
            won(150_000_00, 9),
            won(70_000_00, 2, contacts=True),
        ],
        ALL_READ,
    )

    assert found.coverage == Fraction(78, 100)
    assert found.won == Money(1_000_000_00, 50)
    assert found.judged == Money(780_000_00, 39)
    assert found.unjudged == Money(220_000_00, 11)
    assert found.by_ground[Ground.EMPLOYER] == Money(620_000_00, 31)
    assert found.gaps == (
        (Gap.UNANSWERED, Money(220_000_00, 11)),
        (Gap.NO_CONTACTS, Money(150_000_00, 9)),
        (Gap.NO_COMPANY, Money(70_000_00, 2)),
    )


@pytest.mark.parametrize(
    ("traces", "ground"),
    [
        ({"contacts": True, "employer": True, "answer": True, "found": True}, Ground.EMPLOYER),
        ({"contacts": True, "answer": True, "activity": True}, Ground.ANSWER),
        ({"activity": True, "found": True}, Ground.ACTIVITY),
        ({"found": True}, Ground.FOUND),
        ({"contacts": True}, None),
        ({}, None),
    ],
)
def test_a_deal_counts_once_by_the_first_ground_it_has(
    traces: Mapping[str, bool], ground: Ground | None
) -> None:
    deal = won(1, **traces)

    found = measure([deal], ALL_READ)

    assert deal.ground == ground
    assert [name for name, money in found.by_ground.items() if money.deals] == (
        [ground] if ground else []
    )


def test_what_may_not_be_read_and_what_nobody_is_asked_is_named_with_the_money_it_hides() -> None:
    deals = [won(700, contacts=True), won(300), won(9000, contacts=True, employer=True)]

    found = measure(deals, Reading(asks=False, hindered=(Gap.NOT_ALLOWED, Gap.NOT_READ)))

    assert dict(found.gaps) == {
        Gap.NOT_ALLOWED: Money(1000, 2),
        Gap.NOT_READ: Money(1000, 2),
        Gap.NO_QUESTION: Money(1000, 2),
        Gap.NO_COMPANY: Money(700, 1),
        Gap.NO_CONTACTS: Money(300, 1),
    }


def test_where_nothing_is_won_coverage_is_unknown_and_not_full() -> None:
    assert measure([], ALL_READ).coverage is None
    assert measure([won(-500)], ALL_READ).coverage is None


@given(
    st.lists(
        st.builds(
            AlikeDeals,
            st.builds(Money, st.integers(0, 10**12), st.integers(1, 99)),
            *[st.booleans()] * 5,
        )
    )
)
def test_what_could_and_what_could_not_be_judged_add_up_to_what_was_won(
    deals: list[AlikeDeals],
) -> None:
    found = measure(deals, ALL_READ)

    assert found.judged + found.unjudged == found.won
    assert found.won == sum((deal.money for deal in deals), Money())
    assert found.coverage is None or 0 <= found.coverage <= 1


@given(st.booleans(), st.booleans(), st.booleans(), st.integers(1, 10**9), st.integers(1, 10**9))
def test_another_trace_never_lowers_coverage(
    contacts: bool,
    answer: bool,
    activity: bool,
    minor: int,
    other: int,
) -> None:
    rest = won(other, contacts=True)
    before = measure([won(minor, contacts=contacts, answer=answer), rest], ALL_READ)
    after = measure(
        [won(minor, contacts=True, answer=answer, activity=activity, employer=True), rest], ALL_READ
    )

    assert (after.coverage or 0) >= (before.coverage or 0)
