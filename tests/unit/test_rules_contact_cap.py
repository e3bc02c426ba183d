"""The contact cap: a person is approached rarely, whichever of us would like to."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.rules.policy import DEFAULT
from mappings.rules.success.contact_cap import (
    Approach,
    ApproachKind,
    CapReason,
    Rest,
    rests_from_asks,
    rests_from_surveys,
)
from tests.unit.rules_builders import NOW

ASK, SURVEY = ApproachKind.ASK, ApproachKind.SURVEY
ANA = 12


def approached(kind: ApproachKind, days_ago: float, *, contact_id: int = ANA) -> Approach:
    at = NOW - timedelta(days_ago)
    return Approach(contact_id, kind, at, key=f"{kind}:{days_ago}", company_id=1)


def days_left(rests: tuple[Rest, ...]) -> dict[CapReason, float]:
    return {rest.reason: (rest.until - NOW) / timedelta(days=1) for rest in rests if rest.until}


@pytest.mark.parametrize(
    ("ago", "left"),
    [(0, 90), (89, 1), (89.5, 0.5), (90, None), (400, None), (-3, 93)],
    ids=["today", "89 days", "89 and a half", "90 days", "long ago", "a clock that is ahead"],
)
def test_a_person_gets_one_survey_in_90_days(ago: float, left: float | None) -> None:
    rests = rests_from_surveys([approached(SURVEY, ago)], NOW, DEFAULT)

    assert days_left(rests).get(CapReason.SURVEYED) == left


def test_who_was_asked_gets_no_survey_for_30_days() -> None:
    assert days_left(rests_from_surveys([approached(ASK, 10)], NOW, DEFAULT)) == {
        CapReason.APPROACHED: 20
    }
    assert rests_from_surveys([approached(ASK, 30)], NOW, DEFAULT) == ()


def test_who_got_a_survey_is_not_asked_for_30_days_unless_they_answered_it() -> None:
    surveyed = [approached(SURVEY, 5)]

    assert days_left(rests_from_asks(surveyed, (), NOW, DEFAULT)) == {CapReason.APPROACHED: 25}
    answered_before = [NOW - timedelta(days=6)]
    assert rests_from_asks(surveyed, (), NOW, DEFAULT, answered_at=answered_before) != ()
    answered = [NOW - timedelta(days=6), NOW - timedelta(days=4)]
    assert rests_from_asks(surveyed, (), NOW, DEFAULT, answered_at=answered) == ()


def test_an_answer_does_not_shorten_the_rest_after_an_ask() -> None:
    answered = [NOW - timedelta(days=1)]
    rests = rests_from_asks([approached(ASK, 5)], (), NOW, DEFAULT, answered_at=answered)

    assert days_left(rests) == {CapReason.ASKED: 85}


def test_a_person_is_asked_once_in_90_days_and_a_company_once_in_30() -> None:
    of_a_colleague = [approached(ASK, 12, contact_id=13)]

    assert days_left(rests_from_asks([approached(ASK, 60)], (), NOW, DEFAULT)) == {
        CapReason.ASKED: 30
    }
    assert days_left(rests_from_asks((), of_a_colleague, NOW, DEFAULT)) == {
        CapReason.COMPANY_ASKED: 18
    }
    surveyed = [approached(SURVEY, 12, contact_id=13)]
    assert rests_from_asks((), surveyed, NOW, DEFAULT) == ()


def test_the_fourth_ask_of_a_year_waits_until_the_first_is_a_year_old() -> None:
    asked = [approached(ASK, days) for days in (340, 230, 100)]

    rests = rests_from_asks(asked, (), NOW, DEFAULT)

    assert days_left(rests) == {CapReason.ASKED_OFTEN: 25}
    assert rests[0].because == "they were asked 3 times since 26 January 2025"
    assert rests_from_asks(asked[1:], (), NOW, DEFAULT) == ()
    assert rests_from_asks(asked, (), NOW, replace(DEFAULT, asks_in_a_year=4)) == ()


def test_who_opted_out_is_never_approached_and_the_reason_is_said() -> None:
    words = "they opted out of e-mail in HubSpot"
    never = (Rest(CapReason.OPTED_OUT, words, None),)

    assert rests_from_surveys((), NOW, DEFAULT, opted_out=words) == never
    assert rests_from_asks((), (), NOW, DEFAULT, opted_out=words) == never


approaches = st.lists(
    st.builds(approached, st.sampled_from([ASK, SURVEY]), st.integers(0, 500)), max_size=6
)


@given(own=approaches, more=approaches)
def test_more_approaches_never_make_a_rest_shorter(
    own: list[Approach], more: list[Approach]
) -> None:
    everything = own + more

    few, many = rests_from_surveys(own, NOW, DEFAULT), rests_from_surveys(everything, NOW, DEFAULT)
    assert rest_as_long(few, many)
    few = rests_from_asks(own, own, NOW, DEFAULT)
    many = rests_from_asks(everything, everything, NOW, DEFAULT)
    assert rest_as_long(few, many)


def rest_as_long(few: tuple[Rest, ...], many: tuple[Rest, ...]) -> bool:
    left = days_left(many)
    return all(left[reason] >= days for reason, days in days_left(few).items())


@given(own=approaches)
def test_every_rest_ends_when_it_says_so_and_not_before(own: list[Approach]) -> None:
    rests = rests_from_asks(own, own, NOW, DEFAULT)
    ends = max((rest.until for rest in rests if rest.until), default=NOW)

    assert rests_from_asks(own, own, ends, DEFAULT) == ()
    if rests:
        assert rests_from_asks(own, own, ends - timedelta(seconds=1), DEFAULT) != ()
