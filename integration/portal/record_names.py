"""Names of a portal's records as sentences and pages say them; who was forgotten has none."""

from collections.abc import Iterable

from integration.portal.occurrence import known_ids
from integration.storage.database import Transaction
from integration.storage.mirror import lookups, mirror
from mappings.kinds import ObjectType
from mappings.rules.attribution.reasons import Names
from mappings.rules.text.names import LONGEST, spoken

_FORGOTTEN = "forgotten"


def names(
    tx: Transaction, *, contacts: Iterable[int | None] = (), companies: Iterable[int | None] = ()
) -> Names:
    """What sentences call records. A gone contact has no name, a gone company keeps its own."""
    contact_names: dict[int, str] = {}
    company_names: dict[int, str] = {}
    for row in lookups.names(tx, known_ids(contacts), known_ids(companies)):
        if row.object_type == ObjectType.CONTACT and not row.is_gone:
            contact_names[row.record_id] = _full(row.first, row.last)
        if row.object_type == ObjectType.COMPANY and row.gone_why != _FORGOTTEN:
            company_names[row.record_id] = spoken(row.name or "")
    return Names(contact_names, company_names)


def name_of(record: mirror.Record) -> str:
    """A contact's name as people write it."""
    first, last = (record.properties.get(name) for name in ("firstname", "lastname"))
    return _full(str(first or ""), str(last or ""))


def name_in(row: lookups.Name) -> str:
    """What a person reads as the record's name; who was forgotten has none."""
    if row.gone_why == _FORGOTTEN:
        return ""
    if row.object_type == ObjectType.CONTACT:
        return _full(row.first, row.last)
    return spoken(row.name or "")


def _full(first: str | None, last: str | None) -> str:
    parts = ((part or "").strip()[:LONGEST] for part in (first, last))
    return spoken(" ".join(part for part in parts if part))
