"""All edges of a portal at once: the rule `orders.build` for a million deals.

Each function does what the pure rule of `mappings.rules.attribution.orders` does; tests hold both
against each other. Deals are numbered by their place in time, companies by their place among the
ids, and -1 is no company.
"""

from dataclasses import dataclass

import numpy as np

from integration.rollup.arrays import (
    Flags,
    Ints,
    edge_starts,
    edges_of,
    insertion_places,
    places,
    run_starts,
)
from mappings.rules.policy import Policy

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
        place = insertion_places(companies, owner)
        return cls(
            id=ids[order],
            company=np.where(owner == 0, -1, place),
            amount=amount[order],
            closed=closed[order],
            companies=companies,
        )


@dataclass(frozen=True, slots=True)
class Edges:
    """Edges between deals by their places, one a pair and kind, ordered by source and target."""

    source: Ints
    target: Ints
    share: Ints
    inherited: Flags


@dataclass(frozen=True, slots=True)
class AttachedEdges:
    """Edges of a portal, its deals' orders, and shares that were refused, by row.

    Refused are shares of a company that had bought nothing before the deal.
    """

    edges: Edges
    orders: Ints
    refused: Ints


def attach(
    deals: Deals, deal_ids: Ints, company_ids: Ints, shares: Ints, policy: Policy
) -> AttachedEdges:
    """Make edges of shares (a row each: deal, source company or 0 for the pool, share).

    A share makes an edge from the company's latest deal before. Inherited edges are included.
    """
    count = len(deals.id)
    rows = np.flatnonzero(shares > 0)
    target = places(deals.id, deal_ids[rows])
    rows, target = rows[target >= 0], target[target >= 0]
    company = _company_places(deals, company_ids[rows])
    by_company = np.argsort(deals.company * count + np.arange(count))
    before = _latest_before(deals, by_company, company, target)
    # Help from inside the buying company is expansion, no evidence.
    is_outside = (company == -1) | (company != deals.company[target])
    is_edge = is_outside & (before >= 0)
    is_loose = is_outside & (before < 0)
    own = merged(
        before[is_edge],
        target[is_edge],
        shares[rows[is_edge]],
        np.zeros(int(is_edge.sum()), np.bool_),
        count,
    )
    is_evident = np.zeros(count, np.bool_)
    is_evident[target[is_outside]] = True
    return AttachedEdges(
        edges=_with_inherited(deals, by_company, own, is_evident, policy),
        orders=_orders(deals, own, loose=np.unique(target[is_loose])),
        refused=rows[is_loose & (company_ids[rows] != 0)],
    )


def merged(source: Ints, target: Ints, share: Ints, inherited: Flags, deals: int) -> Edges:
    """One edge for each pair of deals and kind, with the shares added."""
    if not len(source):
        return Edges(source, target, share, inherited)
    key = (source * deals + target) * 2 + inherited
    order = np.argsort(key)
    starts = run_starts(key[order])
    first = order[starts]
    total = np.add.reduceat(share[order], starts)
    return Edges(source[first], target[first], total, inherited[first])


def _company_places(deals: Deals, company_ids: Ints) -> Ints:
    """Where each company is among those that bought, -1 for the pool and for all others."""
    place = insertion_places(deals.companies, company_ids)
    # Beyond the end stands 0, which is no company's id.
    id_there = np.append(deals.companies, 0)[np.minimum(place, len(deals.companies))]
    return np.where((company_ids != 0) & (id_there == company_ids), place, -1)


def _latest_before(deals: Deals, by_company: Ints, company: Ints, target: Ints) -> Ints:
    """The company's last deal before the target in time, -1 when there is none."""
    count = len(deals.id)
    keys = (deals.company * count)[by_company] + by_company
    place = insertion_places(keys, company * count + target) - 1
    deal = np.append(by_company, -1)[place]  # place -1 is the end
    is_theirs = (company >= 0) & (deal >= 0) & (deals.company[deal] == company)
    return np.where(is_theirs, deal, -1)


def _with_inherited(
    deals: Deals, by_company: Ints, own: Edges, is_evident: Flags, policy: Policy
) -> Edges:
    """Add what later deals without own evidence take over from their company's first deal."""
    if not len(own.source) or policy.inheritance_months <= 0:
        return own
    count = len(deals.id)
    first_deal = _first_deals(deals, by_company)[deals.company]
    is_heir = (deals.company >= 0) & ~is_evident & (first_deal != np.arange(count))
    heirs = np.flatnonzero(is_heir)
    is_in_time = _within(
        deals.closed[first_deal[heirs]], deals.closed[heirs], policy.inheritance_months
    )
    heirs = heirs[is_in_time]
    by_target = np.argsort(own.target)
    edge, heir = edges_of(edge_starts(own.target, count), first_deal[heirs])
    taken = by_target[edge]
    return merged(
        np.concatenate((own.source, own.source[taken])),
        np.concatenate((own.target, heirs[heir])),
        np.concatenate((own.share, own.share[taken])),
        np.concatenate((own.inherited, np.ones(len(taken), np.bool_))),
        count,
    )


def _first_deals(deals: Deals, by_company: Ints) -> Ints:
    """The first deal of each company; -1 at the end, for deals of no company."""
    owned = by_company[deals.company[by_company] >= 0]
    starts = run_starts(deals.company[owned])
    first = np.full(len(deals.companies) + 1, -1)
    first[deals.company[owned[starts]]] = owned[starts]
    return first


def _within(start: Ints, end: Ints, months: int) -> Flags:
    """As `orders.within_months`, for times in µs since 2000."""
    (month, day), (last_month, last_day) = _calendar(start), _calendar(end)
    apart = last_month - month
    return np.asarray((apart < months) | ((apart == months) & (last_day <= day)), np.bool_)


def _calendar(moments: Ints) -> tuple[Ints, Ints]:
    """Month, counted from 1970, and day of the month, counted from 0."""
    dates = (_EPOCH + moments.astype("timedelta64[us]")).astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    return months.astype(np.int64), (dates - months.astype("datetime64[D]")).astype(np.int64)


def _orders(deals: Deals, own: Edges, *, loose: Ints) -> Ints:
    """Each deal's order: one more than the smallest order it is derived from, level by level.

    *loose* deals have evidence that leads to no earlier deal: they are of order 2.
    """
    is_derived = np.zeros(len(deals.id), np.bool_)
    is_derived[own.target] = True
    is_derived[loose] = True
    orders = np.zeros(len(deals.id), np.int64)
    orders[~is_derived] = 1
    starts = edge_starts(own.source, len(deals.id))
    level, joining, order = np.flatnonzero(~is_derived), loose, 1
    while len(level) or len(joining):
        order += 1
        edge, _ = edges_of(starts, level)
        level = np.unique(np.concatenate((own.target[edge], joining)))
        level = level[orders[level] == 0]
        orders[level] = order
        joining = joining[:0]
    return orders
