"""Records still to be listed (`unlisted`): how far each type is, a slice at a time."""

from collections.abc import Mapping
from typing import Any

from integration.storage.database import Transaction


def under_way(tx: Transaction) -> dict[str, int]:
    """Return the types whose records are not all listed, with the last id that is."""
    rows = tx.tuples("SELECT object_type, last_id FROM unlisted WHERE portal_id = :portal")
    return dict(rows)


def after(
    tx: Transaction, object_type: str, last_id: int, *, limit: int
) -> dict[int, Mapping[str, Any]]:
    """Return the next records of a type with their properties; a record that is gone has none.

    They are held until the transaction ends: what HubSpot says of them meanwhile is stored behind.
    """
    rows = tx.tuples(
        """SELECT record_id, CASE WHEN gone_at IS NULL THEN properties ELSE '{}' END FROM record
           WHERE portal_id = :portal AND object_type = :type AND record_id > :last
           ORDER BY record_id LIMIT :limit FOR UPDATE""",
        type=object_type,
        last=last_id,
        limit=limit,
    )
    return dict(rows)


def note(tx: Transaction, object_type: str, last_id: int | None) -> None:
    """Note the last record that is listed; None: all are."""
    if last_id is None:
        tx.run(
            "DELETE FROM unlisted WHERE portal_id = :portal AND object_type = :type",
            type=object_type,
        )
        return
    tx.run(
        """UPDATE unlisted SET last_id = :last WHERE portal_id = :portal AND object_type = :type""",
        type=object_type,
        last=last_id,
    )
