"""Stored moves as findings: what cannot be read whole is found anew before anything rests on it."""

from collections.abc import Callable, Collection, Iterable, Sequence

from integration.conclude.batch import Batch
from integration.conclude.grouping import grouped
from integration.conclude.people import people_stage
from integration.storage.database import Row
from integration.storage.findings import move_rows, person_rows, stored_shapes
from mappings.rules.findings import Move
from mappings.stored.shapes import Read

MovesWithRows = list[tuple[Row, Move]]
_RowsRead = list[tuple[Row, Read[Move]]]


def by_person(batch: Batch, person_ids: Collection[int]) -> dict[int, list[Move]]:
    """The moves of these persons, by person."""
    return grouped((row["person_id"], move) for row, move in moves_of(batch, person_ids))


def moves_of(batch: Batch, person_ids: Collection[int]) -> MovesWithRows:
    """The moves of these persons, each with its row."""
    return _whole(batch, lambda: move_rows.of_persons(batch.tx, person_ids))


def moves_with(batch: Batch, company_ids: Collection[int]) -> MovesWithRows:
    """The moves from or to these companies, each with its row."""
    return _whole(batch, lambda: move_rows.with_company(batch.tx, company_ids))


def _whole(batch: Batch, load: Callable[[], Sequence[Row]]) -> MovesWithRows:
    rows = _read(load())
    damaged = _damaged(rows)
    if damaged:
        _find_anew(batch, {row["person_id"] for row in damaged})
        rows = _read(load())
        # What is not found anew is nobody's finding; kept, it would be looked at again for ever.
        gone = [(row["person_id"], row["move_key"]) for row in _damaged(rows)]
        move_rows.delete(batch.tx, gone)
    return [(row, read.value) for row, read in rows if read.is_whole]


def _read(rows: Iterable[Row]) -> _RowsRead:
    return [(row, stored_shapes.read_move(row)) for row in rows]


def _damaged(rows: _RowsRead) -> list[Row]:
    return [row for row, read in rows if not read.is_whole]


def _find_anew(batch: Batch, person_ids: Collection[int]) -> None:
    members = person_rows.members(batch.tx, person_ids)
    contacts = {contact_id for contact_ids in members.values() for contact_id in contact_ids}
    if contacts:
        people_stage.refresh(batch, contacts)
