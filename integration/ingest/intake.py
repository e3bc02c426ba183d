"""Intake hears: raw bytes become events, each judged alone; nothing received is dropped in silence."""

import hashlib
from collections.abc import Iterable, Sequence

import msgspec

from integration.core import logs
from integration.ingest import fast_path, inbound
from integration.portal.context import PortalContext
from integration.portal.runtime import Runtime
from integration.storage.queue import inbox, inbox_events, lanes
from integration.storage.queue.inbox import Delivery
from integration.storage.queue.inbox_events import InboundEvent
from integration.storage.queue.lanes import Lease
from integration.storage.service import portals
from mappings.records import events, strict_json
from mappings.records.events import Bad, Event, Unknown

_log = logs.get(__name__)
_POISON = "reading it ended the process three times"


class _Addressed(msgspec.Struct):
    portalId: int  # noqa: N815 - HubSpot's name


_addresses = msgspec.json.Decoder(list[_Addressed])


def portal_hint(body: bytes) -> int | None:
    """The one portal a delivery is for, as cheaply as can be; None when it is not one, or not readable.

    Only a hint for waking somebody: whether a body is kept is decided before anybody parses it.
    """
    try:
        found = {each.portalId for each in _addresses.decode(body)}
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    portal_id = found.pop() if len(found) == 1 else 0
    return portal_id if 0 < portal_id < 1 << 63 else None


def split(portal: PortalContext, lease: Lease) -> int:
    """Turn this portal's oldest raw rows into events, once each; return how many rows were taken."""
    with portal.transaction(lease) as tx:
        taken = inbox.claim(tx)
    for alone in _groups(taken):
        with portal.transaction(lease) as tx:
            inbox.count_attempt(tx, [envelope.inbox_id for envelope in alone])
        with portal.transaction(lease) as tx:
            inbox_events.store_events(
                tx,
                [letter for envelope in alone for letter in events_of(portal.portal_id, envelope)],
            )
            inbox.delete_deliveries(tx, [envelope.inbox_id for envelope in alone])
    worn = [envelope for envelope in taken if envelope.attempts >= inbox.TRIES]
    with portal.transaction(lease) as tx:
        for envelope in worn:
            inbox.set_delivery_aside(tx, envelope.inbox_id, _POISON)
    return len(taken)


def events_of(portal_id: int, envelope: Delivery) -> list[InboundEvent]:
    """Read one envelope: every item becomes a letter that waits, is ignored, or is set aside, with the reason."""
    if envelope.source != "hubspot":
        return inbound.events_of(envelope)
    found = fast_path.events_of(
        portal_id, envelope, lambda body: _carefully(portal_id, envelope, body)
    )
    return list(found) if found is not None else _carefully(portal_id, envelope, envelope.body)


def _carefully(portal_id: int, envelope: Delivery, body: bytes) -> list[InboundEvent]:
    return [_inbound_event(portal_id, envelope, item) for item in events.split(body)]


def split_unaddressed(runtime: Runtime) -> int:
    """Sort deliveries that were for several portals, or for nobody we could read, into the portals' own rows."""
    with runtime.database.service() as tx:
        taken = inbox.claim_unaddressed(tx)
        known = {account.portal_id for account in portals.every(tx)} if taken else set()
        for envelope in taken:
            for portal_id, body, error in _by_portal(envelope, known):
                inbox.address(tx, portal_id, envelope, body, error=error)
                if error is None and portal_id is not None:
                    lanes.want(tx, portal_id, "drain")
        inbox.delete_deliveries(tx, [envelope.inbox_id for envelope in taken])
    return len(taken)


def _groups(taken: Sequence[Delivery]) -> Iterable[Sequence[Delivery]]:
    """Untried rows together; one that may have ended a process before goes alone, and a worn one not at all."""
    fresh = [envelope for envelope in taken if envelope.attempts == 0]
    if fresh:
        yield fresh
    for envelope in taken:
        if 0 < envelope.attempts < inbox.TRIES:
            yield [envelope]


def _inbound_event(portal_id: int, envelope: Delivery, item: Event | Unknown | Bad) -> InboundEvent:
    if isinstance(item, Bad):
        return _unreadable_event(envelope, item.raw_item, item.reason, whole=item.index < 0)
    if item.portal_id != portal_id:
        return InboundEvent(
            envelope.source, item.dedupe_key, "foreign", None, None, {"portal": item.portal_id},
            envelope.received_at, envelope.received_at, "ignored", "it names another portal than its delivery",
        )  # fmt: skip
    if isinstance(item, Unknown):
        return InboundEvent(
            envelope.source, item.dedupe_key, "unknown", None, None, {"type": item.subscription_type[:100]},
            envelope.received_at, envelope.received_at, "ignored", item.reason,
        )  # fmt: skip
    return InboundEvent(
        source=envelope.source,
        dedupe_key=item.dedupe_key,
        kind=item.kind,
        object_type=item.object_type,
        object_id=item.object_id,
        payload=_payload(item),
        # A clock that runs ahead must not make its events the newest for ever.
        occurred_at=min(item.occurred_at, envelope.received_at),
        received_at=envelope.received_at,
    )


def _payload(event: Event) -> dict[str, object]:
    said: dict[str, object] = {"refs": [list(ref) for ref in event.refs]}
    if event.merged_ids:
        said["merged"] = list(event.merged_ids)
    if event.new_object_id:
        said["survivor"] = event.new_object_id
    if event.property_name:
        said["property"] = event.property_name
    return said


def _unreadable_event(
    envelope: Delivery, raw: bytes, reason: str, *, whole: bool = False
) -> InboundEvent:
    key = f"bad:{hashlib.sha256(raw).hexdigest()}"
    kept = raw.decode("latin-1").replace("\x00", "\\u0000")
    return InboundEvent(
        envelope.source, key, "bad", None, None, {"raw": kept, "whole": whole},
        envelope.received_at, envelope.received_at, "set_aside", reason,
    )  # fmt: skip


def _by_portal(
    envelope: Delivery, known: set[int]
) -> Iterable[tuple[int | None, bytes, str | None]]:
    try:
        items = strict_json.items(envelope.body)
    except strict_json.BadJson as fault:
        yield None, envelope.body, str(fault)
        return
    parts: dict[int | None, list[bytes]] = {}
    for item in items:
        portal_id = item.value.get("portalId") if isinstance(item.value, dict) else None
        parts.setdefault(portal_id if isinstance(portal_id, int) else None, []).append(item.raw)
    for portal_id, raws in parts.items():
        body = b"[" + b",".join(raws) + b"]"
        if portal_id is None:
            yield None, body, "it names no portal"
        elif portal_id not in known:
            yield None, body, inbox.not_installed(portal_id)
        else:
            yield portal_id, body, None
