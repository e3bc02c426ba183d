"""Succession: who took over at the old company from the people that left it, looked up when somebody asks."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from integration.conclude import company_directory, record_facts
from integration.conclude.batch import open_batch
from integration.storage.database import Row, Transaction
from integration.storage.findings import move_rows, person_rows, stored_shapes
from integration.storage.queue import page_context
from mappings.rules.job_changes.successors import Successor, replaced_by

MoveKey = tuple[int, str]

# At one company the earliest so many that came around a departure are looked at.
_MOST = 200
# Of a company the latest so many departures are told with their successors.
_TOLD = 20


def successors_told(
    tx: Transaction, object_type: str, record_id: int, now: datetime
) -> list[Mapping[str, object]]:
    """Who took over from this contact, or from those who left this company, in words; newest departure last."""
    if object_type == "company":
        rows = [
            row
            for row in move_rows.with_company(tx, [record_id])
            if row["former_company_id"] == record_id
        ]
    else:
        rows = list(move_rows.of_persons(tx, person_rows.persons_of(tx, [record_id]).values()))
    rows = sorted(rows, key=lambda row: (row["latest"], row["move_key"]))[-_TOLD:]
    found = of_moves(tx, rows, now)
    return [
        {
            "former_contact_id": row["former_contact_id"],
            "former_company_id": row["former_company_id"],
            "contact_id": successor.contact_id,
            "since": successor.at,
            "because": successor.reason.text,
        }
        for row in rows
        if (successor := found.get((row["person_id"], row["move_key"]))) is not None
    ]


def of_moves(tx: Transaction, rows: Sequence[Row], now: datetime) -> dict[MoveKey, Successor]:
    """The successors of people who left, by person and key of the stored move; moves that do not count have none.

    Nothing of this is kept, so that a colleague who comes later is found without looking at any
    mover again.
    """
    counted = [
        row
        for row in rows
        if row["status"] in {"auto", "confirmed"} and row["former_company_id"] is not None
    ]
    batch = open_batch(tx, page_context.read(tx), now)
    members = person_rows.members(tx, {row["person_id"] for row in counted})
    found: dict[MoveKey, Successor] = {}
    for row in counted:
        before, after = (
            timedelta(batch.policy.successor_before_days),
            timedelta(batch.policy.successor_after_days),
        )
        came = person_rows.came_to(
            tx, row["former_company_id"], row["earliest"] - before, row["latest"] + after, _MOST
        )
        own = set(members.get(row["person_id"], ())) | {row["former_contact_id"]}
        facts = record_facts.contacts(batch, own | came)
        known = company_directory.directory(batch, facts.values(), ids=[row["former_company_id"]])
        move = stored_shapes.move_of(row)
        mover, others = (
            [facts[one] for one in own & facts.keys()],
            [facts[one] for one in came & facts.keys()],
        )
        if (successor := replaced_by(move, mover, others, known, batch.policy)) is not None:
            found[row["person_id"], row["move_key"]] = successor
    return found
