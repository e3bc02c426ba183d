"""The back-test: it tells customers apart, or says that it does not, or that they are too few."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.rules.success import back_test
from mappings.rules.success.back_test import PastJudgement, Share, Verdict


def customers(band: str, count: int, churned: int, first: int = 0) -> list[PastJudgement]:
    return [
        PastJudgement(first + place, band, has_churned=place < churned, has_referred=place % 4 == 0)
        for place in range(count)
    ]


@pytest.mark.parametrize(
    ("healthy", "others", "verdict"),
    [
        pytest.param((100, 5), (100, 30), Verdict.TOLD, id="the others churned more"),
        pytest.param((100, 10), (100, 12), Verdict.DID_NOT_TELL, id="about as many"),
        pytest.param((100, 30), (100, 5), Verdict.MISLED, id="the healthy churned more"),
        pytest.param((29, 0), (500, 300), Verdict.TOO_FEW, id="one healthy customer too few"),
        pytest.param((500, 0), (29, 29), Verdict.TOO_FEW, id="one of the others too few"),
        pytest.param((30, 0), (30, 30), Verdict.TOLD, id="just enough"),
        pytest.param((0, 0), (0, 0), Verdict.TOO_FEW, id="nobody"),
    ],
)
def test_bands_told_customers_apart_or_they_did_not(
    healthy: tuple[int, int], others: tuple[int, int], verdict: Verdict
) -> None:
    tested = [*customers("healthy", *healthy), *customers("at_risk", *others)]

    assert back_test.of_bands(back_test.by_band(tested)) == verdict


def test_each_band_counts_only_what_is_known() -> None:
    tested = [
        PastJudgement(1, "healthy", has_churned=False, has_renewed=True, has_referred=True),
        PastJudgement(2, "healthy", has_churned=None, has_renewed=None),
        PastJudgement(3, "unknown", has_churned=True),
    ]

    healthy, watch, at_risk, unknown = back_test.by_band(tested)

    assert (healthy.customers, healthy.churned, healthy.renewed) == (2, Share(0, 1), Share(1, 1))
    assert healthy.referred == Share(1, 2)
    assert (watch.customers, at_risk.customers) == (0, 0)
    assert unknown.churned == Share(1, 1)


def test_the_difference_of_two_shares_has_the_interval_that_others_print() -> None:
    """Agresti and Caffo 2000: 10 of 10 against 0 of 10 is 0.83 with 0.61 to 1.06 before it is cut."""
    found = back_test.difference(Share(10, 10), Share(0, 10))

    assert found.points == pytest.approx(83.3, abs=0.05)
    assert (found.low, found.high) == pytest.approx((61.2, 105.4), abs=0.2)


def test_risks_are_held_against_churns() -> None:
    lot = random.Random(4)
    tested = [
        PastJudgement(place, "watch", risk=risk, churned_in_time=lot.random() < risk / 1_000_000)
        for place in range(2_000)
        for risk in (lot.choice((50_000, 150_000, 400_000)),)
    ]

    found = back_test.of_risks(tested)

    assert found.verdict == Verdict.TOLD
    assert found.rank is not None
    assert 0.65 < found.rank < 0.85
    assert found.calibration.brier_ppm < found.calibration.reference_ppm
    for one in found.calibration.bins:
        assert one.churned / one.customers == pytest.approx(one.said_ppm / 1_000_000, abs=0.05)


def test_risks_that_know_nothing_rank_like_a_coin() -> None:
    lot = random.Random(5)
    tested = [
        PastJudgement(n, "watch", risk=lot.randrange(1_000_000), churned_in_time=lot.random() < 0.2)
        for n in range(2_000)
    ]

    found = back_test.of_risks(tested)

    assert found.rank == pytest.approx(0.5, abs=0.04)
    assert found.verdict == Verdict.DID_NOT_TELL
    assert found.calibration.brier_ppm > found.calibration.reference_ppm


def test_without_both_kinds_nothing_is_ranked() -> None:
    assert back_test.of_risks([]).rank is None
    stayed = [PastJudgement(n, "watch", risk=9, churned_in_time=False) for n in range(99)]
    assert back_test.of_risks(stayed).rank is None
    assert (
        back_test.of_risks([PastJudgement(1, "watch"), PastJudgement(2, "watch", risk=5)]).customers
        == 0
    )


known = st.lists(st.tuples(st.integers(1, 999_999), st.booleans()), max_size=60)


@given(known)
def test_a_rank_is_what_comparing_every_pair_gives(pairs: list[tuple[int, bool]]) -> None:
    tested = [
        PastJudgement(n, "watch", risk=r, churned_in_time=c) for n, (r, c) in enumerate(pairs)
    ]
    gone = [risk for risk, churned in pairs if churned]
    kept = [risk for risk, churned in pairs if not churned]

    found = back_test.of_risks(tested).rank

    if not gone or not kept:
        assert found is None
        return
    wins = sum((g > k) + (g == k) / 2 for g in gone for k in kept)
    assert found == pytest.approx(wins / (len(gone) * len(kept)))
