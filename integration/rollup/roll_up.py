"""Roll-up: all orders and all-in values of a portal at once, as a check and a repair.

Conclude keeps these numbers up to date deal by deal. The roll-up works them out from deals and
their shares alone and compares: after an import, after a change of settings, at night. What differs
is concluded again.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from integration.portal import invalidation
from integration.portal import settings as portal_settings
from integration.portal.context import PortalContext
from integration.portal.invalidation import Change
from integration.rollup import edge_arrays, share_arrays, value_arrays
from integration.rollup.arrays import Ints, places
from integration.storage.database import Transaction
from integration.storage.ledger import graph_arrays
from integration.storage.queue import lanes, recompute
from mappings.kinds import ObjectType
from mappings.rules.policy import Policy

# So many differing companies are shown with their totals.
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class PortalRollUp:
    """A whole portal worked out: deals, edges with each deal's order, each company's value.

    `refused` are deals with source companies that had bought nothing before. `kept_orders` are the
    stored ones, in the order of `deals`.
    """

    deals: edge_arrays.Deals
    attached: edge_arrays.AttachedEdges
    values: value_arrays.AllInValues
    refused: Sequence[tuple[int, int]]
    kept_orders: Ints


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was worked out beside what is stored.

    `waiting` records are still to be concluded: they are not compared, and what hangs on them may
    differ for as long.
    `refused` are deals with source companies that bought only later. `totals` are the stored and
    the worked-out total of the first differing companies, None for a missing one.
    """

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
    waiting: int
    seconds: float

    @property
    def agrees(self) -> bool:
        """Whether all stored numbers are those that were worked out."""
        return not self.companies_differ and not self.deals_differ


def roll_up(tx: Transaction, policy: Policy, home: str, *, anew: bool = False) -> PortalRollUp:
    """Work out a portal from its won deals and frozen shares; *anew* shares its deals again."""
    ids, company, amount, closed, kept_order = _columns(graph_arrays.won_deals(tx, home), 5)
    deals = edge_arrays.Deals.of(ids, company, amount, closed)
    of_deal, of_company, shares = (
        shares_anew(tx, policy) if anew else _columns(graph_arrays.shares(tx), 3)
    )
    attached = edge_arrays.attach(deals, of_deal, of_company, shares, policy)
    return PortalRollUp(
        deals=deals,
        attached=attached,
        values=value_arrays.all_in_values(deals, attached.edges, policy),
        refused=sorted({(int(of_deal[row]), int(of_company[row])) for row in attached.refused}),
        kept_orders=kept_order[places(ids, deals.id)],
    )


def shares_anew(tx: Transaction, policy: Policy) -> tuple[Ints, Ints, Ints]:
    """Share each deal among its sources again; where texts were erased the frozen shares stand.

    Returns columns: deal, source company or 0 for the pool, share.
    """
    deal, company, frozen, raw = _columns(graph_arrays.raws(tx), 4)
    is_erased = np.isin(deal, deal[raw < 0])
    shared = share_arrays.share(deal, np.where(is_erased, 0, raw), policy.derived_cap)
    is_decided = ~np.isin(deal, shared.undecided)
    share = np.where(is_erased, frozen, shared.share)
    by_keys = np.array(_shares_by_keys(tx, shared.undecided, policy), np.int64).reshape(-1, 3)
    return (
        np.concatenate((deal[is_decided], by_keys[:, 0])),
        np.concatenate((company[is_decided], by_keys[:, 1])),
        np.concatenate((share[is_decided], by_keys[:, 2])),
    )


def check(portal: PortalContext, *, repair: bool = False) -> Comparison:
    """Compare what is stored with what is worked out; *repair* has differences concluded again.

    A portal at work may differ until its next conclusions are drawn; a settled one must not.
    """
    began = time.monotonic()
    with portal.transaction() as tx:
        graph_arrays.allow_minutes(tx)
        policy, home = policy_of(tx)
        rolled_up = roll_up(tx, policy, home)
        graph_arrays.load_computed(tx, rows_of(rolled_up.values))
        firms = _judged(tx, ObjectType.COMPANY, graph_arrays.differing(tx))
        odd = _judged(tx, ObjectType.DEAL, _differing_deals(tx, rolled_up))
        waiting = recompute.counts(tx)["waiting"]
        totals = {
            company_id: (row["kept"], row["worked_out"])
            for company_id, row in graph_arrays.kept_of(tx, firms[:_SHOWN]).items()
        }
        if repair and (firms or odd):
            invalidation.record(tx, Change.ROLL_UP_DIFFERS, deals=odd, companies=firms)
            lanes.want(tx, portal.portal_id, "drain")
    seconds = time.monotonic() - began
    return _comparison(
        rolled_up, companies=firms, deals=odd, totals=totals, waiting=waiting, seconds=seconds
    )


