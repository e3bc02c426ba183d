"""The revenue graph: each deal's order, and the edges from the deals it came of."""

import bisect
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integration.conclude.batch import Batch
from integration.conclude.posted_entries import Affected, key_of
from integration.portal.invalidation import Change
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
# The won deals of each company, oldest first.
Won = Mapping[int, Sequence[tuple[Moment, Row]]]


def graph_of_page(batch: Batch, judgements: Sequence[Judgement]) -> RevenueGraph:
    """Hang every share on the source company's latest deal won strictly before this one closed."""
    won = _won_deals(batch, judgements)
    orders = {row["deal_id"]: row["deal_order"] for rows in won.values() for _, row in rows}
    own: dict[int, int] = {}
    by_source: dict[int, dict[str, int]] = {}
    edges: list[NewEdge] = []
    # In the order of time: a deal's order rests on those of the page that were won before it.
    for deal, allocation in sorted(judgements, key=lambda pair: _moment(pair[0], batch.now)):
        by_source[deal.id], found = _edges_into(deal, allocation, won, orders, batch.now)
        edges += found
        own[deal.id] = orders[deal.id] = _order_of(deal, allocation, by_source[deal.id])
    return RevenueGraph(
        own, by_source, edges, _heirs(batch, judgements, won), _later(judgements, won)
    )


def _won_deals(batch: Batch, judgements: Iterable[Judgement]) -> Won:
    """The won deals of all companies that bought or are credited."""
    companies: set[int] = set()
    for deal, allocation in judgements:
        if deal.company_id is not None:
            companies.add(deal.company_id)
        companies |= _credited_companies(allocation)
    if not companies:
        return {}
    rows_of = deal_rows.of_companies(batch.tx, companies)
    return {company_id: _won(rows) for company_id, rows in rows_of.items()}


def _credited_companies(allocation: Allocation) -> set[int]:
    sources = [line.source for line in allocation.lines]
    return {source.company_id for source in sources if source.company_id is not None}


def _edges_into(
    deal: DealFacts, allocation: Allocation, won: Won, orders: Mapping[int, int], now: datetime
) -> tuple[dict[str, int], list[NewEdge]]:
    """The order that each source gives the deal, and the edges that carry its credit."""
    by_source: dict[str, int] = {}
    edges: list[NewEdge] = []
    for line in allocation.lines:
        if _is_expansion(deal, line.source):
            by_source[line.source.key] = 1
            continue
        before = _latest(won.get(line.source.company_id or 0, ()), _moment(deal, now))
        # A customer without a won deal, as where a stage decides, is a first-order customer all the same.
        by_source[line.source.key] = orders[before] + 1 if before is not None else 2
        if before is not None and line.share > 0 and deal.counts_as_won:
            edges.append(NewEdge(before, deal.id, line.source, line.share))
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


def _heirs(
    batch: Batch,
    found: Iterable[tuple[DealFacts, Allocation]],
    won: Mapping[int, Sequence[tuple[Moment, Row]]],
) -> dict[int, int]:
    """The won deals that have no evidence of their own, and the first deal of their company, while it lasts."""
    heirs: dict[int, int] = {}
    for deal, allocation in found:
        mine = won.get(deal.company_id or 0, ())
        if not mine or not deal.counts_as_won:
            continue
        (start, _), first = mine[0]
        if first["deal_id"] == deal.id or any(
            line.share > 0 and not _is_expansion(deal, line.source) for line in allocation.lines
        ):
            continue
        if within_months(start, _moment(deal, batch.now)[0], batch.policy.inheritance_months):
            heirs[deal.id] = first["deal_id"]
    return heirs


def _later(
    found: Iterable[tuple[DealFacts, Allocation]], won: Mapping[int, Sequence[tuple[Moment, Row]]]
) -> dict[int, frozenset[int]]:
    later: dict[int, frozenset[int]] = {}
    for deal, _ in found:
        mine = [row["deal_id"] for _, row in won.get(deal.company_id or 0, ())]
        if mine and mine[0] == deal.id:
            later[deal.id] = frozenset(mine[1:])
    return later


