"""What survey tools and products tell us becomes events like any other, and takes effect beside them."""

import hashlib
from collections.abc import Sequence

from integration.portal import invalidation
from integration.portal.invalidation import Change
from integration.portal.occurrence import refs
from integration.storage.database import Transaction
from integration.storage.mirror import inbound_items as stored
from integration.storage.queue.inbox import Delivery
from integration.storage.queue.inbox_events import InboundEvent, WaitingEvent
from mappings.records import inbound_bodies
from mappings.records.events import Bad
from mappings.records.inbound_bodies import Answer, Usage

ANSWER, USAGE = "answer", "usage"
KINDS = (ANSWER, USAGE)


def events_of(envelope: Delivery) -> list[InboundEvent]:
    """Read a delivery that came through an inlet: a survey tool's, or the product's usage."""
    if envelope.source == USAGE:
        return [_inbound_event(envelope, item) for item in inbound_bodies.figures(envelope.body)]
    return [_inbound_event(envelope, item) for item in inbound_bodies.answers(envelope.body)]


def take(tx: Transaction, events: Sequence[WaitingEvent]) -> set[tuple[str, int]]:
    """Let survey answers and usage figures take effect; return the records they are about.

    An answer of somebody we do not know yet is kept under the address, and given to them by
    :func:`adopt`.
    """
    about: set[tuple[str, int]] = set()
    for event in events:
        if event.kind == ANSWER:
            contact = stored.keep_answer(tx, event.source, event.payload)
            if contact is not None:
                about.add(("contact", contact))
        else:
            company = stored.keep_usage(tx, event.payload)
            if company is not None:
                about.add(("company", company))
    invalidation.record(tx, Change.OUTSIDE_REPORTED, records=about)
    return about


def adopt(tx: Transaction) -> None:
    """Give kept answers to people who appeared since."""
    adopted = refs("contact", stored.adopt(tx))
    invalidation.record(tx, Change.OUTSIDE_REPORTED, records=adopted)


def blank(tx: Transaction) -> None:
    """Empty what settled events said: it is stored where it can be found and forgotten."""
    stored.blank(tx, KINDS)


def _inbound_event(envelope: Delivery, item: Answer | Usage | Bad) -> InboundEvent:
    if isinstance(item, Bad):
        key = f"bad:{hashlib.sha256(item.raw_item).hexdigest()}"
        kept = item.raw_item.decode("latin-1").replace("\x00", "\\u0000")
        return InboundEvent(
            envelope.source, key, "bad", None, None, {"raw": kept, "whole": True},
            envelope.received_at, envelope.received_at, "set_aside", item.reason,
        )  # fmt: skip
    if isinstance(item, Answer):
        payload: dict[str, object] = {
            "key": item.key, "score": item.score, "at": item.at.isoformat(), "contact_id": item.contact_id,
            "email": item.email, "comment": item.comment.replace("\x00", ""),
        }  # fmt: skip
        key, kind, about = (
            f"{item.key}:{item.score}:{item.at.timestamp()}",
            ANSWER,
            ("contact", item.contact_id),
        )
    else:
        payload = {
            "metric": item.metric, "value": item.value, "at": item.at.isoformat(), "company_id": item.company_id,
            "domain": item.domain,
        }  # fmt: skip
        whose = item.company_id or item.domain
        key, kind, about = (
            f"{whose}:{item.metric}:{item.at.timestamp()}",
            USAGE,
            ("company", item.company_id),
        )
    return InboundEvent(
        source=envelope.source,
        dedupe_key=key[:200],
        kind=kind,
        object_type=about[0],
        object_id=about[1],
        payload=payload,
        occurred_at=min(item.at, envelope.received_at),
        received_at=envelope.received_at,
    )
