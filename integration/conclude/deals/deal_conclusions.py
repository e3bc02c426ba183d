"""Deal conclusions: each deal's sources, ledger entries and edges, and what its record should say.

The second half of stage two.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from integration.conclude import field_patches, review_tasks
from integration.conclude.batch import Batch
from integration.conclude.deals import (
    booked_fields,
    credit_edges,
    deal_attribution,
    deal_page,
    ledger_posting,
    posted_entries,
    revenue_graph,
)
from integration.conclude.deals.booked_fields import Fields
from integration.conclude.deals.deal_attribution import AttributedDeal
from integration.conclude.deals.deal_page import DealPage
from integration.conclude.deals.ledger_posting import Appended
from integration.conclude.deals.posted_entries import Affected
from integration.conclude.deals.revenue_graph import RevenueGraph
from integration.conclude.field_patches import Conclusion
from integration.conclude.row_changes import row_changes
from integration.portal import record_names
from integration.portal.invalidation import Change
from integration.storage.database import Row
from integration.storage.findings import source_rows, stored_shapes
from integration.storage.ledger import total_rows
from integration.storage.listings import kept_columns
from mappings.kinds import ObjectType, Timing
from mappings.rules.attribution import reasons
from mappings.rules.attribution.credit import share_range
from mappings.rules.attribution.sources import confidence_of, tag_of
from mappings.rules.facts import PPM, DealFacts
from mappings.rules.findings import Source
from mappings.rules.ledger import money

SourceKey = tuple[int, str]
"""A stored source: its deal, and its stored name."""


def refresh(batch: Batch, deal_ids: Collection[int]) -> None:
    """Judge deals anew: sources, ledger, edges, and the patch for the record."""
    page = deal_page.load(batch, deal_ids)
    attributed_deals = _judge(batch, page)
    subjects = source_rows.subjects(batch.tx, _credited_contacts(attributed_deals))
    graph = revenue_graph.graph_of_page(
        batch, [(attributed.deal, attributed.allocation) for attributed in attributed_deals]
    )
    appended = ledger_posting.post(batch, page.posted, attributed_deals, subjects, graph)
    affected = ledger_posting.affected(chain.from_iterable(appended.values()))
    affected |= _store_sources(batch, attributed_deals, page, subjects)
    affected |= credit_edges.store(batch, graph, subjects, _ids(attributed_deals))
    booked = _booked(batch, page, attributed_deals, appended)
    _plan_patches(batch, attributed_deals, graph, booked)
    portal_map = batch.portal_map
    kept_columns.keep_deals(
        batch.tx, deal_ids, portal_map.home_currency, portal_map.included_pipelines
    )
    total_rows.keep_judged(
        batch.tx,
        _ranges(batch, attributed_deals, page, subjects),
        portal_map.naming_referrers(),
    )
    _ask(batch, page, attributed_deals, deal_ids)
    _record(batch, affected, page)


def _judge(batch: Batch, page: DealPage) -> list[AttributedDeal]:
    """Judge every deal of the page; one that cannot be digested is set aside."""
    items = (((ObjectType.DEAL, deal.id), deal) for deal in page.deals.values())
    judged = batch.each(items, lambda deal: deal_attribution.judge(deal, page))
    return [attributed for _, attributed in judged]


def _ids(attributed_deals: Iterable[AttributedDeal]) -> set[int]:
    return {attributed.deal.id for attributed in attributed_deals}


def _booked(
    batch: Batch, page: DealPage, attributed_deals: Iterable[AttributedDeal], appended: Appended
) -> dict[int, Fields]:
    """What each deal says of its ledger rows, those of this page included."""
    home, calendar = batch.portal_map.home_currency, page.posted.calendar
    booked: dict[int, Fields] = {}
    for attributed in attributed_deals:
        deal = attributed.deal
        entries = (*page.posted.of_deal(deal.id), *appended.get(deal.id, ()))
        booked[deal.id] = booked_fields.of_deal(deal, entries, home, calendar)
    return booked


def _ranges(
    batch: Batch,
    attributed_deals: Sequence[AttributedDeal],
    page: DealPage,
    subjects: Mapping[int, int],
) -> dict[int, tuple[int, int] | None]:
    """The range of each deal's credit, in ppm; None without a customer, or if it was erased."""
    stored = _stored_by_key(page, _ids(attributed_deals))
    ranges: dict[int, tuple[int, int] | None] = {}
    for attributed in attributed_deals:
        deal_id = attributed.deal.id
        lines = attributed.allocation.lines
        keys = [(deal_id, posted_entries.key_of(line.source, subjects)) for line in lines]
        weighed = [
            _weighed(line.source, stored.get(key)) for line, key in zip(lines, keys, strict=True)
        ]
        known = [source for source in weighed if source is not None]
        is_known = bool(known) and len(known) == len(weighed)
        ranges[deal_id] = share_range(known, batch.policy) if is_known else None
    return ranges


