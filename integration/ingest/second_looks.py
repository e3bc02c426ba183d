"""Second looks: records that HubSpot is asked about once more, as if a notice had come."""

from collections.abc import Collection

from integration.storage.database import Transaction
from integration.storage.queue import inbox_events, lanes
from integration.storage.queue.inbox_events import InboundEvent
from mappings.records.rows import RefPair

SOURCE = "mirror"


def ask(tx: Transaction, refs: Collection[RefPair]) -> None:
    """Have records read again with all their links, those of others to them included."""
    if not refs:
        return
    now = tx.clock()
    events = [
        InboundEvent(
            source=SOURCE,
            dedupe_key=f"{object_type}:{record_id}:{now.timestamp()}",
            kind="restore",
            object_type=object_type,
            object_id=record_id,
            payload={"refs": [[object_type, record_id]]},
            occurred_at=now,
            received_at=now,
        )
        for object_type, record_id in sorted(refs)
    ]
    inbox_events.store_events(tx, events)
    lanes.want(tx, tx.portal_id, "drain")
