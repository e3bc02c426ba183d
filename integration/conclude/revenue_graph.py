"""The revenue graph: each deal's order, and the edges from the deals it came of."""

import bisect
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integration.conclude.batch import Batch
from integration.conclude.posted_entries import Affected, key_of
from integration.conclude.row_changes import RowChanges, row_changes
from integration.portal.invalidation import Change
from integration.portal.occurrence import known_ids
from integration.storage.database import Row
from integration.storage.findings import source_rows
from integration.storage.mirror import deal_rows
from mappings.rules.attribution.orders import deepest, within_months
from mappings.rules.facts import DealFacts
from mappings.rules.findings import Allocation, Source

EdgeKey = tuple[int, str]


@dataclass(frozen=True, slots=True)
class NewEdge:
    """Credit from an earlier won deal to a later one."""

    from_deal_id: int
    to_deal_id: int
    source: Source
    share: int


@dataclass(frozen=True, slots=True)
class RevenueGraph:
    """Orders by deal, orders by deal and source key, and the edges of the won ones.

    `heirs` are deals without evidence of their own and the acquisition whose shares they inherit;
    `later` are the other won deals of the company a page's acquisition made a customer.
    """

    orders: Mapping[int, int]
    source_orders: Mapping[int, Mapping[str, int]]
    edges: Sequence[NewEdge]
    heirs: Mapping[int, int]
    later: Mapping[int, frozenset[int]]


Judgement = tuple[DealFacts, Allocation]
Moment = tuple[datetime, int]
"""When a deal closed, and its id: of two that closed together the lower id came first."""
WonDeal = tuple[Moment, Row]
Won = Mapping[int, Sequence[WonDeal]]
"""The won deals of each company, oldest first."""


def graph_of_page(batch: Batch, judgements: Sequence[Judgement]) -> RevenueGraph:
    """Hang every share on the source company's latest deal won strictly before this one closed."""
    won = _won_deals(batch, judgements)
    orders = _stored_orders(won)
    page_orders: dict[int, int] = {}
    source_orders: dict[int, dict[str, int]] = {}
    edges: list[NewEdge] = []
    # In the order of time: a deal's order rests on those of the page that were won before it.
    for deal, allocation in sorted(judgements, key=lambda pair: _moment(pair[0], batch.now)):
        by_source, edges_into_deal = _edges_into(deal, allocation, won, orders, batch.now)
        edges += edges_into_deal
        source_orders[deal.id] = by_source
        page_orders[deal.id] = orders[deal.id] = _order_of(deal, allocation, by_source)
    heirs = _heirs(batch, judgements, won)
    return RevenueGraph(page_orders, source_orders, edges, heirs, _later(judgements, won))


def _stored_orders(won: Won) -> dict[int, int]:
    orders: dict[int, int] = {}
    for deals in won.values():
        orders.update({row["deal_id"]: row["deal_order"] for _, row in deals})
    return orders


def _won_deals(batch: Batch, judgements: Iterable[Judgement]) -> Won:
    """The won deals of all companies that bought or are credited."""
    companies: set[int] = set()
    for deal, allocation in judgements:
        if deal.company_id is not None:
            companies.add(deal.company_id)
        companies |= known_ids(line.source.company_id for line in allocation.lines)
    if not companies:
        return {}
    rows_of = deal_rows.of_companies(batch.tx, companies)
    return {company_id: _won(rows) for company_id, rows in rows_of.items()}


def _edges_into(
    deal: DealFacts, allocation: Allocation, won: Won, orders: Mapping[int, int], now: datetime
) -> tuple[dict[str, int], list[NewEdge]]:
    """The order that each source gives the deal, and the edges that carry its credit."""
    by_source: dict[str, int] = {}
    edges: list[NewEdge] = []
    moment = _moment(deal, now)
    for line in allocation.lines:
        source = line.source
        if _is_expansion(deal, source):
            by_source[source.key] = 1
            continue
        parent_id = _latest(_won_by(source.company_id, won), moment)
        # A customer without a won deal, as where a stage decides, is a first-order customer, too.
        by_source[source.key] = 2 if parent_id is None else orders[parent_id] + 1
        if parent_id is not None and line.share > 0 and deal.counts_as_won:
            edges.append(NewEdge(parent_id, deal.id, source, line.share))
    return by_source, edges


def _order_of(deal: DealFacts, allocation: Allocation, by_source: Mapping[str, int]) -> int:
    """The smallest order over the credited sources; 1 where nobody led to the deal."""
    sources = [line.source for line in allocation.lines]
    derived = [by_source[source.key] for source in sources if not _is_expansion(deal, source)]
    return min(derived, default=1)


def _moment(deal: DealFacts, now: datetime) -> Moment:
    return (deal.closed_at or deal.created_at if deal.is_closed else now), deal.id


def _is_expansion(deal: DealFacts, source: Source) -> bool:
    """Whether a company helped itself, as after a merge: that is first-order."""
    return source.company_id is not None and source.company_id == deal.company_id


def _heirs(batch: Batch, judgements: Iterable[Judgement], won: Won) -> dict[int, int]:
    """The won deals without evidence of their own, and the acquisition that each inherits from.

    The acquisition is the first won deal of their company; inheritance ends after some months.
    """
    heirs: dict[int, int] = {}
    for deal, allocation in judgements:
        won_by_company = _won_by(deal.company_id, won)
        if not won_by_company or not deal.counts_as_won or _has_evidence(deal, allocation):
            continue
        (acquired_at, acquisition_id), _ = won_by_company[0]
        closed_at, _ = _moment(deal, batch.now)
        months = batch.policy.inheritance_months
        if acquisition_id != deal.id and within_months(acquired_at, closed_at, months):
            heirs[deal.id] = acquisition_id
    return heirs