def _weighed(source: Source, stored: Row | None) -> Source | None:
    """A source with its figures; what a forgotten person left has only the stored ones."""
    if stored is None or not stored_shapes.is_removed(stored["body"]):
        return source
    return stored_shapes.weighed(stored)


def _living(attributed_deals: Iterable[AttributedDeal]) -> list[AttributedDeal]:
    return [attributed for attributed in attributed_deals if not attributed.deal.archived]


def _credited(attributed_deals: Iterable[AttributedDeal]) -> Iterator[Source]:
    """The sources that have a share of any of these deals."""
    for attributed in attributed_deals:
        for line in attributed.allocation.lines:
            yield line.source


def _credited_contacts(attributed_deals: Iterable[AttributedDeal]) -> set[int]:
    contact_ids: set[int] = set()
    for source in _credited(attributed_deals):
        if source.contact_id is not None and source.person_id is not None:
            contact_ids.add(source.contact_id)
    return contact_ids


def _record(batch: Batch, affected: Affected, page: DealPage) -> None:
    batch.changed(
        Change.CREDIT_CHANGED,
        deals=affected.deals,
        contacts=affected.contacts,
        companies=affected.companies,
    )
    batch.changed(Change.DEAL_JUDGED, deals=page.deals.keys())


# Sources


def _store_sources(
    batch: Batch,
    attributed_deals: Sequence[AttributedDeal],
    page: DealPage,
    subjects: Mapping[int, int],
) -> Affected:
    """Write sources as differences; return who is affected."""
    stored = _stored_by_key(page, _ids(attributed_deals))
    desired = _desired_sources(page, attributed_deals, subjects)
    changes = row_changes(stored, desired, _source_differs)
    source_rows.change_sources(batch.tx, gone=changes.gone.keys(), new=list(changes.new.values()))
    return Affected.of(changes.rows)


def _stored_by_key(page: DealPage, deal_ids: Iterable[int]) -> dict[SourceKey, Row]:
    stored: dict[SourceKey, Row] = {}
    for deal_id in deal_ids:
        for row in page.stored.get(deal_id, ()):
            stored[deal_id, row["source_key"]] = row
    return stored


def _desired_sources(
    page: DealPage, attributed_deals: Iterable[AttributedDeal], subjects: Mapping[int, int]
) -> dict[SourceKey, dict[str, Any]]:
    """The sources of deals that exist, as rows."""
    desired: dict[SourceKey, dict[str, Any]] = {}
    for attributed in _living(attributed_deals):
        version = _version_of(attributed, page)
        for line in attributed.allocation.lines:
            key = attributed.deal.id, posted_entries.key_of(line.source, subjects)
            desired[key] = _source_row(key, line.source, line.share, version)
    return desired


def _version_of(attributed: AttributedDeal, page: DealPage) -> int:
    """The settings version that made a deal's shares: those that stand have that of their time."""
    stored = page.stored.get(attributed.deal.id, ()) if attributed.settled else ()
    return min((row["settings_version"] for row in stored), default=page.policy.version)


def _source_row(key: SourceKey, source: Source, share: int, version: int) -> dict[str, Any]:
    deal_id, source_key = key
    return {
        "deal_id": deal_id,
        "source_key": source_key,
        "kind": source.kind,
        "contact_id": source.contact_id,
        "company_id": source.company_id,
        "share": share,
        "confidence": source.p / PPM,
        "at": source.at,
        "body": source,
        "settings_version": version,
    }


def _source_differs(row: Mapping[str, Any], stored: Row) -> bool:
    # What a forgotten person left has no words to write anew, and keeps its share.
    if stored_shapes.is_removed(stored["body"]):
        return False
    if row["share"] != stored["share"] or row["settings_version"] != stored["settings_version"]:
        return True
    return stored_shapes.differs(row["body"], stored["body"])


