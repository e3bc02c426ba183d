"""Records with property history, and the names and times the local HubSpot uses everywhere."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

Json = dict[str, Any]
Value = Any  # any JSON value, before somebody looked at it
Source = tuple[
    str, str | None
]  # (sourceType, sourceId), as property history and webhooks show them
Change = tuple[int, str, str, str | None]  # (milliseconds, value, sourceType, sourceId)
Moment = datetime | int | None  # aware datetime, milliseconds since 1970, or None for "now"

A_USER: Source = ("CRM_UI", "userId:88")

TYPE_IDS: dict[str, str] = {
    "contact": "0-1",
    "company": "0-2",
    "deal": "0-3",
    "ticket": "0-5",
    "feedback_submission": "0-19",
    "task": "0-27",
    "note": "0-46",
    "meeting": "0-47",
    "call": "0-48",
    "email": "0-49",
}
PLURALS: dict[str, str] = {name: f"{name}s" for name in TYPE_IDS} | {"company": "companies"}
_ALIASES: dict[str, str] = {
    alias: name
    for name, type_id in TYPE_IDS.items()
    for alias in (name, PLURALS[name], type_id, name.upper(), PLURALS[name].upper())
} | {"meeting_event": "meeting", "MEETING_EVENT": "meeting"}


class UnknownType(LookupError):
    """No object type has this name or id."""


def object_type(name: str) -> str:
    """The singular word ("contact") for a name, plural or type id ("contacts", "0-1", "CONTACT")."""
    try:
        return _ALIASES[name]
    except KeyError:
        raise UnknownType(name) from None


def to_ms(at: Moment) -> int:
    """Milliseconds since 1970 of a moment; None is now."""
    if at is None:
        return time.time_ns() // 1_000_000
    if isinstance(at, int):
        return at
    return round(at.timestamp() * 1000)


@lru_cache(maxsize=200_000)  # a page of 100 records asks for 300 of them
def iso(ms: int) -> str:
    """HubSpot's way to write a moment: 2026-03-04T05:06:07.890Z."""
    seconds, rest = divmod(ms, 1000)
    year, month, day, hour, minute, second = time.gmtime(seconds)[:6]
    return f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}.{rest:03d}Z"


def moment(ms: int) -> datetime:
    """The same moment as an aware datetime in UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC)


@dataclass(slots=True)
class Record:
    """One CRM record. *values* holds non-empty current values; *history* is newest first."""

    type: str
    id: int
    created: int
    updated: int
    values: dict[str, str] = field(default_factory=dict)
    history: dict[str, list[Change]] = field(default_factory=dict)
    archived: int | None = None

    def get(self, name: str) -> str:
        """Current stored value, "" when empty (calculated properties: see calculated.py)."""
        return self.values.get(name, "")

    def put(self, name: str, value: str, at: int, source: Source) -> bool:
        """Write one value into history and say whether the current value is now another one.

        Values may come in any order of time; of two written in the same millisecond the later call
        wins. Writing what already stands changes nothing, in the present as in the past. Half a
        surrogate pair becomes a question mark, as no HubSpot answer could hold it.
        """
        if not value.isascii():
            value = value.encode("utf-8", "replace").decode()
        past = self.history.get(name)
        if past is None:
            if value == "":
                return False
            self.history[name] = [(at, value, source[0], source[1])]
        else:
            place = 0
            while place < len(past) and past[place][0] > at:
                place += 1
            if past[place:] and past[place][1] == value:
                return False
            past.insert(place, (at, value, source[0], source[1]))
            if place:
                return False
        if value == "":
            self.values.pop(name, None)
        else:
            self.values[name] = value
        self.updated = max(self.updated, at)
        return True
