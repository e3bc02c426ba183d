"""Vanished properties: what HubSpot no longer has was not emptied, so its last values are kept.

HubSpot answers a property that is empty with null, and leaves one out that does not exist
(docs/hubspot.md). A property that somebody deleted or renamed must not make every amount empty.
"""

from collections.abc import Sequence

from integration.storage.database import Transaction
from integration.storage.mirror import mirror
from mappings.records.catalogue import own_names
from mappings.records.rows import Record
from mappings.records.what_is_read import READ


def with_last_values(tx: Transaction, records: Sequence[Record]) -> Sequence[Record]:
    """Return records with the last known values of mapped properties that are gone in HubSpot."""
    incomplete = [record for record in records if _vanished(record)]
    if not incomplete:
        return records
    known: dict[tuple[str, int], mirror.MirroredRecord] = {}
    for object_type in {record.object_type for record in incomplete}:
        ids = [record.id for record in incomplete if record.object_type == object_type]
        known |= {(object_type, key): row for key, row in mirror.load(tx, object_type, ids).items()}
    return [_completed(record, known.get(record.ref)) for record in records]


def _vanished(record: Record) -> frozenset[str]:
    """The mapped properties that do not exist; ours are made again, standard ones may lack."""
    if not record.absent:
        return record.absent
    return record.absent.difference(READ.get(record.object_type, ()), own_names(record.object_type))


def _completed(record: Record, known: mirror.MirroredRecord | None) -> Record:
    if known is None:
        return record
    names = _vanished(record)
    last = {name: known.properties[name] for name in names if name in known.properties}
    return record._replace(properties={**record.properties, **last}) if last else record
