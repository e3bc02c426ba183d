"""From mirror rows to facts, a page at a time: a bounded number of queries however many records."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from integration.conclude import deal_touches
from integration.conclude.batch import Batch
from integration.conclude.grouping import grouped
from integration.storage.mirror import lookups as stored
from integration.storage.mirror import mirror
from integration.storage.mirror import survey_answers as answer_rows
from mappings.kinds import ObjectType
from mappings.records import readers
from mappings.records.answer_records import (
    FEEDBACK,
    contact_answers,
    employer_at,
    mapped_answers,
    survey_answer,
)
from mappings.records.portal_map import PortalMap
from mappings.records.rows import Link, Record, RefPair
from mappings.rules.facts import (
    CompanyFacts,
    ContactFacts,
    DealContact,
    DealFacts,
    NpsAnswer,
    Ticket,
)

F = TypeVar("F")
M = TypeVar("M", ContactFacts, CompanyFacts)
# A rate that is none (words, 1e400) must not multiply money; without it the home amount stays
# unknown.
_RATE = re.compile(r"\d{1,7}(\.\d{1,12})?", re.ASCII)


def records(
    batch: Batch, object_type: str, ids: Collection[int], linked_types: Sequence[str] = ()
) -> list[Record]:
    """Load records with their links to *linked_types*, in the form the readers take."""
    return _with_links(batch, mirror.load(batch.tx, object_type, ids), linked_types)


def _with_links(
    batch: Batch, rows: Mapping[int, mirror.MirroredRecord], linked_types: Sequence[str]
) -> list[Record]:
    links = _links(batch, rows, linked_types) if rows and linked_types else {}
    return [as_record(rows[record_id], links.get(record_id, ())) for record_id in sorted(rows)]


def _links(
    batch: Batch, rows: Mapping[int, mirror.MirroredRecord], linked_types: Sequence[str]
) -> dict[int, list[Link]]:
    object_type = next(iter(rows.values())).object_type
    links = mirror.links_from(batch.tx, object_type, rows.keys(), *linked_types)
    return grouped((link.from_id, link) for link in links)


def as_record(row: mirror.MirroredRecord, links: Sequence[Link] = ()) -> Record:
    """A mirror row as the readers know records."""
    return Record(
        row.object_type,
        row.record_id,
        row.properties,
        row.history,
        row.created_at,
        row.updated_at,
        archived=row.gone_at is not None,
        links=links,
    )


def contacts(batch: Batch, ids: Collection[int]) -> dict[int, ContactFacts]:
    """Facts of contacts, gone ones marked archived. Ids that the mirror lacks are left out."""
    rows = stored.load_with_former(batch.tx, ObjectType.CONTACT, ids)
    records = _with_links(batch, rows, (ObjectType.COMPANY,))
    facts = _read(batch, records, readers.contact_facts)
    return deal_touches.alive(batch, _with_former_ids(facts, rows))


def living_contacts(batch: Batch, ids: Collection[int]) -> dict[int, ContactFacts]:
    """Facts of contacts that still exist."""
    facts = contacts(batch, ids)
    return {contact_id: contact for contact_id, contact in facts.items() if not contact.archived}


def companies(batch: Batch, ids: Collection[int]) -> dict[int, CompanyFacts]:
    """Facts of companies, with the ids that were merged into them."""
    rows = stored.load_with_former(batch.tx, ObjectType.COMPANY, ids)
    facts = _read(batch, _with_links(batch, rows, ()), readers.company_facts)
    return _with_former_ids(facts, rows)


def _with_former_ids(
    facts: Mapping[int, M], rows: Mapping[int, mirror.MirroredRecord]
) -> dict[int, M]:
    """The same records with the ids of those that were merged into them, as the mirror knows."""
    return {
        record_id: _merged(record, rows[record_id].former) for record_id, record in facts.items()
    }


def _merged(record: M, former: Sequence[int]) -> M:
    if not former:
        return record
    ids = dict.fromkeys((*record.merged_ids, *former))
    return replace(record, merged_ids=tuple(ids))


def deals(batch: Batch, ids: Collection[int]) -> dict[int, DealFacts]:
    """Facts of deals, their company and contacts named by the ids these have today."""
    linked = (ObjectType.CONTACT, ObjectType.COMPANY)
    facts = _read(batch, records(batch, ObjectType.DEAL, ids, linked), readers.deal_facts)
    named = {ref for deal in facts.values() for ref in _named_by(deal)}
    today = mirror.resolve_several(batch.tx, named)
    return {deal_id: _as_of_today(deal, today) for deal_id, deal in facts.items()}


def _named_by(deal: DealFacts) -> Iterable[RefPair]:
    if deal.company_id:
        yield ObjectType.COMPANY, deal.company_id
    for on_deal in deal.contacts:
        yield ObjectType.CONTACT, on_deal.contact_id


def _as_of_today(deal: DealFacts, today: Mapping[RefPair, int]) -> DealFacts:
    """The deal with the ids of today; one that is as it was stays itself."""
    company_id = today.get((ObjectType.COMPANY, deal.company_id or 0))
    # Two contacts that were merged since are one on the deal, with what was said of the last.
    by_id = {on_deal.contact_id: on_deal for on_deal in _contacts_of_today(deal, today)}
    people = tuple(by_id.values())
    rate = _usable(deal.rate)
    if (company_id, people, rate) == (deal.company_id, deal.contacts, deal.rate):
        return deal
    return replace(deal, company_id=company_id, contacts=people, rate=rate)


def _contacts_of_today(deal: DealFacts, today: Mapping[RefPair, int]) -> Iterable[DealContact]:
    for on_deal in deal.contacts:
        contact_id = today[ObjectType.CONTACT, on_deal.contact_id]
        is_same = contact_id == on_deal.contact_id
        yield on_deal if is_same else replace(on_deal, contact_id=contact_id)


def _usable(rate: str | None) -> str | None:
    """A rate of exchange that money can be multiplied by; None leaves the home amount unknown."""
    return rate if rate and _RATE.fullmatch(rate) and float(rate) > 0 else None


def by_company(deals: Iterable[DealFacts]) -> dict[int, list[DealFacts]]:
    """Group deals by their company; a deal without one is left out."""
    return grouped((deal.company_id, deal) for deal in deals if deal.company_id is not None)


def tickets(batch: Batch, ids: Collection[int]) -> dict[int, Ticket]:
    """Facts of tickets that still exist."""
    linked = (ObjectType.COMPANY, ObjectType.CONTACT)
    existing = [
        record for record in records(batch, ObjectType.TICKET, ids, linked) if not record.archived
    ]
    return _read(batch, existing, readers.ticket)


def answers(batch: Batch, contact_ids: Collection[int]) -> dict[int, list[NpsAnswer]]:
    """Every NPS answer of these contacts, by contact: oldest first, each told once.

    They come from submissions, from what contacts carry, and from other tools.
    """
    by_id: dict[str, NpsAnswer] = {}
    by_id.update(_submitted(batch, contact_ids))
    by_id.update(_on_contacts(batch, contact_ids))
    by_id.update({answer.id: answer for answer in answer_rows.of_contacts(batch.tx, contact_ids)})
    told_once = _once(_with_employers(batch, by_id.values()))
    return grouped((answer.contact_id, answer) for answer in told_once)


def _submitted(batch: Batch, contact_ids: Collection[int]) -> dict[str, NpsAnswer]:
    rows = stored.load_linked(batch.tx, ObjectType.FEEDBACK, ObjectType.CONTACT, contact_ids)
    submissions = _with_links(batch, rows, (ObjectType.CONTACT, ObjectType.COMPANY))
    read = batch.each(_with_refs(submissions), survey_answer)
    return {f"{record.id}": answer for record, answer in read if answer is not None}


def _on_contacts(batch: Batch, contact_ids: Collection[int]) -> dict[str, NpsAnswer]:
    """The answers that contacts carry in HubSpot's properties, and in those that are mapped."""
    found = _carried(batch, contact_ids, FEEDBACK.score, contact_answers)
    mapped = batch.portal_map.answer_properties
    if mapped is not None:
        found |= _carried(
            batch, contact_ids, mapped.score, lambda record: mapped_answers(record, mapped)
        )
    return found


