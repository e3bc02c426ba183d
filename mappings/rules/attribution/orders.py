"""Orders: the graph of won deals along derived credit, and what a company is worth all-in.

The weight of a path is counted in whole trillionths (SHARE_ONE) and rounded down at each step,
money in trillionths of a minor unit and rounded once, half even, for a company and an order. So a
sum has one result, whoever computes it and in whatever order: one company walked by this module, or
all companies of a portal at once by `integration.rollup.roll_up`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import TypeVar

from mappings.rules.facts import PPM
from mappings.rules.findings import SHARE_ONE
from mappings.rules.policy import Policy


@dataclass(frozen=True, slots=True)
class WonDeal:
    """A won deal in one currency (the home one) with its derived shares by source company.

    `shares` are in SHARE_ONE units; a source company of None is the word-of-mouth pool. A deal
    without a company can be derived from customers, but nothing can be derived from it.
    """

    id: int
    company_id: int | None
    amount_minor: int
    closed_at: datetime
    shares: tuple[tuple[int | None, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Edge:
    """Credit that flows from an earlier deal to a later one.

    `inherited` marks what a later deal of a customer has from that customer's first one.
    """

    source_id: int
    target_id: int
    share: int
    inherited: bool = False


@dataclass(frozen=True, slots=True)
class Dropped:
    """A share that makes no edge, and why: POOL, EXPANSION or BACKWARD."""

    deal_id: int
    company_id: int | None
    why: str


T = TypeVar("T")

POOL = "word-of-mouth pool"
EXPANSION = "same company: expansion, first-order"
BACKWARD = "the source had not bought before this deal closed"


@dataclass(frozen=True, slots=True)
class DealGraph:
    """Won deals with the edges between them; acyclic, since edges only point forward in time."""

    deals: Mapping[int, WonDeal]
    incoming: Mapping[int, tuple[Edge, ...]]
    outgoing: Mapping[int, tuple[Edge, ...]]
    of_company: Mapping[int, tuple[WonDeal, ...]]
    dropped: tuple[Dropped, ...] = ()


def moment(deal: WonDeal) -> tuple[datetime, int]:
    """The key that orders deals in time: the close, and the id among equal ones."""
    return deal.closed_at, deal.id


def graph_of(
    deals: Iterable[WonDeal], edges: Iterable[Edge], dropped: Sequence[Dropped] = ()
) -> DealGraph:
    """Put deals and edges together; shares between the same two deals become one edge."""
    ordered = sorted(deals, key=moment)
    by_id = {deal.id: deal for deal in ordered}
    incoming: dict[int, list[Edge]] = {deal.id: [] for deal in ordered}
    outgoing: dict[int, list[Edge]] = {}
    for edge in _joined(edges, by_id):
        incoming[edge.target_id].append(edge)
        outgoing.setdefault(edge.source_id, []).append(edge)
    of_company: dict[int, list[WonDeal]] = {}
    for deal in ordered:
        if deal.company_id is not None:
            of_company.setdefault(deal.company_id, []).append(deal)
    return DealGraph(
        by_id, _frozen(incoming), _frozen(outgoing), _frozen(of_company), tuple(dropped)
    )


def _joined(edges: Iterable[Edge], by_id: Mapping[int, WonDeal]) -> Iterator[Edge]:
    """One edge for all shares between two known deals, in the order of their ids."""
    shares: dict[tuple[int, int, bool], int] = {}
    for edge in edges:
        if edge.source_id in by_id and edge.target_id in by_id:
            key = edge.source_id, edge.target_id, edge.inherited
            shares[key] = shares.get(key, 0) + edge.share
    for (source_id, target_id, inherited), share in sorted(shares.items()):
        yield Edge(source_id, target_id, share, inherited)


def _frozen(lists: Mapping[int, list[T]]) -> dict[int, tuple[T, ...]]:
    return {key: tuple(members) for key, members in lists.items()}


def build(deals: Iterable[WonDeal], policy: Policy, *, inherit: bool = False) -> DealGraph:
    """Attach each share to the source company's latest deal won strictly before this one closed.

    With *inherit*, later deals of a derived customer that have no evidence of their own take over
    the shares of its first deal for the policy's months; that is for lifetime value only, never for
    what is booked.

    The product makes the same edges from its tables, a page of deals at a time, and in arrays
    for a whole portal; tests hold both against this definition.
    """
    ordered = sorted(deals, key=moment)
    latest: dict[int, int] = {}
    first: dict[int, WonDeal] = {}
    incoming: dict[int, list[Edge]] = {}
    dropped: list[Dropped] = []
    for deal in ordered:
        edges, without_edge = _edges(deal, latest)
        dropped += without_edge
        if deal.company_id is not None:
            acquired = first.setdefault(deal.company_id, deal)
            if inherit and not has_evidence(deal) and inherits(acquired, deal, policy):
                edges = [
                    Edge(edge.source_id, deal.id, edge.share, inherited=True)
                    for edge in incoming[acquired.id]
                ]
            latest[deal.company_id] = deal.id
        incoming[deal.id] = edges
    return graph_of(ordered, chain.from_iterable(incoming.values()), dropped)


def _edges(deal: WonDeal, latest: Mapping[int, int]) -> tuple[list[Edge], list[Dropped]]:
    edges, dropped = [], []
    for company, share in deal.shares:
        if share <= 0:
            continue
        if company is None:
            dropped.append(Dropped(deal.id, None, POOL))
        elif company == deal.company_id:
            dropped.append(Dropped(deal.id, company, EXPANSION))
        elif company not in latest:
            dropped.append(Dropped(deal.id, company, BACKWARD))
        else:
            edges.append(Edge(latest[company], deal.id, share))
    return edges, dropped


def has_evidence(deal: WonDeal) -> bool:
    """Whether a deal is derived on its own account; help from inside the same company is not."""
    return any(
        share > 0 and (company is None or company != deal.company_id)
        for company, share in deal.shares
    )


def inherits(acquired: WonDeal, deal: WonDeal, policy: Policy) -> bool:
    """Whether a later deal of a customer still inherits the shares of its first one."""
    return acquired.id != deal.id and within_months(
        acquired.closed_at, deal.closed_at, policy.inheritance_months
    )


def within_months(start: datetime, end: datetime, most: int) -> bool:
    """Whether no more than *most* months lie between two days; zero months is never.

    The day of the month counts, the hour does not.
    """
    months = (end.year - start.year) * 12 + end.month - start.month
    return most > 0 and (months < most or (months == most and end.day <= start.day))


def orders(graph: DealGraph) -> dict[int, int]:
    """Each deal's order: 1 when nothing is derived, else one more than its lowest source's.

    Credit without an earlier deal of the source (the pool, or a customer by lifecycle stage) makes
    order 2. Inherited credit makes no order: it belongs to lifetime value alone.
    """
    order_of: dict[int, int] = {}
    without_edge = {share.deal_id for share in graph.dropped if share.why != EXPANSION}
    for deal_id in graph.deals:  # in time order
        own = [edge for edge in graph.incoming[deal_id] if not edge.inherited]
        sources = [order_of[edge.source_id] for edge in own]
        if deal_id in without_edge:
            sources.append(1)
        order_of[deal_id] = 1 + min(sources) if sources else 1
    return order_of


@dataclass(frozen=True, slots=True)
class AllIn:
    """A company's lifetime value with what came because of it, in minor units of one currency.

    Values of companies overlap: they are never added up.
    """

    company_id: int
    direct_minor: int
    by_order: Mapping[int, int]
    self_return_minor: int
    inherited_minor: int

    @property
    def total_minor(self) -> int:
        """Direct revenue plus every order."""
        return self.direct_minor + sum(self.by_order.values())


@dataclass(frozen=True, slots=True)
class PathStep:
    """The end of one path from a company's own deals.

    `weight` is the part of the deal's amount that follows from the company, in SHARE_ONE units.
    `before` is the step that the path came from, None where it begins.
    """

    deal: WonDeal
    order: int
    weight: int
    inherited: bool
    before: "PathStep | None" = None

    @property
    def money(self) -> int:
        """What of the deal follows, in trillionths of a minor unit."""
        return self.weight * self.deal.amount_minor


def all_in(company_id: int, graph: DealGraph, policy: Policy) -> AllIn:
    """Direct revenue of a company plus what others paid because of it, along every path of credit.

    A path that comes back to the company's own later deal is its direct revenue already: shown, not
    added, and not followed further, since what that deal led to is reached from it directly. The
    graph is one of deals and acyclic: a path may pass another company twice, at two of its deals.
    """
    own = graph.of_company.get(company_id, ())
    by_order: dict[int, int] = {}
    back = inherited = 0
    for step in paths(company_id, graph, policy):
        money = step.money
        if step.deal.company_id == company_id:
            back += money
            continue
        by_order[step.order] = by_order.get(step.order, 0) + money
        inherited += money if step.inherited else 0
    rounded = {order: whole(money) for order, money in sorted(by_order.items())}
    return AllIn(
        company_id, sum(deal.amount_minor for deal in own), rounded, whole(back), whole(inherited)
    )


def paths(company_id: int, graph: DealGraph, policy: Policy) -> Iterator[PathStep]:
    """Every path of credit from a company's deals.

    What is derived directly always counts. Longer paths end at the largest order, under the
    smallest weight, or with the return home.
    """
    own = graph.of_company.get(company_id, ())
    beginnings = [PathStep(deal, 1, SHARE_ONE, inherited=False) for deal in own]
    return paths_from(beginnings, company_id, graph, policy)


def paths_from(
    beginnings: Iterable[PathStep], home: int | None, graph: DealGraph, policy: Policy
) -> Iterator[PathStep]:
    """Every path that goes on from these steps, until it returns *home*, if there is one."""
    least, most = least_weight(policy), deepest(policy)
    waiting = list(beginnings)
    while waiting:
        step = waiting.pop()
        if step.order >= most:
            continue
        for edge in graph.outgoing.get(step.deal.id, ()):
            weight = step.weight * edge.share // SHARE_ONE
            if step.order > 1 and weight < least:
                continue
            deal = graph.deals[edge.target_id]
            inherited = step.inherited or edge.inherited
            following = PathStep(deal, step.order + 1, weight, inherited, before=step)
            yield following
            if home is None or deal.company_id != home:
                waiting.append(following)


_MOST_ORDERS = 12
_LEAST_PPM = 1_000


def deepest(policy: Policy) -> int:
    """The largest order that counts: what the policy says, and never more than twelve."""
    return min(policy.max_order, _MOST_ORDERS)


def least_weight(policy: Policy) -> int:
    """The smallest weight of a path of three deals or more, in SHARE_ONE units.

    Never under a thousandth: shares of a deal add up to one at most, so no deal ends more than a
    thousand paths of one length, whatever a portal's deals look like.
    """
    return max(policy.smallest_path, _LEAST_PPM) * (SHARE_ONE // PPM)


def whole(trillionths: int) -> int:
    """Money in trillionths of a minor unit as whole minor units, half even."""
    units, rest = divmod(trillionths, SHARE_ONE)
    return units + (2 * rest > SHARE_ONE or (2 * rest == SHARE_ONE and units % 2 == 1))
