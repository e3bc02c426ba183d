"""Time-to-value: whoever still waits counts, as statistics has it since 1958."""

import statistics
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.rules.success import time_to_value
from mappings.rules.success.time_to_value import ShareReached, Start

TODAY = date(2026, 6, 30)

# Freireich et al. 1963, weeks in remission under 6-MP, as every textbook of survival prints them;
# a minus is somebody who was still in remission when last seen.
REMISSION = (
    6,
    6,
    6,
    -6,
    7,
    -9,
    10,
    -10,
    -11,
    13,
    16,
    -17,
    -19,
    -20,
    22,
    23,
    -25,
    -32,
    -32,
    -34,
    -35,
)
# The printed table: week, at risk, events, survival, its standard error.
PRINTED = (
    (6, 21, 3, 0.857, 0.0764),
    (7, 17, 1, 0.807, 0.0869),
    (10, 15, 1, 0.753, 0.0963),
    (13, 12, 1, 0.690, 0.1068),
    (16, 11, 1, 0.627, 0.1141),
    (22, 7, 1, 0.538, 0.1282),
    (23, 6, 1, 0.448, 0.1346),
)


def reached(days: int, company: int = 1, group: str = "") -> Start:
    """Somebody whose contract began long ago and who reached value after so many days."""
    begun = TODAY - timedelta(1000)
    return Start(company, begun, begun + timedelta(days), group)


def waiting(days: int, company: int = 1, group: str = "") -> Start:
    return Start(company, TODAY - timedelta(days), None, group)


def starts_of(*days: int) -> list[Start]:
    return [reached(day) if day >= 0 else waiting(-day) for day in days]


def test_the_rule_books_example_has_a_median_of_30_days() -> None:
    found = time_to_value.of_starts(starts_of(5, 12, 30, 60, -45), TODAY)

    assert [round(step.survival, 6) for step in found.steps] == [0.8, 0.6, 0.4, 0.0]
    assert (found.median, found.starts, found.reached, found.still_waiting) == (30, 5, 4, 1)


def test_dropping_the_waiting_one_would_say_less_than_the_truth() -> None:
    """The middle of 12 and 30 is 21; the first day on which half are through is day 12."""
    known = (5, 12, 30, 60)

    assert statistics.median(known) == 21
    assert time_to_value.of_starts(starts_of(*known), TODAY).median == 12


def test_the_printed_table_of_the_remission_times_is_met() -> None:
    found = time_to_value.of_starts(starts_of(*REMISSION), TODAY)

    for step, (day, at_risk, events, survival, error) in zip(found.steps, PRINTED, strict=True):
        assert (step.day, step.waiting, step.reached) == (day, at_risk, events)
        assert step.survival == pytest.approx(survival, abs=6e-4)
        assert step.survival * step.variance**0.5 == pytest.approx(error, abs=6e-5)
    assert found.median == 23
    # As R's survfit with conf.type="log-log": 13 to beyond what was watched.
    assert found.interval == (13, None)


def test_value_before_the_contract_counts_with_0_days_and_is_told() -> None:
    begun = TODAY - timedelta(100)
    trial = Start(1, begun, begun - timedelta(20))
    on_the_day = Start(2, begun, begun)

    found = time_to_value.of_starts([trial, on_the_day, reached(10)], TODAY)

    assert found.before_purchase == 1
    assert (found.steps[0].day, found.steps[0].reached) == (0, 2)
    assert found.median == 0


def test_what_is_still_to_come_is_not_known_yet() -> None:
    tomorrow = TODAY + timedelta(1)
    planned = Start(1, TODAY - timedelta(10), tomorrow)
    not_begun = Start(2, tomorrow)

    found = time_to_value.of_starts([planned, not_begun], TODAY)

    assert (found.starts, found.still_waiting, found.median) == (1, 1, None)


def test_shares_within_30_60_and_90_days_have_their_intervals() -> None:
    found = time_to_value.of_starts(starts_of(5, 12, 30, 60, -45), TODAY)

    assert [round(share.share or 0, 6) for share in found.shares] == [0.6, 1.0, 1.0]
    assert found.shares[0].still_watched == 3
    assert found.shares[1].interval is None


def test_a_share_that_nobody_was_watched_long_enough_for_is_not_told() -> None:
    found = time_to_value.of_starts(starts_of(5, -40, -50), TODAY)

    assert found.shares[1] == ShareReached(60, None, None, 0)
    assert found.shares[0].share == pytest.approx(1 / 3)


def test_where_nobody_reached_value_yet_the_share_is_0_without_an_interval() -> None:
    found = time_to_value.of_starts(starts_of(-40, -50), TODAY)

    assert found.shares[0] == ShareReached(30, 0.0, None, 2)
    assert found.median is None


def test_nobody_at_all_is_no_error() -> None:
    found = time_to_value.of_starts([], TODAY)

    assert (found.starts, found.median, found.steps) == (0, None, ())


def test_groups_are_told_apart() -> None:
    starts = [
        reached(3, group="moved champion"),
        reached(30, group="new"),
        waiting(9, group="new"),
    ]

    found = time_to_value.by_group(starts, TODAY)

    assert {group: value.starts for group, value in found.items()} == {
        "moved champion": 1,
        "new": 2,
    }
    assert found["moved champion"].median == 3


@given(days=st.lists(st.integers(-200, 200), min_size=1, max_size=40))
def test_a_curve_only_falls_and_every_interval_holds_its_share(days: list[int]) -> None:
    found = time_to_value.of_starts(starts_of(*days), TODAY)
    curve = [step.survival for step in found.steps]

    assert curve == sorted(curve, reverse=True)
    assert found.reached + found.still_waiting == found.starts == len(days)
    for share in found.shares:
        if share.share is not None and share.interval is not None:
            assert 0 <= share.interval[0] <= share.share <= share.interval[1] <= 1


@given(days=st.lists(st.integers(1, 200), min_size=1, max_size=40))
def test_with_nobody_waiting_it_is_the_plain_share(days: list[int]) -> None:
    found = time_to_value.of_starts(starts_of(*days), TODAY)

    for share in found.shares:
        expected = sum(day <= share.days for day in days) / len(days)
        if share.share is not None:
            assert share.share == pytest.approx(expected)


@settings(max_examples=30, deadline=None)
@given(days=st.lists(st.integers(-200, 200), min_size=2, max_size=40))
def test_it_agrees_with_lifelines(days: list[int]) -> None:
    """Davidson-Pilon's library, where it is installed: the curve, its band and the median."""
    lifelines = pytest.importorskip("lifelines", reason="lifelines is not installed")
    fitter = lifelines.KaplanMeierFitter()
    fitter.fit([abs(day) for day in days], event_observed=[day >= 0 for day in days])

    found = time_to_value.of_starts(starts_of(*days), TODAY)

    for step in found.steps:
        assert step.survival == pytest.approx(fitter.predict(step.day), abs=1e-9)
    for share in found.shares:
        if share.interval is not None:
            band = fitter.confidence_interval_survival_function_
            low, high = band[band.index <= share.days].iloc[-1]
            assert share.interval == pytest.approx((1 - high, 1 - low), abs=1e-4)
    median = fitter.median_survival_time_
    # Where exactly half wait, its rounding may take the next day.
    is_half = any(step.survival == pytest.approx(0.5) for step in found.steps)
    assert is_half or found.median == (None if median == float("inf") else int(median))