def _judged(tx: Transaction, object_type: str, record_ids: Sequence[int]) -> list[int]:
    """Those of differing records that do not wait to be concluded anyway."""
    waiting = recompute.waiting(tx, object_type, record_ids) if record_ids else set[int]()
    return [record_id for record_id in record_ids if record_id not in waiting]


def policy_of(tx: Transaction) -> tuple[Policy, str]:
    """Return the portal's newest policy and its home currency."""
    settings = portal_settings.read(tx)
    return settings.policy, settings.map.home_currency


def write(tx: Transaction, rolled_up: PortalRollUp) -> None:
    """Store all values that were worked out, instead of those that are stored."""
    graph_arrays.load_computed(tx, rows_of(rolled_up.values))
    graph_arrays.replace(tx)


def rows_of(values: value_arrays.AllInValues) -> bytes:
    """Values as COPY's binary rows: company, direct, orders, self-return, inherited."""
    count, columns = values.by_order.shape
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
    for name, column in (
        ("company", values.companies),
        ("direct", values.direct),
        ("back", values.self_return),
        ("inherited", values.inherited),
    ):
        rows[name]["size"], rows[name]["value"] = 8, column
    orders = rows["orders"]
    orders["size"] = layout["orders"].itemsize - 4
    orders["type"] = 20  # PostgreSQL's number for bigint
    if columns:
        orders["dimensions"], orders["length"], orders["first"] = 1, columns, 1
        orders["items"]["size"], orders["items"]["value"] = 8, values.by_order
    return rows.tobytes()


def _comparison(
    rolled_up: PortalRollUp,
    *,
    companies: Sequence[int],
    deals: Sequence[int],
    totals: Mapping[int, tuple[int | None, int | None]],
    waiting: int,
    seconds: float,
) -> Comparison:
    edges, orders = rolled_up.attached.edges, rolled_up.attached.orders
    return Comparison(
        deals=len(rolled_up.deals.id),
        companies=len(rolled_up.deals.companies),
        edges=len(edges.source),
        inherited=int(edges.inherited.sum()),
        deepest=int(orders.max(initial=0)),
        refused=rolled_up.refused,
        self_returns=int((rolled_up.values.self_return != 0).sum()),
        companies_differ=companies,
        deals_differ=deals,
        totals=totals,
        waiting=waiting,
        seconds=seconds,
    )


def _shares_by_keys(tx: Transaction, undecided: Ints, policy: Policy) -> list[tuple[int, int, int]]:
    """Rows of (deal, source company, share) of deals that only the sources' keys decide."""
    rows: list[tuple[int, int, int]] = []
    for deal_id, sources in graph_arrays.keys_of(tx, undecided.tolist()).items():
        raws = {source["source_key"]: source["raw"] for source in sources if source["raw"] > 0}
        shares = share_arrays.by_keys(raws, policy.derived_cap)
        rows += [
            (deal_id, source["company_id"], shares.get(source["source_key"], 0))
            for source in sources
        ]
    return rows


def _differing_deals(tx: Transaction, rolled_up: PortalRollUp) -> list[int]:
    """Deals whose stored order or stored edges are not those that were worked out."""
    deals, attached = rolled_up.deals, rolled_up.attached
    differing = set(deals.id[rolled_up.kept_orders != attached.orders].tolist())
    source, target, share, inherited = _columns(graph_arrays.kept_edges(tx), 4)
    begin, end = places(deals.id, source), places(deals.id, target)
    is_of_won = (begin >= 0) & (end >= 0)
    kept = edge_arrays.merged(
        begin[is_of_won],
        end[is_of_won],
        share[is_of_won],
        inherited[is_of_won] != 0,
        len(deals.id),
    )
    differing |= set(deals.id[_differing_targets(attached.edges, kept)].tolist())
    # An edge from or to a deal that is no longer won.
    return sorted(differing | set(target[~is_of_won].tolist()))


def _differing_targets(edges: edge_arrays.Edges, kept: edge_arrays.Edges) -> Ints:
    """The targets of edges that are only on one side."""
    worked_out, stored = _as_table(edges), _as_table(kept)
    if worked_out.shape == stored.shape and (worked_out == stored).all():
        return np.empty(0, np.int64)
    both = np.concatenate((worked_out, stored), axis=1)
    distinct, counts = np.unique(both, axis=1, return_counts=True)
    return np.asarray(distinct[1, counts == 1], np.int64)


def _as_table(edges: edge_arrays.Edges) -> Ints:
    return np.stack((edges.source, edges.target, edges.share, edges.inherited))


def _columns(blobs: Sequence[bytes], count: int) -> tuple[Ints, ...]:
    """Blobs of big-endian integers as one array for each column."""
    table = np.frombuffer(b"".join(blobs), ">i8").reshape(-1, count)
    return tuple(np.ascontiguousarray(table[:, column]).astype(np.int64) for column in range(count))
