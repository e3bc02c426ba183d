"""Recurring values of a page's customers: concluded from property, line items and deals, stored."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from integration.conclude import record_facts
from integration.conclude.batch import Batch
from integration.conclude.fields.company_page import CompanyPage
from integration.storage.findings import recurring_rows
from integration.storage.mirror import mirror
from mappings.kinds import ObjectType
from mappings.rules.facts import CompanyFacts, DealFacts, Reading
from mappings.rules.ledger import home_currency
from mappings.rules.success import customers, recurring_value
from mappings.rules.success.recurring_value import Contract, ValueSource, ValueSpan


def refresh(batch: Batch, company_ids: Collection[int], page: CompanyPage) -> None:
    """Store what these companies pay over time; one that is gone, or no customer, pays nothing."""
    if not batch.portal_map.home_currency:
        return
    since = dict(_customers(page))
    living = [page.companies[company_id] for company_id in since]
    read = batch.each_of(
        ObjectType.COMPANY,
        living,
        lambda company: _spans(batch, company, since[company.id], page.records.deals),
    )
    found = {company.id: list(spans) for company, spans in read}
    for company_id, spans in _of_merged(batch, living, since):
        found.setdefault(company_id, []).extend(spans)
    recurring_rows.store(batch.tx, set(company_ids) - batch.broken(ObjectType.COMPANY), found)


def _customers(page: CompanyPage) -> Iterator[tuple[int, datetime]]:
    """The living customers, each since its first purchase or stage, whichever came first."""
    for company in page.companies.values():
        bought_at = customers.since_first_purchase(page.records.deals.get(company.id, ()))
        known = [at for at in (company.customer_since, bought_at) if at is not None]
        if known and not company.archived:
            yield company.id, min(known)


def _spans(
    batch: Batch,
    company: CompanyFacts,
    customer_since: datetime,
    deals: Mapping[int, Sequence[DealFacts]],
) -> tuple[ValueSpan, ...]:
    return recurring_value.spans(
        _a_year(batch, company.figures.recurring),
        company.figures.renewal,
        _contracts(deals.get(company.id, ())),
        currency=batch.portal_map.home_currency,
        customer_since=customer_since,
        now=batch.now,
        policy=batch.policy,
    )


def _a_year(batch: Batch, readings: Iterable[Reading[int]]) -> list[Reading[int]]:
    """What the mapped property says as what a year brings."""
    times = batch.portal_map.recurs_in_a_year
    return [
        reading if reading.value is None else replace(reading, value=reading.value * times)
        for reading in readings
    ]


def _contracts(deals: Iterable[DealFacts]) -> list[Contract]:
    return [_contract(deal) for deal in deals if deal.counts_as_won and deal.recurring]


def _contract(deal: DealFacts) -> Contract:
    year_minor = deal.recurring.year_minor if deal.recurring else 0
    return Contract(
        deal_id=deal.id,
        at=deal.closed_at or deal.created_at,
        year_minor=year_minor,
        currency=deal.currency or "",
        home_minor=home_currency.alike(deal, year_minor),
        source=ValueSource(deal.recurring.source) if deal.recurring else ValueSource.TERM,
        months=deal.term_months,
        is_renewal=deal.is_renewal,
        is_replaced=deal.is_replaced,
    )


def _of_merged(
    batch: Batch, living: Iterable[CompanyFacts], since: Mapping[int, datetime]
) -> Iterator[tuple[int, list[ValueSpan]]]:
    """What companies that were merged into these said they pay, up to their merge.

    Their deals are the survivor's; only what stood on their own record is theirs.
    """
    survivor_of = {old: company.id for company in living for old in company.merged_ids}
    if not survivor_of or "recurring_property" not in batch.portal_map.figure_properties():
        return
    merged_at = mirror.merge_dates(batch.tx, ObjectType.COMPANY, survivor_of)
    for old, company in record_facts.companies(batch, merged_at.keys()).items():
        survivor = survivor_of[old]
        spans = _spans(batch, company, since[survivor], {})
        yield survivor, recurring_value.until_merged(spans, old, merged_at[old])
