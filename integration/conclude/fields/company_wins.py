"""Wins of a page of companies: from their deals, their people's answers and what products told."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from integration.conclude.batch import Batch
from integration.conclude.fields.company_page import CompanyPage
from integration.storage.database import Row
from integration.storage.findings import win_rows
from integration.storage.mirror import success_rows
from mappings.kinds import ObjectType, WinKind
from mappings.rules.facts import AccountFigures, CompanyFacts, Reading, SuccessEvent
from mappings.rules.success import win_sources
from mappings.rules.success.wins import Win


@dataclass(frozen=True, slots=True)
class _Told:
    """What was told of customers, by company: events, and the highest figure of each week."""

    events: Mapping[int, Sequence[Row]]
    highs: Mapping[int, Mapping[str, Sequence[tuple[datetime, float]]]]


def refresh(batch: Batch, company_ids: Collection[int], page: CompanyPage) -> None:
    """Store the wins of these companies; one that is deleted or never bought has none."""
    customers = [company for company in page.companies.values() if _is_customer(company, page)]
    ids = [company.id for company in customers]
    told = _Told(success_rows.of_companies(batch.tx, ids), success_rows.weekly_highs(batch.tx, ids))
    read = batch.each_of(
        ObjectType.COMPANY, customers, lambda company: list(_wins(batch, company, page, told))
    )
    won = [win for _, company_wins in read for win in company_wins]
    # What could not be read is not gone: its wins stay as they were.
    readable = set(company_ids) - batch.broken(ObjectType.COMPANY)
    win_rows.store(batch.tx, readable, won)


def _is_customer(company: CompanyFacts, page: CompanyPage) -> bool:
    is_one = company.id in page.customers or company.customer_since is not None
    return is_one and not company.archived


def _wins(batch: Batch, company: CompanyFacts, page: CompanyPage, told: _Told) -> Iterator[Win]:
    records, policy = page.records, batch.policy
    deals = records.deals.get(company.id, ())
    yield from win_sources.of_deals(company.id, deals, policy, company.customer_since)
    yield from win_sources.of_answers(company.id, records.answers.get(company.id, ()), policy)
    yield from win_sources.of_tickets(company.id, records.tickets.get(company.id, ()), policy)
    yield from win_sources.of_usage(company.id, told.highs.get(company.id, {}), policy)
    events = [_event(row) for row in told.events.get(company.id, ())]
    named = list(win_sources.of_events(company.id, events, policy))
    for kind, readings in _dates(company.figures):
        named += win_sources.of_dates(company.id, kind, readings, policy)
    yield from win_sources.told_once(named)


def _dates(figures: AccountFigures) -> Iterator[tuple[WinKind, Sequence[Reading[datetime]]]]:
    yield WinKind.MILESTONE, figures.milestone
    yield WinKind.GOAL, figures.goal
    yield WinKind.ONBOARDING, figures.onboarding


def _event(row: Row) -> SuccessEvent:
    name = f"{row['source']}:{row['event_key']}"
    return SuccessEvent(name, row["kind"], row["at"], row["contact_id"], row["words"])
