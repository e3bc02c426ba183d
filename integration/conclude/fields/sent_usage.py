"""Usage that a product sent, as the figure of health, where no property of companies tells it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from integration.conclude.batch import Batch
from integration.storage.mirror import success_rows
from mappings.rules.facts import CompanyFacts, Reading


def with_usage(
    batch: Batch, companies: Mapping[int, CompanyFacts], *, since: datetime
) -> Mapping[int, CompanyFacts]:
    """Return the companies with the figures of the chosen metric; no query where none is chosen."""
    metric = batch.portal_map.sent_metric
    if not metric:
        return companies
    sent = success_rows.readings(batch.tx, companies, metric, since=since)
    told = {
        company_id: tuple(Reading(value, at) for at, value in figures)
        for company_id, figures in sent.items()
    }
    return {
        company.id: _with(company, told[company.id]) if company.id in told else company
        for company in companies.values()
    }


def _with(company: CompanyFacts, usage: tuple[Reading[float], ...]) -> CompanyFacts:
    return replace(company, figures=replace(company.figures, usage=usage))
