"""Does asking work: the lot, the two sides, the intervals of their differences, the sizes needed."""

import random
import statistics
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.rules.facts import PPM
from mappings.rules.ledger import hold_out
from mappings.rules.ledger.comparison import FEWEST, Rate
from mappings.rules.ledger.hold_out import Arm, TrialPerson

NOW = datetime(2026, 6, 30, tzinfo=UTC)
TENTH = 100_000


def people(
    arm: Arm, count: int, referring: int, *, first: int = 1, won: int = 0, days: int = 200
) -> list[TrialPerson]:
    """So many people of one side, of whom some referred somebody."""
    return [
        TrialPerson(
            first + place,
            arm,
            NOW - timedelta(days=days),
            referrals=1 if place < referring else 0,
            won_minor=won if place < referring else 0,
        )
        for place in range(count)
    ]


def test_a_tenth_of_people_is_held_back_and_always_the_same_ones() -> None:
    sides = [hold_out.arm("a seed", person, TENTH) for person in range(20_000)]

    assert sides.count(Arm.HELD_BACK) == pytest.approx(2000, abs=130)
    assert sides == [hold_out.arm("a seed", person, TENTH) for person in range(20_000)]


def test_another_seed_holds_back_others() -> None:
    one = {person for person in range(5000) if hold_out.arm("one", person, TENTH) == Arm.HELD_BACK}
    other = {
        person for person in range(5000) if hold_out.arm("two", person, TENTH) == Arm.HELD_BACK
    }

    assert len(one & other) < 100  # a tenth of a tenth is 50


@given(st.text(), st.integers(1, 2**53), st.integers(0, PPM), st.integers(0, PPM))
def test_a_larger_share_never_lets_go_who_is_held_back(
    seed: str, person: int, one: int, other: int
) -> None:
    low, high = sorted((one, other))
    assert not (
        hold_out.arm(seed, person, low) == Arm.HELD_BACK
        and hold_out.arm(seed, person, high) == Arm.ASKED
    )
    assert hold_out.arm(seed, person, 0) == Arm.ASKED
    assert hold_out.arm(seed, person, PPM) == Arm.HELD_BACK


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        # Newcombe 1998, Statistics in Medicine 17, table II, method 10.
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0000),
    ],
)
def test_the_interval_of_a_difference_is_the_published_one(
    one: tuple[int, int], other: tuple[int, int], low: float, high: float
) -> None:
    found = hold_out.rate_difference(Rate(*one), Rate(*other))

    assert [found.low, found.high] == pytest.approx([low, high], abs=5e-5)


def test_a_side_without_anybody_has_no_difference() -> None:
    with pytest.raises(ValueError, match="without anybody"):
        hold_out.rate_difference(Rate(0, 0), Rate(1, 2))


def test_asked_people_who_referred_more_are_told_with_an_interval_that_leaves_out_zero() -> None:
    found = hold_out.compare(
        [*people(Arm.ASKED, 900, 180), *people(Arm.HELD_BACK, 100, 5, first=5000)], NOW
    )

    assert found.is_enough
    assert found.rate is not None
    assert found.rate.value == pytest.approx(0.15)
    assert found.rate.is_clear


def test_alike_sides_show_no_effect() -> None:
    found = hold_out.compare(
        [*people(Arm.ASKED, 900, 90), *people(Arm.HELD_BACK, 100, 10, first=5000)], NOW
    )

    assert found.rate is not None
    assert not found.rate.is_clear


def test_under_thirty_people_a_side_nothing_is_compared() -> None:
    found = hold_out.compare(
        [*people(Arm.ASKED, 900, 180), *people(Arm.HELD_BACK, FEWEST - 1, 0, first=5000)], NOW
    )

    assert not found.is_enough
    assert (found.rate, found.won, found.pipeline) == (None, None, None)
    assert found.held_back.of == FEWEST - 1


