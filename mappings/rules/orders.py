"""Orders: the graph of won deals along derived credit, each deal's order, and all-in lifetime value by company."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from mappings.rules.facts import PPM
from mappings.rules.findings import SHARE_ONE
from mappings.rules.policy import Policy


@dataclass(frozen=True, slots=True)
class WonDeal:
    """A won deal in one currency (the home one) with its derived shares by source company.

    `shares` are in SHARE_ONE units; a source company of None is the word-of-mouth pool.
    """

    id: int
    company_id: int
    amount_minor: int
    closed_at: datetime
    shares: tuple[tuple[int | None, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Edge:
    """Credit that flows from an earlier deal to a later one; `inherited` when it stems from the acquisition."""

    source_id: int
    target_id: int
    share: int
    inherited: bool = False


@dataclass(frozen=True, slots=True)
class Dropped:
    """A share that makes no edge, and why: expansion (same company) or no earlier won deal to hang it on."""

    deal_id: int
    company_id: int | None
    why: str


@dataclass(frozen=True, slots=True)
class DealGraph:
    """Won deals in time order with their edges; acyclic, since edges only point forward in time."""

    deals: Mapping[int, WonDeal]
    incoming: Mapping[int, tuple[Edge, ...]]
    outgoing: Mapping[int, tuple[Edge, ...]]
    dropped: tuple[Dropped, ...]


def _moment(deal: WonDeal) -> tuple[datetime, int]:
    return deal.closed_at, deal.id


def build(deals: Iterable[WonDeal], policy: Policy, *, inherit: bool = False) -> DealGraph:
    """Hang each derived share on the source company's latest deal won strictly before this one closed.

    With *inherit*, later deals of a derived customer that have no evidence of their own take over the shares of
    its first deal for the policy's months; that is for lifetime value only, never for what is booked.
    """
    ordered = sorted(deals, key=_moment)
    latest: dict[int, int] = {}
    first: dict[int, WonDeal] = {}
    incoming: dict[int, tuple[Edge, ...]] = {}
    dropped: list[Dropped] = []
    for deal in ordered:
        edges, lost = _edges(deal, latest)
        dropped.extend(lost)
        acquired = first.setdefault(deal.company_id, deal)
        if inherit and not deal.shares and acquired is not deal and _within(acquired, deal, policy):
            edges = [Edge(e.source_id, deal.id, e.share, inherited=True) for e in incoming[acquired.id]]
        incoming[deal.id] = tuple(edges)
        latest[deal.company_id] = deal.id
    outgoing: dict[int, list[Edge]] = {}
    for edge in (edge for edges_in in incoming.values() for edge in edges_in):
        outgoing.setdefault(edge.source_id, []).append(edge)
    by_id = {deal.id: deal for deal in ordered}
    return DealGraph(by_id, incoming, {key: tuple(found) for key, found in outgoing.items()}, tuple(dropped))


def _edges(deal: WonDeal, latest: Mapping[int, int]) -> tuple[list[Edge], list[Dropped]]:
    edges, dropped = [], []
    for company, share in deal.shares:
        if company is None:
            dropped.append(Dropped(deal.id, None, "word-of-mouth pool"))
        elif company == deal.company_id:
            dropped.append(Dropped(deal.id, company, "same company: expansion, first-order"))
        elif company not in latest:
            dropped.append(Dropped(deal.id, company, "the source had not bought before this deal closed"))
        else:
            edges.append(Edge(latest[company], deal.id, share))
    return edges, dropped


def _within(acquired: WonDeal, deal: WonDeal, policy: Policy) -> bool:
    start, end = acquired.closed_at, deal.closed_at
    months = (end.year - start.year) * 12 + end.month - start.month
    return months < policy.inheritance_months or (months == policy.inheritance_months and end.day <= start.day)


def orders(graph: DealGraph) -> dict[int, int]:
    """Each deal's order: 1 when nothing is derived, else one more than the smallest order it is derived from.

    Credit without an earlier deal of the source (the pool, or a customer by lifecycle stage) makes order 2.
    """
    found: dict[int, int] = {}
    loose = {one.deal_id for one in graph.dropped if not one.why.startswith("same company")}
    for deal_id in graph.deals:  # in time order
        sources = [found[edge.source_id] for edge in graph.incoming[deal_id] if edge.share]
        if deal_id in loose:
            sources.append(1)
        found[deal_id] = 1 + min(sources) if sources else 1
    return found


@dataclass(frozen=True, slots=True)
class AllIn:
    """A company's lifetime value with what came because of it. Overlaps between companies: never add these up."""

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
class _Step:
    deal: WonDeal
    order: int
    weight: Fraction
    inherited: bool


def all_in(company_id: int, graph: DealGraph, policy: Policy) -> AllIn:
    """Direct revenue of a company plus, along every path of credit from its deals, what others paid because of it.

    A path that comes back to the company's own later deal is its direct revenue already: shown, not added.
    """
    own = [deal for deal in graph.deals.values() if deal.company_id == company_id]
    by_order: dict[int, Fraction] = {}
    back = inherited = Fraction(0)
    for step in _walk(own, graph, policy):
        money = step.weight * step.deal.amount_minor
        if step.deal.company_id == company_id:
            back += money
            continue
        by_order[step.order] = by_order.get(step.order, Fraction(0)) + money
        inherited += money if step.inherited else 0
    rounded = {order: round(money) for order, money in sorted(by_order.items())}
    return AllIn(company_id, sum(deal.amount_minor for deal in own), rounded, round(back), round(inherited))


def _walk(own: Sequence[WonDeal], graph: DealGraph, policy: Policy) -> Iterator[_Step]:
    """Every path from the own deals, ended by the largest order, a negligible weight, or the return home."""
    home = own[0].company_id if own else None
    waiting = [_Step(deal, 1, Fraction(1), inherited=False) for deal in own]
    while waiting:
        step = waiting.pop()
        if step.order >= policy.max_order:
            continue
        for edge in graph.outgoing.get(step.deal.id, ()):
            weight = step.weight * edge.share / SHARE_ONE
            if weight * PPM < policy.smallest_path:
                continue
            deal = graph.deals[edge.target_id]
            following = _Step(deal, step.order + 1, weight, step.inherited or edge.inherited)
            yield following
            if deal.company_id != home:
                waiting.append(following)


def booked_second_order(deals: Iterable[WonDeal]) -> int:
    """Derived money over all deals, each deal once: the ledger that reconciles with won revenue."""
    return sum(round(Fraction(deal.amount_minor * sum(share for _, share in deal.shares), SHARE_ONE)) for deal in deals)
