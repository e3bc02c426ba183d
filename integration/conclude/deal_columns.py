"""Stage one for deals: kept as numbers beside the mirror, and whom a changed deal concerns."""

from collections.abc import Collection

from integration.conclude import champion_strength, concerned, record_facts
from integration.conclude.batch import Batch
from integration.storage.findings import move_rows, person_rows, source_rows
from integration.storage.mirror import deal_rows, mirror
from mappings.rules.attribution.orders import deepest
from mappings.rules.facts import DealFacts


def refresh(batch: Batch, deal_ids: Collection[int]) -> None:
    """Keep deals as numbers beside the mirror, and mark whom a changed deal concerns."""
    facts = record_facts.deals(batch, deal_ids)
    before = deal_rows.load(batch.tx, facts)
    owners = {deal.company_id for deal in facts.values()} | {
        row["company_id"] for row in before.values()
    }
    firms_of_all = {one for one in owners if one is not None}
    since = champion_strength.customers_since(batch, firms_of_all)
    first = deal_rows.acquisitions(batch.tx, firms_of_all)
    changed = deal_rows.store(batch.tx, [_projection(deal) for deal in facts.values()])
    firms = [facts[one].company_id for one in changed]
    firms += [before[one]["company_id"] for one in changed & before.keys()]
    near = {one for one in firms if one is not None}
    # What a source has in the pipeline is counted from the deals it led to.
    led = {
        row["company_id"]
        for rows in source_rows.of_deals(batch.tx, changed).values()
        for row in rows
    } - {None}
    # All-in values reach further up, and along inherited credit.
    led |= (
        source_rows.upstream_companies(batch.tx, changed, depth=deepest(batch.policy) - 1)
        if changed
        else set()
    )
    resting = source_rows.deals_from(batch.tx, near) if near else set()
    # Later deals of a customer inherit from its first one, whichever that is now.
    begun = deal_rows.acquisitions(batch.tx, near)
    resting |= deal_rows.won_of(batch.tx, {one for one in near if first.get(one) != begun.get(one)})
    told = source_rows.referrals_by(batch.tx, company_ids=near) if near else ()
    on_deals = {one.contact_id for deal in facts.values() for one in deal.contacts}
    person_of, members = person_rows.groups(batch.tx, on_deals)
    movers = {row["person_id"] for row in move_rows.of_persons(batch.tx, set(members))}
    mirror.mark_stages(
        batch.tx,
        {
            mirror.PEOPLE: {("person", one) for one in movers},
            mirror.DEALS: {("deal", one) for one in facts.keys() | resting}
            | {(row["owner_type"], row["owner_id"]) for row in told},
            mirror.SUMMARIES: {("company", one) for one in near | led}
            | {("contact", one) for one in on_deals | person_of.keys()},
        },
    )
    today = champion_strength.customers_since(batch, firms_of_all) if changed else since
    concerned.by_custom(batch, {one for one in firms_of_all if since.get(one) != today.get(one)})


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