def test_who_is_not_followed_to_the_end_waits() -> None:
    found = hold_out.compare(
        [
            *people(Arm.ASKED, 40, 10),
            *people(Arm.HELD_BACK, 40, 0, first=5000),
            *people(Arm.ASKED, 7, 7, first=9000, days=179),
            *people(Arm.HELD_BACK, 2, 0, first=9500, days=180),
        ],
        NOW,
    )

    assert (found.asked.of, found.held_back.of, found.waiting) == (40, 42, 7)


def test_money_is_a_mean_over_all_people_and_its_interval_is_the_same_each_time() -> None:
    sides = [
        *people(Arm.ASKED, 400, 40, won=100_000),
        *people(Arm.HELD_BACK, 100, 5, first=5000, won=100_000),
    ]

    once, again = hold_out.compare(sides, NOW), hold_out.compare(list(reversed(sides)), NOW)

    assert once.won == again.won
    assert once.won is not None
    assert once.won.value == pytest.approx(5_000)
    assert once.won.low < once.won.value < once.won.high
    # 0.1 and 0.05 of people: the standard error is 100,000 x sqrt(.09/400 + .0475/100) = 2,646.
    # Drawn anew the same 45 of 500 people give 100,000 x sqrt(.0819 x (1/400 + 1/100)) = 3,200.
    assert once.won.high - once.won.low == pytest.approx(2 * 1.96 * 3_200, rel=0.08)


def test_where_nobody_brought_money_no_interval_claims_that_asking_never_will() -> None:
    found = hold_out.compare(
        [*people(Arm.ASKED, 400, 40), *people(Arm.HELD_BACK, 100, 5, first=5000)], NOW
    )

    assert found.rate is not None
    assert (found.won, found.pipeline) == (None, None)


def test_money_of_few_people_is_told_no_surer_than_lots_drawn_anew_allow() -> None:
    """By samples put back alone, six deals of 900 and none of 100 would be a clear effect."""
    one, other = [1_000_000] * 6 + [0] * 894, [0] * 100

    found = hold_out.mean_difference(one, other)

    assert found.value > 0
    assert not found.is_clear


@pytest.mark.parametrize("hits", [0, 1, 7, 60, 199, 200])
def test_drawing_hits_first_is_drawing_all(hits: int) -> None:
    """The count of hits among as many draws as there are values is binomial."""
    lot = random.Random(5)
    counts = [hold_out._hits_of_sample(200, hits, lot) for _ in range(4000)]

    assert statistics.fmean(counts) == pytest.approx(hits, abs=0.6)
    expected = 200 * (hits / 200) * (1 - hits / 200)
    assert statistics.pvariance(counts) == pytest.approx(expected, rel=0.12, abs=0.02)


@pytest.mark.parametrize(
    ("usual", "effect", "share", "needed"),
    [
        (0.05, 0.10, 100_000, 860),
        (0.05, 0.05, 100_000, 2610),
        (0.10, 0.10, 500_000, 398),  # 199 a side, as every table of even sides has it
        (0.05, 0.60, 100_000, 300),  # 30 a side are needed to be shown at all
    ],
)
def test_how_many_have_to_become_ready_is_told_beforehand(
    usual: float, effect: float, share: int, needed: int
) -> None:
    assert hold_out.people_needed(usual, effect, share) == needed


@pytest.mark.parametrize(
    ("usual", "effect", "share"),
    [(0.05, 0.0, TENTH), (0.95, 0.1, TENTH), (0.05, -0.1, TENTH), (0.05, 0.1, 0), (0.05, 0.1, PPM)],
)
def test_an_effect_that_cannot_be_needs_no_number(usual: float, effect: float, share: int) -> None:
    assert hold_out.people_needed(usual, effect, share) is None


def test_with_so_many_people_four_of_five_trials_find_the_effect() -> None:
    count = hold_out.people_needed(0.05, 0.15, 200_000)
    assert count is not None
    lot = random.Random(8)
    found = 0
    for _ in range(300):
        held = Rate(sum(lot.random() < 0.05 for _ in range(count // 5)), count // 5)
        asked_count = count - count // 5
        asked = Rate(sum(lot.random() < 0.20 for _ in range(asked_count)), asked_count)
        found += hold_out.rate_difference(asked, held).is_clear
    assert found / 300 == pytest.approx(0.8, abs=0.09)
