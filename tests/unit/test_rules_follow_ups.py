"""Follow-ups: which answers open one, what changes it, until when it is due, and what opens none."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.rules.facts import NpsAnswer
from mappings.rules.policy import DEFAULT, Policy
from mappings.rules.success import follow_ups
from mappings.rules.success.follow_ups import FollowUp, FollowUpKind
from mappings.rules.success.pulse import Pulse
from tests.unit.rules_builders import NOW

INSTALLED = NOW - timedelta(400)


def answer(score: int, days_ago: float, contact: int = 1) -> NpsAnswer:
    at = NOW - timedelta(days_ago)
    return NpsAnswer(contact, score, at, id=f"{contact}:{days_ago}")


def of_person(
    answers: list[NpsAnswer],
    existing: list[FollowUp] | None = None,
    **terms: Any,  # noqa: ANN401 - days, a policy
) -> FollowUp | None:
    known = {"since": INSTALLED, "now": NOW, "policy": DEFAULT, **terms}
    return follow_ups.of_person(answers, existing or [], **known)


def opened(score: int, days_ago: float, **more: Any) -> FollowUp:  # noqa: ANN401 - of its fields
    loop = of_person([answer(score, days_ago)])
    assert loop is not None
    return replace(loop, number=1, opened_at=NOW, due_on=NOW.date(), **more)


@pytest.mark.parametrize("score", range(11))
def test_every_answer_but_a_promoters_opens_one(score: int) -> None:
    loop = of_person([answer(score, 1)])

    assert (loop is None) is (score >= 9)
    assert loop is None or (loop.kind, loop.score, loop.contact_id) == (
        FollowUpKind.ANSWER,
        score,
        1,
    )


@pytest.mark.parametrize(
    ("days_ago", "terms"),
    [
        (31, {}),
        (-1, {}),
        (5, {"since": NOW - timedelta(4)}),
        (5, {"policy": Policy(follow_up_answer_days=4)}),
    ],
    ids=["too old", "in the future", "from before the install", "an account that looks back less"],
)
def test_some_answers_open_none(days_ago: int, terms: dict[str, Any]) -> None:
    assert of_person([answer(3, days_ago)], **terms) is None


def test_one_person_has_one_at_a_time_and_another_poor_answer_sharpens_it() -> None:
    first = opened(7, 10)
    loop = of_person([answer(7, 10), answer(2, 1, contact=2)], [first])

    assert loop is not None
    assert (loop.number, loop.score, loop.later_score) == (1, 2, None)


def test_a_better_answer_is_said_beside_it_and_closes_nothing() -> None:
    first = opened(2, 10)
    loop = of_person([answer(2, 10), answer(9, 1)], [first])

    assert loop is not None
    assert loop.is_open
    assert (loop.score, loop.later_score, loop.is_withdrawn) == (2, 9, False)


def test_an_answer_that_was_taken_account_of_opens_no_second_one() -> None:
    closed = opened(2, 10, closed_at=NOW - timedelta(5))
    told = replace(closed, later_score=7, later_at=NOW - timedelta(6))

    assert of_person([answer(2, 10)], [closed]) is None
    assert of_person([answer(2, 10), answer(7, 6)], [told]) is None
    assert of_person([answer(2, 10), answer(8, 1)], [closed]) is not None


def test_an_answer_that_hubspot_tells_twice_is_one() -> None:
    loop = of_person([answer(4, 1.9), answer(4, 1.8)], [opened(4, 1.9)])

    assert loop == opened(4, 1.9)


def test_an_answer_that_was_taken_back_is_said_and_stays_open() -> None:
    loop = of_person([], [opened(4, 2)])

    assert loop is not None
    assert loop.is_open
    assert loop.is_withdrawn


def test_poor_and_better_answers_that_come_together_open_one_that_says_both() -> None:
    loop = of_person([answer(9, 1), answer(3, 4), answer(6, 8)])

    assert loop is not None
    assert (loop.score, loop.later_score) == (3, 9)


@pytest.mark.parametrize(
    ("score", "today", "due"),
    [
        (3, date(2026, 6, 1), date(2026, 6, 3)),
        (0, date(2026, 6, 4), date(2026, 6, 8)),
        (6, date(2026, 6, 5), date(2026, 6, 9)),
        (6, date(2026, 6, 6), date(2026, 6, 9)),
        (6, date(2026, 6, 7), date(2026, 6, 9)),
        (7, date(2026, 6, 5), date(2026, 6, 12)),
        (8, date(2026, 6, 6), date(2026, 6, 13)),
    ],
)
def test_a_detractor_is_due_in_working_days_and_others_in_days(
    score: int, today: date, due: date
) -> None:
    assert follow_ups.due_on(opened(score, 1), today, DEFAULT) == due


def a_pulse(value: int, days_ago: int = 1) -> Pulse:
    at = NOW - timedelta(days_ago)
    return Pulse(1, at.date().replace(day=1), value, at)


def of_gap(
    pulses: list[Pulse], sentiment: float | None, existing: list[FollowUp] | None = None
) -> FollowUp | None:
    return follow_ups.of_gap(1, pulses, sentiment, existing or [], now=NOW, policy=DEFAULT)


def test_a_wide_gap_opens_one_and_says_who_is_more_hopeful() -> None:
    assert (of_gap([a_pulse(5)], 30) or opened(0, 0)).steps == 3
    assert (of_gap([a_pulse(1)], 100) or opened(0, 0)).steps == -4
    assert of_gap([a_pulse(4)], 61) is None


def test_no_answer_an_old_pulse_and_no_pulse_are_no_gap() -> None:
    assert of_gap([a_pulse(5)], None) is None
    assert of_gap([a_pulse(5, days_ago=93)], 0) is None
    assert of_gap([], 0) is None


def test_a_pulse_opens_one_gap_and_the_next_months_another() -> None:
    loop = of_gap([a_pulse(5)], 30)
    assert loop is not None
    closed = replace(loop, number=1, closed_at=NOW)

    assert of_gap([a_pulse(5)], 20, [closed]) is None
    assert of_gap([a_pulse(5, days_ago=40), a_pulse(5)], 20, [replace(closed, month=None)])


def test_a_gap_that_closed_by_itself_is_said_and_stays_open() -> None:
    loop = of_gap([a_pulse(5)], 30)
    assert loop is not None
    still = of_gap([a_pulse(5)], 90, [replace(loop, number=1)])

    assert still is not None
    assert (still.steps, still.is_withdrawn, still.is_open) == (3, True, True)


@given(scores=st.lists(st.integers(0, 10), max_size=8))
def test_looking_twice_changes_nothing(scores: list[int]) -> None:
    answers = [answer(score, 20 - place) for place, score in enumerate(scores)]
    loop = of_person(answers)
    if loop is not None:
        stored = replace(loop, number=1)
        assert of_person(answers, [stored]) == stored
        assert of_person(answers, [replace(stored, closed_at=NOW)]) is None


@given(scores=st.lists(st.integers(0, 10), min_size=1, max_size=8))
def test_seen_one_by_one_or_together_the_last_poor_answer_is_the_same(scores: list[int]) -> None:
    answers = [answer(score, 20 - place) for place, score in enumerate(scores)]
    together = of_person(answers)
    loop: FollowUp | None = None
    for count in range(1, len(answers) + 1):
        loop = of_person(answers[:count], [replace(loop, number=1)] if loop else []) or loop

    assert (loop is None) is (together is None)
    if loop and together:
        assert (loop.later_at or loop.answered_at) == (together.later_at or together.answered_at)
