"""The revenue graph: each deal's order, and the edges from the deals it came of."""

import bisect
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integration.conclude.batch import Step
from integration.conclude.posted_entries import Touched, key_of
from integration.storage.database import Row
from integration.storage.findings import source_rows
from integration.storage.mirror import deal_rows, mirror
from mappings.rules.attribution.orders import deepest, within_months
from mappings.rules.facts import DealFacts
from mappings.rules.findings import Allocation, Source

EdgeKey = tuple[int, str]


@dataclass(frozen=True, slots=True)
class FoundEdge:
    """Credit from an earlier won deal to a later one."""

    from_deal_id: int
    to_deal_id: int
    source: Source
    share: int


@dataclass(frozen=True, slots=True)
class Flow:
    """Orders by deal, orders by deal and source key, and the edges of the won ones.

    `heirs` are deals without evidence of their own and the acquisition whose shares they inherit;
    `later` are the other won deals of the company a page's acquisition made a customer.
    """

    orders: Mapping[int, int]
    source_orders: Mapping[int, Mapping[str, int]]
    edges: Sequence[FoundEdge]
    heirs: Mapping[int, int]
    later: Mapping[int, frozenset[int]]

    @classmethod
    def of(cls, step: Step, found: Sequence[tuple[DealFacts, Allocation]]) -> "Flow":
        """Hang every share on the source company's latest deal won strictly before this one closed."""
        firms = {
            line.source.company_id
            for _, one in found
            for line in one.lines
            if line.source.company_id is not None
        }
        firms |= {deal.company_id for deal, _ in found if deal.company_id is not None}
        won = (
            {
                company: _won(rows)
                for company, rows in deal_rows.of_companies(step.tx, firms).items()
            }
            if firms
            else {}
        )
        orders = {row["deal_id"]: row["deal_order"] for rows in won.values() for _, row in rows}
        by_source: dict[int, dict[str, int]] = {}
        edges: list[FoundEdge] = []
        own: dict[int, int] = {}
        for deal, allocation in sorted(found, key=lambda one: _moment(one[0], step.now)):
            mine: dict[str, int] = {}
            for line in allocation.lines:
                if _is_expansion(deal, line.source):
                    mine[line.source.key] = 1
                    continue
                before = _latest(won.get(line.source.company_id or 0, ()), _moment(deal, step.now))
                mine[line.source.key] = orders[before] + 1 if before is not None else 2
                if before is not None and line.share > 0 and deal.counts_as_won:
                    edges.append(FoundEdge(before, deal.id, line.source, line.share))
            by_source[deal.id] = mine
            derived = [
                mine[one.source.key]
                for one in allocation.lines
                if not _is_expansion(deal, one.source)
            ]
            own[deal.id] = orders[deal.id] = min(derived, default=1)
        return cls(own, by_source, edges, _heirs(step, found, won), _later(found, won))


Moment = tuple[datetime, int]


def _moment(deal: DealFacts, now: datetime) -> Moment:
    return (deal.closed_at or deal.created_at if deal.is_closed else now), deal.id


def _is_expansion(deal: DealFacts, source: Source) -> bool:
    """Whether a company helped itself, as after a merge: that is first-order."""
    return source.company_id is not None and source.company_id == deal.company_id


def _heirs(
    step: Step,
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
        if within_months(start, _moment(deal, step.now)[0], step.policy.inheritance_months):
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
    step: Step, flow: Flow, subjects: Mapping[int, int], deal_ids: Collection[int]
) -> Touched:
    """Write edges and orders as differences; deals that credit flows on to are looked at again."""
    acquired = set(flow.heirs.values()) - set(deal_ids)
    stored = source_rows.edges_into(step.tx, acquired | set(deal_ids))
    before = {
        (row["to_deal_id"], row["source_key"]): row
        for row in stored
        if row["to_deal_id"] not in acquired
    }
    own: dict[EdgeKey, dict[str, Any]] = {}
    for edge in flow.edges:
        key = key_of(edge.source, subjects)
        own[edge.to_deal_id, key] = {
            "from_deal_id": edge.from_deal_id,
            "to_deal_id": edge.to_deal_id,
            "source_key": key,
            "from_company_id": edge.source.company_id,
            "share": edge.share,
            "inherited": False,
        }
    rows = own | _inherited(
        flow, [*own.values(), *(row for row in stored if row["to_deal_id"] in acquired)]
    )
    gone = before.keys() - rows.keys()
    new = {key: row for key, row in rows.items() if key not in before or dict(before[key]) != row}
    lost_or_moved = gone | (before.keys() & new.keys())
    lost = {before[key]["from_company_id"] for key in lost_or_moved}
    above = (
        source_rows.upstream_companies(
            step.tx, {deal for deal, _ in lost_or_moved}, depth=deepest(step.policy) - 1
        )
        if lost_or_moved
        else set()
    )
    source_rows.change_edges(step.tx, gone=gone, new=list(new.values()))
    changed = source_rows.set_orders(step.tx, flow.orders) if flow.orders else set()
    below = source_rows.downstream(step.tx, changed) if changed else set()
    moved = {deal for deal, _ in gone | new.keys()}
    heirs = {one for deal in moved for one in flow.later.get(deal, ())} - set(deal_ids)
    mirror.mark_stale(step.tx, mirror.DEALS, {("deal", one) for one in below | heirs})
    return Touched(companies=frozenset(lost | above), deals=frozenset(moved))


def _inherited(flow: Flow, edges: Iterable[Row]) -> dict[EdgeKey, dict[str, Any]]:
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
