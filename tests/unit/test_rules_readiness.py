"""Readiness: what speaks for asking somebody, and every gate that may be in the way of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.kinds import AskState, GateKind, WinKind
from mappings.rules.facts import NpsAnswer, Ticket
from mappings.rules.policy import DEFAULT
from mappings.rules.success import contact_cap, readiness
from mappings.rules.success.contact_cap import Approach, ApproachKind
from mappings.rules.success.readiness import Candidate, Known
from mappings.rules.success.wins import Win
from tests.unit.rules_builders import NOW

ANA = 12


def ago(days: float) -> datetime:
    return NOW - timedelta(days)


def a_win(days: float, kind: WinKind = WinKind.GOAL) -> Win:
    weight = DEFAULT.win_weights[kind]
    return Win(kind, 1, None, ago(days), f"{kind}:{days}", "Goal reached: 100 projects", weight)


def known(value: float) -> Known:
    return Known(value, f"it is {value:g}")


def candidate(**changes: Any) -> Candidate:  # noqa: ANN401
    """Whoever is asked: the goal was reached three days ago, and all is well."""
    usual: dict[str, Any] = {
        "wins": (a_win(3),),
        "sentiment": known(90),
        "health": known(78),
        "relationship": known(70),
        "health_band": "healthy",
        "customer_since": ago(400),
    }
    return Candidate(**{**usual, **changes})


def judged(now: datetime = NOW, **changes: Any) -> readiness.Readiness:  # noqa: ANN401
    return readiness.readiness(candidate(**changes), now, DEFAULT)


def test_a_goal_reached_three_days_ago_by_a_happy_customer_is_the_moment_to_ask() -> None:
    found = judged()

    assert [part.points for part in found.parts] == [29.7, 22.5, 15.6, 10.5]
    assert (found.score, found.state, found.gates) == (78.3, AskState.ASK_NOW, ())
    assert found.because == (
        "What went well: Goal reached: 100 projects (29 December 2025)."
        " Known of them: it is 90, it is 78, it is 70."
    )


def test_the_same_with_an_open_urgent_ticket_waits_and_says_why() -> None:
    found = judged(tickets=(Ticket(70, ago(2), 1, priority="URGENT"),))

    assert (found.score, found.state) == (78.3, AskState.WAIT)
    assert found.because == "Not now: a ticket of high priority is open since 30 December 2025."
    assert found.opens_at is None


@pytest.mark.parametrize(
    ("days", "kind", "sentiment", "health", "relationship", "score"),
    [
        (0, WinKind.GOAL, 100, 100, 100, 100.0),
        (0, WinKind.GOAL, 0, 0, 0, 40.0),
        (7, WinKind.GOAL, 90, 78, 70, 68.6),
        (0, WinKind.PROMOTER, 100, 60, 30, 73.5),
        (14, WinKind.RENEWAL, 100, 90, 100, 66.0),
        (21, WinKind.GOAL, 100, 100, 100, 65.0),
        (21.01, WinKind.GOAL, 100, 100, 100, 60.0),
        (1, WinKind.TICKET, 70, 55, 40, 56.2),
    ],
    ids=[
        "all at best",
        "a win alone",
        "half as fresh",
        "promoter",
        "renewal",
        "its last day",
        "dead",
        "ticket",
    ],
)
def test_the_score_is_what_its_parts_add_up_to(
    days: float, kind: WinKind, sentiment: float, health: float, relationship: float, score: float
) -> None:
    found = judged(
        wins=(a_win(days, kind),),
        sentiment=known(sentiment),
        health=known(health),
        relationship=known(relationship),
    )

    assert found.score == pytest.approx(score)
    assert sum(part.tenths for part in found.parts) == found.tenths
    assert (found.state == AskState.ASK_NOW) == (score >= 65)


def test_what_is_not_known_earns_nothing_and_is_said() -> None:
    found = judged(sentiment=None, relationship=None)

    assert (found.score, found.state) == (45.3, AskState.WAIT)
    assert found.because == (
        "Not enough speaks for it yet. What went well: Goal reached: 100 projects (29 December 2025)."
        " Known of them: no answer to a survey is known, it is 78, they were not in touch with us."
    )


def test_of_several_wins_the_one_that_counts_most_today_counts() -> None:
    fresh, strong = a_win(1, WinKind.TICKET), a_win(8)

    assert judged(wins=(strong, fresh)).win == fresh
    assert judged(wins=(strong, replace(fresh, at=ago(9)))).win == strong
    assert judged(wins=()).because.startswith("Nothing went well for them lately. Known of them")


def answered(score: int, days: float, contact_id: int = ANA) -> NpsAnswer:
    return NpsAnswer(contact_id, score, ago(days), company_id=1, id=f"{contact_id}:{days}")


def approached(kind: ApproachKind, days: float) -> tuple[contact_cap.Rest, ...]:
    own = [Approach(ANA, kind, ago(days), "one", 1)]
    return contact_cap.rests_from_asks(own, own, NOW, DEFAULT)


def opted_out(words: str) -> tuple[contact_cap.Rest, ...]:
    return contact_cap.rests_from_asks((), (), NOW, DEFAULT, opted_out=words)


CLOSED: list[tuple[str, dict[str, Any], GateKind, AskState, float | None]] = [
    ("opted out", {"rests": opted_out("they opted out")}, GateKind.OPTED_OUT, AskState.NEVER, None),
    ("left", {"left_words": "they left"}, GateKind.LEFT, AskState.NEVER, None),
    ("asked", {"rests": approached(ApproachKind.ASK, 40)}, GateKind.ASKED, AskState.RESTING, 50),
    (
        "surveyed",
        {"rests": approached(ApproachKind.SURVEY, 10)},
        GateKind.SURVEYED,
        AskState.RESTING,
        20,
    ),
    ("declined", {"declined_at": ago(100)}, GateKind.DECLINED, AskState.RESTING, 80),
    (
        "high ticket",
        {"tickets": (Ticket(70, ago(2), 1, priority="high"),)},
        GateKind.TICKET,
        AskState.WAIT,
        None,
    ),
    (
        "detractor",
        {"own_answers": (answered(6, 300), answered(10, 1))},
        GateKind.DETRACTOR,
        AskState.WAIT,
        65,
    ),
    (
        "decision maker",
        {"key_answers": (answered(3, 100, contact_id=13),)},
        GateKind.DETRACTOR,
        AskState.WAIT,
        80,
    ),
    ("at risk", {"health_band": "at_risk"}, GateKind.HEALTH, AskState.WAIT, None),
    ("not known", {"health_band": "unknown"}, GateKind.COVERAGE, AskState.WAIT, None),
    ("new", {"customer_since": ago(20)}, GateKind.NEW_CUSTOMER, AskState.WAIT, 40),
    ("price rose", {"price_rise_on": ago(14)}, GateKind.PRICE_RISE, AskState.WAIT, 1),
    ("price rises", {"price_rise_on": ago(-14)}, GateKind.PRICE_RISE, AskState.WAIT, 29),
    ("renewal", {"renewal_on": ago(-30)}, GateKind.RENEWAL, AskState.WAIT, 31),
    ("renewal today", {"renewal_on": ago(0)}, GateKind.RENEWAL, AskState.WAIT, 1),
]


@pytest.mark.parametrize(
    ("changes", "kind", "state", "opens_in"),
    [case[1:] for case in CLOSED],
    ids=[case[0] for case in CLOSED],
)
def test_each_gate_closes_for_its_own_reason_and_says_when_it_opens(
    changes: dict[str, Any], kind: GateKind, state: AskState, opens_in: float | None
) -> None:
    found = judged(**changes)

    assert found.state == state
    assert kind in {gate.kind for gate in found.gates}
    assert all(gate.because for gate in found.gates)
    opens_at = None if opens_in is None else ago(-opens_in)
    assert found.opens_at == opens_at


@pytest.mark.parametrize(
    "changes",
    [
        {"tickets": (Ticket(70, ago(20), closed_at=ago(1), priority="URGENT"),)},
        {"tickets": (Ticket(70, ago(20), priority="MEDIUM"),)},
        {"own_answers": (answered(6, 365),)},
        {"own_answers": (answered(7, 3),)},
        {"own_answers": (answered(2, -1),)},
        {"key_answers": (answered(3, 180, contact_id=13),)},
        {"declined_at": ago(180)},
        {"customer_since": ago(60)},
        {"price_rise_on": ago(15)},
        {"price_rise_on": ago(-15)},
        {"renewal_on": ago(-31)},
        {"renewal_on": ago(1)},
        {"renewal_on": ago(-10), "wins": (a_win(3), a_win(5, WinKind.RENEWAL))},
        {"rests": approached(ApproachKind.ASK, 90)},
        {"rests": approached(ApproachKind.SURVEY, 30)},
    ],
    ids=[
        "closed ticket",
        "medium ticket",
        "old blame",
        "neutral",
        "answer to come",
        "old blame of who decides",
        "declined long ago",
        "sixty days a customer",
        "price rose before",
        "price rises later",
        "renewal far",
        "renewal past",
        "the win is the renewal",
        "asked long ago",
        "surveyed long ago",
    ],
)
def test_a_gate_is_open_just_beyond_its_limit(changes: dict[str, Any]) -> None:
    assert judged(**changes).state == AskState.ASK_NOW


def test_who_rests_and_would_wait_rests_and_who_may_never_be_asked_does_neither() -> None:
    ticket: dict[str, Any] = {"tickets": (Ticket(70, ago(2), 1, priority="URGENT"),)}
    asked: dict[str, Any] = {"rests": approached(ApproachKind.ASK, 40)}
    found = judged(**ticket, **asked)

    assert found.state == AskState.RESTING
    assert found.because.startswith("Not now: they were asked on 22 November 2025")
    assert "ticket" not in found.because
    assert judged(**ticket, **asked, left_words="they left").state == AskState.NEVER


def test_the_reason_does_not_change_from_day_to_day() -> None:
    since, later = judged(), judged(NOW + timedelta(days=1))

    assert since.tenths != later.tenths
    assert since.because == later.because


def test_sentiment_is_ones_own_answer_before_that_of_colleagues() -> None:
    def of(answers: Sequence[NpsAnswer], account: float | None) -> Known | None:
        return readiness.sentiment_of(answers, account, NOW, DEFAULT)

    assert of([answered(9, 30), answered(6, 60)], 20) == Known(
        90, "they answered 9 on 2 December 2025"
    )
    # Two records of one human: the newer answer counts.
    assert of([answered(9, 30), answered(7, 10, contact_id=13)], None) == Known(
        70, "they answered 7 on 22 December 2025"
    )
    assert of([answered(9, 366)], 55) == Known(55, "colleagues answered a survey and they did not")
    assert of([], None) is None


@pytest.mark.parametrize(
    ("days", "value"), [(0, 100), (14, 100), (97, 50), (180, 0), (400, 0), (-1, None)]
)
def test_a_relationship_cools_with_the_days_since_the_last_meeting(
    days: float, value: float | None
) -> None:
    found = readiness.relationship_of(ago(days), NOW, DEFAULT)

    assert (found and found.value) == value
    assert readiness.relationship_of(None, NOW, DEFAULT) is None


def test_a_company_is_as_ready_as_its_readiest_person() -> None:
    assert readiness.best([AskState.NEVER, AskState.WAIT, AskState.RESTING]) == AskState.WAIT
    assert readiness.best([AskState.WAIT, AskState.ASK_NOW]) == AskState.ASK_NOW
    assert readiness.best([]) is None


@pytest.mark.parametrize(
    ("asked", "left", "opens_in"),
    [
        ([], 3, None),
        ([1, 2], 1, None),
        ([1, 2, 6], 0, 1),
        ([1, 2, 3, 6], 0, 4),
        ([7, 8, 9], 3, None),
        ([0, 0, 0], 0, 7),
    ],
)
def test_an_owner_asks_three_people_in_a_week(
    asked: list[float], left: int, opens_in: float | None
) -> None:
    found = readiness.throttle([ago(days) for days in asked], NOW, DEFAULT)

    assert found.left == left
    assert found.opens_at == (None if opens_in is None else ago(-opens_in))


moments = st.integers(-40, 500).map(ago)
candidates = st.builds(
    candidate,
    wins=st.lists(st.builds(a_win, st.integers(0, 30), st.sampled_from(WinKind)), max_size=3),
    sentiment=st.none() | st.floats(0, 100).map(known),
    health=st.none() | st.floats(0, 100).map(known),
    relationship=st.none() | st.floats(0, 100).map(known),
    health_band=st.sampled_from(["healthy", "watch"]),
    customer_since=st.integers(60, 900).map(ago),
    renewal_on=st.none() | moments,
    price_rise_on=st.none() | moments,
)


@given(open_one=candidates, closing=st.sampled_from(CLOSED))
def test_no_closed_gate_ever_lets_anybody_be_asked(
    open_one: Candidate, closing: tuple[str, dict[str, Any], GateKind, AskState, float | None]
) -> None:
    _, changes, kind, _, _ = closing
    # A renewal that is won opens the gate of the renewal: that is the one exception.
    wins_left = [win for win in open_one.wins if win.kind != WinKind.RENEWAL]
    closed = replace(open_one, wins=wins_left, **changes)

    found = readiness.readiness(closed, NOW, DEFAULT)

    assert found.state != AskState.ASK_NOW
    assert kind in {gate.kind for gate in found.gates}


@given(one=candidates)
def test_the_same_facts_are_judged_alike_and_add_up(one: Candidate) -> None:
    found = readiness.readiness(one, NOW, DEFAULT)

    assert found == readiness.readiness(one, NOW, DEFAULT)
    assert 0 <= found.tenths == sum(part.tenths for part in found.parts) <= 1000
    assert (found.state == AskState.ASK_NOW) == (not found.gates and found.tenths >= 650)


@given(one=candidates, better=st.sampled_from(["sentiment", "health", "relationship"]))
def test_learning_something_never_counts_less_than_silence(one: Candidate, better: str) -> None:
    silent_one: Any = {better: None}
    spoken_of: Any = {better: known(0)}
    silent = readiness.readiness(replace(one, **silent_one), NOW, DEFAULT)
    spoken = readiness.readiness(replace(one, **spoken_of), NOW, DEFAULT)

    assert silent.tenths == spoken.tenths
    assert silent.tenths <= readiness.readiness(one, NOW, DEFAULT).tenths


@given(one=candidates, days=st.integers(0, 400))
def test_nothing_but_the_end_of_a_gate_makes_time_alone_a_reason_to_ask(
    one: Candidate, days: int
) -> None:
    ungated = replace(one, renewal_on=None, price_rise_on=None)

    def state_at(at: datetime) -> AskState:
        return readiness.readiness(ungated, at, DEFAULT).state

    if state_at(NOW) != AskState.ASK_NOW:
        assert state_at(NOW + timedelta(days)) != AskState.ASK_NOW
