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
    contact_ids = {contact_id for contact_id in contacts if contact_id is not None}
    company_ids = {company_id for company_id in companies if company_id is not None}
    rows = lookups.names(tx, contact_ids, company_ids)
    return Names(
        {
            row.record_id: _full(row.first, row.last)
            for row in rows
            if row.object_type == "contact" and not row.is_gone
        },
        {
            row.record_id: spoken(row.name or "")
            for row in rows
            if row.object_type == "company" and row.gone_why != "forgotten"
        },
    )


def name_of(record: mirror.MirroredRecord) -> str:
    """Return a contact's name as people write it."""
    return _full(*(str(record.properties.get(part) or "") for part in ("firstname", "lastname")))


def name_in(row: lookups.Name) -> str:
    """Return the record's name for a reader; empty for who was forgotten."""
    if row.gone_why == "forgotten":
        return ""
    return _full(row.first, row.last) if row.object_type == "contact" else spoken(row.name or "")


def _full(first: str | None, last: str | None) -> str:
    parts = ((part or "").strip() for part in (first, last))
    return spoken(" ".join(part[:LONGEST] for part in parts if part))
