"""All-in values of all companies at once: the rule `orders.all_in` for a million deals.

Paths of edges are walked level by level, a limited number at a time, so that memory stays small
whatever the graph looks like. Sums are exact to the trillionth of a minor unit, as the rule's are;
tests hold both against each other.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from integration.core.errors import Refused
from integration.rollup.arrays import Flags, Ints, edge_starts, edges_of, run_starts
from integration.rollup.edge_arrays import Deals, Edges
from mappings.rules.attribution.orders import deepest, least_weight
from mappings.rules.findings import SHARE_ONE
from mappings.rules.policy import Policy

_ROOT = 10**6  # SHARE_ONE is its square
_MOST_PATHS = 2_000_000
# Direct revenue plus all orders is at most twice the sum of amounts, and has to stay below 2**63.
_LARGEST_SUM = 4e18


@dataclass(frozen=True, slots=True)
class AllInValues:
    """What each company is worth all-in: a row each in the order of `companies`.

    `by_order` has a column for each order from 2 on.
    """

    companies: Ints
    direct: Ints
    by_order: Ints
    self_return: Ints
    inherited: Ints

    @property
    def total(self) -> Ints:
        """Direct revenue plus every order."""
        return np.asarray(self.direct + self.by_order.sum(axis=1), np.int64)


@dataclass(frozen=True, slots=True)
class _Front:
    """Paths of one length: the company they start from, the deal they lead to, and their weight."""

    start: Ints
    deal: Ints
    weight: Ints
    inherited: Flags
    order: int

    def pick(self, chosen: Flags) -> "_Front":
        return _Front(
            self.start[chosen],
            self.deal[chosen],
            self.weight[chosen],
            self.inherited[chosen],
            self.order,
        )


class _Sums:
    """Exact sums of money, a cell a company and column: whole minor units and trillionths."""

    def __init__(self, companies: int, columns: int) -> None:
        self._units = np.zeros((companies, columns), np.int64)
        self._rest = np.zeros((companies, columns), np.int64)

    def add(self, column: int, company: Ints, units: Ints, rest: Ints) -> None:
        """Add up; equal companies stand beside each other."""
        if not len(company):
            return
        starts = run_starts(company)
        rows = company[starts]
        rests = np.add.reduceat(rest, starts) + self._rest[rows, column]
        self._units[rows, column] += np.add.reduceat(units, starts) + rests // SHARE_ONE
        self._rest[rows, column] = rests % SHARE_ONE

    def whole(self) -> Ints:
        """Whole minor units, half even."""
        is_half = 2 * self._rest == SHARE_ONE
        up = (2 * self._rest > SHARE_ONE) | (is_half & (self._units % 2 == 1))
        return np.asarray(self._units + up, np.int64)


def all_in_values(deals: Deals, edges: Edges, policy: Policy) -> AllInValues:
    """All-in values of all companies: what `orders.all_in` says of each.

    Raises Refused when the amounts of the portal add up to more than 64 bits hold.
    """
    _check_amounts(deals)
    most, least = deepest(policy), least_weight(policy)
    columns = max(most - 1, 0)
    self_return, inherited = columns, columns + 1
    sums = _Sums(len(deals.companies), columns + 2)
    starts = edge_starts(edges.source, len(deals.id))
    waiting = list(_first_front(deals, edges)) if columns else []
    while waiting:
        front = waiting.pop()
        units, rest = _product(deals.amount[front.deal], front.weight)
        # Money that comes back to the company it started from counts apart, and ends its path.
        is_home = deals.company[front.deal] == front.start
        for column, chosen in (
            (front.order - 2, ~is_home),
            (self_return, is_home),
            (inherited, ~is_home & front.inherited),
        ):
            sums.add(column, front.start[chosen], units[chosen], rest[chosen])
        if front.order < most:
            waiting.extend(_next_front(front.pick(~is_home), edges, starts, least))
    values = sums.whole()
    return AllInValues(
        companies=deals.companies,
        direct=_direct(deals),
        by_order=values[:, :columns],
        self_return=values[:, self_return],
        inherited=values[:, inherited],
    )


def _check_amounts(deals: Deals) -> None:
    if float(np.abs(deals.amount.astype(np.float64)).sum()) > _LARGEST_SUM:
        raise Refused(
            "The deals of this account add up to more than 64 bits hold; look for a mistyped amount"
        )


def _direct(deals: Deals) -> Ints:
    """Each company's own deals, added up."""
    direct = np.zeros(len(deals.companies), np.int64)
    is_owned = deals.company >= 0
    np.add.at(direct, deals.company[is_owned], deals.amount[is_owned])
    return direct


def _first_front(deals: Deals, edges: Edges) -> Iterator[_Front]:
    """Every edge as a path of its own, ordered by the company it starts from."""
    order = np.argsort(deals.company[edges.source], kind="stable")
    for begin in range(0, len(order), _MOST_PATHS):
        part = order[begin : begin + _MOST_PATHS]
        yield _Front(
            start=deals.company[edges.source[part]],
            deal=edges.target[part],
            weight=edges.share[part],
            inherited=edges.inherited[part],
            order=2,
        )


def _next_front(front: _Front, edges: Edges, starts: Ints, least: int) -> Iterator[_Front]:
    """Every path one edge further, a limited number at a time; paths below *least* weight end."""
    for part in _parts(starts[front.deal + 1] - starts[front.deal]):
        edge, path = edges_of(starts, front.deal[part])
        weight, _ = _product(front.weight[part][path], edges.share[edge])
        is_kept = weight >= least
        if not is_kept.any():
            continue
        edge, path = edge[is_kept], path[is_kept]
        yield _Front(
            start=front.start[part][path],
            deal=edges.target[edge],
            weight=weight[is_kept],
            inherited=front.inherited[part][path] | edges.inherited[edge],
            order=front.order + 1,
        )


def _parts(counts: Ints) -> Iterator[slice]:
    """Cut paths so that each part has few enough next edges; a path of very many stands alone."""
    ends = np.cumsum(counts)
    begin = 0
    while begin < len(counts):
        done = int(ends[begin - 1]) if begin else 0
        room = int(np.searchsorted(ends, done + _MOST_PATHS, side="right"))
        end = max(room, begin + 1)
        yield slice(begin, end)
        begin = end


def _product(value: Ints, share: Ints) -> tuple[Ints, Ints]:
    """Work out value x share / SHARE_ONE: whole units, rounded down, and the rest.

    The 128 bits of the product are worked out in two steps of 64.
    """
    value_high, value_low = np.divmod(value, _ROOT)
    share_high, share_low = np.divmod(share, _ROOT)
    middle = value_high * share_low + value_low * share_high
    rest = middle % _ROOT * _ROOT + value_low * share_low
    units = value_high * share_high + middle // _ROOT + rest // SHARE_ONE
    return units, rest % SHARE_ONE
