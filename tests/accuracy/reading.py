"""What the app concluded about a portal: its rows through its own storage, and the fields it wrote into the CRM."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from integration.portal import settings
from integration.portal.runtime import Runtime
from integration.storage.database import Row, Transaction
from integration.storage.findings import move_rows
from integration.storage.ledger import entry_rows
from mappings.records.portal_map import SINCE_ALWAYS
from tests.accuracy.definition import STAGE_ALWAYS, STAGE_REACHED, WON_DEALS, Rule
from tests.sandbox import crm, truth

Pair = tuple[int, int]
FIRST_ORDER = "first_order"


@dataclass(frozen=True, slots=True)
class FoundMove:
    """One move as the app stored it; without a new company it is a departure."""

    former: int
    new: int
    former_company: int | None
    new_company: int | None
    earliest: date
    latest: date
    moved: date
    confidence: float
    status: str
    kind: str = "move"
    strength: float = 1.0

    @property
    def pair(self) -> Pair:
        """The two records, which may be one."""
        return self.former, self.new

    @property
    def is_auto(self) -> bool:
        """Acted on without asking anybody."""
        return self.status in {"auto", "confirmed"}


@dataclass(frozen=True, slots=True)
class FoundSource:
    """One derived source of a deal."""

    deal: int
    kind: str
    contact: int | None
    company: int | None
    share: int


@dataclass(frozen=True, slots=True)
class Reading:
    """One portal's conclusions at one time."""

    moves: tuple[FoundMove, ...] = ()
    persons: Mapping[int, int] = field(default_factory=dict)
    pairs: Mapping[Pair, float] = field(default_factory=dict)  # P(same) of the pairs the app kept
    sources: tuple[FoundSource, ...] = ()
    booked: Mapping[tuple[int, str, int], int] = field(
        default_factory=dict
    )  # deal, kind, company -> minor units
    told: Mapping[int, Mapping[str, int]] = field(default_factory=dict)  # contact -> label -> ppm
    written: truth.Conclusions = field(default_factory=lambda: truth.Conclusions({}, {}, {}))
    rule: Rule = field(default_factory=lambda: Rule(WON_DEALS, 730))


def read(runtime: Runtime, portal: crm.Portal) -> Reading:
    """Read everything that is scored."""
    with runtime.database.portal(portal.id) as tx:
        return Reading(
            moves=tuple(_move(row) for row in move_rows.every(tx)),
            persons=_persons(tx),
            pairs=_pairs(tx),
            sources=_sources(tx),
            booked=_booked(entry_rows.every(tx)),
            told=_told(tx),
            written=truth.from_portal(portal),
            rule=_rule(tx),
        )


def _rule(tx: Transaction) -> Rule:
    """What the admin chose, or the app in their place."""
    chosen = settings.read(tx)
    customers = WON_DEALS
    if chosen.map.customer_stage:
        is_always = chosen.map.customer_stage_since == SINCE_ALWAYS
        customers = STAGE_ALWAYS if is_always else STAGE_REACHED
    return Rule(customers, chosen.policy.move_to_deal_days)


def _move(row: Row) -> FoundMove:
    body = row["body"]
    return FoundMove(
        former=row["former_contact_id"],
        new=row["new_contact_id"],
        former_company=row["former_company_id"],
        new_company=row["new_company_id"],
        earliest=row["earliest"].date(),
        latest=row["latest"].date(),
        moved=datetime.fromisoformat(body["moved_at"]).date(),
        confidence=row["confidence"],
        status=row["status"],
        kind=body["kind"],
        strength=body["strength"] / 1_000_000,
    )


def _persons(tx: Transaction) -> dict[int, int]:
    return dict(tx.tuples("SELECT contact_id, person_id FROM person WHERE portal_id = :portal"))


def _pairs(tx: Transaction) -> dict[Pair, float]:
    """Each pair of records the app linked or holds for review, with how sure it is that they are one human."""
    found: dict[Pair, float] = {}
    for (because,) in tx.tuples(
        "SELECT because FROM person WHERE portal_id = :portal AND because <> '[]'"
    ):
        for link in because:
            if isinstance(link, dict) and {"a", "b", "p"} <= link.keys():
                found[link["a"], link["b"]] = link["p"] / 1_000_000
    return found


def _sources(tx: Transaction) -> tuple[FoundSource, ...]:
    rows = tx.tuples(
        """SELECT deal_id, kind, contact_id, company_id, share FROM source
           WHERE portal_id = :portal AND share > 0 ORDER BY deal_id, source_key"""
    )
    return tuple(FoundSource(*row) for row in rows)


def _told(tx: Transaction) -> dict[int, dict[str, int]]:
    """What contacts' answers say, as labels."""
    found: dict[int, dict[str, int]] = {}
    rows = tx.tuples(
        "SELECT owner_id, label, confidence FROM told WHERE portal_id = :portal AND owner_type = 'contact'"
    )
    for contact, label, confidence in rows:
        labels = found.setdefault(contact, {})
        labels[label] = max(confidence, labels.get(label, 0))
    return found


def _booked(rows: Iterable[Row]) -> dict[tuple[int, str, int], int]:
    """What the ledger adds up to per deal, kind of source and company; the pool is company 0."""
    sums: dict[tuple[int, str, int], int] = {}
    for row in rows:
        if row["kind"] != FIRST_ORDER:
            key = row["deal_id"], row["kind"], row["company_id"] or 0
            sums[key] = sums.get(key, 0) + row["amount_minor"]
    return {key: minor for key, minor in sums.items() if minor}
