"""The pulse of an owner, and how far it is from what the customer says."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.rules.policy import DEFAULT, Policy
from mappings.rules.success import pulse
from mappings.rules.success.pulse import Pulse
from tests.unit.rules_builders import NOW


def a_pulse(value: int, *, days_ago: int = 0, month: date | None = None) -> Pulse:
    at = NOW - timedelta(days_ago)
    return Pulse(1, month or at.date().replace(day=1), value, at)


@pytest.mark.parametrize(
    ("sentiment", "step"),
    [(0, 1), (19.9, 1), (20, 2), (39.9, 2), (40, 3), (59.9, 3), (60, 4), (79.9, 4), (80, 5), (100, 5)],
)  # fmt: skip
def test_sentiment_is_put_on_five_equal_steps(sentiment: float, step: int) -> None:
    assert pulse.step(sentiment) == step


@pytest.mark.parametrize("sentiment", [-0.1, 100.1])
def test_no_sentiment_is_outside_of_its_scale(sentiment: float) -> None:
    with pytest.raises(ValueError, match="no sentiment"):
        pulse.step(sentiment)


@pytest.mark.parametrize(
    ("value", "sentiment", "gap"),
    [(5, 0, 4), (5, 41, 2), (5, 60, 0), (3, 50, 0), (1, 100, -4), (2, 65, -2), (2, 59, 0)],
)
def test_two_steps_apart_are_a_gap_and_one_is_none(value: int, sentiment: float, gap: int) -> None:
    assert pulse.gap(a_pulse(value), sentiment, DEFAULT) == gap


def test_an_account_may_ask_for_a_wider_gap() -> None:
    assert pulse.gap(a_pulse(5), 41, Policy(pulse_gap_steps=3)) == 0


def test_the_last_word_counts_as_of_the_day_that_is_asked_for() -> None:
    pulses = [a_pulse(2, days_ago=70), a_pulse(4, days_ago=5), a_pulse(3, days_ago=40)]

    assert pulse.newest(pulses, NOW) == pulses[1]
    assert pulse.newest(pulses, NOW - timedelta(20)) == pulses[2]
    assert pulse.newest(pulses, NOW - timedelta(100)) is None


def test_who_said_nothing_for_a_quarter_says_nothing() -> None:
    assert pulse.is_of_late(a_pulse(4, days_ago=92), NOW, DEFAULT)
    assert not pulse.is_of_late(a_pulse(4, days_ago=93), NOW, DEFAULT)


@given(value=st.integers(1, 5), sentiment=st.floats(0, 100))
def test_a_gap_is_of_two_steps_or_none(value: int, sentiment: float) -> None:
    steps = pulse.gap(a_pulse(value), sentiment, DEFAULT)

    assert steps == 0 or 2 <= abs(steps) <= 4
    assert 0 <= pulse.value(a_pulse(value)) <= 100
