"""Ledger posting: the entries that the ledger lacks for a page of deals."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from integration.conclude.batch import Batch
from integration.conclude.deals.deal_attribution import AttributedDeal, by_deal
from integration.conclude.deals.posted_entries import Affected, PostedEntries, key_of
from integration.conclude.deals.revenue_graph import RevenueGraph
from integration.conclude.task_builders import NearMerge
from integration.portal.occurrence import known_ids
from integration.storage.database import Row
from integration.storage.findings import removed_subjects
from integration.storage.ledger import entry_rows, period_rows
from mappings.kinds import EntryOccasion
from mappings.rules.facts import DealFacts
from mappings.rules.findings import Allocation, Entry, Source
from mappings.rules.ledger import entries as rules
from mappings.rules.policy import Policy

Appended = dict[int, tuple[Entry, ...]]
"""The entries that were appended, by deal; a deal that could not be planned is left out."""

# Entries of these occasions say what a deal's sources are worth now; the others repeat that for a
# new amount, month or currency.
_JUDGING = frozenset(
    {
        EntryOccasion.WON,
        EntryOccasion.REWON,
        EntryOccasion.RESTORED,
        EntryOccasion.EVIDENCE,
        EntryOccasion.ORDERED,
    }
)


def post(
    batch: Batch,
    posted: PostedEntries,
    attributed_deals: Sequence[AttributedDeal],
    subjects: Mapping[int, int],
    graph: RevenueGraph,
) -> Appended:
    """Append what the ledger lacks so that it says what is true of these deals now."""
    rows: list[dict[str, Any]] = []
    appended: Appended = {}
    for attributed, entries in batch.each(
        by_deal(attributed_deals), lambda attributed: _plan(batch, posted, attributed, graph)
    ):
        appended[attributed.deal.id] = entries
        rows.extend(_rows(entries, attributed.allocation, posted, subjects))
    entry_rows.append(batch.tx, rows, batch.now)
    # What could not be planned keeps its order.
    done = [deal_id for deal_id in appended if posted.has_open_order(deal_id)]
    period_rows.taken(batch.tx, done, batch.now)
    return appended


def affected(entries: Iterable[Entry]) -> Affected:
    """The records whose figures these entries concern."""
    return Affected.of(
        {"contact_id": entry.contact_id, "company_id": entry.company_id, "deal_id": entry.deal_id}
        for entry in entries
    )


def _plan(
    batch: Batch, posted: PostedEntries, attributed: AttributedDeal, graph: RevenueGraph
) -> tuple[Entry, ...]:
    deal = attributed.deal
    occasion = _occasion(batch, posted, attributed, graph)
    desired = _desired(attributed, posted)
    return rules.plan_entries(deal, posted.of_deal(deal.id), desired, occasion, batch.policy)


def _desired(attributed: AttributedDeal, posted: PostedEntries) -> Allocation | None:
    """The shares to book; None where there is no money to share, or what is booked stands."""
    deal = attributed.deal
    if not deal.amount_minor or not deal.currency:
        return None
    stands = attributed.settled and posted.is_booked(deal.id)
    return None if stands else attributed.allocation


def _occasion(
    batch: Batch, posted: PostedEntries, attributed: AttributedDeal, graph: RevenueGraph
) -> rules.Occasion:
    deal_id = attributed.deal.id
    became = posted.merged_into.get(deal_id, deal_id)
    by_settings = posted.awaits_settings(deal_id) and not attributed.settled
    return rules.Occasion(
        batch.now,
        posted.locked_before,
        reevaluate=posted.reevaluate or attributed.timely or by_settings,
        ordered=attributed.rejudge or posted.has_open_order(deal_id),
        by_settings=by_settings,
        merged_into=became if became != deal_id else None,
        orders=graph.source_orders.get(deal_id, {}),
        calendar=posted.calendar,
    )


def near_merges(batch: Batch, posted: PostedEntries, deals: Iterable[DealFacts]) -> list[NearMerge]:
    """Deals whose company and source company merged near the deal.

    They may have been one company all along: a person must say.
    """
    merged_sources = [(deal, posted.sources_merged_into_buyer(deal)) for deal in deals]
    company_ids = set[int]().union(*(sources for _, sources in merged_sources))
    merged_at = period_rows.merged_at(batch.tx, company_ids)
    merges: list[NearMerge] = []
    for deal, sources in merged_sources:
        for source_company_id in sorted(sources & merged_at.keys()):
            at = merged_at[source_company_id]
            if _is_near(deal, at, batch.policy):
                merges.append(NearMerge(deal.id, source_company_id, deal.company_id, at))
    return merges


def _is_near(deal: DealFacts, at: datetime, policy: Policy) -> bool:
    near = timedelta(policy.merge_question_days)
    return deal.created_at - near <= at <= (deal.closed_at or deal.created_at) + near


def _rows(
    entries: Iterable[Entry],
    allocation: Allocation,
    posted: PostedEntries,
    subjects: Mapping[int, int],
) -> list[dict[str, Any]]:
    sources = {line.source.key: line.source for line in allocation.lines}
    return [_row(entry, sources.get(entry.key), posted, subjects) for entry in entries]


def _row(
    entry: Entry, source: Source | None, posted: PostedEntries, subjects: Mapping[int, int]
) -> dict[str, Any]:
    """An entry as stored: no contact id, no name and no quoted text reaches the ledger."""
    continued = _continued_row(entry, posted)
    return {
        "deal_id": entry.deal_id,
        "source_key": _stored_key(entry, source, continued, subjects),
        "kind": entry.kind,
        "subject_id": continued["subject_id"] if continued else _subject_id(source, subjects),
        "company_id": entry.company_id,
        "deal_order": entry.order,
        "share": entry.share,
        "amount_minor": entry.amount_minor,
        "currency": entry.currency,
        "home_minor": entry.home_amount_minor,
        "home_currency": entry.home_currency,
        "rate": entry.rate,
        "rate_at": entry.rate_at,
        "effective_at": entry.effective_at,
        "settings_version": entry.settings_version,
        "occasion": entry.occasion,
        "origin_at": entry.origin_at,
        "evidence": [ref for ref in entry.evidence if not ref.startswith("contact:")],
        "reason": _reason(entry, source, continued),
        "reverses": entry.reverses,
    }


def _continued_row(entry: Entry, posted: PostedEntries) -> Row | None:
    """The stored row that an entry continues or takes back."""
    if entry.reverses is not None:
        return posted.rows[entry.reverses]
    same_key = [other.id for other in posted.of_deal(entry.deal_id) if other.key == entry.key]
    entry_ids = known_ids(same_key)
    return posted.rows[max(entry_ids)] if entry_ids else None


def _stored_key(
    entry: Entry, source: Source | None, continued: Row | None, subjects: Mapping[int, int]
) -> str:
    if continued is not None:
        return str(continued["source_key"])
    return key_of(source, subjects) if source else entry.key


def _subject_id(source: Source | None, subjects: Mapping[int, int]) -> int | None:
    if source is None or source.person_id is None:
        return None
    removed = removed_subjects.subject_id_of(source)
    if removed is not None or source.contact_id is None:
        return removed
    return subjects.get(source.contact_id)


def _reason(entry: Entry, source: Source | None, continued: Row | None) -> str:
    """Why the entry was made: by the first reason of the source that it judges, if it does."""
    is_judging = entry.occasion in _JUDGING or entry.occasion.startswith(EntryOccasion.SETTINGS)
    judges = entry.reverses is None and is_judging
    if source is None or not (judges or continued is None):
        return entry.reason or entry.occasion
    return f"{source.kind}: {source.because[0].code if source.because else source.timing}"
