"""Journeys: the dated touches of one deal in their order, and the key moments among them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from mappings.kinds import SourceKind
from mappings.rules.facts import ContactFacts, DealFacts, Touch
from mappings.rules.findings import Source

LEAD, DEAL = "lead", "deal"
"""Key moments: a contact of the deal was first put into the CRM; the deal was created."""
POOL = SourceKind.WORD_OF_MOUTH.value
_WHAT = {
    SourceKind.MOVED_CHAMPION.value: "moved",
    SourceKind.REFERRAL.value: "recommended us",
    SourceKind.WORD_OF_MOUTH.value: "heard of us",
}


@dataclass(frozen=True, slots=True)
class ModelTouch:
    """One dated touch of a deal: who gets the credit, what happened, and its key moments.

    `source` is "contact:12", "company:7", or the pool. `id` is stable and breaks ties between equal
    times, lower first.
    """

    source: str
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
    """All dated touches of a deal before its win, earliest first.

    What has no date is no touch. A referral, a move, an answer, a contact put on the deal, a
    contact's first record (the lead's creation), and every activity of the deal's people count.
    *contacts* are the records of the people on the deal; *alike* names one record for all records
    of a human, so that the human is one source.
    """
    same = alike or {}
    dated = [(source, source.at) for source in sources if source.at is not None]
    found = [_of_source(source, at, same) for source, at in dated]
    found += _of_people(deal, contacts or {}, same, _arrivals(dated))
    found += [_touch(_contact(touch.contact_id, same), touch.at, touch.kind) for touch in touches]
    ordered = in_order(_before_win(found, deal))
    return tuple(_with_deal_moment(ordered, deal.created_at))


def _before_win(touches: Sequence[ModelTouch], deal: DealFacts) -> Sequence[ModelTouch]:
    won_at = deal.closed_at if deal.is_closed else None
    if won_at is None:
        return touches
    return [touch for touch in touches if touch.at < won_at]


def _arrivals(dated: Iterable[tuple[Source, datetime]]) -> dict[int | None, datetime]:
    """When each moved champion came to the company, by contact."""
    return {
        source.contact_id: at for source, at in dated if source.kind == SourceKind.MOVED_CHAMPION
    }


def in_order(touches: Iterable[ModelTouch]) -> list[ModelTouch]:
    """Earliest first; equal times by their stable id, equal ids by what happened."""
    return sorted(
        touches,
        key=lambda touch: (touch.at, touch.id, touch.source, touch.kind, sorted(touch.moments)),
    )


def latest(ordered: Sequence[ModelTouch]) -> int | None:
    """The place of the latest touch; of several at that moment, of the one with the lowest id."""
    places = (place for place, touch in enumerate(ordered) if touch.at == ordered[-1].at)
    return next(places, None)


def _contact(contact_id: int, alike: Mapping[int, int]) -> tuple[str, int]:
    return "contact", alike.get(contact_id, contact_id)


def _touch(
    who: tuple[str, int], at: datetime, kind: str, moments: frozenset[str] = frozenset()
) -> ModelTouch:
    name, number = who
    return ModelTouch(
        f"{name}:{number}" if number else name, at, kind, f"{name}:{number:020d}|{kind}", moments
    )


def _of_source(source: Source, at: datetime, alike: Mapping[int, int]) -> ModelTouch:
    """A derived source as a touch; what nobody in particular said is the pool's."""
    is_nobodys = source.contact_id is None and source.company_id is None
    if source.kind == SourceKind.WORD_OF_MOUTH or is_nobodys:
        who = POOL, 0
    elif source.contact_id is not None:
        who = _contact(source.contact_id, alike)
    else:
        who = "company", source.company_id or 0
    return _touch(who, at, _WHAT.get(source.kind, source.kind))


def _of_people(
    deal: DealFacts,
    contacts: Mapping[int, ContactFacts],
    alike: Mapping[int, int],
    arrived: Mapping[int | None, datetime],
) -> Iterator[ModelTouch]:
    """When the people of the deal were put on it, and when the first of them became a lead there.

    That is when their record was made; what a record says of somebody's time before they came is no
    touch of the deal.
    """
    leads: list[tuple[datetime, int]] = []
    for on_deal in deal.contacts:
        record = contacts.get(on_deal.contact_id)
        if record is not None:
            came_at = arrived.get(record.id, record.created_at)
            leads.append((max(record.created_at, came_at), record.id))
    if leads:
        at, contact_id = min(leads)
        yield _touch(_contact(contact_id, alike), at, "lead created", frozenset({LEAD}))
    for on_deal in deal.contacts:
        record = contacts.get(on_deal.contact_id)
        # Without a date a contact came with the deal, or with its own record if that is younger.
        since = max(deal.created_at, record.created_at) if record else deal.created_at
        yield _touch(_contact(on_deal.contact_id, alike), on_deal.at or since, "put on the deal")


def _with_deal_moment(ordered: list[ModelTouch], created_at: datetime) -> Iterator[ModelTouch]:
    """The deal's creation belongs to the latest touch until then; without one it is missing."""
    last = latest([touch for touch in ordered if touch.at <= created_at])
    for place, touch in enumerate(ordered):
        yield replace(touch, moments=touch.moments | {DEAL}) if place == last else touch
