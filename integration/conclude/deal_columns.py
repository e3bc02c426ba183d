"""Deal columns: what the rules read of a deal, kept as numbers beside the mirror."""

from collections.abc import Collection, Iterable, Mapping

from integration.conclude import champion_strength, deal_touches, record_facts
from integration.conclude.batch import Batch
from integration.portal.invalidation import Change
from integration.portal.occurrence import known_ids
from integration.storage.mirror import deal_rows
from mappings.rules.facts import DealFacts


def refresh(batch: Batch, deal_ids: Collection[int]) -> None:
    """Keep deals as numbers beside the mirror, and say what changed with them."""
    deals = record_facts.deals(batch, deal_ids)
    before = deal_rows.load(batch.tx, deals)
    bought_before = {deal_id: row["company_id"] for deal_id, row in before.items()}
    buyers = known_ids(deal.company_id for deal in deals.values())
    buyers |= known_ids(bought_before.values())
    since = champion_strength.customers_since(batch, buyers)
    acquisitions = deal_rows.acquisitions(batch.tx, buyers)
    changed = deal_rows.store(batch.tx, [_columns(deal) for deal in deals.values()])
    on_deals = deal_touches.contacts_on(deals.values())
    batch.changed(Change.DEAL_CHANGED, deals=deals, contacts=on_deals)
    if changed:
        near = known_ids(deals[deal_id].company_id for deal_id in changed)
        near |= known_ids(bought_before.get(deal_id) for deal_id in changed)
        batch.changed(Change.DEAL_FIGURES_CHANGED, deals=changed, companies=near)
        _record_acquisitions(batch, near, acquisitions)
        _record_customers(batch, buyers, since)


def _record_acquisitions(
    batch: Batch, company_ids: Collection[int], before: Mapping[int, object]
) -> None:
    now = deal_rows.acquisitions(batch.tx, company_ids)
    differing = _differing(company_ids, before, now)
    batch.changed(Change.ACQUISITION_CHANGED, companies=differing)


def _record_customers(
    batch: Batch, company_ids: Collection[int], before: Mapping[int, object]
) -> None:
    now = champion_strength.customers_since(batch, company_ids)
    differing = _differing(company_ids, before, now)
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
    }