# The record


def _plan_patches(
    batch: Batch,
    attributed_deals: Sequence[AttributedDeal],
    graph: RevenueGraph,
    booked: Mapping[int, Fields],
) -> None:
    """Plan what the deal records should say."""
    living = _living(attributed_deals)
    contacts = [source.contact_id for source in _credited(living)]
    companies = [source.company_id for source in _credited(living)]
    names = record_names.names(batch.tx, contacts=contacts, companies=companies)
    conclusions = [
        _conclusion(batch, attributed, names, graph, booked[attributed.deal.id])
        for attributed in living
    ]
    field_patches.plan(batch, ObjectType.DEAL, conclusions)
    archived = _ids(attributed_deals) - _ids(living)
    field_patches.forget(batch, ObjectType.DEAL, sorted(archived))


def _conclusion(
    batch: Batch,
    attributed: AttributedDeal,
    names: reasons.Names,
    graph: RevenueGraph,
    booked: Fields,
) -> Conclusion:
    deal_id = attributed.deal.id
    fields = {**_desired_fields(attributed, names, graph.orders.get(deal_id)), **booked}
    # A deal that could not be booked is still to be judged by these settings.
    stands = attributed.settled or (ObjectType.DEAL, deal_id) in batch.failed
    return Conclusion(deal_id, fields, _reasons(attributed), stands=stands)


def _desired_fields(
    attributed: AttributedDeal, names: reasons.Names, order: int | None
) -> dict[str, str]:
    deal, allocation = attributed.deal, attributed.allocation
    sources = [line.source for line in allocation.lines]
    fields = {
        "second_order_source": tag_of(sources),
        "second_order_share": field_patches.share(allocation.derived),
        "second_order_because": reasons.of_deal(allocation, names, opened=deal.created_at),
    }
    if not sources:
        return fields
    fields["second_order_confidence"] = field_patches.share(confidence_of(sources))
    fields["second_order_source_name"] = reasons.source_name(sources, names)
    strongest = sources[0]
    if strongest.timing != Timing.NONE:
        fields["second_order_timing"] = strongest.timing
    if _has_record(strongest, names):
        fields["second_order_source_record"] = f"contact:{strongest.contact_id}"
    if deal.amount_minor is not None and deal.currency:
        amount = money.major(allocation.derived_minor, deal.currency)
        fields["second_order_amount"] = amount
    if order is not None and order > 1:
        fields["second_order_order"] = str(order)
    return fields


def _has_record(source: Source, names: reasons.Names) -> bool:
    """Whether a source is a person with a contact that has a name to find it by."""
    if source.contact_id is None or source.person_id is None:
        return False
    return bool(names.contacts.get(source.contact_id))


def _reasons(attributed: AttributedDeal) -> list[dict[str, object]]:
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
        for source in (
            *attributed.derived.sources,
            *attributed.derived.suggestions,
            *attributed.derived.arrivals,
        )
    ]


# Review tasks


def _ask(
    batch: Batch,
    page: DealPage,
    attributed_deals: Sequence[AttributedDeal],
    deal_ids: Collection[int],
) -> None:
    """Ask what these deals raise: whom to add, whether late evidence counts, what merges meant."""
    living = _living(attributed_deals)
    late = {
        attributed.deal.id: attributed.late for attributed in living if attributed.late is not None
    }
    suggestions, arrivals = _suggestions(living, page), _arrivals(living)
    review_tasks.about_deals(batch, deal_ids, suggestions, arrivals, late)
    deals = [attributed.deal for attributed in living]
    merges = ledger_posting.near_merges(batch, page.posted, deals)
    review_tasks.about_merges(batch, deal_ids, merges)


def _suggestions(
    attributed_deals: Iterable[AttributedDeal], page: DealPage
) -> Iterator[tuple[int, Source]]:
    """Whom to add to which deal, but for suggestions that somebody dismissed."""
    for attributed in attributed_deals:
        deal_id = attributed.deal.id
        for source in attributed.derived.suggestions:
            if (deal_id, source.contact_id) not in page.decisions.dismissed:
                yield deal_id, source


def _arrivals(attributed_deals: Iterable[AttributedDeal]) -> Iterator[tuple[DealFacts, Source]]:
    """Who may have been at the buyer when a deal opened."""
    for attributed in attributed_deals:
        for source in attributed.derived.arrivals:
            yield attributed.deal, source
