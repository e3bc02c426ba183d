"""Reminders: who introduced somebody hears of it, and a champion's move concerns two owners."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from mappings.kinds import MoveKind, ReminderKind
from mappings.rules.findings import Move
from mappings.rules.success import reminders
from mappings.rules.success.reminders import Introduced
from tests.unit.rules_builders import NOW


def ago(days: float) -> datetime:
    return NOW - timedelta(days)


def introduced(**changes: Any) -> Introduced:  # noqa: ANN401
    usual: dict[str, Any] = {
        "ask_id": 3,
        "asked_at": ago(60),
        "contact_id": 12,
        "company_id": 1,
        "deal_id": 9,
        "created_at": ago(20),
        "closed_at": None,
        "is_won": False,
        "is_open": True,
    }
    return Introduced(**{**usual, **changes})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "A deal with somebody whom they introduced was opened on 12 December 2025"),
        (
            {"is_open": False, "is_won": True, "closed_at": ago(2)},
            "A deal with somebody whom they introduced was won on 30 December 2025",
        ),
        (
            {"is_open": False, "closed_at": ago(2)},
            "A deal with somebody whom they introduced was lost on 30 December 2025",
        ),
    ],
    ids=["opened", "won", "lost"],
)
def test_who_introduced_somebody_hears_what_became_of_it(
    changes: dict[str, Any], said: str
) -> None:
    reminder = reminders.to_tell(introduced(**changes), NOW)

    assert reminder is not None
    assert (reminder.kind, reminder.because) == (ReminderKind.TELL, said)
    assert reminder.due_at == reminder.at + timedelta(days=7)


@pytest.mark.parametrize(
    "changes",
    [
        {"created_at": ago(70)},
        {"created_at": ago(300), "is_open": False, "is_won": True, "closed_at": ago(100)},
        {"asked_at": ago(400), "created_at": ago(91)},
        {"created_at": ago(-1)},
    ],
    ids=["opened before", "closed before", "long ago", "to come"],
)
def test_old_news_is_no_news(changes: dict[str, Any]) -> None:
    assert reminders.to_tell(introduced(**changes), NOW) is None


def test_each_new_turn_is_told_anew_and_the_same_one_once() -> None:
    opened = reminders.to_tell(introduced(), NOW)
    won = reminders.to_tell(introduced(is_open=False, is_won=True, closed_at=ago(1)), NOW)
    later = reminders.to_tell(introduced(), NOW + timedelta(days=1))

    assert opened is not None
    assert won is not None
    assert later is not None
    assert opened.key == later.key != won.key


MOVE = Move(
    person_id=12,
    former_company_id=1,
    new_company_id=2,
    former_contact_id=12,
    new_contact_id=33,
    earliest=ago(40),
    latest=ago(30),
    moved_at=ago(35),
    p_same=1_000_000,
    p_moved=900_000,
    confidence=900_000,
    status="auto",
    strength=1_000_000,
)


def kinds(move: Move, now: datetime = NOW) -> list[tuple[ReminderKind, int, int]]:
    found = reminders.of_move(move, 700_000, now)
    return [(reminder.kind, reminder.contact_id, reminder.company_id) for reminder in found]


def test_a_champions_move_is_welcomed_at_the_new_company_and_worked_on_at_the_old_one() -> None:
    assert kinds(MOVE) == [(ReminderKind.SAVE, 12, 1), (ReminderKind.WELCOME, 33, 2)]
    departure = replace(MOVE, kind=MoveKind.DEPARTURE, new_company_id=None)
    assert kinds(departure) == [(ReminderKind.SAVE, 12, 1)]


@pytest.mark.parametrize(
    "move",
    [
        replace(MOVE, strength=600_000),
        replace(MOVE, moved_at=ago(90)),
        replace(MOVE, moved_at=ago(-1)),
        replace(MOVE, former_company_id=None),
    ],
    ids=["no champion", "long ago", "to come", "from nowhere"],
)
def test_other_moves_remind_nobody(move: Move) -> None:
    assert kinds(move) == []


def test_the_successor_is_somebody_to_get_to_know_at_the_old_company() -> None:
    reminder = reminders.of_successor(MOVE, 50)

    assert reminder is not None
    assert (reminder.kind, reminder.contact_id, reminder.company_id) == (
        ReminderKind.SUCCESSOR,
        50,
        1,
    )
    assert reminders.of_successor(replace(MOVE, former_company_id=None), 50) is None
