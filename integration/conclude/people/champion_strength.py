"""Champion strength: how strongly people stood for us at a company they worked at."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from integration.conclude import record_facts
from integration.conclude.batch import Batch
from integration.storage.database import Row
from integration.storage.mirror import deal_rows, mirror
from mappings.kinds import ObjectType
from mappings.rules.facts import ContactFacts, DealFacts, NpsAnswer
from mappings.rules.findings import Move
from mappings.rules.job_changes import champions
from mappings.rules.policy import Policy


@dataclass(frozen=True, slots=True)
class ChampionEvidence:
    """What people's champion strength is judged by.

    `deals` and `customers_since` go by company, `answers` by contact. `stage_decides` where the
    portal's owner chose the lifecycle stage that makes a company a customer.
    """

    deals: Mapping[int, Sequence[DealFacts]]
    answers: Mapping[int, Sequence[NpsAnswer]]
    customers_since: Mapping[int, datetime]
    stage_decides: bool

    def was_customer(self, company_id: int, at: datetime) -> bool:
        """Whether a company was a customer at a time."""
        since = self.customers_since.get(company_id)
        return since is not None and since <= at

    def deals_at(self, company_id: int, at: datetime) -> Sequence[DealFacts]:
        """The deals that can make a champion; where the stage decides, those of customers only."""
        if self.stage_decides and not self.was_customer(company_id, at):
            return ()
        return self.deals.get(company_id, ())

    def answers_of(self, contact_ids: Iterable[int]) -> list[NpsAnswer]:
        """The survey answers of one person's contacts."""
        return [answer for contact in contact_ids for answer in self.answers.get(contact, ())]


def load(
    batch: Batch, contact_ids: Collection[int], company_ids: Collection[int]
) -> ChampionEvidence:
    """Read what these contacts are judged by at these companies."""
    return ChampionEvidence(
        deals=_deals_of(batch, contact_ids),
        answers=record_facts.answers(batch, contact_ids),
        customers_since=customers_since(batch, company_ids),
        stage_decides=bool(batch.portal_map.customer_stage),
    )


def _deals_of(batch: Batch, contact_ids: Collection[int]) -> dict[int, list[DealFacts]]:
    """The deals these contacts are on, by company."""
    links = mirror.links_to(batch.tx, ObjectType.DEAL, ObjectType.CONTACT, contact_ids)
    deals = record_facts.deals(batch, {link.from_id for link in links})
    return record_facts.by_company(deals.values())


def with_strength(
    move: Move,
    contact_ids: Collection[int],
    contacts: Mapping[int, ContactFacts],
    evidence: ChampionEvidence,
    policy: Policy,
) -> Move:
    """The move with its person's champion strength when leaving; *contact_ids* are the person's."""
    company_id = move.former_company_id
    if company_id is None:
        return move
    answers = evidence.answers_of(contact_ids)
    former = contacts.get(move.former_contact_id)
    last_seen = champions.last_seen(move, former, answers)
    is_silent = champions.fell_silent(move, former)
    left_at = champions.left_at(move, policy, last_seen, fell_silent=is_silent)
    # An old record that fell silent tells that its person had gone. Where none does, who is on a
    # deal that was won before the move shows is taken to have been there to win it.
    won_by = left_at if is_silent else move.moved_at
    # Whoever liked us at a company that had not bought yet was no customer's champion.
    was_customer = evidence.was_customer(company_id, left_at)
    strength, reason = champions.strength(
        contact_ids,
        company_id,
        won_by,
        deals=evidence.deals_at(company_id, left_at),
        answers=answers if was_customer else (),
        roles=buying_roles(contact_ids, contacts) if was_customer else frozenset(),
        is_customer=was_customer,
        policy=policy,
    )
    return champions.with_strength(move, strength, reason)


def buying_roles(
    contact_ids: Iterable[int], contacts: Mapping[int, ContactFacts]
) -> frozenset[str]:
    """The buying roles on any of a person's living contacts."""
    living = [contacts[contact_id] for contact_id in contact_ids if contact_id in contacts]
    return frozenset[str]().union(*(contact.buying_roles for contact in living))


def customers_since(batch: Batch, company_ids: Collection[int]) -> dict[int, datetime]:
    """Since when each of these companies is a customer; those that are none are left out.

    Where the portal's owner chose a lifecycle stage, it is the day the company reached it; else
    what the company bought decides, by `customers.since_first_purchase`.
    """
    if not company_ids:
        return {}
    if batch.portal_map.customer_stage:
        return _since_stage(batch, company_ids)
    since: dict[int, datetime] = {}
    for company_id, rows in deal_rows.of_companies(batch.tx, company_ids).items():
        won = [row["closed_at"] or row["created_at"] for row in rows if _makes_a_customer(row)]
        if won:
            since[company_id] = min(won)
    return since


def _since_stage(batch: Batch, company_ids: Collection[int]) -> dict[int, datetime]:
    companies = record_facts.companies(batch, company_ids).values()
    dates = ((company.id, company.customer_since) for company in companies)
    return {company_id: since for company_id, since in dates if since is not None}


def _makes_a_customer(deal: Row) -> bool:
    return deal["is_won"] and (deal["amount_minor"] or 0) > 0
