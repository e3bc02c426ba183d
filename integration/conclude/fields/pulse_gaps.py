"""Gaps between what owners say of their customers and what the customers say themselves."""

from collections.abc import Collection

from integration.conclude.batch import Batch
from integration.conclude.fields import follow_up_openings
from integration.conclude.fields.company_page import CompanyPage
from integration.storage.ledger import period_rows
from integration.storage.reviews import pulse_rows
from integration.storage.success import follow_up_rows
from mappings.rules.success import health_factors, nps


def refresh(batch: Batch, page: CompanyPage, company_ids: Collection[int]) -> None:
    """Open a follow-up for every wide gap of these customers, and bring open ones up to date."""
    pulses = pulse_rows.of_companies(batch.tx, company_ids)
    if not pulses:
        return
    existing = follow_up_rows.gaps(batch.tx, pulses.keys())
    calendar = period_rows.read(batch.tx).calendar
    for company_id, given in pulses.items():
        follow_up_openings.of_gap(
            batch,
            page.companies[company_id],
            given,
            _sentiment(batch, page, company_id),
            existing.get(company_id, ()),
            calendar,
        )


def _sentiment(batch: Batch, page: CompanyPage, company_id: int) -> float | None:
    """What the customer says, from 0 to 100; None without an answer in the window."""
    answers = page.records.answers.get(company_id, ())
    latest = nps.latest(answers, batch.now, batch.policy, page.records.person_of)
    return health_factors.sentiment(list(latest.values()), batch.now, batch.policy).value
