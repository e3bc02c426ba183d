"""What to ask somebody for: the most helpful thing that fits, and never the same again in vain."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.kinds import AskKind, AskOutcome, WinKind
from mappings.rules.findings import Employment
from mappings.rules.policy import DEFAULT
from mappings.rules.success import acquaintances, ask_choice
from mappings.rules.success.acquaintances import Target, Tie
from mappings.rules.success.ask_choice import Asked, LateDeal, Situation
from tests.unit.rules_builders import NOW


def ago(days: float) -> datetime:
    return NOW - timedelta(days)


def target(contact_id: int = 40, tie: Tie = Tie.MET, minor: int = 100_00, **more: Any) -> Target:  # noqa: ANN401
    return Target(contact_id, "Pat Li", "Zenit", 9, minor, tie, ago(20), "Gamma", **more)


def situation(**changes: Any) -> Situation:  # noqa: ANN401
    usual: dict[str, Any] = {
        "win": WinKind.EXPANSION,
        "health_band": "healthy",
        "customer_since": ago(800),
    }
    return Situation(**{**usual, **changes})


DEAL = LateDeal(9, "Zenit rollout", "Zenit")


@pytest.mark.parametrize(
    ("changes", "kind", "because"),
    [
        (
            {"targets": (target(),), "late_deal": DEAL, "roles": frozenset({"champion"})},
            AskKind.INTRODUCTION,
            "They were in a meeting with Pat Li (Zenit) on 12 December 2025",
        ),
        (
            {"targets": (target(tie=Tie.WORKED_TOGETHER),)},
            AskKind.INTRODUCTION,
            "They worked at Gamma at the same time as Pat Li, now at Zenit, from 12 December 2025 on",
        ),
        (
            {"late_deal": DEAL, "roles": frozenset({"decision_maker"}), "win": WinKind.GOAL},
            AskKind.REFERENCE,
            'The deal "Zenit rollout" is near its decision; they decided before',
        ),
        (
            {"late_deal": DEAL, "win": WinKind.GOAL, "score": 10},
            AskKind.CASE_STUDY,
            "They reached something that can be told, and are customers since 24 October 2023",
        ),
        (
            {"win": WinKind.GOAL, "customer_since": ago(364), "score": 9},
            AskKind.REVIEW,
            "They answered 9 of 10: a review says the same in public",
        ),
        (
            {"win": WinKind.GOAL, "health_band": "watch", "score": 8},
            AskKind.REFERRAL,
            "Nobody is known whom they could introduce us to by name",
        ),
    ],
    ids=["met", "worked together", "reference", "case study", "review", "referral"],
)
def test_what_fits_best_is_asked_for_and_the_reason_is_said(
    changes: dict[str, Any], kind: AskKind, because: str
) -> None:
    choice = ask_choice.choose(situation(**changes), NOW)

    assert (choice.kind, choice.because) == (kind, because)


def test_nobody_is_asked_for_the_same_twice_in_a_year() -> None:
    def asked(kind: AskKind, days: float, outcome: AskOutcome = AskOutcome.SILENT) -> Asked:
        return Asked(kind, ago(days), outcome, 40 if kind == AskKind.INTRODUCTION else None)

    all_of_it = {"targets": (target(), target(41)), "score": 10, "win": WinKind.GOAL}
    first = situation(**all_of_it)
    once = situation(**all_of_it, before=(asked(AskKind.INTRODUCTION, 100),))
    reviewed = situation(score=10, before=(asked(AskKind.REVIEW, 300),))
    long_ago = situation(score=10, before=(asked(AskKind.REVIEW, 400),))
    given_one = situation(score=10, before=(asked(AskKind.REVIEW, 900, AskOutcome.AGREED),))

    choice = ask_choice.choose(first, NOW)
    assert choice.target is not None
    assert choice.target.contact_id == 40
    choice = ask_choice.choose(once, NOW)
    assert choice.target is not None
    assert choice.target.contact_id == 41
    assert ask_choice.choose(reviewed, NOW).kind == AskKind.REFERRAL
    assert ask_choice.choose(long_ago, NOW).kind == AskKind.REVIEW
    assert ask_choice.choose(given_one, NOW).kind == AskKind.REFERRAL


def test_who_met_stakes_the_deal_and_who_shared_an_employer_a_part_of_it() -> None:
    met, worked = target(40), target(41, Tie.WORKED_TOGETHER, 900_00)

    assert acquaintances.stake(met, DEFAULT) == 100_00
    assert acquaintances.stake(worked, DEFAULT) == 135_00
    assert acquaintances.ordered([met, worked], DEFAULT) == [worked, met]
    halved = target(41, Tie.WORKED_TOGETHER, 600_00)
    assert acquaintances.ordered([halved, met], DEFAULT) == [met, halved]


def spell(company_id: int, since: float, until: float | None = None) -> Employment:
    return Employment(1, company_id, ago(since), None if until is None else ago(until))


@pytest.mark.parametrize(
    ("mine", "theirs", "found"),
    [
        ((7, 900, 300), (7, 600, 100), [(7, 600)]),
        ((7, 900, 300), (7, 320, 100), []),
        ((7, 900, 300), (7, 200, None), []),
        ((7, 900, None), (7, 10, None), [(7, 10)]),
        ((7, 900, None), (8, 900, None), []),
    ],
    ids=["overlapped", "a few days", "one after the other", "still there", "elsewhere"],
)
def test_colleagues_are_who_was_there_at_the_same_time_for_a_month(
    mine: tuple[int, float, float | None],
    theirs: tuple[int, float, float | None],
    found: list[tuple[int, float]],
) -> None:
    together = list(acquaintances.together([spell(*mine)], [spell(*theirs)]))

    assert together == [(company, ago(days)) for company, days in found]


spells = st.lists(
    st.builds(
        lambda company, since, length: spell(company, since, since - length),
        st.integers(1, 3),
        st.integers(200, 900),
        st.integers(1, 200),
    ),
    max_size=4,
)


@given(mine=spells, theirs=spells)
def test_to_have_worked_together_is_mutual(
    mine: list[Employment], theirs: list[Employment]
) -> None:
    there = sorted(acquaintances.together(mine, theirs))

    assert there == sorted(acquaintances.together(theirs, mine))


@pytest.mark.parametrize(
    ("noted", "days", "outcome"),
    [
        (None, 0, AskOutcome.OPEN),
        (None, 29.9, AskOutcome.OPEN),
        (None, 30, AskOutcome.SILENT),
        (AskOutcome.DECLINED, 400, AskOutcome.DECLINED),
    ],
)
def test_an_ask_without_an_answer_for_30_days_is_silent_by_itself(
    noted: AskOutcome | None, days: float, outcome: AskOutcome
) -> None:
    assert ask_choice.outcome(noted, ago(days), NOW, DEFAULT.ask_silent_days) == outcome
