"""Customers: since when a company is one, by what it bought."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from mappings.rules.facts import DealFacts
from mappings.rules.policy import Policy


def since_first_purchase(deals: Iterable[DealFacts]) -> datetime | None:
    """The close of a company's first won deal with a positive amount; None while it bought nothing.

    A won deal without a close date counts from its creation. Where the portal's owner lets a
    lifecycle stage decide instead, deals are not asked: `CompanyFacts.customer_since` has the day.
    """
    purchases = (deal.closed_at or deal.created_at for deal in deals if is_purchase(deal))
    return min(purchases, default=None)


def is_purchase(deal: DealFacts) -> bool:
    """Whether a deal makes its company a customer; a free trial or a credit note does not."""
    return deal.counts_as_won and (deal.amount_minor or 0) > 0


def is_active(
    deals: Iterable[DealFacts], recurring_minor: int, at: datetime, policy: Policy
) -> bool:
    """Whether a customer still is one: it pays something recurring, or bought not long ago."""
    since = at - timedelta(policy.active_days)
    bought = (deal.closed_at or deal.created_at for deal in deals if is_purchase(deal))
    return recurring_minor > 0 or any(since <= bought_at <= at for bought_at in bought)
