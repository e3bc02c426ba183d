"""Stored moves as findings: what cannot be read whole is found anew before anything rests on it."""

from collections.abc import Callable, Collection, Iterable, Sequence

from integration.conclude import people as stage_one
from integration.conclude.batch import Batch
from integration.storage.database import Row
from integration.storage.findings import move_rows, person_rows, stored_shapes
from mappings.rules.findings import Move
from mappings.stored.shapes import Read

Kept = list[tuple[Row, Move]]
_Found = list[tuple[Row, Read[Move]]]


def moves_of(step: Batch, person_ids: Collection[int]) -> Kept:
    """The moves of these persons, each with its row."""
    return _whole(step, lambda: move_rows.of_persons(step.tx, person_ids))


def moves_with(step: Batch, company_ids: Collection[int]) -> Kept:
    """The moves from or to these companies, each with its row."""
    return _whole(step, lambda: move_rows.with_company(step.tx, company_ids))


def _whole(step: Batch, ask: Callable[[], Sequence[Row]]) -> Kept:
    found = _read(ask())
    damaged = _damaged(found)
    if damaged:
        _find_anew(step, {row["person_id"] for row in damaged})
        found = _read(ask())
        # What is not found anew is nobody's finding; kept, it would be looked at again for ever.
        move_rows.delete(step.tx, [(row["person_id"], row["move_key"]) for row in _damaged(found)])
    return [(row, read.value) for row, read in found if read.is_whole]


def _read(rows: Iterable[Row]) -> _Found:
    return [(row, stored_shapes.read_move(row)) for row in rows]


def _damaged(found: _Found) -> list[Row]:
    return [row for row, read in found if not read.is_whole]


def _find_anew(step: Batch, person_ids: Collection[int]) -> None:
    members = person_rows.members(step.tx, person_ids)
    contacts = {contact_id for contact_ids in members.values() for contact_id in contact_ids}
    if contacts:
        stage_one.refresh(step, contacts)