def _won(rows: Iterable[Row]) -> list[tuple[Moment, Row]]:
    return sorted(
        (
            ((row["closed_at"] or row["created_at"], row["deal_id"]), row)
            for row in rows
            if row["is_won"]
        ),
        key=lambda one: one[0],
    )


def _latest(won: Sequence[tuple[Moment, Row]], moment: Moment) -> int | None:
    place = bisect.bisect_left(won, moment, key=lambda one: one[0])
    return int(won[place - 1][1]["deal_id"]) if place else None


def store(
    batch: Batch, flow: RevenueGraph, subjects: Mapping[int, int], deal_ids: Collection[int]
) -> Affected:
    """Write edges and orders as differences; deals that credit flows on to are looked at again."""
    # First deals outside this page whose shares deals of this page inherit.
    acquired = set(flow.heirs.values()) - set(deal_ids)
    stored = source_rows.edges_into(batch.tx, acquired | set(deal_ids))
    above = [row for row in stored if row["to_deal_id"] in acquired]
    before = {_edge_key(row): row for row in stored if row["to_deal_id"] not in acquired}
    own = _own_edges(flow, subjects)
    rows = own | _inherited(flow, [*own.values(), *above])
    gone = before.keys() - rows.keys()
    new = {key: row for key, row in rows.items() if key not in before or dict(before[key]) != row}
    lost = [before[key] for key in gone | (before.keys() & new.keys())]
    losers = _companies_that_lose(batch, lost)
    source_rows.change_edges(batch.tx, gone=gone, new=list(new.values()))
    moved = {deal_id for deal_id, _ in gone | new.keys()}
    _look_again(batch, flow, moved, set(deal_ids))
    return Affected(companies=frozenset(losers), deals=frozenset(moved))


def _edge_key(row: Row) -> EdgeKey:
    return row["to_deal_id"], row["source_key"]


def _own_edges(flow: RevenueGraph, subjects: Mapping[int, int]) -> dict[EdgeKey, dict[str, Any]]:
    """The edges that rest on evidence of the deals themselves, as rows."""
    rows: dict[EdgeKey, dict[str, Any]] = {}
    for edge in flow.edges:
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
    """Whose numbers rested on edges that went or changed: read while the old edges still stand."""
    if not lost:
        return set()
    deal_ids = {row["to_deal_id"] for row in lost}
    depth = deepest(batch.policy) - 1
    upstream = source_rows.upstream_companies(batch.tx, deal_ids, depth=depth)
    return upstream | {row["from_company_id"] for row in lost}


def _look_again(batch: Batch, flow: RevenueGraph, moved: Collection[int], page: set[int]) -> None:
    """Store orders; deals further down, and those that inherit from what moved, are judged again."""
    changed = source_rows.set_orders(batch.tx, flow.orders) if flow.orders else set()
    batch.changed(Change.ORDER_CHANGED, deals=changed)
    heirs = {heir for deal_id in moved for heir in flow.later.get(deal_id, ())}
    batch.changed(Change.INHERITANCE_CHANGED, deals=heirs - page)


def _inherited(flow: RevenueGraph, edges: Iterable[Row]) -> dict[EdgeKey, dict[str, Any]]:
    """What the heirs take over from the acquisition's own edges."""
    of_deal: dict[int, list[Row]] = {}
    for edge in edges:
        if not edge["inherited"]:
            of_deal.setdefault(edge["to_deal_id"], []).append(edge)
    found: dict[EdgeKey, dict[str, Any]] = {}
    for deal, acquired in flow.heirs.items():
        for edge in of_deal.get(acquired, ()):
            key = f"inherited|{edge['source_key']}"
            found[deal, key] = {**edge, "to_deal_id": deal, "source_key": key, "inherited": True}
    return found
