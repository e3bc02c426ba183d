"""Ledger posting: what the ledger lacks so that it says what is true of a page of deals now."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from integration.conclude.batch import Batch
from integration.conclude.deal_attribution import AttributedDeal
from integration.conclude.posted_entries import Affected, PostedEntries, key_of
from integration.conclude.revenue_graph import RevenueGraph
from integration.storage.database import Row
from integration.storage.ledger import entry_rows, period_rows
from mappings.rules.facts import DealFacts
from mappings.rules.findings import Entry, Source
from mappings.rules.ledger import entries as rules

_FRESH = frozenset({"won", "rewon", "restored", "evidence", "ordered"})


def post(
    batch: Batch,
    posted: PostedEntries,
    judged: Sequence[AttributedDeal],
    subjects: Mapping[int, int],
    flow: RevenueGraph,
) -> Affected:
    """Append what the ledger lacks so that it says what is true of these deals now."""
    fresh: list[dict[str, Any]] = []
    entries: list[Entry] = []
    done: list[int] = []  # what could not be planned keeps its order
    for one, planned in batch.each(
        ((("deal", one.deal.id), one) for one in judged),
        lambda one: _plan(batch, posted, one, flow),
    ):
        by_key = {line.source.key: line.source for line in one.allocation.lines}
        entries.extend(planned)
        done.append(one.deal.id)
        fresh.extend(_row(entry, by_key.get(entry.key), posted, subjects) for entry in planned)
    entry_rows.append(batch.tx, fresh, batch.now)
    period_rows.taken(batch.tx, [one for one in done if posted.is_ordered(one)], batch.now)
    return Affected.of(
        {"contact_id": entry.contact_id, "company_id": entry.company_id, "deal_id": entry.deal_id}
        for entry in entries
    )


def _plan(
    batch: Batch, posted: PostedEntries, one: AttributedDeal, flow: RevenueGraph
) -> tuple[Entry, ...]:
    deal = one.deal
    stands = one.settled and bool(posted.booked(deal.id).live)
    desired = one.allocation if deal.amount_minor and deal.currency and not stands else None
    became = posted.merged.get(deal.id, deal.id)
    occasion = rules.Occasion(
        batch.now,
        posted.locked_before,
        reevaluate=posted.reevaluate or one.timely,
        ordered=one.rejudge or posted.is_ordered(deal.id),
        merged_into=became if became != deal.id else None,
        orders=flow.source_orders.get(deal.id, {}),
    )
    return rules.plan_entries(
        deal, posted.entries.get(deal.id, ()), desired, occasion, batch.policy
    )


def merges(
    batch: Batch, posted: PostedEntries, deals: Iterable[DealFacts]
) -> dict[tuple[int, int], dict[str, Any]]:
    """Deals whose company and source merged near the deal: it may always have been one company, a person must say."""
    found = {deal.id: (deal, posted.consolidated(deal)) for deal in deals}
    at = period_rows.merged_at(batch.tx, {one for _, firms in found.values() for one in firms})
    near = timedelta(batch.policy.merge_question_days)
    return {
        (deal.id, source): {"company": deal.company_id, "at": at[source], "reasons": []}
        for deal, firms in found.values()
        for source in sorted(firms)
        if source in at
        and deal.created_at - near <= at[source] <= (deal.closed_at or deal.created_at) + near
    }


def _row(
    entry: Entry, source: Source | None, posted: PostedEntries, subjects: Mapping[int, int]
) -> dict[str, Any]:
    """An entry as stored: no contact id, no name and no quoted text reaches the ledger."""
    like = _like(entry, posted)
    is_fresh = like is None or (
        entry.reverses is None and entry.occasion in _FRESH and source is not None
    )
    subject = _subject(source, subjects) if source and source.person_id is not None else None
    reason = entry.reason
    if is_fresh and source is not None:
        reason = f"{source.kind}: {source.because[0].code if source.because else source.timing}"
    return {
        "deal_id": entry.deal_id,
        "source_key": _stored_key(entry, source, like, subjects),
        "kind": entry.kind,
        "subject_id": like["subject_id"] if like else subject,
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
        "evidence": [one for one in entry.evidence if not one.startswith("contact:")],
        "reason": reason or entry.occasion,
        "reverses": entry.reverses,
    }


def _subject(source: Source, subjects: Mapping[int, int]) -> int | None:
    removed = source.person_id is not None and source.person_id < 0  # as codec.removed_source says
    return -(source.person_id or 0) if removed else subjects.get(source.contact_id or 0)


def _like(entry: Entry, posted: PostedEntries) -> Row | None:
    """The stored row that an entry continues or takes back."""
    if entry.reverses is not None:
        return posted.rows[entry.reverses]
    same = [one for one in posted.entries.get(entry.deal_id, ()) if one.key == entry.key]
    return posted.rows[same[-1].id or 0] if same else None


def _stored_key(
    entry: Entry, source: Source | None, like: Row | None, subjects: Mapping[int, int]
) -> str:
    if like is not None:
        return str(like["source_key"])
    return key_of(source, subjects) if source else entry.key
