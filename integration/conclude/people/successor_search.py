"""Succession: who took over at the old company from people who left it, looked up when asked for.

Nothing of this is stored, so that a colleague who comes later is found without looking at any
mover again.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from integration.conclude import company_directory, record_facts
from integration.conclude.batch import Batch, open_batch
from integration.conclude.people.move_search import MoveKey
from integration.storage.database import Row, Transaction
from integration.storage.findings import move_rows, person_rows, stored_shapes
from integration.storage.queue import page_context
from mappings.kinds import ObjectType, Status
from mappings.rules.job_changes.successors import Successor, replaced_by

_COUNTED = (Status.AUTO, "confirmed")
# Of all who came to a company around a departure, only the earliest so many are compared.
_MOST_NEWCOMERS = 200
# Of a company, only the latest so many departures are explained.
_MOST_DEPARTURES = 20


def of_record(
    tx: Transaction, object_type: str, record_id: int, now: datetime
) -> list[Mapping[str, object]]:
    """Who took over from this contact, or from those who left this company; newest departure last.

    Each is a mapping for JSON: who left which company, the successor, and the reason.
    """
    departures = sorted(
        _departures(tx, object_type, record_id), key=lambda row: (row["latest"], row["move_key"])
    )
    latest = departures[-_MOST_DEPARTURES:]
    successors = of_moves(tx, latest, now)
    replaced = [row for row in latest if _key(row) in successors]
    return [_explained(row, successors[_key(row)]) for row in replaced]


def _departures(tx: Transaction, object_type: str, record_id: int) -> Sequence[Row]:
    if object_type != ObjectType.COMPANY:
        persons = person_rows.persons_of(tx, [record_id]).values()
        return move_rows.of_persons(tx, persons)
    rows = move_rows.with_company(tx, [record_id])
    return [row for row in rows if row["former_company_id"] == record_id]


def _key(row: Row) -> MoveKey:
    return row["person_id"], row["move_key"]


def _explained(row: Row, successor: Successor) -> Mapping[str, object]:
    return {
        "former_contact_id": row["former_contact_id"],
        "former_company_id": row["former_company_id"],
        "contact_id": successor.contact_id,
        "since": successor.at,
        "because": successor.reason.text,
    }


def of_moves(tx: Transaction, rows: Sequence[Row], now: datetime) -> dict[MoveKey, Successor]:
    """The successors of movers, by stored move; a move that does not count has none."""
    counted = [
        row for row in rows if row["status"] in _COUNTED and row["former_company_id"] is not None
    ]
    batch = open_batch(tx, page_context.read(tx), now)
    members = person_rows.members(tx, {row["person_id"] for row in counted})
    successors: dict[MoveKey, Successor] = {}
    for row in counted:
        own = {*members.get(row["person_id"], ()), row["former_contact_id"]}
        successor = _successor(batch, row, own)
        if successor is not None:
            successors[_key(row)] = successor
    return successors


def _successor(batch: Batch, row: Row, own: set[int]) -> Successor | None:
    """Who took over from one mover, whose contacts are *own*."""
    company_id = row["former_company_id"]
    since = row["earliest"] - timedelta(batch.policy.successor_before_days)
    until = row["latest"] + timedelta(batch.policy.successor_after_days)
    newcomers = person_rows.came_to(batch.tx, company_id, since, until, _MOST_NEWCOMERS)
    contacts = record_facts.contacts(batch, own | newcomers)
    companies = company_directory.directory(batch, contacts.values(), ids=[company_id])
    mover = [contacts[contact_id] for contact_id in own & contacts.keys()]
    others = [contacts[contact_id] for contact_id in newcomers & contacts.keys()]
    move = stored_shapes.move_of(row)
    return replaced_by(move, mover, others, companies, batch.policy)
