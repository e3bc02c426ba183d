"""The revenue graph: each deal's order, and the edges from the deals it came of."""

import bisect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from integration.conclude.batch import Batch
from integration.portal.occurrence import known_ids
from integration.storage.database import Row
from integration.storage.mirror import deal_rows
from mappings.rules.attribution.orders import within_months
from mappings.rules.facts import DealFacts
from mappings.rules.findings import Allocation, Source


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