def _carried(
    batch: Batch,
    contact_ids: Collection[int],
    name: str,
    reader: Callable[[Record], Sequence[NpsAnswer]],
) -> dict[str, NpsAnswer]:
    rows = stored.load_marked(batch.tx, ObjectType.CONTACT, contact_ids, name)
    marked = _with_links(batch, rows, (ObjectType.COMPANY,))
    read = batch.each(_with_refs(marked), reader)
    return {answer.id: answer for _, own in read for answer in own}


def _with_employers(batch: Batch, given: Collection[NpsAnswer]) -> list[NpsAnswer]:
    """Answers that name no company belong to where the person was then, not to where it is."""
    nowhere = {answer.contact_id for answer in given if answer.company_id is None}
    contacts = records(batch, ObjectType.CONTACT, nowhere, (ObjectType.COMPANY,))
    by_id = {contact.id: contact for contact in contacts}
    return [_with_employer(answer, by_id.get(answer.contact_id)) for answer in given]


def _with_employer(answer: NpsAnswer, contact: Record | None) -> NpsAnswer:
    if answer.company_id is not None or contact is None:
        return answer
    return replace(answer, company_id=employer_at(contact, answer.at))


def _once(given: Iterable[NpsAnswer]) -> list[NpsAnswer]:
    """One answer a person, day and score, for several tools may report it.

    HubSpot itself shows a submission also on the contact.
    """
    kept: dict[tuple[int, int, str], NpsAnswer] = {}
    for answer in sorted(given, key=_saying_most):
        kept.setdefault((answer.contact_id, answer.score, f"{answer.at:%Y-%m-%d}"), answer)
    return sorted(kept.values(), key=lambda answer: (answer.at, answer.id))


def _saying_most(answer: NpsAnswer) -> tuple[bool, bool, str]:
    # First those that say where the person was, then those that say why.
    return answer.company_id is None, not answer.comment, answer.id


def _read(
    batch: Batch, rows: Iterable[Record], reader: Callable[[Record, PortalMap], F]
) -> dict[int, F]:
    read = batch.each(_with_refs(rows), lambda record: reader(record, batch.portal_map))
    return {record.id: facts for record, facts in read}


def _with_refs(rows: Iterable[Record]) -> Iterable[tuple[RefPair, Record]]:
    return ((record.ref, record) for record in rows)
