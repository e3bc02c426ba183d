"""Trouble on request: which calls go wrong, how, and how often."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

KINDS = (
    "429", "429-secondly", "429-daily", "423", "477", "500", "502", "503", "504", "400", "401", "403", "404", "hang", "reset",
    "truncated", "lost", "latency", "refresh",
)  # fmt: skip


@dataclass(slots=True)
class Rule:
    """One kind of trouble for calls that match.

    *route* is a pattern over "METHOD /path" in the dated form, e.g. "POST */batch/update" or "*/contacts*".
    *times* ends it after so many hits (None: never); *probability* rolls the seeded dice for each call.
    *seconds* is how long to wait (hang, latency) or what Retry-After says (429, 477, 503).
    """

    kind: str
    route: str = "*"
    portal_id: int | None = None
    times: int | None = None
    probability: float = 1.0
    seconds: float | None = None
    hits: int = 0

    def matches(self, route: str, portal_id: int | None) -> bool:
        """Is this call meant?"""
        if self.times is not None and self.hits >= self.times:
            return False
        if self.portal_id is not None and self.portal_id != portal_id:
            return False
        return self.kind == "refresh" or fnmatchcase(route, self.route)


@dataclass(slots=True)
class Trouble:
    """All rules in force. Safe to change from any thread."""

    seed: int = 1
    rules: list[Rule] = field(default_factory=list)
    _dice: random.Random = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)

    def add(
        self, kind: str, route: str = "*", *, portal_id: int | None = None, times: int | None = None,
        probability: float = 1.0, seconds: float | None = None,
    ) -> Rule:  # fmt: skip
        """Ask for trouble; the rule returned counts its hits."""
        if kind not in KINDS:
            raise ValueError(f"unknown trouble {kind!r}; one of {', '.join(KINDS)}")
        rule = Rule(kind, route, portal_id, times, probability, seconds)
        with self._lock:
            self.rules.append(rule)
        return rule

    def clear(self) -> None:
        """Everything works again."""
        with self._lock:
            self.rules.clear()

    def strikes(self, route: str, portal_id: int | None) -> list[Rule]:
        """The rules that hit this call: any latency, and the first of the other kinds."""
        if not self.rules:
            return []
        with self._lock:
            hit: list[Rule] = []
            for rule in self.rules:
                if rule.kind == "refresh" or not rule.matches(route, portal_id):
                    continue
                if rule.kind != "latency" and any(one.kind != "latency" for one in hit):
                    continue
                if rule.probability < 1.0 and self._dice.random() >= rule.probability:
                    continue
                rule.hits += 1
                hit.append(rule)
            return hit

    def refresh_fails(self, portal_id: int) -> bool:
        """Should this portal's refresh be answered BAD_REFRESH_TOKEN?"""
        with self._lock:
            for rule in self.rules:
                if rule.kind == "refresh" and rule.matches("", portal_id):
                    rule.hits += 1
                    return True
            return False
