"""Holds: why values that are planned for a portal are not written to HubSpot yet."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from integration.storage.database import Transaction
from integration.storage.service import setup_question_rows


@dataclass(frozen=True, slots=True)
class Hold:
    """One reason to wait: a sentence for people, the page where they end it, and when it ends.

    `page` is a path below the portal's own. `until` is None where only a person ends the hold.
    """

    sentence: str
    page: str
    until: datetime | None = None


def current(tx: Transaction) -> Hold | None:
    """Return the first reason for which nothing is written now; None when writing may go on."""
    for find in _REASONS:
        hold = find(tx)
        if hold is not None:
            return hold
    return None


def _open_questions(tx: Transaction) -> Hold | None:
    until = setup_question_rows.blocked_until(tx)
    if until is None:
        return None
    sentence = (
        "Nothing is written to HubSpot yet: it waits for your answer on the set-up page until"
        f" {until:%Y-%m-%d %H:%M} UTC, then goes on with the proposal"
    )
    return Hold(sentence, "setup", until)


# A new reason is a function and its line here. They are asked before each batch of patches.
_REASONS: Final[tuple[Callable[[Transaction], Hold | None], ...]] = (_open_questions,)
