"""The head of a record's page: what it is called, whether it is there, what we write on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integration.portal import record_names
from integration.storage.database import Transaction
from integration.storage.findings import conclusion_rows
from integration.storage.mirror import mirror, owner_rows
from mappings.kinds import ObjectType
from mappings.records.identifiers import LARGEST
from mappings.records.owners import Owner
from mappings.rules.text.names import spoken


@dataclass(frozen=True, slots=True)
class RecordCard:
    """A record as its account has it now, and what was concluded about it.

    `asked_for` is another id where that was merged into this record. `is_kept` says that the mirror
    has the record, also one that is gone from HubSpot; `gone_why` is empty while it lives.
    """

    object_type: str
    record_id: int
    asked_for: int
    name: str
    is_kept: bool
    gone_why: str
    properties: Mapping[str, Any]
    values: Mapping[str, str]
    reasons: Sequence[Any]
    concluded_at: datetime | None
    written_at: datetime | None
    settings_version: int | None
    owner: Owner | None = None

    @property
    def is_known(self) -> bool:
        """Whether there is anything to show."""
        return self.is_kept or bool(self.values)

    @property
    def is_removed(self) -> bool:
        """Whether it was a person who asked to be forgotten."""
        return self.gone_why == mirror.FORGOTTEN

    def text(self, name: str) -> str:
        """A property of HubSpot's on one line; empty where it has none."""
        return spoken(str(self.properties.get(name) or ""))


def load(tx: Transaction, object_type: str, record_id: int) -> RecordCard:
    """Return a record's card; an id that was merged away leads to the survivor."""
    current_id = mirror.resolve(tx, object_type, [record_id])[record_id]
    record = mirror.load(tx, object_type, [current_id]).get(current_id)
    row = conclusion_rows.load(tx, object_type, [current_id]).get(current_id)
    ref = (object_type, current_id)
    is_removed = record is not None and record.gone_why == mirror.FORGOTTEN
    return RecordCard(
        object_type,
        current_id,
        record_id,
        name=record_names.shown(tx, [ref])[ref],
        is_kept=record is not None,
        gone_why=(record.gone_why or "") if record else "",
        properties=record.properties if record and not is_removed else {},
        values=dict(row["desired"]) if row else {},
        reasons=list(row["reasons"]) if row else [],
        concluded_at=row["concluded_at"] if row else None,
        written_at=row["written_at"] if row else None,
        settings_version=row["settings_version"] if row else None,
        owner=_owner(tx, record) if record and not is_removed else None,
    )


def _owner(tx: Transaction, record: mirror.MirroredRecord) -> Owner | None:
    """Whose record it is; an owner whose name is not known keeps the number."""
    text = str(record.properties.get("hubspot_owner_id") or "").strip()
    if not text.isascii() or not text.isdigit() or int(text) > LARGEST:
        return None
    return owner_rows.one(tx, int(text)) or Owner(int(text))


SHOWN_TYPES: Mapping[str, ObjectType] = {
    kind.value: kind for kind in (ObjectType.DEAL, ObjectType.CONTACT, ObjectType.COMPANY)
}
"""The types of records that have a page."""
