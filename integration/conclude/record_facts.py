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
from mappings.records import readers
from mappings.records.answers import RATING, contact_answers, employer_at, survey_answer
from mappings.records.portal_map import PortalMap
from mappings.records.rows import Link, Record
from mappings.rules.facts import CompanyFacts, ContactFacts, DealFacts, NpsAnswer, Ticket

F = TypeVar("F")
# A rate that is none (words, 1e400) must not multiply money; without it the home amount stays
# unknown.
_RATE = re.compile(r"\d{1,7}(\.\d{1,12})?", re.ASCII)


def records(
    batch: Batch, object_type: str, ids: Collection[int], linked_types: Sequence[str] = ()
) -> list[Record]:
    """Load records with their links to *linked_types*, in the form the readers take."""
    return _with_links(batch, mirror.load(batch.tx, object_type, ids), linked_types)


def _with_links(
    batch: Batch, rows: Mapping[int, mirror.Record], linked_types: Sequence[str]
) -> list[Record]:
    object_type = next(iter(rows.values())).object_type if rows else ""
    links: dict[int, list[Link]] = {}
    for link in (
        mirror.links_from(batch.tx, object_type, rows.keys(), *linked_types)
        if rows and linked_types
        else ()
    ):
        links.setdefault(link.from_id, []).append(as_link(link))
    return [as_record(row, links.get(row.record_id, ())) for _, row in sorted(rows.items())]


def as_record(row: mirror.Record, links: Sequence[Link] = ()) -> Record:
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


def as_link(link: mirror.Link) -> Link:
    """A stored association as the readers know links."""
    from_type, from_id, to_type, to_id, category, type_id, label, since = link
    return Link(from_type, from_id, to_type, to_id, type_id, category, label, since)


def contacts(batch: Batch, ids: Collection[int]) -> dict[int, ContactFacts]:
    """Facts of contacts, gone ones marked archived. Ids that the mirror lacks are left out."""
    rows = stored.load_with_former(batch.tx, "contact", ids)
    found = _read(batch, _with_links(batch, rows, ("company",)), readers.contact_facts)
    return deal_touches.alive(
        batch, {one: _merged(facts, rows[one].former) for one, facts in found.items()}
    )


def living_contacts(batch: Batch, ids: Collection[int]) -> dict[int, ContactFacts]:
    """Facts of contacts that still exist."""
    found = contacts(batch, ids).items()
    return {contact_id: contact for contact_id, contact in found if not contact.archived}


def companies(batch: Batch, ids: Collection[int]) -> dict[int, CompanyFacts]:
    """Facts of companies, with the ids that were merged into them."""
    rows = stored.load_with_former(batch.tx, "company", ids)
    found = _read(batch, _with_links(batch, rows, ()), readers.company_facts)
    return {one: _merged(facts, rows[one].former) for one, facts in found.items()}


M = TypeVar("M", ContactFacts, CompanyFacts)


def _merged(facts: M, former: Sequence[int]) -> M:
    return (
        replace(facts, merged_ids=tuple(dict.fromkeys((*facts.merged_ids, *former))))
        if former
        else facts
    )


def deals(batch: Batch, ids: Collection[int]) -> dict[int, DealFacts]:
    """Facts of deals, their company and contacts named by the ids these have today."""
    found = _read(batch, records(batch, "deal", ids, ("contact", "company")), readers.deal_facts)
    refs = {("company", deal.company_id) for deal in found.values() if deal.company_id}
    refs |= {("contact", one.contact_id) for deal in found.values() for one in deal.contacts}
    today = mirror.resolve_several(batch.tx, refs)
    return {one: _today(deal, today) for one, deal in found.items()}


def _today(deal: DealFacts, today: Mapping[tuple[str, int], int]) -> DealFacts:
    """The deal with the ids of today; one that is as it was stays itself."""
    company = today.get(("company", deal.company_id or 0))
    moved = [one if today["contact", one.contact_id] == one.contact_id
             else replace(one, contact_id=today["contact", one.contact_id]) for one in deal.contacts]  # fmt: skip
    people = tuple({one.contact_id: one for one in moved}.values())
    rate = deal.rate if deal.rate and _RATE.fullmatch(deal.rate) and float(deal.rate) > 0 else None
    if (company, people, rate) == (deal.company_id, deal.contacts, deal.rate):
        return deal
    return replace(deal, company_id=company, contacts=people, rate=rate)


def by_company(deals: Iterable[DealFacts]) -> dict[int, list[DealFacts]]:
    """Group deals by their company; a deal without one is left out."""
    return grouped((deal.company_id, deal) for deal in deals if deal.company_id is not None)


def tickets(batch: Batch, ids: Collection[int]) -> dict[int, Ticket]:
    """Facts of tickets that still exist."""
    living = [
        one for one in records(batch, "ticket", ids, ("company", "contact")) if not one.archived
    ]
    return _read(batch, living, readers.ticket)


def answers(batch: Batch, contact_ids: Collection[int]) -> dict[int, list[NpsAnswer]]:
    """Every NPS answer of these contacts: submissions, what contacts carry, and answers from other tools."""
    rows = stored.load_linked(batch.tx, "feedback_submission", "contact", contact_ids)
    told = _with_links(batch, rows, ("contact", "company"))
    found: dict[str, NpsAnswer] = {}
    for record, answer in batch.each(_with_refs(told), survey_answer):
        if answer is not None:
            found[f"{record.id}"] = answer
    own = _with_links(
        batch, stored.load_marked(batch.tx, "contact", contact_ids, RATING), ("company",)
    )
    for _, several in batch.each(_with_refs(own), contact_answers):
        found.update({one.id: one for one in several})
    for one in answer_rows.of_contacts(batch.tx, contact_ids):
        found[one.id] = one
    grouped: dict[int, list[NpsAnswer]] = {}
    for one in _once(_of_their_day(batch, found.values())):
        grouped.setdefault(one.contact_id, []).append(one)
    return grouped


def _of_their_day(batch: Batch, told: Collection[NpsAnswer]) -> list[NpsAnswer]:
    """Answers that name no company belong to where the person was at the time, not to where they are."""
    unsaid = {one.contact_id for one in told if one.company_id is None}
    known = {one.id: one for one in records(batch, "contact", unsaid, ("company",))}
    return [
        replace(one, company_id=employer_at(known[one.contact_id], one.at))
        if one.company_id is None and one.contact_id in known
        else one
        for one in told
    ]


def _once(told: Iterable[NpsAnswer]) -> list[NpsAnswer]:
    """One answer a person, day and score: HubSpot shows a submission also on the contact."""
    best: dict[tuple[int, int, str], NpsAnswer] = {}
    for one in sorted(told, key=lambda one: (one.company_id is None, one.id)):
        best.setdefault((one.contact_id, one.score, f"{one.at:%Y-%m-%d}"), one)
    return sorted(best.values(), key=lambda one: (one.at, one.id))


def _read(
    batch: Batch, found: Sequence[Record], reader: Callable[[Record, PortalMap], F]
) -> dict[int, F]:
    return {
        record.id: facts
        for record, facts in batch.each(
            _with_refs(found), lambda record: reader(record, batch.portal_map)
        )
    }


def _with_refs(found: Iterable[Record]) -> Iterable[tuple[tuple[str, int], Record]]:
    return (((one.object_type, one.id), one) for one in found)
