"""How strongly a person stood for us at the company they left: deals, roles and answers of that time."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from integration.conclude import record_facts
from integration.conclude.batch import Batch
from integration.storage.database import Row
from integration.storage.mirror import deal_rows, mirror
from mappings.rules.facts import ContactFacts, DealFacts
from mappings.rules.findings import Move, Person
from mappings.rules.job_changes import champions
from mappings.rules.success import customers

MoveKey = tuple[int, str]


def weighed(
    batch: Batch,
    moves: Mapping[MoveKey, Move],
    persons: Mapping[int, Person],
    contacts: Mapping[int, ContactFacts],
) -> dict[MoveKey, Move]:
    """Give each move the person's champion strength when leaving."""
    movers = {one for person, _ in moves for one in persons[person].contact_ids}
    if not movers:
        return dict(moves)
    by_company = deals_of(batch, movers)
    answers = record_facts.answers(batch, movers)
    since = customers_since(
        batch, {move.former_company_id for move in moves.values() if move.former_company_id}
    )
    result = dict(moves)
    for key, move in moves.items():
        company = move.former_company_id
        if company is None:
            continue
        own = persons[move.person_id].contact_ids
        # Whoever liked us at a company that had not bought yet was no customer's champion.
        was_customer = company in since and since[company] <= champions.left_at(move, batch.policy)
        c, why = champions.strength(
            own,
            company,
            move.moved_at,  # who was on a deal that was won before the move shows was there to win it
            deals=of_customers(
                batch,
                by_company.get(company, ()),
                is_customer=company in since and since[company] <= move.moved_at,
            ),
            answers=[one for contact in own for one in answers.get(contact, ())]
            if was_customer
            else (),
            roles=_roles(own, contacts) if was_customer else frozenset(),
            is_customer=was_customer,
            policy=batch.policy,
        )
        result[key] = champions.with_strength(move, c, why)
    return result


def of_customers(
    batch: Batch, deals: Sequence[DealFacts], *, is_customer: bool
) -> Sequence[DealFacts]:
    """The deals that can make a champion: where the owner's stage decides who is a customer, only customers' ones."""
    return deals if is_customer or not batch.portal_map.customer_stage else ()


def _roles(own: Collection[int], contacts: Mapping[int, ContactFacts]) -> frozenset[str]:
    return frozenset(role for one in own if one in contacts for role in contacts[one].buying_roles)


def deals_of(batch: Batch, contact_ids: Collection[int]) -> dict[int, list[DealFacts]]:
    """The deals these contacts are on, by company."""
    ids = {link.from_id for link in mirror.links_to(batch.tx, "deal", "contact", contact_ids)}
    found: dict[int, list[DealFacts]] = {}
    for deal in record_facts.deals(batch, ids).values():
        if deal.company_id is not None:
            found.setdefault(deal.company_id, []).append(deal)
    return found


def customers_since(batch: Batch, company_ids: Collection[int]) -> dict[int, datetime]:
    """Since when each of these companies is a customer; those that are none are left out.

    Where the portal's owner chose a lifecycle stage, it is the day the company reached it; else
    what the company bought decides, by `customers.since_first_purchase`.
    """
    if not company_ids:
        return {}
    since: dict[int, datetime | None]
    if batch.portal_map.customer_stage:
        companies = record_facts.companies(batch, company_ids)
        since = {company.id: company.customer_since for company in companies.values()}
    else:
        rows_by_company = deal_rows.of_companies(batch.tx, company_ids)
        since = {
            company_id: customers.since_first_purchase(map(_as_deal, rows))
            for company_id, rows in rows_by_company.items()
        }
    return {company_id: at for company_id, at in since.items() if at is not None}


def _as_deal(row: Row) -> DealFacts:
    # The column holds `counts_as_won`: a pipeline that is left out or a deleted deal is not won.
    return DealFacts(
        row["deal_id"],
        row["created_at"],
        amount_minor=row["amount_minor"],
        closed_at=row["closed_at"],
        is_won=row["is_won"],
    )
