"""Customers: which companies are customers, since when, and whether they still are (a won deal, not a stage's name)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mappings.rules.facts import CompanyFacts, DealFacts
from mappings.rules.policy import Policy


@dataclass(frozen=True, slots=True)
class Customer:
    """A company that bought. `by` says which rule made it a customer: won deals or its lifecycle stage."""

    company_id: int
    since: datetime
    last_won_at: datetime
    is_active: bool
    won_deals: int
    by: str = "won_deal"

    def on(self, at: datetime) -> bool:
        """Whether the company had bought by then."""
        return self.since <= at


def customer(
    company: CompanyFacts, deals: Iterable[DealFacts], policy: Policy, now: datetime
) -> Customer | None:
    """The company as a customer at *now*, or None if it never bought.

    Deals without a close date count from their creation; those without a positive amount do not
    count.
    """
    won = sorted(
        closed
        for deal in deals
        if deal.counts_as_won
        and (deal.amount_minor or 0) > 0
        and (closed := deal.closed_at or deal.created_at) <= now
    )
    if company.customer_since is not None:
        # The owner's own rule stands instead of won deals: docs/rules.md, customers.
        since = company.customer_since
        return Customer(
            company.id,
            since,
            won[-1] if won else since,
            is_active=True,
            won_deals=len(won),
            by="lifecycle_stage",
        )
    if not won:
        return None
    recent = now - won[-1] <= timedelta(policy.active_days)
    active = recent if company.recurring_minor is None else company.recurring_minor > 0 or recent
    return Customer(company.id, won[0], won[-1], active, len(won))
