"""Record names: a portal's contacts and companies as sentences name them; forgotten ones never."""

from collections.abc import Iterable

from integration.storage.database import Transaction
from integration.storage.mirror import lookups, mirror
from mappings.rules.attribution.reasons import Names
from mappings.rules.text.names import LONGEST, spoken


def names(
    tx: Transaction, *, contacts: Iterable[int | None] = (), companies: Iterable[int | None] = ()
) -> Names:
    """Return the names of records for sentences; gone ones have no name."""
    people = {one for one in contacts if one is not None}
    found = lookups.names(tx, people, {one for one in companies if one is not None})
    return Names(
        {
            row.record_id: _full(row.first, row.last)
            for row in found
            if row.object_type == "contact" and not row.is_gone
        },
        {
            row.record_id: spoken(row.name or "")
            for row in found
            if row.object_type == "company" and row.gone_why != "forgotten"
        },
    )


def name_of(record: mirror.MirroredRecord) -> str:
    """Return a contact's name as people write it."""
    return _full(*(str(record.properties.get(one) or "") for one in ("firstname", "lastname")))


def name_in(row: lookups.Name) -> str:
    """Return the record's name for a reader; empty for who was forgotten."""
    if row.gone_why == "forgotten":
        return ""
    return _full(row.first, row.last) if row.object_type == "contact" else spoken(row.name or "")


def _full(first: str | None, last: str | None) -> str:
    parts = ((one or "").strip() for one in (first, last))
    return spoken(" ".join(part[:LONGEST] for part in parts if part))
