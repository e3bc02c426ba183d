"""Record names: a portal's records as sentences and pages name them; forgotten people never."""

from collections.abc import Iterable

from integration.storage.database import Transaction
from integration.storage.mirror import lookups, mirror
from mappings.kinds import ObjectType
from mappings.records.rows import RefPair
from mappings.rules.attribution.reasons import REMOVED, Names
from mappings.rules.text.names import LONGEST, spoken

_NAMED = (ObjectType.CONTACT, ObjectType.COMPANY, ObjectType.DEAL)


def names(
    tx: Transaction, *, contacts: Iterable[int | None] = (), companies: Iterable[int | None] = ()
) -> Names:
    """Return the names of records for sentences; a deleted record has none until it is restored.

    An install after the deletion could not know it, and what we write must not depend on that.
    """
    contact_names: dict[int, str] = {}
    company_names: dict[int, str] = {}
    for row in lookups.names(tx, _known(contacts), _known(companies)):
        if not row.lives_on:
            continue
        if row.object_type == ObjectType.COMPANY:
            company_names[row.record_id] = name_in(row)
        # Of a merged contact the survivor is named.
        elif not row.is_gone:
            contact_names[row.record_id] = name_in(row)
    return Names(contact_names, company_names)


def shown(tx: Transaction, refs: Iterable[RefPair]) -> dict[RefPair, str]:
    """Return what people read for these records: the name of today, or in words that it has none.

    A deleted record keeps its name here; a forgotten person has none.
    """
    wanted = set(refs)
    ids = {kind: {number for other, number in wanted if other == kind} for kind in _NAMED}
    rows = lookups.names(tx, *(ids[kind] for kind in _NAMED))
    known = {(row.object_type, row.record_id): _in_words(row) for row in rows}
    return {ref: known.get(ref) or unknown(ref[0]) for ref in wanted}


def nameless(object_type: str) -> str:
    """Return what people read for a record without a name."""
    return f"a {object_type} without a name"


def unknown(object_type: str) -> str:
    """Return what people read for a record that is not in the mirror."""
    return f"a {object_type} that is not known here"


def _in_words(row: lookups.Name) -> str:
    if row.gone_why == mirror.FORGOTTEN:
        return REMOVED
    return name_in(row) or nameless(row.object_type)


def _known(record_ids: Iterable[int | None]) -> set[int]:
    return {record_id for record_id in record_ids if record_id is not None}


def name_of(record: mirror.MirroredRecord) -> str:
    """Return a contact's name as people write it."""
    return _full(*(str(record.properties.get(part) or "") for part in ("firstname", "lastname")))


def name_in(row: lookups.Name) -> str:
    """Return the record's name for a reader; empty for who was forgotten."""
    if row.gone_why == mirror.FORGOTTEN:
        return ""
    if row.object_type == ObjectType.CONTACT:
        return _full(row.first, row.last)
    return spoken(row.name or "")


def _full(first: str | None, last: str | None) -> str:
    parts = ((part or "").strip()[:LONGEST] for part in (first, last))
    return spoken(" ".join(part for part in parts if part))
