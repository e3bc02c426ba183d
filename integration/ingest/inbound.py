"""The inbound API of survey tools: their answers become events and take effect."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from integration.core.forget_keys import ForgetKeys
from integration.portal import forgotten, invalidation, survey_links, survey_sources
from integration.portal.invalidation import Change
from integration.portal.occurrence import refs
from integration.storage.database import Transaction
from integration.storage.mirror import inbound_items as stored
from integration.storage.mirror.inbound_items import SaidAnswer
from integration.storage.queue.inbox import Delivery
from integration.storage.queue.inbox_events import InboundEvent, WaitingEvent
from integration.storage.success import survey_rows
from mappings.kinds import ObjectType
from mappings.records import inbound_bodies
from mappings.records.events import Bad
from mappings.records.inbound_bodies import Answer, Skipped
from mappings.records.survey_tools import OUR_FORM, Survey

ANSWER = "answer"
KINDS = (ANSWER,)
_LONGEST_KEY = 200
_NOT_OURS = (
    "its token was not made for a contact of this account: send the field"
    " second_order_survey_link as it is, or the contact's id or e-mail"
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What deliveries of survey tools are read by: how each writes, and what opens survey links."""

    surveys: Mapping[str, Survey] = field(default_factory=dict)
    link_key: str = field(default="", repr=False)


def reading(tx: Transaction, deliveries: Iterable[Delivery]) -> Reading:
    """Return what these deliveries are read by; no query when no survey tool sent one."""
    if not any(delivery.source.startswith(f"{survey_sources.KIND}:") for delivery in deliveries):
        return Reading()
    setup = survey_rows.setup(tx)
    return Reading(survey_sources.surveys(tx), setup.link_key if setup else "")


def events_of(
    portal_id: int, delivery: Delivery, read_by: Reading | None = None
) -> list[InboundEvent]:
    """Read a survey tool's delivery."""
    read_by = read_by or Reading()
    survey = read_by.surveys.get(delivery.source, OUR_FORM)
    return [
        _inbound_event(delivery, _proved(portal_id, read_by, item))
        for item in inbound_bodies.answers(delivery.body, survey)
    ]


def _proved(
    portal_id: int, read_by: Reading, item: Answer | Skipped | Bad
) -> Answer | Skipped | Bad:
    """The answer with the contact that its token names; without it, if others say who it is."""
    if not isinstance(item, Answer) or not item.token:
        return item
    contact_id = named_by_link(portal_id, read_by.link_key, item.token)
    if contact_id is not None:
        return replace(item, contact_id=contact_id, is_proved=True)
    if item.contact_id is None and item.email is None:
        return Bad(item.index, f"token: {_NOT_OURS}", item.raw_item)
    return item


def named_by_link(portal_id: int, link_key: str, text: str) -> int | None:
    """Return the contact whose survey link, or its token, a text is; None for any other text."""
    token = survey_links.token_in(text)
    if not link_key or survey_links.portal_of(token) != portal_id:
        return None
    return survey_links.contact_of(link_key, token)


def take(tx: Transaction, events: Sequence[WaitingEvent], *, keys: ForgetKeys) -> set[int]:
    """Let survey answers take effect; return the forgotten contacts they name.

    An answer of somebody who is no contact yet waits under their address; :func:`adopt` gives it
    to the contact. One of somebody who asked to be forgotten is not kept.
    """
    answers = [_said(event) for event in events if event.kind == ANSWER]
    named = {answer.contact_id for answer in answers if answer.contact_id is not None}
    known = forgotten.still_known(tx, named, keys=keys) if named else named
    mails = {answer.email for answer in answers if answer.email}
    addresses = forgotten.known_addresses(tx, mails, keys=keys)
    kept = [
        answer
        for answer in answers
        if answer.contact_id in {None, *known} and answer.email in {None, "", *addresses}
    ]
    contacts = set(stored.keep_answers(tx, kept).values()) - {None} if kept else set()
    about = {(str(ObjectType.CONTACT), contact_id) for contact_id in contacts if contact_id}
    invalidation.record(tx, Change.OUTSIDE_REPORTED, records=about)
    return named - known


def adopt(tx: Transaction) -> None:
    """Give waiting answers to contacts who are there: each night, beside what concluding does."""
    adopted = refs(ObjectType.CONTACT, stored.adopt(tx, stored.awaited(tx)))
    invalidation.record(tx, Change.OUTSIDE_REPORTED, records=adopted)


def _said(event: WaitingEvent) -> SaidAnswer:
    said = event.payload
    return SaidAnswer(
        event.source,
        said["key"],
        said["score"],
        datetime.fromisoformat(said["at"]),
        said["comment"],
        said["contact_id"],
        said["email"],
        bool(said.get("proved")),
        said.get("external_id", ""),
    )


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


def _inbound_event(delivery: Delivery, item: Answer | Skipped | Bad) -> InboundEvent:
    if isinstance(item, Bad):
        return unreadable_event(delivery, item, is_whole_body=True)
    if isinstance(item, Skipped):
        return _skipped_event(delivery, item)
    return _answer_event(delivery, item)


def _skipped_event(delivery: Delivery, item: Skipped) -> InboundEvent:
    return InboundEvent(
        source=delivery.source,
        dedupe_key=f"none:{hashlib.sha256(item.raw_item).hexdigest()}",
        kind="no_answer",
        object_type=None,
        object_id=None,
        payload={},
        occurred_at=delivery.received_at,
        received_at=delivery.received_at,
        state="ignored",
        reason=item.reason,
    )


def _answer_event(delivery: Delivery, answer: Answer) -> InboundEvent:
    # A clock that runs ahead must not make its answers the newest for ever.
    at = min(answer.at, delivery.received_at)
    return InboundEvent(
        source=delivery.source,
        dedupe_key=f"{answer.key}:{answer.score}:{answer.at.timestamp()}"[:_LONGEST_KEY],
        kind=ANSWER,
        object_type=ObjectType.CONTACT,
        object_id=answer.contact_id,
        payload={
            "key": answer.key,
            "score": answer.score,
            "at": at.isoformat(),
            "contact_id": answer.contact_id,
            "email": answer.email,
            # No text column can hold it.
            "comment": answer.comment.replace("\x00", ""),
            "proved": answer.is_proved,
            "external_id": answer.external_id.replace("\x00", ""),
        },
        occurred_at=at,
        received_at=delivery.received_at,
    )
