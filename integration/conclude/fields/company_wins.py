"""Wins of a page of companies: from their deals, their people's answers and their own figures."""

from collections.abc import Collection, Iterator

from integration.conclude.batch import Batch
from integration.conclude.fields.company_page import CompanyPage
from integration.storage.findings import win_rows
from mappings.kinds import ObjectType, WinKind
from mappings.rules.facts import CompanyFacts
from mappings.rules.success import win_sources
from mappings.rules.success.wins import Win


def refresh(batch: Batch, company_ids: Collection[int], page: CompanyPage) -> None:
    """Store the wins of these companies; one that is deleted or never bought has none."""
    customers = [company for company in page.companies.values() if _is_customer(company, page)]
    read = batch.each_of(
        ObjectType.COMPANY, customers, lambda company: list(_wins(batch, company, page))
    )
    won = [win for _, company_wins in read for win in company_wins]
    # What could not be read is not gone: its wins stay as they were.
    readable = set(company_ids) - batch.broken(ObjectType.COMPANY)
    win_rows.store(batch.tx, readable, won)


def _is_customer(company: CompanyFacts, page: CompanyPage) -> bool:
    is_one = company.id in page.customers or company.customer_since is not None
    return is_one and not company.archived


def _wins(batch: Batch, company: CompanyFacts, page: CompanyPage) -> Iterator[Win]:
    records, policy = page.records, batch.policy
    deals = records.deals.get(company.id, ())
    yield from win_sources.of_deals(company.id, deals, policy, company.customer_since)
    yield from win_sources.of_answers(company.id, records.answers.get(company.id, ()), policy)
    milestones = company.figures.milestone
    yield from win_sources.of_dates(company.id, WinKind.MILESTONE, milestones, policy)
