"""What an account's own churns teach: past customers as they stood, fitted, and kept as a version.

Everything is worked out from dated facts, as of each past day, so that a fit can be made again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from integration.conclude.batch import Batch, open_batch
from integration.conclude.fields import company_page, company_risk
from integration.conclude.fields.company_risk import Account
from integration.portal import invalidation
from integration.portal.context import PortalContext
from integration.portal.portal_changes import Change
from integration.storage.queue import page_context
from integration.storage.success import churn_rows
from mappings.rules.policy import Policy
from mappings.rules.success import churn, churn_fit
from mappings.rules.success.churn import CustomerSpell, Fate
from mappings.rules.success.churn_fit import FittedModel, PastCustomer
from mappings.rules.success.churn_risk import RiskFactor

SNAPSHOTS: Final = 6
"""Past days, half a year apart, from which is learnt."""
_AT_ONCE = 400
# More companies make a fit hardly better, and a night long: where five of a hundred churn in half a
# year these hold 300 churns.
_MOST_COMPANIES = 1_000

_Spells = dict[int, tuple[CustomerSpell, ...]]


def learn(portal: PortalContext) -> FittedModel | None:
    """Re-fit the odds if enough churned, and keep them where they are others; None without a fit.

    Each page of customers is read in a transaction of its own; nothing is written but the version.
    """
    now = portal.runtime.now()
    with portal.transaction() as tx:
        spells = churn_rows.all_spells(tx)
        policy = open_batch(tx, page_context.read(tx), now).policy
    if _churns(spells, now, policy) < policy.churn_fit_events:
        return None
    past = [one for day in days(now, policy) for one in past_customers(portal, day, spells)]
    with portal.transaction() as tx:
        batch = open_batch(tx, page_context.read(tx), now)
        before = churn_rows.latest_fit(tx)
        version = before.version + 1 if before else 1
        found = churn_fit.fit(past, company_risk.starting(batch), batch.policy, version=version)
        if found is None:
            return None
        if before and (before.base_ppm, before.odds) == (found.model.base_ppm, found.model.odds):
            return found
        churn_rows.keep_fit(tx, found, made_at=now, settings_version=batch.policy.version)
        invalidation.record(tx, Change.CHURN_MODEL_CHANGED)
    return found


def _churns(spells: _Spells, now: datetime, policy: Policy) -> int:
    """How many churned within the half-years that are looked at."""
    horizon = timedelta(policy.churn_horizon_days)
    return sum(
        churn.cohort(spells.values(), day, day + horizon).churned for day in days(now, policy)
    )


def days(now: datetime, policy: Policy) -> list[datetime]:
    """The past days that are looked at, the last so long ago that its outcome is known."""
    horizon = timedelta(policy.churn_horizon_days)
    return [now - horizon * back for back in range(1, SNAPSHOTS + 1)]


def past_customers(portal: PortalContext, day: datetime, spells: _Spells) -> Iterator[PastCustomer]:
    """The customers of a day: what was so then, and whether they churned within the horizon."""
    with portal.transaction() as tx:
        policy = open_batch(tx, page_context.read(tx), day).policy
    until = day + timedelta(policy.churn_horizon_days)
    fates = {company_id: churn.fate_of(own, day, until) for company_id, own in spells.items()}
    known = [company_id for company_id, fate in fates.items() if fate not in {None, Fate.UNKNOWN}]
    for stood in standing(portal, day, _sample(known)):
        so = frozenset(factor for factor, is_so in stood.facts.items() if is_so)
        if RiskFactor.EXECUTIVE_LEFT in so:
            so -= {RiskFactor.CHAMPION_LEFT}
        has_churned = fates[stood.company_id] is Fate.CHURNED
        yield PastCustomer(stood.company_id, so, has_churned)


def _sample(company_ids: Sequence[int]) -> list[int]:
    """Every so manyeth company, the same each time."""
    step = max(1, -(-len(company_ids) // _MOST_COMPANIES))
    return sorted(company_ids)[::step]


@dataclass(frozen=True, slots=True)
class Standing:
    """What was known of one customer on a day."""

    company_id: int
    facts: dict[RiskFactor, bool]


def standing(
    portal: PortalContext, day: datetime, company_ids: Sequence[int]
) -> Iterator[Standing]:
    """What was known of these companies on a day, by facts that are dated until then."""
    for start in range(0, len(company_ids), _AT_ONCE):
        with portal.transaction() as tx:
            batch = open_batch(tx, page_context.read(tx), day)
            found = list(_standing(batch, company_ids[start : start + _AT_ONCE]))
        yield from found


def _standing(batch: Batch, company_ids: Sequence[int]) -> Iterator[Standing]:
    page = company_page.load(batch, company_ids)
    risks = company_risk.load(batch, page)
    for company_id in sorted(page.customers & page.companies.keys()):
        company = page.companies[company_id]
        account = Account(company, page, risks, batch.now, batch.policy)
        yield Standing(company_id, account.facts())
