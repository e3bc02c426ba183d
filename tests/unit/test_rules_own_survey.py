"""Our survey: invitations begin and end, answers may change for a while, and some are left in peace."""

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.rules.facts import ContactFacts, NpsAnswer
from mappings.rules.policy import DEFAULT, Policy
from mappings.rules.success import own_survey
from mappings.rules.success.contact_cap import Approach, ApproachKind
from mappings.rules.success.own_survey import Invitation, Turn
from tests.unit.rules_builders import NOW, a_contact


def invited(days_ago: float, answered: float | None = None, number: int = 1) -> Invitation:
    at = None if answered is None else NOW - timedelta(answered)
    return Invitation(1, number, NOW - timedelta(days_ago), at)


@pytest.mark.parametrize(
    ("invitations", "number"),
    [
        ([], None),
        ([invited(0)], 1),
        ([invited(89.9)], 1),
        ([invited(90)], None),
        ([invited(100, answered=80)], 1),
        ([invited(200, answered=190), invited(20, number=2)], 2),
    ],
)
def test_an_invitation_lasts_until_the_rest_after_it_is_over(
    invitations: list[Invitation], number: int | None
) -> None:
    found = own_survey.current(invitations, NOW, DEFAULT)

    assert (found.number if found else None) == number


@pytest.mark.parametrize(
    ("invitation", "turn"),
    [
        (None, Turn.ANSWER),
        (invited(30), Turn.ANSWER),
        (invited(30, answered=0.99), Turn.CHANGE),
        (invited(30, answered=1), Turn.WAIT),
        (invited(30, answered=29), Turn.WAIT),
    ],
)
def test_an_answer_may_be_changed_for_a_day(invitation: Invitation | None, turn: Turn) -> None:
    assert own_survey.turn(invitation, NOW, DEFAULT) is turn


def test_an_account_may_let_answers_be_changed_for_longer() -> None:
    policy = Policy(survey_change_hours=72)

    assert own_survey.turn(invited(30, answered=2), NOW, policy) is Turn.CHANGE


ANA = replace(a_contact(1), emails=("ana@acme.example",))


def hindrance(contact: ContactFacts = ANA, *, customer: bool = True, left: bool = False) -> str:
    return own_survey.hindrance(contact, is_at_customer=customer, has_left=left, rests=())


def test_people_at_customers_with_an_address_may_be_asked_and_others_not() -> None:
    assert hindrance() == ""
    assert hindrance(customer=False) == "they are not at a customer"
    assert hindrance(left=True) == "they left their company"
    assert hindrance(replace(ANA, emails=())) == "no e-mail address is known"
    assert hindrance(replace(ANA, bounced_at=NOW)) == "mail to them came back"


@pytest.mark.parametrize(("days", "rests"), [(0, True), (89, True), (90, False)])
def test_whoever_answered_any_survey_rests_as_if_they_had_got_ours(days: int, rests: bool) -> None:
    answered = NpsAnswer(1, 9, NOW - timedelta(days))

    assert bool(own_survey.rests([], [answered], NOW, DEFAULT)) is rests


def test_an_ask_rests_for_a_month_and_an_opt_out_for_ever() -> None:
    asked = Approach(1, ApproachKind.ASK, NOW - timedelta(29))

    assert [rest.until for rest in own_survey.rests([asked], [], NOW, DEFAULT)] == [
        NOW + timedelta(1)
    ]
    (rest,) = own_survey.rests([], [], NOW, DEFAULT, opted_out="they opted out")
    assert (rest.because, rest.until) == ("they opted out", None)


@given(days=st.lists(st.integers(0, 400), max_size=6))
def test_no_two_invitations_are_current_within_one_rest(days: list[int]) -> None:
    """Opened day by day, a new invitation begins only where the last is over."""
    invitations: list[Invitation] = []
    for ago in sorted(days, reverse=True):
        at = NOW - timedelta(ago)
        if own_survey.current(invitations, at, DEFAULT) is None:
            invitations.append(Invitation(1, len(invitations) + 1, at))
    opened = [invitation.opened_at for invitation in invitations]
    gaps = [later - earlier for earlier, later in itertools.pairwise(opened)]

    assert all(gap >= timedelta(DEFAULT.survey_rest_days) for gap in gaps)
