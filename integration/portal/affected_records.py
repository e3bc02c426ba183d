"""Affected records of any type: those that changed, and those that HubSpot links to them."""

from integration.portal.occurrence import Occurrence, by_type
from integration.storage.mirror import mirror
from mappings.kinds import ObjectType
from mappings.records.rows import RefPair


def themselves(occurrence: Occurrence) -> set[RefPair]:
    """The records that changed."""
    return set(occurrence.records)


def survivors(occurrence: Occurrence) -> set[RefPair]:
    """The records under the ids that they have today."""
    today = mirror.resolve_several(occurrence.tx, occurrence.records)
    return {(ref[0], today[ref]) for ref in occurrence.records}


def neighbours(occurrence: Occurrence) -> set[RefPair]:
    """Everything that the records are linked to."""
    linked: set[RefPair] = set()
    for object_type, record_ids in by_type(occurrence.records).items():
        linked |= mirror.neighbours(occurrence.tx, object_type, record_ids)
    return linked


def neighbours_of_forgotten(occurrence: Occurrence) -> set[RefPair]:
    """The people and companies that the forgotten person was linked to."""
    linked = mirror.neighbours(occurrence.tx, ObjectType.CONTACT, occurrence.contacts)
    return {ref for ref in linked if ref[0] in {ObjectType.CONTACT, ObjectType.COMPANY}}
