"""Deal columns: what the rules read of a deal, kept as numbers beside the mirror."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from integration.conclude import deal_touches, record_facts
from integration.conclude.batch import Batch
from integration.conclude.people import champion_strength
from integration.portal.invalidation import Change
from integration.portal.occurrence import known_ids
from integration.storage.mirror import deal_rows
from mappings.rules.facts import DealFacts


def refresh(batch: Batch, deal_ids: Collection[int]) -> None:
    """Keep deals as numbers beside the mirror, and say what changed with them."""
    deals = record_facts.deals(batch, deal_ids)
    before = _Before.of(batch, deals)
    rows = [_columns(deal) for deal in deals.values()]
    changed = deal_rows.store(batch.tx, rows, batch.now)
    on_deals = deal_touches.contacts_on(deals.values())
    batch.changed(Change.DEAL_CHANGED, deals=deals, contacts=on_deals)
    if changed:
        _record(batch, deals, before, changed)


@dataclass(frozen=True, slots=True)
class _Before:
    """How things stood before the deals were stored; `buyers` are their companies, old and new."""

    company_of: Mapping[int, int | None]
    buyers: set[int]
    customers_since: Mapping[int, object]
    acquisitions: Mapping[int, object]

    @classmethod
    def of(cls, batch: Batch, deals: Mapping[int, DealFacts]) -> "_Before":
        rows = deal_rows.load(batch.tx, deals)
        company_of = {deal_id: row["company_id"] for deal_id, row in rows.items()}
        buyers = known_ids(deal.company_id for deal in deals.values())
        buyers |= known_ids(company_of.values())
        since = champion_strength.customers_since(batch, buyers)
        return cls(company_of, buyers, since, deal_rows.acquisitions(batch.tx, buyers))


def _record(
    batch: Batch, deals: Mapping[int, DealFacts], before: _Before, changed: Collection[int]
) -> None:
    """Say which companies' figures, acquisition and time as a customer differ."""
    near = known_ids(deals[deal_id].company_id for deal_id in changed)
    near |= known_ids(before.company_of.get(deal_id) for deal_id in changed)
    batch.changed(Change.DEAL_FIGURES_CHANGED, deals=changed, companies=near)
    acquisitions = deal_rows.acquisitions(batch.tx, near)
    differing = _differing(near, before.acquisitions, acquisitions)
    batch.changed(Change.ACQUISITION_CHANGED, companies=differing)
    since = champion_strength.customers_since(batch, before.buyers)
    differing = _differing(before.buyers, before.customers_since, since)
    batch.changed(Change.CUSTOMER_STATUS_CHANGED, companies=differing)


def _differing(
    company_ids: Iterable[int], before: Mapping[int, object], now: Mapping[int, object]
) -> set[int]:
    return {
        company_id for company_id in company_ids if before.get(company_id) != now.get(company_id)
    }


def _columns(deal: DealFacts) -> dict[str, object]:
    return {
        "deal_id": deal.id,
        "company_id": deal.company_id,
        "created_at": deal.created_at,
        "closed_at": deal.closed_at,
        "is_won": deal.counts_as_won,
        "is_open": not deal.is_closed and not deal.archived and deal.pipeline_included,
        "is_renewal": deal.is_renewal,
        "amount_minor": deal.amount_minor,
        "currency": deal.currency,
        "home_minor": deal.home_amount_minor,
        "home_currency": deal.home_currency,
        "open_probability": deal.open_probability,
        "recurring_minor": deal.recurring.year_minor if deal.recurring else None,
        "recurring_source": deal.recurring.source if deal.recurring else None,
        "term_months": deal.term_months,
        "is_replaced": deal.is_replaced,
    }
