"""Two halves of the people: rules are fitted on one, only the other is reported.

A person's half never depends on what is asked about them, so that all their records, moves and
deals lie together. What has no person, such as an answer in a survey or a deal nobody moved to, is
split by its own id or text.
"""

from __future__ import annotations

import hashlib
from enum import IntEnum


class Half(IntEnum):
    """Which people: those rules may be fitted on, or those they are checked with."""

    FITTING = 0
    CHECKING = 1

    def holds(self, key: str) -> bool:
        """Whether a person's id (or another key) lies in this half."""
        return half_of(key) is self


def half_of(key: str) -> Half:
    """The half of a person's id or another key."""
    return Half(int(hashlib.sha256(key.encode()).hexdigest(), 16) % 2)
