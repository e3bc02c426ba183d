"""Roll-up: all orders and all-in values of a portal from its deals and shares at once, as a check and a repair.

Conclude keeps these numbers up to date deal by deal. This works them out again from what is stored
of deals and their shares alone, without looking at what was kept, and compares: after an import,
after a change of settings, at night. What differs is looked at again by conclude.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from integration.portal import invalidation
from integration.portal import settings as portal_settings
from integration.portal.context import PortalContext
from integration.portal.invalidation import Change
from integration.rollup import edge_arrays, share_arrays
from integration.storage.database import Row, Transaction
from integration.storage.ledger import graph_arrays
from integration.storage.queue import lanes
from mappings.rules.policy import Policy

_NAMED = 20


@dataclass(frozen=True, slots=True)
class Rolled:
    """A whole portal worked out: its deals, its edges and each deal's order, each company's value, refused shares."""

    deals: edge_arrays.Deals
    hung: edge_arrays.AttachedEdges
    worth: edge_arrays.AllInValues
    refused: Sequence[tuple[int, int]]
    kept_orders: edge_arrays.Ints


@dataclass(frozen=True, slots=True)
class Compared:
    """What was worked out beside what is kept. Refused are deals with the source companies that bought only later."""

    deals: int
    companies: int
    edges: int
    inherited: int
    deepest: int
    refused: Sequence[tuple[int, int]]
    self_returns: int
    companies_differ: Sequence[int]
    deals_differ: Sequence[int]
    totals: Mapping[int, tuple[int | None, int | None]]
    seconds: float

    @property
    def agrees(self) -> bool:
        """Whether everything that is kept is what everything stored adds up to."""
        return not self.companies_differ and not self.deals_differ


def roll_up(tx: Transaction, policy: Policy, home: str, *, anew: bool = False) -> Rolled:
    """Work out a portal from its won deals and frozen shares; *anew* from what the shares were made of."""
    ids, company, amount, closed, kept_order = _columns(graph_arrays.won_deals(tx, home), 5)
    deals = edge_arrays.Deals.of(ids, company, amount, closed)
    of_deal, of_company, shares = (
        shared(tx, policy) if anew else _columns(graph_arrays.shares(tx), 3)
    )
    hung = edge_arrays.attach(deals, of_deal, of_company, shares, policy)
    refused = sorted({(int(of_deal[row]), int(of_company[row])) for row in hung.refused})
    orders = kept_order[edge_arrays.places(ids, deals.id)]
    return Rolled(
        deals, hung, edge_arrays.all_in_values(deals, hung.edges, policy), refused, orders
    )


def shared(
    tx: Transaction, policy: Policy
) -> tuple[edge_arrays.Ints, edge_arrays.Ints, edge_arrays.Ints]:
    """Each deal shared among its sources again; where words were erased the frozen shares stand."""
    deal, company, frozen, raw = _columns(graph_arrays.raws(tx), 4)
    erased = np.isin(deal, deal[raw < 0])
    found = share_arrays.share(deal, np.where(erased, 0, raw), policy.derived_cap)
    tied = np.isin(deal, found.undecided)
    rows = [
        (number, row["company_id"], part)
        for number, sources in graph_arrays.keys_of(tx, found.undecided.tolist()).items()
        for row, part in _by_keys(sources, policy)
    ]
    more = np.array(rows, np.int64).reshape(-1, 3)
    share = np.where(erased, frozen, found.share)[~tied]
    return (
        np.concatenate((deal[~tied], more[:, 0])),
        np.concatenate((company[~tied], more[:, 1])),
        np.concatenate((share, more[:, 2])),
    )


def _by_keys(sources: Sequence[Row], policy: Policy) -> Iterator[tuple[Row, int]]:
    found = share_arrays.by_keys(
        {row["source_key"]: row["raw"] for row in sources if row["raw"] > 0}, policy.derived_cap
    )
    return ((row, found.get(row["source_key"], 0)) for row in sources)


def check(portal: PortalContext, *, repair: bool = False) -> Compared:
    """Compare what is kept with what is worked out; with *repair*, let conclude look at what differs.

    A portal at work may differ for the moment it takes conclude to come round; a settled one must
    not.
    """
    began = time.monotonic()
    with portal.transaction() as tx:
        graph_arrays.allow_minutes(tx)
        policy, home = policy_of(tx)
        found = roll_up(tx, policy, home)
        graph_arrays.load_computed(tx, rows_of(found.worth))
        firms, odd = graph_arrays.differing(tx), _odd_deals(tx, found)
        totals = {
            one: (row["kept"], row["worked_out"])
            for one, row in graph_arrays.kept_of(tx, firms[:_NAMED]).items()
        }
        if repair and (firms or odd):
            invalidation.record(tx, Change.ROLL_UP_DIFFERS, deals=odd, companies=firms)
            lanes.want(tx, portal.portal_id, "drain")
    edges, orders = found.hung.edges, found.hung.orders
    return Compared(
        deals=len(found.deals.id),
        companies=len(found.deals.companies),
        edges=len(edges.source),
        inherited=int(edges.inherited.sum()),
        deepest=int(orders.max(initial=0)),
        refused=found.refused,
        self_returns=int((found.worth.self_return != 0).sum()),
        companies_differ=firms,
        deals_differ=odd,
        totals=totals,
        seconds=time.monotonic() - began,
    )


def policy_of(tx: Transaction) -> tuple[Policy, str]:
    """Return the portal's newest policy and its home currency."""
    settings = portal_settings.read(tx)
    return settings.policy, settings.map.home_currency


