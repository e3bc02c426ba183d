"""All-in values of single companies: their own revenue and what others paid because of them.

The whole portal's values are worked out at once in :mod:`integration.rollup`, as a check of these.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from integration.conclude.batch import Batch
from integration.storage.database import Row, Transaction
from integration.storage.findings import all_in_values, source_rows
from integration.storage.mirror import deal_rows
from mappings.rules.attribution import orders
from mappings.rules.attribution.orders import AllIn, DealGraph, Edge, WonDeal
from mappings.rules.policy import Policy


def all_in_of(batch: Batch, own: Mapping[int, Sequence[Row]]) -> dict[int, AllIn]:
    """What each company is worth all-in; *own* are the companies' deals."""
    won = {row["deal_id"]: row for rows in own.values() for row in rows if row["is_won"]}
    graph = graph_below(batch.tx, won, batch.policy, batch.portal_map.home_currency)
    return {
        company_id: orders.all_in(company_id, graph, batch.policy)
        for company_id in own
        if company_id in graph.of_company
    }


def store(batch: Batch, company_ids: Collection[int], values: Iterable[AllIn]) -> None:
    """Store the values of these companies; one without a value has none stored."""
    deepest = orders.deepest(batch.policy)
    all_in_values.store(batch.tx, company_ids, values, max_order=deepest)


def home_minor(deal: Row, home: str) -> int | None:
    """A deal's amount in the portal's home currency; None where no rate is known."""
    if deal["home_minor"] is not None:
        return int(deal["home_minor"])
    if deal["currency"] == home and deal["amount_minor"] is not None:
        return int(deal["amount_minor"])
    return None


def graph_below(tx: Transaction, won: Mapping[int, Row], policy: Policy, home: str) -> DealGraph:
    """The won deals that credit from these can reach, and the paths it takes."""
    depth = orders.deepest(policy) - 1
    paths = source_rows.edges_below(tx, won, depth=depth) if won else ()
    reached = {path["to_deal_id"] for path in paths}
    below = deal_rows.load(tx, reached) if reached else {}
    rows = {**below, **won}.values()
    deals = [_won_deal(row, home) for row in rows if row["is_won"]]
    return orders.graph_of(deals, [_edge(path) for path in paths])


def _edge(path: Row) -> Edge:
    return Edge(path["from_deal_id"], path["to_deal_id"], path["share"], path["inherited"])


def _won_deal(row: Row, home: str) -> WonDeal:
    closed_at = row["closed_at"] or row["created_at"]
    return WonDeal(row["deal_id"], row["company_id"], home_minor(row, home) or 0, closed_at)
