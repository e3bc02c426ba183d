"""What health and churn risk said of customers on a past day, worked out from dated facts.

So a day can be judged on which nobody had the app: nothing is remembered, and nothing that came
later is known. The risk is that of the starting values, on the base rate of that day.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from integration.conclude.batch import Batch, open_batch
from integration.conclude.fields import company_health, company_page, company_risk
from integration.portal.context import PortalContext
from integration.storage.queue import page_context
from integration.storage.success import back_test_rows, churn_rows
from integration.storage.success.back_test_rows import SaidThen
from mappings.rules.success import churn, churn_risk
from mappings.rules.success.churn_risk import ChurnModel

YEAR: Final = timedelta(days=365)
_RENEWED_AFTER = timedelta(days=7)
_AT_ONCE = 400
AT_ONCE_FOR_A_PAGE: Final = 400
"""So many customers are judged while somebody waits; more in the night."""


def renew(portal: PortalContext) -> bool:
    """Judge the customers of a year ago anew, once a week; return whether it was done."""
    day = portal.runtime.now() - YEAR
    with portal.transaction() as tx:
        kept = back_test_rows.as_of(tx)
    if kept is not None and day - kept < _RENEWED_AFTER:
        return False
    said = list(said_on(portal, day))
    with portal.transaction() as tx:
        back_test_rows.replace(tx, day, said)
    return True


def customers_of(portal: PortalContext, day: datetime) -> list[int]:
    """The companies that were customers on a day."""
    with portal.transaction() as tx:
        spells = churn_rows.all_spells(tx)
    return [company_id for company_id, own in spells.items() if any(one.covers(day) for one in own)]


def said_on(
    portal: PortalContext, day: datetime, company_ids: Sequence[int] | None = None
) -> Iterator[SaidThen]:
    """Judge the customers of a day, a page at a time, each in a transaction of its own."""
    ids = customers_of(portal, day) if company_ids is None else company_ids
    for start in range(0, len(ids), _AT_ONCE):
        with portal.transaction() as tx:
            batch = open_batch(tx, page_context.read(tx), day)
            found = list(_said(batch, ids[start : start + _AT_ONCE]))
        yield from found


def _said(batch: Batch, company_ids: Sequence[int]) -> Iterator[SaidThen]:
    page = company_page.load(batch, company_ids)
    risks = company_risk.load(batch, page)
    model = _model_of(batch)
    for company_id in sorted(page.customers & page.companies.keys()):
        company = page.companies[company_id]
        moves = page.moves.get(company_id, ())
        account = company_health.account_of(batch, company, page.records, moves)
        health = company_health.health_of(batch, account).health
        facts = company_risk.Account(company, page, risks, batch.now, batch.policy).facts()
        risk = churn_risk.risk(facts, model, batch.now, batch.policy)
        tenths = health.tenths if health.is_known else None
        yield SaidThen(company_id, health.band, tenths, risk.ppm)


def _model_of(batch: Batch) -> ChurnModel:
    """The starting values on the base rate that was known on the day."""
    horizon = timedelta(batch.policy.churn_horizon_days)
    counted = churn_rows.cohort(batch.tx, batch.now - horizon, batch.now)
    return churn_risk.starting_model(churn.steady_rate(counted), batch.policy)
