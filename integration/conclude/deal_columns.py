"""Stage one for deals: kept as numbers beside the mirror, and what changed with them."""

from collections.abc import Collection, Iterable, Mapping

from integration.conclude import champion_strength, record_facts
from integration.conclude.batch import Batch
from integration.portal.invalidation import Change
from integration.storage.mirror import deal_rows
from mappings.rules.facts import DealFacts


def refresh(batch: Batch, deal_ids: Collection[int]) -> None:
    """Keep deals as numbers beside the mirror, and say what changed with them."""
    facts = record_facts.deals(batch, deal_ids)
    before = deal_rows.load(batch.tx, facts)
    owners = _companies(deal.company_id for deal in facts.values())
    owners |= _companies(row["company_id"] for row in before.values())
    since = champion_strength.customers_since(batch, owners)
    first = deal_rows.acquisitions(batch.tx, owners)
    changed = deal_rows.store(batch.tx, [_projection(deal) for deal in facts.values()])
    on_deals = {contact.contact_id for deal in facts.values() for contact in deal.contacts}
    batch.changed(Change.DEAL_CHANGED, deals=facts, contacts=on_deals)
    if not changed:
        return
    near = _companies(facts[deal_id].company_id for deal_id in changed)
    near |= _companies(before[deal_id]["company_id"] for deal_id in changed & before.keys())
    batch.changed(Change.DEAL_FIGURES_CHANGED, deals=changed, companies=near)
    begun = deal_rows.acquisitions(batch.tx, near)
    batch.changed(Change.ACQUISITION_CHANGED, companies=_differing(near, first, begun))
    today = champion_strength.customers_since(batch, owners)
    batch.changed(Change.CUSTOMER_STATUS_CHANGED, companies=_differing(owners, since, today))


def _companies(ids: Iterable[int | None]) -> set[int]:
    return {company_id for company_id in ids if company_id is not None}


def _differing(
    company_ids: Iterable[int], before: Mapping[int, object], now: Mapping[int, object]
) -> set[int]:
    return {
        company_id for company_id in company_ids if before.get(company_id) != now.get(company_id)
    }


def _projection(deal: DealFacts) -> dict[str, object]:
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
