"""Intake: raw deliveries become events, each read by itself; none is dropped without a trace."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from integration.core import logs
from integration.ingest import fast_path, inbound, usage_intake
from integration.ingest.inbound import Reading
from integration.portal import tries
from integration.portal.context import PortalContext
from integration.portal.runtime import Runtime
from integration.storage.database import Transaction
from integration.storage.queue import inbox, inbox_events, lanes
from integration.storage.queue.inbox import Delivery
from integration.storage.queue.inbox_events import InboundEvent
from integration.storage.queue.lanes import Lease
from integration.storage.service import portals
from mappings.records import events, identifiers, strict_json
from mappings.records.events import Bad, Event, Unknown

_log = logs.get(__name__)
# Of a subscription type that nobody knows, so much is kept.
_LONGEST_TYPE = 100
_POISON = "reading it alone failed or ended the process three times"


class _Addressed(msgspec.Struct, rename="camel"):
    portal_id: int


_addresses = msgspec.json.Decoder(list[_Addressed])


def portal_hint(body: bytes) -> int | None:
    """The one portal a delivery is for; None for several portals and for an unreadable body.

    Only a hint which worker to wake: a body is kept whatever it says.
    """
    try:
        portal_ids = {
            item.portal_id for item in _addresses.decode(body.removeprefix(strict_json.BOM))
        }
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    portal_id = portal_ids.pop() if len(portal_ids) == 1 else 0
    return portal_id if 0 < portal_id < 1 << 63 else None


def split(portal: PortalContext, lease: Lease) -> int:
    """Turn this portal's oldest deliveries into events; return how many deliveries were taken."""
    with portal.transaction(lease) as tx:
        taken = inbox.claim(tx)
        _set_worn_aside(tx, taken)
    for group in inbox.groups(taken):
        _split_group(portal, lease, group)
    return len(taken)


def events_of(
    portal_id: int, delivery: Delivery, read_by: Reading | None = None
) -> list[InboundEvent]:
    """Read a delivery: each item becomes an event that waits, is ignored, or is set aside."""
    if usage_intake.is_usage(delivery):
        return usage_intake.events_of(delivery)
    if delivery.source != "hubspot":
        return inbound.events_of(portal_id, delivery, read_by)

    def read_carefully(body: bytes) -> list[InboundEvent]:
        return [_inbound_event(portal_id, delivery, item) for item in events.split(body)]

    usual = fast_path.events_of(portal_id, delivery, read_carefully)
    return list(usual) if usual is not None else read_carefully(delivery.body)


def split_unaddressed(runtime: Runtime) -> int:
    """Give each portal its part of deliveries for several; return how many were looked at.

    Parts for no installed portal are kept with the reason. Several processes may do this at once:
    a delivery whose try was just counted is not due for the others.
    """
    with runtime.database.service() as tx:
        taken = inbox.claim_unaddressed(tx)
        _set_worn_aside(tx, taken)
        inbox_ids = [delivery.inbox_id for delivery in next(inbox.groups(taken), ())]
        inbox.count_attempt(tx, inbox_ids)
    if inbox_ids:
        _sort_group(runtime, inbox_ids)
    return len(taken)


def _sort_group(runtime: Runtime, inbox_ids: Sequence[int]) -> None:
    """Store what a group of deliveries without a portal holds, each portal's part for itself."""
    begin = runtime.database.service
    with tries.counted(begin, lambda tx: inbox.give_back(tx, inbox_ids)), begin() as tx:
        known = {account.portal_id for account in portals.every(tx)}
        for delivery in inbox.claim_again(tx, inbox_ids):
            for portal_id, body, error in _by_portal(delivery, known):
                inbox.address(tx, portal_id, delivery, body, error=error)
                if portal_id is not None:
                    lanes.want(tx, portal_id, "drain")
            inbox.delete_deliveries(tx, [delivery.inbox_id])


