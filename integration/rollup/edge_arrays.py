"""All edges and all-in values of a portal at once, in arrays of integers: `mappings.rules.attribution.orders` for a million deals.

Each function does what the pure rule does, to the last trillionth; tests hold both against each
other. Deals are numbered by their place in time, companies by their place among the ids, and -1 is
no company. Paths are walked level by level, a limited number at a time, so that memory stays small
whatever the graph looks like.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from integration.core.errors import Refused
from mappings.rules.attribution.orders import deepest, least_weight
from mappings.rules.findings import SHARE_ONE
from mappings.rules.policy import Policy

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

_ROOT = 10**6  # SHARE_ONE is its square
_MOST_PATHS = 2_000_000
_LARGEST_SUM = 4e18
_EPOCH = np.datetime64("2000-01-01T00:00:00", "us")


@dataclass(frozen=True, slots=True)
class Deals:
    """Won deals in time order; `company` counts into `companies`."""

    id: Ints
    company: Ints
    amount: Ints
    closed: Ints
    companies: Ints

    @classmethod
    def of(cls, ids: Ints, company_ids: Ints, amount: Ints, closed: Ints) -> "Deals":
        """Order deals by close and id; a company id of 0 is none."""
        order = np.lexsort((ids, closed))
        companies = np.unique(company_ids)
        companies = companies[companies != 0]
        owner = company_ids[order]
        place = _search(companies, owner)
        return cls(
            ids[order], np.where(owner == 0, -1, place), amount[order], closed[order], companies
        )


@dataclass(frozen=True, slots=True)
class Edges:
    """Edges between deals by their places, one for each pair and kind, ordered by source and target."""

    source: Ints
    target: Ints
    share: Ints
    inherited: Flags


@dataclass(frozen=True, slots=True)
class AttachedEdges:
    """Shares hung on deals: edges, deals' orders, and shares (by row) that were refused since they point backwards."""

    edges: Edges
    orders: Ints
    refused: Ints


def attach(
    deals: Deals, deal_ids: Ints, company_ids: Ints, shares: Ints, policy: Policy
) -> AttachedEdges:
    """Make edges of shares (a row each: deal, source company or 0 for the pool, share), inherited ones included."""
    rows = np.flatnonzero(shares > 0)
    target = places(deals.id, deal_ids[rows])
    rows, target = rows[target >= 0], target[target >= 0]
    company, share = company_ids[rows], shares[rows]
    known = _search(deals.companies, company)
    known = np.where((company != 0) & (_at(deals.companies, known) == company), known, -1)
    outside = (known == -1) | (known != deals.company[target])
    count = len(deals.id)
    of_company = np.argsort(deals.company * count + np.arange(count))
    before = _latest_before(deals, of_company, known, target)
    counted = outside & (before >= 0)
    own = merged(
        before[counted],
        target[counted],
        share[counted],
        np.zeros(int(counted.sum()), np.bool_),
        len(deals.id),
    )
    evident = np.zeros(len(deals.id), np.bool_)
    evident[target[outside]] = True
    loose = np.unique(target[outside & (before < 0)])
    edges = _with_inherited(deals, of_company, own, evident, policy)
    return AttachedEdges(
        edges, _orders(deals, own, loose), rows[outside & (before < 0) & (company != 0)]
    )


def places(known: Ints, wanted: Ints) -> Ints:
    """Where each wanted id is among the known ones, -1 where it is not."""
    if not len(known):
        return np.full(len(wanted), -1)
    order = np.argsort(known)
    place = order[np.minimum(_search(known[order], wanted), len(known) - 1)]
    return np.where(known[place] == wanted, place, -1)


def _search(values: Ints, wanted: Ints) -> Ints:
    """Where each wanted number would stand among ordered values; asked in order, which memory likes."""
    order = np.argsort(wanted)
    found = np.empty(len(wanted), np.int64)
    found[order] = np.searchsorted(values, wanted[order])
    return found


def _at(values: Ints, found: Ints) -> Ints:
    """Values at places, and 0, which is nobody's id, beyond the end."""
    return np.append(values, 0)[np.minimum(found, len(values))]


