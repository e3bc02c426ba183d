"""Holds: why values that are planned for a portal are not written to HubSpot yet."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from integration.storage.database import Transaction
from integration.storage.service import portals, settings_hold_rows, setup_question_rows
from mappings.formats import moment, zone


@dataclass(frozen=True, slots=True)
class Hold:
    """One reason to wait: a sentence for people, the page where they end it, and when it ends.

    `page` is a path below the portal's own. `until` is None where only a person ends the hold.
    A hold that `is_passing` ends with the work under way: nobody has to do anything.
    """

    sentence: str
    page: str
    until: datetime | None = None
    is_passing: bool = False


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
        f" {moment(until, _zone(tx))}, then goes on with the proposal"
    )
    return Hold(sentence, "setup", until)


def _zone(tx: Transaction) -> tzinfo:
    """The account's time zone."""
    portal = portals.find(tx, tx.portal_id)
    return zone(portal.time_zone if portal else None)


def _changed_settings(tx: Transaction) -> Hold | None:
    hold = settings_hold_rows.find(tx)
    if hold is None:
        return None
    found = hold.overwriting
    if found is None:
        sentence = (
            f"Nothing is written to HubSpot until settings version {hold.version} is worked out"
        )
        return Hold(sentence, "settings", is_passing=True)
    sentence = (
        f"Nothing is written to HubSpot: settings version {hold.version} would alter"
        f" {found.altered:,} and clear {found.cleared:,} of our {found.written:,} values there, and"
        " waits until somebody confirms it"
    )
    return Hold(sentence, "settings#overwriting")


# A new reason is a function and its line here. They are asked before each batch of patches.
_REASONS: Final[tuple[Callable[[Transaction], Hold | None], ...]] = (
    _open_questions,
    _changed_settings,
)