def _split_group(portal: PortalContext, lease: Lease, group: Sequence[Delivery]) -> None:
    """Store the events of a group of deliveries instead of the deliveries."""
    inbox_ids = [delivery.inbox_id for delivery in group]
    # In a transaction of its own, so that the try counts even when reading ends the process.
    with portal.transaction(lease) as tx:
        inbox.count_attempt(tx, inbox_ids)
    with (
        tries.counted(portal.transaction, lambda tx: inbox.give_back(tx, inbox_ids)),
        portal.transaction(lease) as tx,
    ):
        read_by = inbound.reading(tx, group)
        inbound_events: list[InboundEvent] = []
        for delivery in usage_intake.once(tx, group):
            inbound_events += events_of(portal.portal_id, delivery, read_by)
        inbox_events.store_events(tx, inbound_events)
        inbox.delete_deliveries(tx, inbox_ids)


def _set_worn_aside(tx: Transaction, taken: Sequence[Delivery]) -> None:
    for delivery in taken:
        if delivery.is_worn:
            inbox.set_delivery_aside(tx, delivery.inbox_id, _POISON)


def _inbound_event(portal_id: int, delivery: Delivery, item: Event | Unknown | Bad) -> InboundEvent:
    if isinstance(item, Bad):
        return inbound.unreadable_event(delivery, item, is_whole_body=item.index < 0)
    if item.portal_id != portal_id:
        reason = "it names another portal than its delivery"
        return _ignored_event(
            delivery, item, "foreign", payload={"portal": item.portal_id}, reason=reason
        )
    if isinstance(item, Unknown):
        payload = {"type": item.subscription_type[:_LONGEST_TYPE]}
        return _ignored_event(delivery, item, "unknown", payload=payload, reason=item.reason)
    return InboundEvent(
        source=delivery.source,
        dedupe_key=item.dedupe_key,
        kind=item.kind,
        object_type=item.object_type,
        object_id=item.object_id,
        payload=_payload(item),
        # A clock that runs ahead must not make its events the newest for ever.
        occurred_at=min(item.occurred_at, delivery.received_at),
        received_at=delivery.received_at,
    )


def _payload(event: Event) -> dict[str, object]:
    payload: dict[str, object] = {"refs": [list(ref) for ref in event.refs]}
    if event.merged_ids:
        payload["merged"] = list(event.merged_ids)
    if event.new_object_id:
        payload["survivor"] = event.new_object_id
    if event.property_name:
        payload["property"] = event.property_name
    if event.removed:
        payload["removed"] = True
    if event.association_type_id is not None:
        payload["type"] = event.association_type_id
    return payload


def _ignored_event(
    delivery: Delivery,
    item: Event | Unknown,
    kind: str,
    *,
    payload: Mapping[str, object],
    reason: str,
) -> InboundEvent:
    return InboundEvent(
        source=delivery.source,
        dedupe_key=item.dedupe_key,
        kind=kind,
        object_type=None,
        object_id=None,
        payload=dict(payload),
        occurred_at=delivery.received_at,
        received_at=delivery.received_at,
        state="ignored",
        reason=reason,
    )


def _by_portal(
    delivery: Delivery, known: set[int]
) -> Iterable[tuple[int | None, bytes, str | None]]:
    """A delivery's parts: for whom, the body, and why it is for no installed portal."""
    try:
        items = strict_json.items(delivery.body)
    except strict_json.BadJson as fault:
        yield None, delivery.body, str(fault)
        return
    parts: dict[int | None, list[bytes]] = {}
    for item in items:
        parts.setdefault(_portal_named_by(item.value), []).append(item.raw)
    for portal_id, raws in parts.items():
        body = b"[" + b",".join(raws) + b"]"
        if portal_id is None:
            yield None, body, "it names no portal"
        elif portal_id not in known:
            yield None, body, inbox.not_installed(portal_id)
        else:
            yield portal_id, body, None


def _portal_named_by(item: object) -> int | None:
    return identifiers.read(item.get("portalId")) if isinstance(item, dict) else None
