"""Explain: every conclusion about a record with its reasons, its ledger rows, and what was found in a portal.

Names are read from the mirror at the time of asking; the ledger itself names nobody.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from integration.conclude import successor_search
from integration.portal import settings
from integration.portal.context import PortalContext
from integration.portal.record_names import name_in, name_of
from integration.reports import explain_deal, top_sources
from integration.reports.explain_words import in_words
from integration.review import answering
from integration.storage.database import Row, Transaction
from integration.storage.findings import (
    answer_labels,
    conclusion_rows,
    move_rows,
    person_rows,
    source_rows,
    stored_shapes,
)
from integration.storage.ledger import entry_rows
from integration.storage.mirror import deal_rows, lookups, mirror
from integration.storage.queue import recompute
from mappings.rules.attribution.reasons import REMOVED
from mappings.rules.findings import Reason
from mappings.rules.ledger import money
from mappings.rules.text.names import spoken

__all__ = ["explain", "figures", "in_words", "ledger_row", "ledger_rows", "summary"]

Json = dict[str, Any]
Ref = tuple[str, int]
_TOP = 5


def explain(portal: PortalContext, object_type: str, record_id: int) -> Json:
    """All that is concluded about a record and why. An id that was merged away explains its survivor."""
    with portal.transaction() as tx:
        asked, record_id = record_id, mirror.resolve(tx, object_type, [record_id])[record_id]
        record = mirror.load(tx, object_type, [record_id]).get(record_id)
        found = conclusion_rows.load(tx, object_type, [record_id]).get(record_id)
        told: Json = {
            "portal_id": portal.portal_id,
            "object_type": object_type,
            "record_id": record_id,
            "asked_for": asked,
            "name": _name(record),
            "exists": record is not None and record.gone_at is None,
            "values": dict(found["desired"]) if found else {},
            "reasons": list(found["reasons"]) if found else [],
            "concluded_at": found["concluded_at"] if found else None,
            "written_at": found["written_at"] if found else None,
            "settings_version": found["settings_version"] if found else None,
        }
        about = {"deal": _deal, "contact": _contact, "company": _company}.get(object_type)
        if about is not None:
            told |= about(tx, record_id)
            told["decisions"] = _decided(tx, object_type, record_id, told, portal.runtime.now())
        if object_type in {"contact", "company"}:
            told["successors"] = successor_search.of_record(
                tx, object_type, record_id, portal.runtime.now()
            )
        if object_type in {"contact", "deal"}:
            told["heard"] = _heard(tx, object_type, told.get("records") or [record_id])
        if object_type == "deal":
            told |= explain_deal.of_deal(
                tx, record_id, _booked_rows(tx, record_id), told["reasons"], portal.runtime.now()
            )
        return _plain_dict(told)


def ledger_rows(portal: PortalContext) -> Iterator[Json]:
    """Every ledger row as plain values, oldest first."""
    with portal.transaction() as tx:
        for row in entry_rows.every(tx):
            yield ledger_row(row)


def figures(portal: PortalContext) -> Json:
    """A portal at a glance, with a fixed number of questions to the database however much was found."""
    with portal.transaction() as tx:
        told = {
            **_figures(tx, portal.portal_id),
            "unbalanced_deals": _ids(entry_rows.unbalanced_of_latest(tx)),
        }
        return _plain_dict(told)


def summary(portal: PortalContext) -> Json:
    """The figures, every move, and whether every deal's rows add up."""
    with portal.transaction() as tx:
        told = {
            **_figures(tx, portal.portal_id),
            "moves": [_move_line(row) for row in move_rows.every(tx)],
            "unbalanced_deals": _ids(entry_rows.unbalanced(tx)),
        }
        return _plain_dict(told)


def _figures(tx: Transaction, portal_id: int) -> Json:
    """What was found in a portal: deals by source, who brought most, how many moved, totals by currency."""
    home = settings.read(tx).map.home_currency
    return {
        "portal_id": portal_id,
        "home_currency": home,
        "records": mirror.count(tx),
        "deals_by_source": conclusion_rows.by_value(tx, "deal", "second_order_source"),
        **top_sources.most(tx, home),
        "moves_by_status": move_rows.count(tx),
        "totals": top_sources.totals(tx),
        "waiting": recompute.counts(tx),
    }


