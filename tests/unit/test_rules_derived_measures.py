"""Promoters who refer, word of mouth, champions who come back, and the plan."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from mappings.rules.ledger import derived_measures as rules
from mappings.rules.ledger.comparison import Rate, SelectionWarning
from mappings.rules.ledger.derived_measures import KeptCustomer, MovedChampion, Plan, Promoted

NOW = datetime(2026, 6, 30, tzinfo=UTC)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def test_promoters_are_followed_for_half_a_year() -> None:
    answers = [Promoted(1, ago(300)), Promoted(2, ago(300)), Promoted(3, ago(179))]
    referrals = {1: [ago(200)], 3: [ago(10)]}

    assert rules.promoters_who_refer(answers, referrals, NOW) == Rate(1, 2)


@pytest.mark.parametrize(
    ("days_ago", "counts"),
    [(301, False), (300, True), (120, True), (119, False)],
    ids=["before the answer", "on its day", "on the last day", "a day late"],
)
def test_a_referral_counts_within_half_a_year_of_the_answer(days_ago: int, counts: bool) -> None:
    found = rules.promoters_who_refer([Promoted(1, ago(300))], {1: [ago(days_ago)]}, NOW)

    assert found == Rate(int(counts), 1)


def test_a_person_who_answers_often_counts_once() -> None:
    answers = [Promoted(1, ago(400)), Promoted(1, ago(300)), Promoted(1, ago(10))]

    assert rules.promoters_who_refer(answers, {1: [ago(250)]}, NOW) == Rate(1, 1)


def test_the_books_word_of_mouth_coefficient() -> None:
    """9 brought by customers, 31 not, 180 at the start: 9 / 211."""
    shares = [Fraction(1, 2)] * 9 + [Fraction(49, 100)] * 31

    found = rules.word_of_mouth(shares, 180)

    assert (found.brought, found.other_new) == (9, 31)
    assert round(float(found.coefficient or 0), 3) == 0.043
    assert rules.word_of_mouth([], 0).coefficient is None


def test_champions_are_asked_about_after_a_year() -> None:
    moves = [
        MovedChampion(ago(400), has_deal=True),
        MovedChampion(ago(365), has_deal=False),
        MovedChampion(ago(364), has_deal=True),
    ]

    assert rules.returning(moves, NOW) == Rate(1, 2)


def test_lemkins_plan_from_thirty_eight_thousand_to_about_sixty() -> None:
    plan = Plan()

    assert round(plan.with_moves(38_125_00)) == 46_131_25
    assert plan.value(38_125_00) == 61_508_32
    assert Plan(0, 5, 0).value(38_125_00) == 38_125_00


def kept(number: int, *, derived: bool, stays: bool, minor: int = 1000) -> KeptCustomer:
    return KeptCustomer(number, derived, stays, date(2024, 1 + number % 3, 1), minor)


def test_derived_customers_are_held_against_as_many_others_of_their_quarter_and_size() -> None:
    derived = [kept(n, derived=True, stays=n % 10 > 0) for n in range(40)]
    alike = [kept(100 + n, derived=False, stays=n % 5 > 0) for n in range(70)]
    larger = [kept(200 + n, derived=False, stays=True, minor=90_000) for n in range(500)]

    everything = rules.compare_kept([*derived, *alike, *larger])
    matched = rules.compare_kept(rules.matched_kept([*derived, *alike, *larger]))

    assert everything.warnings == (SelectionWarning.OTHER_SIZE,)
    assert (matched.derived, matched.others.of) == (Rate(36, 40), 40)
    assert matched.warnings == ()


def test_under_thirty_on_a_side_nothing_is_held_against_anything() -> None:
    few = [kept(n, derived=n < 29, stays=True) for n in range(100)]

    assert rules.compare_kept(few).warnings == (SelectionWarning.TOO_FEW,)
    assert rules.compare_kept([]).derived == Rate(0, 0)
