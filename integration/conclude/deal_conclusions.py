"""Stage two, second half: each deal's sources, ledger rows and edges, and what its record should say."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from integration.conclude import (
    deal_attribution,
    field_patches,
    ledger_posting,
    posted_entries,
    revenue_graph,
    review_tasks,
)
from integration.conclude.batch import Batch
from integration.conclude.deal_attribution import AttributedDeal, DealPage
from integration.portal import record_names
from integration.portal.invalidation import Change
from integration.storage.database import Row
from integration.storage.findings import source_rows, stored_shapes
from mappings.rules.attribution import reasons
from mappings.rules.attribution.sources import confidence_of, tag_of
from mappings.rules.findings import Source
from mappings.rules.ledger import money


def refresh(batch: Batch, deal_ids: Collection[int]) -> None:
    """Judge deals anew: sources, ledger, edges, and the patch for the record."""
    page = deal_attribution.load(batch, deal_ids)
    judged = [
        result
        for _, result in batch.each(
            ((("deal", deal.id), deal) for deal in page.deals.values()),
            lambda deal: deal_attribution.judge(batch, deal, page),
        )
    ]
    subjects = source_rows.subjects(batch.tx, _people_in(judged))
    flow = revenue_graph.graph_of_page(batch, [(one.deal, one.allocation) for one in judged])
    touched = ledger_posting.post(batch, page.posted, judged, subjects, flow)
    touched |= _store_sources(batch, judged, page.stored, subjects)
    touched |= revenue_graph.store(batch, flow, subjects, {one.deal.id for one in judged})
    _write(batch, judged, flow)
    _ask(batch, page, judged, deal_ids)
    batch.changed(
        Change.CREDIT_CHANGED,
        deals=touched.deals,
        contacts=touched.contacts,
        companies=touched.companies,
    )
    batch.changed(Change.DEAL_JUDGED, deals=page.deals.keys())


def _people_in(judged: Iterable[AttributedDeal]) -> set[int]:
    return {
        line.source.contact_id
        for one in judged
        for line in one.allocation.lines
        if line.source.contact_id is not None and line.source.person_id is not None
    }


def _store_sources(
    batch: Batch,
    judged: Sequence[AttributedDeal],
    stored: Mapping[int, Sequence[Row]],
    subjects: Mapping[int, int],
) -> posted_entries.Affected:
    """Write sources as differences; return who is concerned."""
    before = {(row["deal_id"], row["source_key"]): row for rows in stored.values() for row in rows}
    rows: dict[tuple[int, str], dict[str, Any]] = {}
    for one in judged:
        if not one.deal.archived:
            for line in one.allocation.lines:
                key = one.deal.id, posted_entries.key_of(line.source, subjects)
                if key in before and stored_shapes.is_removed(before[key]["body"]):
                    rows[key] = {}
                    continue
                row = _source_row(one.deal.id, line.source, line.share, subjects, batch)
                rows[one.deal.id, str(row["source_key"])] = row
    mine = {key for key in before if key[0] in {one.deal.id for one in judged}}
    gone = mine - rows.keys()
    new = {
        key: row
        for key, row in rows.items()
        if row and (key not in before or _source_differs(row, before[key]))
    }
    source_rows.change_sources(batch.tx, gone=gone, new=list(new.values()))
    changed = [before[key] for key in gone | (new.keys() & before.keys())] + list(new.values())
    return posted_entries.Affected.of(changed)


def _source_row(
    deal_id: int, source: Source, share: int, subjects: Mapping[int, int], batch: Batch
) -> dict[str, Any]:
    return {
        "deal_id": deal_id,
        "source_key": posted_entries.key_of(source, subjects),
        "kind": source.kind,
        "contact_id": source.contact_id,
        "company_id": source.company_id,
        "share": share,
        "confidence": source.p / 1_000_000,
        "at": source.at,
        "body": source,
        "settings_version": batch.policy.version,
    }


def _source_differs(row: Mapping[str, Any], stored: Row) -> bool:
    return bool(
        row["share"] != stored["share"]
        or row["settings_version"] != stored["settings_version"]
        or stored_shapes.differs(row["body"], stored["body"])
    )


def _write(
    batch: Batch, judged: Sequence[AttributedDeal], flow: revenue_graph.RevenueGraph
) -> None:
    """Plan what the deal records should say."""
    living = [one for one in judged if not one.deal.archived]
    names = record_names.names(
        batch.tx,
        contacts={line.source.contact_id for one in living for line in one.allocation.lines},
        companies={line.source.company_id for one in living for line in one.allocation.lines},
    )
    field_patches.plan(
        batch,
        "deal",
        [
            field_patches.Conclusion(
                one.deal.id, _desired(one, names, flow.orders.get(one.deal.id)), _reasons(one)
            )
            for one in living
        ],
    )
    gone = [one.deal.id for one in judged if one.deal.archived]
    field_patches.forget(batch, "deal", gone)


def _desired(one: AttributedDeal, names: reasons.Names, order: int | None) -> dict[str, str]:
    found = [line.source for line in one.allocation.lines]
    said = {
        "second_order_source": tag_of(found),
        "second_order_share": field_patches.share(one.allocation.derived),
        "second_order_because": reasons.of_deal(one.allocation, names, opened=one.deal.created_at),
    }
    if not found:
        return said
    said["second_order_confidence"] = field_patches.share(confidence_of(found))
    said["second_order_source_name"] = reasons.source_name(found, names)
    if names.contacts.get(found[0].contact_id or 0) and found[0].person_id is not None:
        said["second_order_source_record"] = f"contact:{found[0].contact_id}"
    if one.deal.amount_minor is not None and one.deal.currency:
        said["second_order_amount"] = money.major(one.allocation.derived_minor, one.deal.currency)
    if order is not None and order > 1:
        said["second_order_order"] = str(order)
    return said


def _reasons(one: AttributedDeal) -> list[dict[str, object]]:
    return [
        {
            "kind": source.kind,
            "timing": source.timing,
            "w": source.w,
            "p": source.p,
            "g": source.g,
            "raw": source.raw,
            "because": stored_shapes.plain(source.because),
        }
        for source in (*one.found.sources, *one.found.suggestions)
    ]


def _ask(
    batch: Batch, page: DealPage, judged: Sequence[AttributedDeal], deal_ids: Collection[int]
) -> None:
    """Questions that these deals raise: whom to add, and whether late evidence counts."""
    living = [one for one in judged if not one.deal.archived]
    suggested = [(one.deal.id, source) for one in living for source in one.found.suggestions]
    review_tasks.about_deals(
        batch,
        deal_ids,
        [
            (deal, one)
            for deal, one in suggested
            if (deal, one.contact_id) not in page.decided.dismissed
        ],
        {one.deal.id: one.late for one in living if one.late is not None},
    )
    review_tasks.about_merges(
        batch, deal_ids, ledger_posting.merges(batch, page.posted, [one.deal for one in living])
    )