def _has_evidence(deal: DealFacts, allocation: Allocation) -> bool:
    """Whether a source other than the deal's own company has a share."""
    sources = [line.source for line in allocation.lines if line.share > 0]
    return not all(_is_expansion(deal, source) for source in sources)


def _later(judgements: Iterable[Judgement], won: Won) -> dict[int, frozenset[int]]:
    """The other won deals of the company, by acquisition."""
    later: dict[int, frozenset[int]] = {}
    for deal, _ in judgements:
        deal_ids = [row["deal_id"] for _, row in _won_by(deal.company_id, won)]
        if deal_ids and deal_ids[0] == deal.id:
            later[deal.id] = frozenset(deal_ids[1:])
    return later


def _won_by(company_id: int | None, won: Won) -> Sequence[WonDeal]:
    return () if company_id is None else won.get(company_id, ())


def _won(rows: Iterable[Row]) -> list[WonDeal]:
    """The won deals among these rows, oldest first."""
    won: list[WonDeal] = []
    for row in rows:
        if row["is_won"]:
            moment = (row["closed_at"] or row["created_at"], row["deal_id"])
            won.append((moment, row))
    return sorted(won, key=_won_at)


def _won_at(deal: WonDeal) -> Moment:
    return deal[0]


def _latest(won: Sequence[WonDeal], moment: Moment) -> int | None:
    """The last deal that was won strictly before a moment."""
    place = bisect.bisect_left(won, moment, key=_won_at)
    if not place:
        return None
    (_, deal_id), _ = won[place - 1]
    return deal_id


def store(
    batch: Batch, graph: RevenueGraph, subjects: Mapping[int, int], deal_ids: Collection[int]
) -> Affected:
    """Write edges and orders as differences; deals that credit flows on to are judged again."""
    page = set(deal_ids)
    changes = _edge_changes(batch, graph, subjects, page)
    losers = _companies_that_lose(batch, changes.before)
    source_rows.change_edges(batch.tx, gone=changes.gone.keys(), new=list(changes.new.values()))
    moved = {row["to_deal_id"] for row in changes.rows}
    _judge_again(batch, graph, moved, page)
    return Affected(companies=frozenset(losers), deals=frozenset(moved))


def _edge_changes(
    batch: Batch, graph: RevenueGraph, subjects: Mapping[int, int], page: set[int]
) -> RowChanges[EdgeKey]:
    # First deals outside this page whose shares deals of this page inherit.
    acquisitions = set(graph.heirs.values()) - page
    edges = source_rows.edges_into(batch.tx, acquisitions | page)
    of_acquisitions = [edge for edge in edges if edge["to_deal_id"] in acquisitions]
    stored = {_edge_key(edge): edge for edge in edges if edge["to_deal_id"] not in acquisitions}
    own = _own_edges(graph, subjects)
    inherited = _inherited(graph, [*own.values(), *of_acquisitions])
    return row_changes(stored, own | inherited, _edge_differs)


def _edge_key(row: Row) -> EdgeKey:
    return row["to_deal_id"], row["source_key"]


def _edge_differs(row: Mapping[str, Any], stored: Row) -> bool:
    return row != dict(stored)


def _own_edges(graph: RevenueGraph, subjects: Mapping[int, int]) -> dict[EdgeKey, dict[str, Any]]:
    """The edges that rest on evidence of the deals themselves, as rows."""
    rows: dict[EdgeKey, dict[str, Any]] = {}
    for edge in graph.edges:
        key = key_of(edge.source, subjects)
        rows[edge.to_deal_id, key] = {
            "from_deal_id": edge.from_deal_id,
            "to_deal_id": edge.to_deal_id,
            "source_key": key,
            "from_company_id": edge.source.company_id,
            "share": edge.share,
            "inherited": False,
        }
    return rows


def _companies_that_lose(batch: Batch, lost: Sequence[Row]) -> set[int]:
    """The companies whose figures rested on edges that go or change.

    They are read while the old edges still stand.
    """
    if not lost:
        return set()
    deal_ids = {row["to_deal_id"] for row in lost}
    depth = deepest(batch.policy) - 1
    upstream = source_rows.upstream_companies(batch.tx, deal_ids, depth=depth)
    return upstream | {row["from_company_id"] for row in lost}


def _judge_again(batch: Batch, graph: RevenueGraph, moved: Iterable[int], page: set[int]) -> None:
    """Store orders; have the deals further down and the heirs of what moved judged again."""
    changed = source_rows.set_orders(batch.tx, graph.orders) if graph.orders else set()
    batch.changed(Change.ORDER_CHANGED, deals=changed)
    heirs: set[int] = set()
    for deal_id in moved:
        heirs |= graph.later.get(deal_id, frozenset())
    batch.changed(Change.INHERITANCE_CHANGED, deals=heirs - page)


def _inherited(graph: RevenueGraph, edges: Iterable[Row]) -> dict[EdgeKey, dict[str, Any]]:
    """The edges that heirs take over from their acquisition's own edges."""
    own_edges: dict[int, list[Row]] = {}
    for edge in edges:
        if not edge["inherited"]:
            own_edges.setdefault(edge["to_deal_id"], []).append(edge)
    rows: dict[EdgeKey, dict[str, Any]] = {}
    for heir, acquisition in graph.heirs.items():
        for edge in own_edges.get(acquisition, ()):
            key = f"inherited|{edge['source_key']}"
            rows[heir, key] = {**edge, "to_deal_id": heir, "source_key": key, "inherited": True}
    return rows