def _latest_before(deals: Deals, of_company: Ints, company: Ints, target: Ints) -> Ints:
    """The company's last deal before the target in time, -1 when there is none."""
    count = len(deals.id)
    keys = (deals.company * count)[of_company] + of_company
    place = _search(keys, company * count + target) - 1
    found = np.append(of_company, -1)[place]  # place -1 is the end
    return np.where((company >= 0) & (found >= 0) & (deals.company[found] == company), found, -1)


def merged(source: Ints, target: Ints, share: Ints, inherited: Flags, deals: int) -> Edges:
    """One edge for each pair of deals and kind, with the shares added."""
    if not len(source):
        return Edges(source, target, share, inherited)
    key = (source * deals + target) * 2 + inherited
    order = np.argsort(key)
    starts = _starts(key[order])
    first = order[starts]
    return Edges(
        source[first], target[first], np.add.reduceat(share[order], starts), inherited[first]
    )


def _starts(values: Ints) -> Ints:
    """Where runs of equal values begin."""
    return np.flatnonzero(np.concatenate(([True], values[1:] != values[:-1])))


def _with_inherited(
    deals: Deals, of_company: Ints, own: Edges, evident: Flags, policy: Policy
) -> Edges:
    """Add what later deals without evidence of their own take over from their company's first deal."""
    if not len(own.source) or policy.inheritance_months <= 0:
        return own
    owned = of_company[deals.company[of_company] >= 0]
    first = np.full(len(deals.companies) + 1, -1)
    begins = _starts(deals.company[owned])
    first[deals.company[owned[begins]]] = owned[begins]
    acquired = first[deals.company]
    heirs = np.flatnonzero((deals.company >= 0) & ~evident & (acquired != np.arange(len(deals.id))))
    heirs = heirs[
        _within(deals.closed[acquired[heirs]], deals.closed[heirs], policy.inheritance_months)
    ]
    by_target = np.argsort(own.target)
    starts = _pointers(own.target, len(deals.id))
    which, whose = _spread(starts, acquired[heirs])
    taken = by_target[which]
    return merged(
        np.concatenate((own.source, own.source[taken])),
        np.concatenate((own.target, heirs[whose])),
        np.concatenate((own.share, own.share[taken])),
        np.concatenate((own.inherited, np.ones(len(taken), np.bool_))),
        len(deals.id),
    )


def _within(start: Ints, end: Ints, months: int) -> Flags:
    """As `orders.within_months`, for times in µs since 2000."""
    (month, day), (last_month, last_day) = _calendar(start), _calendar(end)
    apart = last_month - month
    return np.asarray((apart < months) | ((apart == months) & (last_day <= day)), np.bool_)


def _calendar(moments: Ints) -> tuple[Ints, Ints]:
    dates = (_EPOCH + moments.astype("timedelta64[us]")).astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    return months.astype(np.int64), (dates - months.astype("datetime64[D]")).astype(np.int64)


def _pointers(ends: Ints, count: int) -> Ints:
    """Where each deal's edges begin, for edges ordered by that end."""
    return np.concatenate(([0], np.cumsum(np.bincount(ends, minlength=count))))


