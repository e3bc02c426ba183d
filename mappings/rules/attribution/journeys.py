"""Journeys: the dated touches of one deal in their order, and the key moments among them, for the classic models."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from mappings.rules.facts import ContactFacts, DealFacts, Touch
from mappings.rules.findings import Source

LEAD, DEAL = "lead", "deal"
"""Key moments: a contact of the deal was first put into the CRM; the deal was created."""
POOL = "word_of_mouth"
_WHAT = {"moved_champion": "moved", "referral": "recommended us", "word_of_mouth": "heard of us"}


@dataclass(frozen=True, slots=True)
class ModelTouch:
    """One dated touch of a deal: who gets the credit, what happened, and which key moments it brought about.

    `id` is stable and breaks ties between equal times, lower first.
    """

    source: str  # "contact:12", "company:7", or the pool
    at: datetime
    kind: str
    id: str = ""
    moments: frozenset[str] = frozenset()


def journey(
    deal: DealFacts,
    sources: Iterable[Source] = (),
    touches: Iterable[Touch] = (),
    *,
    contacts: Mapping[int, ContactFacts] | None = None,
    alike: Mapping[int, int] | None = None,
) -> tuple[ModelTouch, ...]:
    """All dated touches of a deal, earliest first; what has no date is no touch, and what came after the win is not.

    A referral, a move, an answer, a contact put on the deal, a contact's first record (the lead's
    creation), and every activity of the deal's people count. *contacts* are the records of the
    people on the deal; *alike* names one record for all records of a human, so that the human is
    one source.
    """
    same = alike or {}
    dated = [(one, one.at) for one in sources if one.at is not None]
    arrived = {one.contact_id: at for one, at in dated if one.kind == "moved_champion"}
    found = [
        *(_told(one, at, same) for one, at in dated),
        *_people(deal, contacts or {}, same, arrived),
        *(_touch(_contact(one.contact_id, same), one.at, one.kind) for one in touches),
    ]
    until = deal.closed_at if deal.is_closed else None
    ordered = in_order(one for one in found if until is None or one.at < until)
    return tuple(_with_deal_moment(ordered, deal.created_at))


def in_order(touches: Iterable[ModelTouch]) -> list[ModelTouch]:
    """Earliest first; equal times by their stable id, and what even that does not tell apart by what happened."""
    return sorted(
        touches, key=lambda one: (one.at, one.id, one.source, one.kind, sorted(one.moments))
    )


def latest(ordered: Sequence[ModelTouch]) -> int | None:
    """The place of the latest touch; of several at that moment, of the one with the lowest id."""
    return next((n for n, one in enumerate(ordered) if one.at == ordered[-1].at), None)


def _contact(contact_id: int, alike: Mapping[int, int]) -> tuple[str, int]:
    return "contact", alike.get(contact_id, contact_id)


def _touch(
    who: tuple[str, int], at: datetime, kind: str, moments: frozenset[str] = frozenset()
) -> ModelTouch:
    name, number = who
    return ModelTouch(
        f"{name}:{number}" if number else name, at, kind, f"{name}:{number:020d}|{kind}", moments
    )


def _told(source: Source, at: datetime, alike: Mapping[int, int]) -> ModelTouch:
    """A derived source as a touch; what nobody in particular said is the pool's."""
    if source.kind == "word_of_mouth" or (source.contact_id is None and source.company_id is None):
        who = POOL, 0
    elif source.contact_id is not None:
        who = _contact(source.contact_id, alike)
    else:
        who = "company", source.company_id or 0
    return _touch(who, at, _WHAT.get(source.kind, source.kind))


def _people(
    deal: DealFacts,
    contacts: Mapping[int, ContactFacts],
    alike: Mapping[int, int],
    arrived: Mapping[int | None, datetime],
) -> Iterator[ModelTouch]:
    """When the people of the deal were put on it, and when the first of them became a lead there.

    That is when their record was made; what a record says of somebody's time before they came is no
    touch of the deal.
    """
    known = [contacts[one.contact_id] for one in deal.contacts if one.contact_id in contacts]
    leads = [(max(one.created_at, arrived.get(one.id, one.created_at)), one.id) for one in known]
    if leads:
        at, contact = min(leads)
        yield _touch(_contact(contact, alike), at, "lead created", frozenset({LEAD}))
    for one in deal.contacts:
        record = contacts.get(one.contact_id)
        at = one.at or (max(deal.created_at, record.created_at) if record else deal.created_at)
        yield _touch(_contact(one.contact_id, alike), at, "put on the deal")


def _with_deal_moment(ordered: list[ModelTouch], created_at: datetime) -> Iterator[ModelTouch]:
    """The deal's creation belongs to the latest touch until then; without one, that moment is missing."""
    last = latest([one for one in ordered if one.at <= created_at])
    for n, one in enumerate(ordered):
        yield replace(one, moments=one.moments | {DEAL}) if n == last else one
