"""What the page of customers lists of a company: health, money and touch, as concluded now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from integration.conclude.batch import Batch
from integration.conclude.fields import company_values
from integration.conclude.fields.company_health import Account, HealthOfToday
from integration.storage.database import Row
from integration.storage.listings.customer_rows import CustomerRow
from mappings.rules.facts import CompanyFacts
from mappings.rules.success import customers
from mappings.rules.success.health import UNKNOWN_BAND
from mappings.rules.success.nps import CompanyNps


@dataclass(frozen=True, slots=True)
class ConcludedCustomer:
    """A customer as it was concluded; while activities are read for the first time, no health."""

    company: CompanyFacts
    account: Account
    health: HealthOfToday | None
    sentiment: CompanyNps | None


def row_of(
    batch: Batch,
    customer: ConcludedCustomer,
    own_deals: Sequence[Row],
    recurring: Mapping[int, int],
) -> CustomerRow:
    """What is kept of one customer; *own_deals* are its deals, *recurring* money a year."""
    company, health = customer.company, customer.health
    year_minor = recurring.get(company.id, 0)
    won = [deal for deal in own_deals if deal["is_won"]]
    touched_at = customer.account.last_touch_at(batch.now)
    since = batch.now - timedelta(batch.policy.touch_days)
    return CustomerRow(
        company_id=company.id,
        name=company.name[:_LONGEST],
        owner_id=company.owner_id,
        band=health.band if health else UNKNOWN_BAND,
        worked_out=health.health.band if health else UNKNOWN_BAND,
        health=health.health.score if health and health.health.is_known else None,
        coverage=health.health.coverage if health else 0,
        change=health.change.points if health and health.change else None,
        touched_at=touched_at,
        is_touched=touched_at is not None and touched_at >= since,
        is_active=customers.is_active(customer.account.deals, year_minor, batch.now, batch.policy),
        is_flagged=customer.sentiment is not None and customer.sentiment.flagged,
        recurring_minor=year_minor,
        bought_minor=_bought_minor(batch, won),
    )


_LONGEST = 300  # characters of a name that a list can show


def _bought_minor(batch: Batch, won: Sequence[Row]) -> int:
    """What it bought in the time in which a purchase makes a customer active."""
    since = batch.now - timedelta(batch.policy.active_days)
    home = batch.portal_map.home_currency
    lately = [deal for deal in won if deal["closed_at"] and since <= deal["closed_at"] <= batch.now]
    return sum(company_values.home_minor(deal, home) or 0 for deal in lately)