def _spread(pointers: Ints, nodes: Ints) -> tuple[Ints, Ints]:
    """Every edge of every node, and the place of the node it belongs to."""
    counts = pointers[nodes + 1] - pointers[nodes]
    whose = np.repeat(np.arange(len(nodes)), counts)
    offsets = np.arange(len(whose)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(pointers[nodes], counts) + offsets, whose


def _orders(deals: Deals, own: Edges, loose: Ints) -> Ints:
    """Each deal's order: one more than the smallest it is derived from, level by level."""
    found = np.zeros(len(deals.id), np.int64)
    derived = np.zeros(len(deals.id), np.bool_)
    derived[own.target] = True
    derived[loose] = True
    found[~derived] = 1
    level = np.flatnonzero(~derived)
    pointers = _pointers(own.source, len(deals.id))
    order, joining = 1, loose
    while len(level) or len(joining):
        order += 1
        reached, _ = _spread(pointers, level)
        level = np.unique(np.concatenate((own.target[reached], joining)))
        level = level[found[level] == 0]
        found[level] = order
        joining = joining[:0]
    return found


@dataclass(frozen=True, slots=True)
class AllInValues:
    """What each company is worth all-in, a row each in the order of `companies`; a column for each order from 2 on."""

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
    """The ends of paths of one length: whose they are, where they lead, their weight, and how they came about."""

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
    """Exact sums of money in trillionths of a minor unit: whole units and the rest, a cell for company and column."""

    def __init__(self, companies: int, columns: int) -> None:
        self._units = np.zeros((companies, columns), np.int64)
        self._rest = np.zeros((companies, columns), np.int64)

    def add(self, column: int, company: Ints, units: Ints, rest: Ints) -> None:
        """Add up; equal companies stand beside each other."""
        if not len(company):
            return
        starts = _starts(company)
        rows = company[starts]
        rests = np.add.reduceat(rest, starts) + self._rest[rows, column]
        self._units[rows, column] += np.add.reduceat(units, starts) + rests // SHARE_ONE
        self._rest[rows, column] = rests % SHARE_ONE

    def whole(self) -> Ints:
        """Whole minor units, half even."""
        up = (2 * self._rest > SHARE_ONE) | ((2 * self._rest == SHARE_ONE) & (self._units % 2 == 1))
        return np.asarray(self._units + up, np.int64)


def all_in_values(deals: Deals, edges: Edges, policy: Policy) -> AllInValues:
    """All-in values of all companies: what `orders.all_in` says of each."""
    if float(np.abs(deals.amount.astype(np.float64)).sum()) > _LARGEST_SUM:
        raise Refused(
            "The deals of this portal add up to more than 64 bits hold; look for a mistyped amount"
        )
    most, least = deepest(policy), least_weight(policy)
    columns = max(most - 1, 0)
    sums = _Sums(len(deals.companies), columns + 2)
    pointers = _pointers(edges.source, len(deals.id))
    waiting = list(_first(deals, edges)) if columns else []
    while waiting:
        front = waiting.pop()
        units, rest = _product(deals.amount[front.deal], front.weight)
        home = deals.company[front.deal] == front.start
        for column, chosen in (
            (front.order - 2, ~home),
            (columns, home),
            (columns + 1, ~home & front.inherited),
        ):
            sums.add(column, front.start[chosen], units[chosen], rest[chosen])
        if front.order < most:
            waiting.extend(_next(front.pick(~home), edges, pointers, least))
    found = sums.whole()
    direct = np.zeros(len(deals.companies), np.int64)
    owned = deals.company >= 0
    np.add.at(direct, deals.company[owned], deals.amount[owned])
    return AllInValues(
        deals.companies, direct, found[:, :columns], found[:, columns], found[:, columns + 1]
    )


def _first(deals: Deals, edges: Edges) -> Iterator[_Front]:
    """What is derived directly, ordered by the company it is derived from."""
    order = np.argsort(deals.company[edges.source], kind="stable")
    for begin in range(0, len(order), _MOST_PATHS):
        part = order[begin : begin + _MOST_PATHS]
        yield _Front(
            deals.company[edges.source[part]],
            edges.target[part],
            edges.share[part],
            edges.inherited[part],
            2,
        )


def _next(front: _Front, edges: Edges, pointers: Ints, least: int) -> Iterator[_Front]:
    """One edge further along every path, a limited number at a time."""
    counts = pointers[front.deal + 1] - pointers[front.deal]
    ends = np.cumsum(counts)
    begin = 0
    while begin < len(counts):
        done = int(ends[begin - 1]) if begin else 0
        end = max(int(np.searchsorted(ends, done + _MOST_PATHS, side="right")), begin + 1)
        part = slice(begin, end)
        which, whose = _spread(pointers, front.deal[part])
        weight, _ = _product(front.weight[part][whose], edges.share[which])
        kept = weight >= least
        if kept.any():
            which, whose = which[kept], whose[kept]
            inherited = front.inherited[part][whose] | edges.inherited[which]
            yield _Front(
                front.start[part][whose],
                edges.target[which],
                weight[kept],
                inherited,
                front.order + 1,
            )
        begin = end


def _product(value: Ints, share: Ints) -> tuple[Ints, Ints]:
    """Work out value x share / SHARE_ONE as whole units, rounded down, and the rest; 128 bits in two steps of 64."""
    a, b = np.divmod(value, _ROOT)
    c, d = np.divmod(share, _ROOT)
    middle = a * d + b * c
    rest = middle % _ROOT * _ROOT + b * d
    return a * c + middle // _ROOT + rest // SHARE_ONE, rest % SHARE_ONE
