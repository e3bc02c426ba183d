"""Credit edges: the paths of credit of a page of deals, stored as differences with their orders."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from integration.conclude.batch import Batch
from integration.conclude.deals.posted_entries import Affected, key_of
from integration.conclude.deals.revenue_graph import RevenueGraph
from integration.conclude.row_changes import RowChanges, row_changes
from integration.portal.invalidation import Change
from integration.storage.database import Row
from integration.storage.findings import source_rows
from mappings.rules.attribution.orders import deepest

EdgeKey = tuple[int, str]
"""A stored edge: the deal that it leads to, and the stored name of its source."""


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
