"""The inbound API: survey answers and usage figures become events and take effect."""

import hashlib
from collections.abc import Sequence

from integration.portal import invalidation
from integration.portal.invalidation import Change
from integration.portal.occurrence import refs
from integration.storage.database import Transaction
from integration.storage.mirror import inbound_items as stored
from integration.storage.queue.inbox import Delivery
from integration.storage.queue.inbox_events import InboundEvent, WaitingEvent
from mappings.kinds import ObjectType
from mappings.records import inbound_bodies
from mappings.records.events import Bad
from mappings.records.inbound_bodies import Answer, Usage

ANSWER, USAGE = "answer", "usage"
KINDS = (ANSWER, USAGE)
_LONGEST_KEY = 200


def events_of(delivery: Delivery) -> list[InboundEvent]:
    """Read a delivery of the inbound API: a survey tool's, or the product's usage."""
    read = inbound_bodies.figures if delivery.source == USAGE else inbound_bodies.answers
    return [_inbound_event(delivery, item) for item in read(delivery.body)]


def take(tx: Transaction, events: Sequence[WaitingEvent]) -> set[tuple[str, int]]:
    """Let survey answers and usage figures take effect; return the records they are about.

    An answer of somebody who is no contact yet is kept under the address; :func:`adopt` gives it
    to the contact.
    """
    about: set[tuple[str, int]] = set()
    for event in events:
        if event.kind == ANSWER:
            contact_id = stored.keep_answer(tx, event.source, event.payload)
            if contact_id is not None:
                about.add(("contact", contact_id))
        else:
            company_id = stored.keep_usage(tx, event.payload)
            if company_id is not None:
                about.add(("company", company_id))
    invalidation.record(tx, Change.OUTSIDE_REPORTED, records=about)
    return about


def adopt(tx: Transaction) -> None:
    """Give kept answers to contacts who appeared since."""
    adopted = refs(ObjectType.CONTACT, stored.adopt(tx))
    invalidation.record(tx, Change.OUTSIDE_REPORTED, records=adopted)


def blank(tx: Transaction) -> None:
    """Empty the payload of settled events: it is stored where a person can be forgotten."""
    stored.blank(tx, KINDS)


def unreadable_event(delivery: Delivery, item: Bad, *, is_whole_body: bool) -> InboundEvent:
    """An item that could not be read, set aside with its reason; a replay reads its bytes again."""
    raw = item.raw_item.decode("latin-1").replace("\x00", "\\u0000")
    return InboundEvent(
        source=delivery.source,
        dedupe_key=f"bad:{hashlib.sha256(item.raw_item).hexdigest()}",
        kind="bad",
        object_type=None,
        object_id=None,
        payload={"raw": raw, "whole": is_whole_body},
        occurred_at=delivery.received_at,
        received_at=delivery.received_at,
        state="set_aside",
        reason=item.reason,
    )


def _inbound_event(delivery: Delivery, item: Answer | Usage | Bad) -> InboundEvent:
    if isinstance(item, Bad):
        return unreadable_event(delivery, item, is_whole_body=True)
    if isinstance(item, Answer):
        return _answer_event(delivery, item)
    return _usage_event(delivery, item)


def _answer_event(delivery: Delivery, answer: Answer) -> InboundEvent:
    return InboundEvent(
        source=delivery.source,
        dedupe_key=f"{answer.key}:{answer.score}:{answer.at.timestamp()}"[:_LONGEST_KEY],
        kind=ANSWER,
        object_type=ObjectType.CONTACT,
        object_id=answer.contact_id,
        payload={
            "key": answer.key,
            "score": answer.score,
            "at": answer.at.isoformat(),
            "contact_id": answer.contact_id,
            "email": answer.email,
            # No text column can hold it.
            "comment": answer.comment.replace("\x00", ""),
        },
        # A clock that runs ahead must not make its events the newest for ever.
        occurred_at=min(answer.at, delivery.received_at),
        received_at=delivery.received_at,
    )


def _usage_event(delivery: Delivery, usage: Usage) -> InboundEvent:
    company = usage.company_id or usage.domain
    return InboundEvent(
        source=delivery.source,
        dedupe_key=f"{company}:{usage.metric}:{usage.at.timestamp()}"[:_LONGEST_KEY],
        kind=USAGE,
        object_type=ObjectType.COMPANY,
        object_id=usage.company_id,
        payload={
            "metric": usage.metric,
            "value": usage.value,
            "at": usage.at.isoformat(),
            "company_id": usage.company_id,
            "domain": usage.domain,
        },
        occurred_at=min(usage.at, delivery.received_at),
        received_at=delivery.received_at,
    )