def write(tx: Transaction, found: Rolled) -> None:
    """Keep all values that were worked out, instead of those that are kept."""
    graph_arrays.load_computed(tx, rows_of(found.worth))
    graph_arrays.replace(tx)


def rows_of(found: edge_arrays.AllInValues) -> bytes:
    """Values as COPY's binary rows: company, direct, an array of orders, returned to itself, inherited."""
    count, columns = found.by_order.shape
    number = [("size", ">i4"), ("value", ">i8")]
    array = [("size", ">i4"), ("dimensions", ">i4"), ("nulls", ">i4"), ("type", ">u4")]
    array += [("length", ">i4"), ("first", ">i4")] if columns else []
    layout = np.dtype(
        [
            ("fields", ">i2"),
            ("company", number),
            ("direct", number),
            ("orders", [*array, ("items", number, (columns,))]),
            ("back", number),
            ("inherited", number),
        ]
    )
    rows = np.zeros(count, layout)
    rows["fields"] = 5
    for name, values in (
        ("company", found.companies),
        ("direct", found.direct),
        ("back", found.self_return),
        ("inherited", found.inherited),
    ):
        rows[name]["size"], rows[name]["value"] = 8, values
    orders = rows["orders"]
    orders["size"] = layout["orders"].itemsize - 4
    orders["type"] = 20  # PostgreSQL's number for bigint
    if columns:
        orders["dimensions"], orders["length"], orders["first"] = 1, columns, 1
        orders["items"]["size"], orders["items"]["value"] = 8, found.by_order
    return rows.tobytes()


def _odd_deals(tx: Transaction, found: Rolled) -> list[int]:
    """Deals whose kept order or kept edges are others than those worked out."""
    deals, edges = found.deals, found.hung.edges
    odd = set(deals.id[found.kept_orders != found.hung.orders].tolist())
    source, target, share, inherited = _columns(graph_arrays.kept_edges(tx), 4)
    begin, end = edge_arrays.places(deals.id, source), edge_arrays.places(deals.id, target)
    of_won = (begin >= 0) & (end >= 0)
    kept = edge_arrays.merged(
        begin[of_won], end[of_won], share[of_won], inherited[of_won] != 0, len(deals.id)
    )
    mine, theirs = (
        np.stack((one.source, one.target, one.share, one.inherited)) for one in (edges, kept)
    )
    if mine.shape != theirs.shape or (mine != theirs).any():
        both, counts = np.unique(np.concatenate((mine, theirs), axis=1), axis=1, return_counts=True)
        odd |= set(deals.id[both[1, counts == 1]].tolist())
    return sorted(odd | set(target[~of_won].tolist()))


def _columns(blobs: Sequence[bytes], count: int) -> tuple[edge_arrays.Ints, ...]:
    """Blobs of big-endian integers as one array for each column."""
    table = np.frombuffer(b"".join(blobs), ">i8").reshape(-1, count)
    return tuple(np.ascontiguousarray(table[:, n]).astype(np.int64) for n in range(count))
