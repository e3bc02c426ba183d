"""A portal in figures: deals by source, the one total, and who brought most."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from integration.portal import record_names, settings
from integration.portal.context import PortalContext
from integration.portal.occurrence import refs
from integration.reports import revenue_total
from integration.reports.plain_json import plain_dict
from integration.storage.database import Row, Transaction
from integration.storage.findings import conclusion_rows, move_rows, stored_shapes
from integration.storage.ledger import entry_rows, leader_rows
from integration.storage.ledger.total_rows import Wins
from integration.storage.mirror import mirror
from integration.storage.queue import recompute
from mappings.kinds import ObjectType
from mappings.records.rows import RefPair
from mappings.rules.attribution.reasons import REMOVED
from mappings.rules.ledger import money

Json = dict[str, Any]
_TOP = 5
_MOVE_COLUMNS = (
    "former_contact_id",
    "new_contact_id",
    "former_company_id",
    "new_company_id",
    "confidence",
    "status",
    "earliest",
    "latest",
)


def unbalanced(portal: PortalContext) -> dict[int, str]:
    """Return the deals of the latest entries that do not add up, with their names."""
    with portal.transaction() as tx:
        deal_ids = _ids(entry_rows.unbalanced_of_latest(tx))
        names = record_names.shown(tx, refs(ObjectType.DEAL, deal_ids))
        return {deal_id: names[ObjectType.DEAL, deal_id] for deal_id in deal_ids}


def summary(portal: PortalContext) -> Json:
    """Return the figures, every move, and every deal whose ledger rows do not add up."""
    with portal.transaction() as tx:
        report = {
            **_figures(tx, portal.portal_id),
            "moves": [move_line(row) for row in move_rows.every(tx)],
            "unbalanced_deals": _ids(entry_rows.unbalanced(tx)),
        }
        return plain_dict(report)


def _ids(rows: Sequence[Row]) -> list[int]:
    return [row["deal_id"] for row in rows]


def _figures(tx: Transaction, portal_id: int) -> Json:
    home = settings.read(tx).map.home_currency
    return {
        "portal_id": portal_id,
        "home_currency": home,
        "records": mirror.count(tx),
        "deals_by_source": conclusion_rows.by_value(tx, ObjectType.DEAL, "second_order_source"),
        **leaders(tx, home, Wins()),
        "moves_by_status": move_rows.count(tx),
        "total": revenue_total.as_json(revenue_total.within(tx)),
        "waiting": recompute.counts(tx),
    }


def move_line(row: Row) -> Json:
    """Return a move's records, dates, confidence, status and kind."""
    return {
        **{name: row[name] for name in _MOVE_COLUMNS},
        "kind": stored_shapes.move_of(row).kind,
    }


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What the people and companies that brought most are called, and what their deals say."""

    names: Mapping[RefPair, str]
    conclusions: Mapping[int, Row]  # by contact
    of_deals: Mapping[int, Row]

    def reasons(self, deal_ids: Sequence[int]) -> list[Json]:
        """What these deals say, those that say something."""
        return [
            {
                "deal_id": deal_id,
                "deal": self.names[ObjectType.DEAL, deal_id],
                "said": self.of_deals[deal_id]["desired"].get("second_order_because", ""),
            }
            for deal_id in dict.fromkeys(deal_ids)
            if deal_id in self.of_deals
        ]


def leaders(tx: Transaction, home: str, wins: Wins) -> Json:
    """Return the people and companies that brought most of these wins, with the reasons."""
    people = _on_current_records(tx, leader_rows.people(tx, home, wins, limit=_TOP))
    companies = leader_rows.companies(tx, home, wins, limit=_TOP)
    evidence = _evidence(tx, people, companies)
    return {
        "people": [_person_line(row, home, evidence) for row in people],
        "companies": [_company_line(row, home, evidence) for row in companies],
    }


def _evidence(tx: Transaction, people: Sequence[Row], companies: Sequence[Row]) -> _Evidence:
    """What the records of the leaders and their deals say, with names."""
    company_ids = {row["id"] for row in companies}
    contact_ids: set[int] = set()
    for row in people:
        contact_ids |= {row["contact_id"]} - {None}
    deal_ids = set(chain.from_iterable(row["deal_ids"] for row in (*people, *companies)))
    named = (
        refs(ObjectType.CONTACT, contact_ids)
        | refs(ObjectType.COMPANY, company_ids)
        | refs(ObjectType.DEAL, deal_ids)
    )
    return _Evidence(
        record_names.shown(tx, named),
        conclusion_rows.load(tx, ObjectType.CONTACT, contact_ids),
        conclusion_rows.load(tx, ObjectType.DEAL, deal_ids),
    )


def _on_current_records(tx: Transaction, people: Sequence[Row]) -> list[Row]:
    """The same people, each with the record that has their amount in HubSpot."""
    credited = {row["contact_id"] for row in people} - {None}
    said = conclusion_rows.load(tx, ObjectType.CONTACT, credited)
    current = {
        contact_id: row["desired"].get("second_order_same_person", "").partition(":")[2]
        for contact_id, row in said.items()
    }
    return [
        {
            **row,
            "contact_id": int(current.get(row["contact_id"]) or row["contact_id"] or 0) or None,
        }
        for row in people
    ]


def _person_line(row: Row, home: str, evidence: _Evidence) -> Json:
    contact_id = row["contact_id"]
    ref = (ObjectType.CONTACT, contact_id or 0)
    conclusion = evidence.conclusions.get(contact_id or 0)
    return {
        "contact_id": contact_id,
        "name": evidence.names.get(ref, REMOVED),
        "revenue": money.major(int(row["minor"]), home),
        "deals": row["deals"],
        "values": dict(conclusion["desired"]) if conclusion else {},
        "because": evidence.reasons(row["deal_ids"] if contact_id else ()),
    }


def _company_line(row: Row, home: str, evidence: _Evidence) -> Json:
    return {
        "company_id": row["id"],
        "name": evidence.names[ObjectType.COMPANY, row["id"]],
        "revenue": money.major(int(row["minor"]), home),
        "deals": row["deals"],
        "because": evidence.reasons(row["deal_ids"]),
    }
