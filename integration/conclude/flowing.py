"""How credit flows: each deal's order, the edges from the deals it came of, and what to call everybody."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from integration.conclude.booking import Touched, key_of
from integration.conclude.step import Step
from integration.storage import deals as deal_rows
from integration.storage import mirror, records, sources
from integration.storage.database import Row
from mappings.rules.because import Names
from mappings.rules.facts import DealFacts
from mappings.rules.findings import Allocation, Source
from mappings.rules.names import LONGEST, spoken


@dataclass(frozen=True, slots=True)
class FoundEdge:
    """Credit from an earlier won deal to a later one."""

    from_deal_id: int
    to_deal_id: int
    source: Source
    share: int


@dataclass(frozen=True, slots=True)
class Flow:
    """Orders by deal, orders by deal and source key, and the edges of the won ones."""

    orders: Mapping[int, int]
    source_orders: Mapping[int, Mapping[str, int]]
    edges: Sequence[FoundEdge]

    @classmethod
    def of(cls, step: Step, found: Sequence[tuple[DealFacts, Allocation]]) -> "Flow":
        """Hang every share on the source company's latest deal won strictly before this one closed."""
        firms = {line.source.company_id for _, one in found for line in one.lines if line.source.company_id is not None}
        won = {company: _won(rows) for company, rows in deal_rows.of_companies(step.tx, firms).items()} if firms else {}
        orders = {row["deal_id"]: row["deal_order"] for rows in won.values() for _, row in rows}
        by_source: dict[int, dict[str, int]] = {}
        edges: list[FoundEdge] = []
        own: dict[int, int] = {}
        for deal, allocation in sorted(found, key=lambda one: _moment(one[0], step.now)):
            mine: dict[str, int] = {}
            for line in allocation.lines:
                before = _latest(won.get(line.source.company_id or 0, ()), _moment(deal, step.now))
                same = line.source.company_id == deal.company_id
                mine[line.source.key] = orders[before] + 1 if before is not None and not same else 2
                if before is not None and not same and deal.counts_as_won:
                    edges.append(FoundEdge(before, deal.id, line.source, line.share))
            by_source[deal.id] = mine
            own[deal.id] = orders[deal.id] = min(mine.values(), default=1)
        return cls(own, by_source, edges)


Moment = tuple[datetime, int]


def _moment(deal: DealFacts, now: datetime) -> Moment:
    return (deal.closed_at or deal.created_at if deal.is_closed else now), deal.id


def _won(rows: Iterable[Row]) -> list[tuple[Moment, Row]]:
    return sorted(
        (((row["closed_at"] or row["created_at"], row["deal_id"]), row) for row in rows if row["is_won"]),
        key=lambda one: one[0],
    )


def _latest(won: Sequence[tuple[Moment, Row]], moment: Moment) -> int | None:
    before = [row["deal_id"] for at, row in won if at < moment]
    return before[-1] if before else None


def store(step: Step, flow: Flow, subjects: Mapping[int, int], deal_ids: Collection[int]) -> Touched:
    """Write edges and orders as differences; deals that credit flows on to are looked at again."""
    before = {(row["to_deal_id"], row["source_key"]): row for row in sources.edges_into(step.tx, deal_ids)}
    rows: dict[tuple[int, str], dict[str, int | str | None]] = {}
    for edge in flow.edges:
        key = key_of(edge.source, subjects)
        rows[edge.to_deal_id, key] = {
            "from_deal_id": edge.from_deal_id,
            "to_deal_id": edge.to_deal_id,
            "source_key": key,
            "from_company_id": edge.source.company_id,
            "share": edge.share,
        }
    gone = before.keys() - rows.keys()
    new = {key: row for key, row in rows.items() if key not in before or dict(before[key]) != row}
    lost = {before[key]["from_company_id"] for key in gone | (before.keys() & new.keys())}
    above = (
        sources.upstream_companies(step.tx, {deal for deal, _ in gone}, depth=step.policy.max_order) if gone else set()
    )
    sources.change_edges(step.tx, gone=gone, new=list(new.values()))
    changed = sources.set_orders(step.tx, flow.orders) if flow.orders else set()
    below = sources.downstream(step.tx, changed) if changed else set()
    mirror.mark_stale(step.tx, mirror.DEALS, {("deal", one) for one in below})
    return Touched(companies=frozenset(lost | above), deals=frozenset({deal for deal, _ in gone | new.keys()}))


def names(step: Step, *, contacts: Iterable[int | None] = (), companies: Iterable[int | None] = ()) -> Names:
    """What to call records in sentences; gone ones have no name."""
    people = {one for one in contacts if one is not None}
    found = records.names(step.tx, people, {one for one in companies if one is not None})
    return Names(
        {
            row.record_id: _full(row.first, row.last)
            for row in found
            if row.object_type == "contact" and not row.is_gone
        },
        {
            row.record_id: spoken(row.name or "")
            for row in found
            if row.object_type == "company" and row.gone_why != "forgotten"
        },
    )


def name_of(record: mirror.Record) -> str:
    """A contact's name as people write it."""
    return _full(*(str(record.properties.get(one) or "") for one in ("firstname", "lastname")))


def name_in(row: records.Name) -> str:
    """What a person reads as the record's name; who was forgotten has none."""
    if row.gone_why == "forgotten":
        return ""
    return _full(row.first, row.last) if row.object_type == "contact" else spoken(row.name or "")


def _full(first: str | None, last: str | None) -> str:
    parts = ((one or "").strip() for one in (first, last))
    return spoken(" ".join(part[:LONGEST] for part in parts if part))