def _ids(rows: Sequence[Row]) -> list[int]:
    return [row["deal_id"] for row in rows]


_ASKED = 50


def _decided(
    tx: Transaction, object_type: str, record_id: int, told: Json, now: datetime
) -> list[Json]:
    """What people decided about a record and, for a deal, about those it is credited to; each once, newest first."""
    credited = [
        one["contact_id"] for one in told.get("sources", ()) if one["contact_id"] is not None
    ]
    refs = [(object_type, record_id), *(("contact", one) for one in dict.fromkeys(credited))]
    found = {
        one["decision_id"]: one
        for kind, number in refs[:_ASKED]
        for one in answering.task_told(tx, kind, number, now)
    }
    return [found[one] for one in sorted(found, reverse=True)]


def _booked_rows(tx: Transaction, deal_id: int) -> Sequence[Row]:
    return entry_rows.of_deals(tx, [deal_id]).get(deal_id, [])


def _deal(tx: Transaction, deal_id: int) -> Json:
    rows = _booked_rows(tx, deal_id)
    found = source_rows.of_deals(tx, [deal_id]).get(deal_id, [])
    deal = deal_rows.load(tx, [deal_id]).get(deal_id)
    return {
        "deal": dict(deal) if deal else None,
        "sources": [_source(tx, row) for row in found],
        "edges": [dict(row) for row in source_rows.edges_into(tx, [deal_id])],
        "ledger": [ledger_row(row) for row in rows],
        "booked": _booked(rows),
        "history": [_event(row) for row in rows if row["occasion"] != "won"],
    }


def _contact(tx: Transaction, contact_id: int) -> Json:
    rows = person_rows.person_rows(tx, [contact_id])
    own = sorted(rows) or [contact_id]
    person = rows[contact_id]["person_id"] if contact_id in rows else contact_id
    subjects = source_rows.subjects_of(tx, own)
    entries = entry_rows.of_subjects(tx, subjects)
    made = source_rows.referrals_by(tx, contact_ids=own)
    links = [
        link for _, row in sorted(rows.items()) for link in stored_shapes.links_of(row["because"])
    ]
    return {
        "person_id": person,
        "records": own,
        "same_person_because": stored_shapes.plain(links),
        "moves": _moves(tx, move_rows.of_persons(tx, [person])),
        "referrals_made": _referrals(tx, made),
        "ledger": [ledger_row(row) for row in entries],
    }


def _heard(tx: Transaction, object_type: str, record_ids: Sequence[int]) -> list[Json]:
    """What the texts on these records say of how they heard of us, and which version of the classifier read them."""
    return [
        row._asdict() | {"confidence": row.confidence / 1_000_000}
        for row in answer_labels.of_records(tx, object_type, record_ids)
    ]


def _company(tx: Transaction, company_id: int) -> Json:
    former = mirror.former_ids(tx, "company", [company_id]).get(company_id, set())
    entries = entry_rows.of_companies(tx, {company_id, *former})
    return {
        "deals": [
            dict(row) for row in deal_rows.of_companies(tx, [company_id]).get(company_id, [])
        ],
        "moves": _moves(tx, move_rows.with_company(tx, [company_id])),
        "referrals_made": _referrals(tx, source_rows.referrals_by(tx, company_ids=[company_id])),
        "ledger": [ledger_row(row) for row in entries],
    }


def _referrals(tx: Transaction, rows: Sequence[Row]) -> list[Json]:
    """Referrals with the name of who or what was recommended; of a deal only its number is said."""
    targets = {row["target"]: str(row["target"]).partition(":")[::2] for row in rows}
    names = _called(tx, {(kind, int(number)) for kind, number in targets.values()})
    return [_referral(row, *targets[row["target"]], names) for row in rows]


def _referral(row: Row, kind: str, number: str, names: Mapping[Ref, str]) -> Json:
    called = names.get((kind, int(number))) or f"{kind} {number}"
    return {
        **stored_shapes.plain(stored_shapes.referral_of(row)),
        "status": row["status"],
        "target_name": called,
    }


def _called(tx: Transaction, refs: set[Ref]) -> dict[Ref, str]:
    """Names of contacts and companies, with one look however many there are."""
    people, firms = (
        {one for kind, one in refs if kind == wanted} for wanted in ("contact", "company")
    )
    return {
        (one.object_type, one.record_id): name_in(one) for one in lookups.names(tx, people, firms)
    }


