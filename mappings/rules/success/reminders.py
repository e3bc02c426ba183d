"""Reminders beside asks: to tell a referrer what became of it, and what to do about a champion."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from mappings.formats import day
from mappings.kinds import MoveKind, ReminderKind
from mappings.rules.findings import Move

SHOWN_FOR: Final = timedelta(days=90)
"""How long something is worth a reminder: later, nobody expects to hear of it."""
_DUE: Final = {
    ReminderKind.TELL: timedelta(days=7),
    ReminderKind.SAVE: timedelta(days=7),
    ReminderKind.WELCOME: timedelta(days=14),
    ReminderKind.SUCCESSOR: timedelta(days=30),
}


@dataclass(frozen=True, slots=True)
class Reminder:
    """Something to do for the owner of a company, about a person, by a day.

    The key names the event: another event of the same people is another reminder.
    """

    kind: ReminderKind
    key: str
    contact_id: int
    company_id: int
    at: datetime
    deal_id: int | None = None
    outcome: str = ""

    @property
    def due_at(self) -> datetime:
        """By when it is to be done."""
        return self.at + _DUE[self.kind]

    @property
    def because(self) -> str:
        """What took place, in words."""
        if self.outcome == WON:
            return f"A deal with somebody whom they introduced was won on {day(self.at)}"
        if self.outcome == LOST:
            return f"A deal with somebody whom they introduced was lost on {day(self.at)}"
        if self.outcome == OPENED:
            return f"A deal with somebody whom they introduced was opened on {day(self.at)}"
        if self.kind == ReminderKind.SAVE:
            return f"This champion left on {day(self.at)}: talk to who is there now"
        if self.kind == ReminderKind.WELCOME:
            return f"This champion of another customer came here on {day(self.at)}"
        return f"They took over from a champion who left on {day(self.at)}"


WON, LOST, OPENED = "won", "lost", "opened"


@dataclass(frozen=True, slots=True)
class Introduced:
    """A deal that somebody is on who was introduced in answer to an ask."""

    ask_id: int
    asked_at: datetime
    contact_id: int
    company_id: int
    deal_id: int
    created_at: datetime
    closed_at: datetime | None
    is_won: bool
    is_open: bool


def to_tell(introduced: Introduced, now: datetime) -> Reminder | None:
    """What a referrer should hear; None where nothing new became of it.

    A deal that was closed before we asked is no news.
    """
    outcome, at = _outcome(introduced)
    if at < introduced.asked_at or not now - SHOWN_FOR < at <= now:
        return None
    return Reminder(
        kind=ReminderKind.TELL,
        key=_key("tell", introduced.ask_id, introduced.deal_id, outcome),
        contact_id=introduced.contact_id,
        company_id=introduced.company_id,
        at=at,
        deal_id=introduced.deal_id,
        outcome=outcome,
    )


def _outcome(introduced: Introduced) -> tuple[str, datetime]:
    if introduced.is_open:
        return OPENED, introduced.created_at
    closed_at = introduced.closed_at or introduced.created_at
    return (WON if introduced.is_won else LOST), closed_at


def of_move(move: Move, champion_at: int, now: datetime) -> Iterator[Reminder]:
    """What a champion's move asks of the owners of both companies."""
    is_recent = now - SHOWN_FOR < move.moved_at <= now
    if not is_recent or move.strength < champion_at or move.former_company_id is None:
        return
    yield Reminder(
        ReminderKind.SAVE,
        _key("save", move.key),
        move.former_contact_id,
        move.former_company_id,
        move.moved_at,
    )
    if move.kind != MoveKind.DEPARTURE and move.new_company_id is not None:
        yield Reminder(
            ReminderKind.WELCOME,
            _key("welcome", move.key),
            move.new_contact_id,
            move.new_company_id,
            move.moved_at,
        )


def of_successor(move: Move, contact_id: int) -> Reminder | None:
    """To get to know who took over from somebody who left."""
    if move.former_company_id is None:
        return None
    return Reminder(
        ReminderKind.SUCCESSOR,
        _key("successor", move.key, contact_id),
        contact_id,
        move.former_company_id,
        move.moved_at,
    )


def _key(*parts: object) -> str:
    """A name of an event that tells nobody who took part in it."""
    return sha256("|".join(map(str, parts)).encode()).hexdigest()[:32]
