"""The page of stage three for companies: their people, deals, tickets, answers and credit."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from integration.conclude import record_facts
from integration.conclude.batch import Batch
from integration.conclude.fields import company_values, health_feeds, placed_answers, sent_usage
from integration.conclude.grouping import grouped
from integration.conclude.people import stored_moves
from integration.portal import authors
from integration.portal.occurrence import known_ids
from integration.storage.database import Row
from integration.storage.findings import person_rows, source_rows
from integration.storage.ledger import entry_rows
from integration.storage.mirror import deal_rows, mirror, touches
from integration.storage.mirror import survey_answers as answer_rows
from integration.storage.reviews import health_decisions, pulse_rows
from integration.storage.reviews.health_decisions import HealthDecisions
from mappings.kinds import ObjectType, Status
from mappings.rules.attribution import orders
from mappings.rules.facts import CompanyFacts, ContactFacts, DealFacts, NpsAnswer, Ticket
from mappings.rules.findings import Move
from mappings.rules.success import health_course
from mappings.rules.success.health_factors import HealthFeeds
from mappings.rules.success.pulse import Pulse

_ContactAt = tuple[int, int]
"""A contact and a company that it is, or was, at."""


@dataclass(frozen=True, slots=True)
class CustomerRecords:
    """What sentiment and health of customers are judged by: people, deals, answers and tickets.

    Everything goes by company, but `given`, all answers wherever they count, `touched`, the moments
    of two-way touches of late, and `person_of`, which go by contact. `feeds` say what of it is
    read. `decisions` are what people decided about a company's health, `users` what those are
    called.
    """

    staff: Mapping[int, Sequence[ContactFacts]]
    deals: Mapping[int, Sequence[DealFacts]]
    answers: Mapping[int, Sequence[NpsAnswer]]
    given: Mapping[int, Sequence[NpsAnswer]]
    tickets: Mapping[int, Sequence[Ticket]]
    touched: Mapping[int, Sequence[datetime]]
    person_of: Mapping[int, int]
    feeds: HealthFeeds
    pulses: Mapping[int, Sequence[Pulse]]
    decisions: Mapping[int, HealthDecisions]
    users: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """What health of customers alone is judged by, as far back as touches were read."""

    companies: Mapping[int, CompanyFacts]
    moves: Mapping[int, Sequence[Move]]
    records: CustomerRecords


@dataclass(frozen=True, slots=True)
class CompanyPage:
    """What a page of companies is summed up from, by company.

    `own_deals` and `pipeline` are rows: the company's deals, and open deals that have it as a
    source. `booked` is its ledger total, in the home currency's minor units, with the number of
    deals. `moves` are sure ones of people who came to the company or left it.
    """

    companies: Mapping[int, CompanyFacts]
    own_deals: Mapping[int, Sequence[Row]]
    booked: Mapping[int, tuple[int, int]]
    pipeline: Mapping[int, Sequence[Row]]
    values: Mapping[int, orders.AllIn]
    moves: Mapping[int, Sequence[Move]]
    customers: frozenset[int]
    records: CustomerRecords


def load(batch: Batch, company_ids: Collection[int]) -> CompanyPage:
    """Read all that these companies are summed up from, with a bounded number of queries."""
    since = batch.now - health_course.FURTHEST
    known = record_facts.companies(batch, company_ids)
    companies = sent_usage.with_usage(batch, known, since=since)
    own = deal_rows.of_companies(batch.tx, company_ids)
    won = (row for rows in own.values() for row in rows if row["is_won"])
    customers = frozenset(row["company_id"] for row in won)
    pipeline = source_rows.open_from(batch.tx, companies)
    home = batch.portal_map.home_currency
    return CompanyPage(
        companies=companies,
        own_deals=own,
        booked=entry_rows.by_company(batch.tx, companies, home),
        pipeline=grouped((row["company_id"], row) for row in pipeline),
        values=company_values.all_in_of(batch, own),
        moves=_moves(batch, companies),
        customers=customers,
        records=_customer_records(batch, customers & companies.keys(), customers, own, since),
    )


def load_customers(
    batch: Batch, company_ids: Collection[int], *, touched_since: datetime
) -> CustomerPage:
    """Read what health of these customers rests on, with a bounded number of queries."""
    known = record_facts.companies(batch, company_ids)
    companies = sent_usage.with_usage(batch, known, since=touched_since)
    living = {number: company for number, company in companies.items() if not company.archived}
    own = deal_rows.of_companies(batch.tx, living)
    bought = {row["company_id"] for rows in own.values() for row in rows if row["is_won"]}
    return CustomerPage(
        companies={number: living[number] for number in bought & living.keys()},
        moves=_moves(batch, living),
        records=_customer_records(batch, bought, bought, own, touched_since),
    )


def _customer_records(
    batch: Batch,
    known: Collection[int],
    customers: Collection[int],
    own: Mapping[int, Sequence[Row]],
    touched_since: datetime,
) -> CustomerRecords:
    """Read the records of customers; *known* are those that the mirror holds."""
    near = _staff_ids(batch, known)
    asked = near | answer_rows.givers(batch.tx, customers)
    answers = record_facts.answers(batch, {contact_id for contact_id, _ in asked})
    staff_ids = {contact_id for contact_id, _ in near}
    contacts = record_facts.living_contacts(batch, staff_ids | answers.keys())
    decisions = health_decisions.of_companies(batch.tx, known, batch.now.date())
    return CustomerRecords(
        staff=_staff(near, contacts),
        deals=_deals(batch, customers, own),
        answers=_answers(batch, asked, answers, contacts),
        given=answers,
        tickets=_tickets(batch, customers, contacts),
        touched=_touched(batch, staff_ids, touched_since),
        person_of=person_rows.persons_of(batch.tx, staff_ids | answers.keys()),
        feeds=health_feeds.load(batch),
        pulses=pulse_rows.of_companies(batch.tx, known),
        decisions=decisions,
        users=_users(batch, decisions.values()),
    )


def _users(batch: Batch, decisions: Iterable[HealthDecisions]) -> dict[str, str]:
    """What those are called who set a band."""
    named = {decided.override.author for decided in decisions if decided.override}
    return authors.all_in_words(batch.tx, named)


def _staff_ids(batch: Batch, company_ids: Collection[int]) -> set[_ContactAt]:
    links = mirror.links_to(batch.tx, ObjectType.CONTACT, ObjectType.COMPANY, company_ids)
    return {(link.from_id, link.to_id) for link in links}


def _staff(
    near: Iterable[_ContactAt], contacts: Mapping[int, ContactFacts]
) -> dict[int, list[ContactFacts]]:
    living = ((contact, company) for contact, company in sorted(near) if contact in contacts)
    return grouped((company, contacts[contact]) for contact, company in living)


def _touched(
    batch: Batch, contact_ids: Collection[int], since: datetime
) -> dict[int, list[datetime]]:
    """When these contacts were in touch with us since a moment, and the last time before."""
    if not batch.portal_map.reads_activities:
        return {}
    return touches.two_way(batch.tx, contact_ids, since=since, until=batch.now)


def _deals(
    batch: Batch, customers: Iterable[int], own: Mapping[int, Sequence[Row]]
) -> dict[int, list[DealFacts]]:
    deal_ids = {row["deal_id"] for company_id in customers for row in own[company_id]}
    return record_facts.by_company(record_facts.deals(batch, deal_ids).values())


def _moves(batch: Batch, company_ids: Collection[int]) -> dict[int, list[Move]]:
    """The sure moves from and to these companies, by company."""
    moves = [move for _, move in stored_moves.moves_with(batch, company_ids)]
    sure = [move for move in moves if move.status == Status.AUTO]
    ends = ((company_id, move) for move in sure for company_id in known_ids(_ends(move)))
    return grouped((company_id, move) for company_id, move in ends if company_id in company_ids)


def _ends(move: Move) -> tuple[int | None, int | None]:
    return move.former_company_id, move.new_company_id


def _answers(
    batch: Batch,
    asked: Collection[_ContactAt],
    answers: Mapping[int, Sequence[NpsAnswer]],
    contacts: Mapping[int, ContactFacts],
) -> dict[int, list[NpsAnswer]]:
    """Answers by the company they were given as people of, those of the page's companies only."""
    placed = placed_answers.placed(batch, answers, contacts)
    here = [answer for answer in placed if (answer.contact_id, answer.company_id) in asked]
    return grouped((answer.company_id, answer) for answer in here if answer.company_id is not None)


def _tickets(
    batch: Batch, company_ids: Collection[int], contacts: Mapping[int, ContactFacts]
) -> dict[int, list[Ticket]]:
    """Tickets by company; one that is linked to people alone is their first company's."""
    to_companies = mirror.links_to(batch.tx, ObjectType.TICKET, ObjectType.COMPANY, company_ids)
    to_people = mirror.links_to(batch.tx, ObjectType.TICKET, ObjectType.CONTACT, contacts)
    tickets = record_facts.tickets(batch, {link.from_id for link in (*to_companies, *to_people)})
    # Several labels can join the same ticket and company.
    pairs = {(link.from_id, link.to_id) for link in to_companies}
    for link in to_people:
        company_id = placed_answers.primary_company(contacts[link.to_id])
        ticket = tickets.get(link.from_id)
        if ticket is None or ticket.company_id is not None or company_id is None:
            continue
        if company_id in company_ids:
            pairs.add((ticket.id, company_id))
    return grouped(
        (company, tickets[ticket]) for ticket, company in sorted(pairs) if ticket in tickets
    )