def _source(tx: Transaction, row: Row) -> Json:
    return {
        "kind": row["kind"],
        "contact_id": row["contact_id"],
        "contact": _named(tx, "contact", row["contact_id"]),
        "company_id": row["company_id"],
        "company": _named(tx, "company", row["company_id"]),
        "share": row["share"] / 10**12,
        "confidence": row["confidence"],
        "at": row["at"],
        "because": stored_shapes.plain(_because(row)),
    }


def _because(row: Row) -> tuple[Reason, ...]:
    return () if stored_shapes.is_removed(row["body"]) else stored_shapes.source_of(row).because


def _booked(rows: Sequence[Row]) -> dict[str, str]:
    sums: dict[tuple[str, str], int] = {}
    for row in rows:
        key = (row["currency"], "first_order" if row["kind"] == "first_order" else "second_order")
        sums[key] = sums.get(key, 0) + row["amount_minor"]
    return {
        f"{kind} {currency}": money.major(minor, currency)
        for (currency, kind), minor in sums.items()
    }


# What the ledger's short reasons mean; those not here are a source and its sign, such as "referral:
# tracked_code".
_SAID = {
    "won": "booked when the deal was won",
    "rewon": "booked again when the deal was won again",
    "restored": "booked again when the deal was restored",
    "evidence": "booked anew by later evidence",
}


def _said(reason: str) -> str:
    return _SAID.get(reason) or reason.replace("_", " ")


def _event(row: Row) -> Json:
    return {
        "at": row["effective_at"],
        "recorded_at": row["recorded_at"],
        "what": row["occasion"],
        "why": _said(row["reason"]),
    }


def ledger_row(row: Row) -> Json:
    """A ledger row as plain values, with amounts and reasons as people read them."""
    shown = {name: row[name] for name in entry_rows.COLUMNS}
    amounts = {
        "amount": money.major(row["amount_minor"], row["currency"]),
        "share": row["share"] / 10**12,
    }
    return _plain_dict({**shown, **amounts, "reason": _said(row["reason"])})


def _move_line(row: Row) -> Json:
    names = (
        "former_contact_id", "new_contact_id", "former_company_id", "new_company_id", "confidence", "status",
        "earliest", "latest",
    )  # fmt: skip
    return {**{name: row[name] for name in names}, "kind": stored_shapes.move_of(row).kind}


def _moves(tx: Transaction, rows: Sequence[Row]) -> list[Json]:
    """Moves with the names of who left which company for which."""
    contacts: set[Ref] = {("contact", row["new_contact_id"]) for row in rows}
    firms: set[Ref] = {
        ("company", row[end]) for row in rows for end in _ENDS if row[end] is not None
    }
    names = _called(tx, contacts | firms)
    return [
        {
            **_move_line(row),
            "contact": names.get(("contact", row["new_contact_id"])) or REMOVED,
            "former_company": names.get(("company", row["former_company_id"] or 0), ""),
            "new_company": names.get(("company", row["new_company_id"] or 0), ""),
            "strength": stored_shapes.move_of(row).strength / 1_000_000,
            "because": stored_shapes.plain(stored_shapes.move_of(row).reasons),
        }
        for row in rows
    ]


_ENDS = ("former_company_id", "new_company_id")


def _named(tx: Transaction, object_type: str, record_id: int | None) -> str:
    record = (
        mirror.load(tx, object_type, [record_id]).get(record_id) if record_id is not None else None
    )
    return _name(record)


def _name(record: mirror.Record | None) -> str:
    if record is None or record.gone_why == "forgotten":
        return ""
    if record.object_type == "contact":
        return name_of(record)
    return spoken(str(record.properties.get("name") or record.properties.get("dealname") or ""))


def _plain_dict(value: Mapping[str, Any]) -> Json:
    return {str(key): _plain(one) for key, one in value.items()}


def _plain(value: Any) -> Any:  # noqa: ANN401 - anything a row or a JSON column holds
    if isinstance(value, Mapping):
        return _plain_dict(value)
    if isinstance(value, list | tuple | set):
        return [_plain(one) for one in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value
