"""Held back at random: of people who are ready to be asked, a share is not, if an admin says so.

So it can be told what asking makes (`mappings/rules/ledger/hold_out.py`). Whoever finds people
ready asks here before anybody is told to ask them.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from integration.storage.database import Transaction
from integration.storage.program import hold_back_rows
from integration.storage.program.hold_back_rows import HoldBack
from mappings.rules.ledger import hold_out
from mappings.rules.ledger.hold_out import Arm

REASON = "held back at random"
"""Why nobody is told to ask them, for admins: others read that it is better to wait."""


def held_back(tx: Transaction, ready: Mapping[int, Collection[int]], now: datetime) -> set[int]:
    """Return which of these people, ready to be asked now, the lot holds back.

    *ready* gives all contacts of each person. Who is ready for the first time since the hold-back
    began is drawn, by the lowest number of all their records, and noted with the time. Without a
    hold-back under way nobody is held back, and nothing is noted.
    """
    if not ready:
        return set()
    running = hold_back_rows.running(tx)
    if running is None or now < running.started_at:
        return set()
    sides = _drawn(tx, running, ready)
    fresh = {person: ids for person, ids in ready.items() if person not in sides}
    if fresh:
        sides |= _draw(tx, running, fresh, now)
    return {person for person, side in sides.items() if side == Arm.HELD_BACK}


def is_held_back(tx: Transaction, contact_ids: Collection[int], now: datetime) -> bool:
    """As :func:`held_back`, for one person who is ready, by all their contacts."""
    person = 0
    return bool(held_back(tx, {person: contact_ids}, now))


def _drawn(
    tx: Transaction, running: HoldBack, ready: Mapping[int, Collection[int]]
) -> dict[int, str]:
    """The sides of those who were drawn before; of two records that were, the first counts."""
    person_of = {contact_id: person for person, ids in ready.items() for contact_id in ids}
    sides: dict[int, str] = {}
    for contact_id, row in hold_back_rows.drawn(tx, running.hold_back_id, person_of):
        sides.setdefault(person_of[contact_id], row.arm)
    return sides


def _draw(
    tx: Transaction, running: HoldBack, fresh: Mapping[int, Collection[int]], now: datetime
) -> dict[int, str]:
    contact_ids = {contact_id for ids in fresh.values() for contact_id in ids}
    lowest = hold_back_rows.lowest_ids(tx, contact_ids)
    number_of = {person: min(lowest[one] for one in ids) for person, ids in fresh.items() if ids}
    arms = {
        number: hold_out.arm(running.seed, number, running.share) for number in number_of.values()
    }
    hold_back_rows.note(tx, running.hold_back_id, arms, now)
    return {person: arms[number] for person, number in number_of.items()}
