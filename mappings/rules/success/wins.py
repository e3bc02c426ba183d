"""Wins: what went well for a customer of late, and how much it still counts."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mappings.kinds import WinKind
from mappings.rules.facts import PPM
from mappings.rules.policy import Policy

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Win:
    """Something that went well for a customer.

    `contact_id` is the person whose win it is; None where it is the whole company's. `source` names
    the row that it follows from ("deal:77"), `words` say what it is; `weight` is in ppm.
    """

    kind: WinKind
    company_id: int
    contact_id: int | None
    at: datetime
    source: str
    words: str
    weight: int


@dataclass(frozen=True, slots=True)
class ActWindow:
    """When to act on a win: from a moment on, and not after another."""

    begins_at: datetime
    ends_at: datetime

    def holds(self, now: datetime) -> bool:
        """Whether now is a time to act; both ends are."""
        return self.begins_at <= now <= self.ends_at


def weight(kind: WinKind, policy: Policy) -> int:
    """How much a win of a kind counts on its day, in ppm."""
    return policy.win_weights[kind]


def freshness(win: Win, now: datetime, policy: Policy) -> float:
    """What is left of a win: half of it after each half-life, nothing once it is dead.

    One that is still to come does not count yet.
    """
    age = now - win.at
    if age < timedelta(0) or age > timedelta(policy.win_dead_days):
        return 0.0
    return math.exp2(-(age / _DAY) / policy.win_half_life_days)


def strength(win: Win, now: datetime, policy: Policy) -> float:
    """How much a win counts now, from 0 to 1: its weight by its freshness."""
    return win.weight / PPM * freshness(win, now, policy)


def act_window(win: Win, policy: Policy) -> ActWindow:
    """When to act on a win. A promoter is given hours to settle, and forgets within two days."""
    if win.kind == WinKind.PROMOTER:
        begins_at = win.at + timedelta(hours=policy.promoter_act_from_hours)
        return ActWindow(begins_at, win.at + timedelta(hours=policy.promoter_act_until_hours))
    return ActWindow(win.at, win.at + timedelta(policy.win_act_days))


def best(wins: Iterable[Win], now: datetime, policy: Policy) -> Win | None:
    """The win that counts most now; None where all are dead, or none is there.

    Of equals the later one, then the first by its source: the answer is always the same.
    """
    alive = [win for win in wins if strength(win, now, policy) > 0]
    ordered = sorted(alive, key=lambda win: win.source)
    return max(ordered, key=lambda win: (strength(win, now, policy), win.at), default=None)


def of_person(wins: Iterable[Win], contact_ids: Iterable[int]) -> list[Win]:
    """The wins that somebody can be spoken to about: their own, and their company's as a whole."""
    own = {None, *contact_ids}
    return [win for win in wins if win.contact_id in own]
