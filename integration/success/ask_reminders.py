"""Reminders of the owners: whom to tell what became of it, whom to welcome, whom to get to know."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from integration.conclude.batch import Batch, open_batch
from integration.conclude.people import successor_search
from integration.core.errors import Refused
from integration.portal.context import PortalContext
from integration.storage.database import Row, Transaction
from integration.storage.findings import stored_shapes
from integration.storage.mirror import lookups
from integration.storage.queue import page_context
from integration.storage.success import reminder_rows
from mappings.kinds import ObjectType
from mappings.records import identifiers
from mappings.rules.success import reminders
from mappings.rules.success.reminders import Reminder

_ASKED_WITHIN: Final = timedelta(days=730)


@dataclass(frozen=True, slots=True)
class OpenReminder:
    """A reminder that nobody has done yet, and whose company it is about."""

    reminder: Reminder
    owner_id: int | None


def read(portal: PortalContext, owner_ids: Collection[int] | None = None) -> list[OpenReminder]:
    """Return what is to be done, the most urgent first; of some owners, or of all."""
    with portal.transaction() as tx:
        batch = open_batch(tx, page_context.read(tx), portal.runtime.now())
        return of(batch, owner_ids)


def of(batch: Batch, owner_ids: Collection[int] | None = None) -> list[OpenReminder]:
    """The same in a transaction that is open."""
    known = list(_every(batch))
    done = reminder_rows.done(batch.tx, [reminder.key for reminder in known])
    owners = _owners(batch.tx, {reminder.company_id for reminder in known})
    still_open = [
        OpenReminder(reminder, owners.get(reminder.company_id))
        for reminder in sorted(known, key=lambda reminder: (reminder.due_at, reminder.key))
        if reminder.key not in done
    ]
    return [one for one in still_open if owner_ids is None or one.owner_id in owner_ids]


def _owners(tx: Transaction, company_ids: Collection[int]) -> dict[int, int]:
    """The owners of these companies, as HubSpot has them."""
    written = lookups.values_of(tx, ObjectType.COMPANY, company_ids, "hubspot_owner_id")
    read = ((company_id, identifiers.read(text)) for company_id, text in written.items())
    return {company_id: owner_id for company_id, owner_id in read if owner_id}


def note_done(portal: PortalContext, key: str, *, actor: str) -> Reminder:
    """Note that a reminder was done; the same again changes nothing. Refused for an unknown one."""
    with portal.confirmed() as tx:
        now = portal.runtime.now()
        reminder = find(tx, key, now)
        if reminder is None:
            raise Refused("There is no such reminder any more: load the list again")
        reminder_rows.note_done(tx, reminder, now, by=actor)
    return reminder


def company_of(portal: PortalContext, key: str) -> int:
    """Return whose owner a reminder is for; refused for an unknown one."""
    with portal.transaction() as tx:
        reminder = find(tx, key, portal.runtime.now())
    if reminder is None:
        raise Refused("There is no such reminder any more: load the list again")
    return reminder.company_id


def take_back(portal: PortalContext, key: str) -> bool:
    """Have a reminder shown again; False if nobody had noted that it was done."""
    with portal.confirmed() as tx:
        return reminder_rows.take_back(tx, key)


def find(tx: Transaction, key: str, now: datetime) -> Reminder | None:
    """Return the reminder of a key, done or not; None for what nothing known leads to."""
    batch = open_batch(tx, page_context.read(tx), now)
    return next((reminder for reminder in _every(batch) if reminder.key == key), None)


def _every(batch: Batch) -> Iterator[Reminder]:
    """All reminders, each once."""
    found = {reminder.key: reminder for reminder in (*_to_tell(batch), *_of_moves(batch))}
    yield from found.values()


def _to_tell(batch: Batch) -> Iterator[Reminder]:
    for introduced in reminder_rows.introduced(batch.tx, batch.now - _ASKED_WITHIN):
        reminder = reminders.to_tell(introduced, batch.now)
        if reminder is not None:
            yield reminder


def _of_moves(batch: Batch) -> Iterator[Reminder]:
    rows = reminder_rows.moves(batch.tx, batch.now - reminders.SHOWN_FOR)
    champions: list[Row] = []
    for row in rows:
        own: Sequence[Reminder] = list(
            reminders.of_move(stored_shapes.move_of(row), batch.policy.champion_at, batch.now)
        )
        yield from own
        champions += [row] if own else []
    successors = successor_search.of_moves(batch.tx, champions, batch.now) if champions else {}
    for row in champions:
        successor = successors.get((row["person_id"], row["move_key"]))
        if successor is None:
            continue
        reminder = reminders.of_successor(stored_shapes.move_of(row), successor.contact_id)
        if reminder is not None:
            yield reminder
