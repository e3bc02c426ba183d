"""The names that contacts and companies have today."""

from collections.abc import Iterable

from integration.portal.record_names import name_in
from integration.storage.database import Transaction
from integration.storage.mirror import lookups
from mappings.records.rows import RefPair


def current_names(
    tx: Transaction, contact_ids: Iterable[int | None], company_ids: Iterable[int | None]
) -> dict[RefPair, str]:
    """Return names by record, with one query; a forgotten record has an empty one.

    None among the ids stands for no record.
    """
    rows = lookups.names(tx, _known(contact_ids), _known(company_ids))
    return {(row.object_type, row.record_id): name_in(row) for row in rows}


def _known(record_ids: Iterable[int | None]) -> set[int]:
    return {record_id for record_id in record_ids if record_id is not None}
