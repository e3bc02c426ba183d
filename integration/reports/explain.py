"""Explain: every conclusion about a record with its reasons, decisions and ledger rows.

Names are read from the mirror at the time of asking; the ledger itself names nobody.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from integration.conclude.people import successor_search
from integration.portal import holds, record_names
from integration.portal.context import PortalContext
from integration.portal.record_names import name_of
from integration.reports import explain_deal, revenue_total
from integration.reports.current_names import current_names
from integration.reports.ledger_lines import (
    HomeTerms,
    home_terms,
    ledger_row,
    minor_in,
    reason_text,
)
from integration.reports.plain_json import plain_dict
from integration.reports.portal_figures import move_line
from integration.review import reading
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
from integration.storage.mirror import deal_rows, mirror
from mappings.kinds import EntryOccasion, ObjectType, SourceKind
from mappings.records.rows import RefPair
from mappings.rules.attribution.reasons import REMOVED, said_by
from mappings.rules.facts import PPM
from mappings.rules.findings import SHARE_ONE, Reason
from mappings.rules.ledger import money
from mappings.rules.ledger.total_range import RATE_BASIS
from mappings.rules.text.names import spoken

Json = dict[str, Any]
_MOST_RECORDS = 50  # whose decisions are read for one deal


def explain(portal: PortalContext, object_type: str, record_id: int) -> Json:
    """Return all that is concluded about a record, and why.

    The id of a record that was merged into another explains the other.
    """
    now = portal.runtime.now()
    with portal.transaction() as tx:
        current_id = mirror.resolve(tx, object_type, [record_id])[record_id]
        explanation = {
            "portal_id": portal.portal_id,
            "object_type": object_type,
            "record_id": current_id,
            "asked_for": record_id,
            "held": _held(tx),
            **_conclusion(tx, object_type, current_id),
        }
        home = home_terms(tx)
        match object_type:
            case ObjectType.DEAL:
                explanation |= _deal(tx, current_id, home, explanation["reasons"], now)
            case ObjectType.CONTACT:
                explanation |= _contact(tx, current_id, home, now)
            case ObjectType.COMPANY:
                explanation |= _company(tx, current_id, home, now)
        explanation["names"] = _names(tx, explanation)
        return plain_dict(explanation)


def _names(tx: Transaction, explanation: Json) -> dict[str, str]:
    """What every record that the explanation points to is called, by "deal:9"."""
    refs = {(explanation["object_type"], explanation["record_id"])}
    refs |= {(ObjectType.CONTACT, record_id) for record_id in explanation.get("records", ())}
    for name, ends in _ENDS.items():
        for row in explanation.get(name, ()):
            refs |= {(kind, row[column]) for column, kind in ends if row.get(column)}
    refs |= {_target(row["target"]) for row in explanation.get("referrals_made", ())}
    shown = record_names.shown(tx, refs)
    return {f"{kind}:{record_id}": name for (kind, record_id), name in sorted(shown.items())}


# The columns that point to records, in each list of an explanation.
_ENDS: Mapping[str, Sequence[tuple[str, str]]] = {
    "sources": (("contact_id", ObjectType.CONTACT), ("company_id", ObjectType.COMPANY)),
    "edges": (("from_deal_id", ObjectType.DEAL), ("from_company_id", ObjectType.COMPANY)),
    "ledger": (("deal_id", ObjectType.DEAL), ("company_id", ObjectType.COMPANY)),
    "moves": (
        ("former_contact_id", ObjectType.CONTACT),
        ("new_contact_id", ObjectType.CONTACT),
        ("former_company_id", ObjectType.COMPANY),
        ("new_company_id", ObjectType.COMPANY),
    ),
}


def _held(tx: Transaction) -> str | None:
    """Why nothing is written to HubSpot now."""
    hold = holds.current(tx)
    return hold.sentence if hold else None


def _conclusion(tx: Transaction, object_type: str, record_id: int) -> Json:
    """The record's name, and the values that were concluded for it."""
    record = mirror.load(tx, object_type, [record_id]).get(record_id)
    row = conclusion_rows.load(tx, object_type, [record_id]).get(record_id)
    return {
        "name": _name(record),
        "exists": record is not None and record.gone_at is None,
        "values": dict(row["desired"]) if row else {},
        "reasons": list(row["reasons"]) if row else [],
        "concluded_at": row["concluded_at"] if row else None,
        "written_at": row["written_at"] if row else None,
        "settings_version": row["settings_version"] if row else None,
    }


def _deal(
    tx: Transaction, deal_id: int, home: HomeTerms, reasons: Sequence[object], now: datetime
) -> Json:
    entries = entry_rows.of_deals(tx, [deal_id]).get(deal_id, [])
    sources = source_rows.of_deals(tx, [deal_id]).get(deal_id, [])
    deal = deal_rows.load(tx, [deal_id]).get(deal_id)
    # What was decided about a credited person explains the deal, too.
    credited = [
        (ObjectType.CONTACT, row["contact_id"]) for row in sources if row["contact_id"] is not None
    ]
    return {
        "deal": dict(deal) if deal else None,
        "sources": [_source(tx, row) for row in sources],
        "edges": [dict(row) for row in source_rows.edges_into(tx, [deal_id])],
        "ledger": [ledger_row(row, home) for row in entries],
        "total": revenue_total.as_json(revenue_total.within(tx, deal_id=deal_id)),
        "booked": _booked(entries),
        "history": [_event(row) for row in entries if row["occasion"] != EntryOccasion.WON],
        "decisions": _decisions(tx, [(ObjectType.DEAL, deal_id), *dict.fromkeys(credited)], now),
        "heard": _answer_labels(tx, ObjectType.DEAL, [deal_id]),
        **explain_deal.of_deal(tx, deal_id, entries, reasons, now),
    }


def _contact(tx: Transaction, contact_id: int, home: HomeTerms, now: datetime) -> Json:
    rows = person_rows.memberships(tx, [contact_id])
    contact_ids = sorted(rows) or [contact_id]
    person_id = rows[contact_id]["person_id"] if contact_id in rows else contact_id
    entries = entry_rows.of_subjects(tx, source_rows.subjects_of(tx, contact_ids))
    referrals = source_rows.referrals_by(tx, contact_ids=contact_ids)
    links = [
        link for _, row in sorted(rows.items()) for link in stored_shapes.links_of(row["because"])
    ]
    return {
        "person_id": person_id,
        "records": contact_ids,
        "same_person_because": stored_shapes.plain(links),
        "moves": _moves(tx, move_rows.of_persons(tx, [person_id])),
        "referrals_made": _referrals(tx, referrals),
        "ledger": [ledger_row(row, home) for row in entries],
        "credit": _credit(entries, home.currency),
        "decisions": _decisions(tx, [(ObjectType.CONTACT, contact_id)], now),
        "successors": successor_search.of_record(tx, ObjectType.CONTACT, contact_id, now),
        "heard": _answer_labels(tx, ObjectType.CONTACT, contact_ids),
    }


def _company(tx: Transaction, company_id: int, home: HomeTerms, now: datetime) -> Json:
    former_ids = mirror.former_ids(tx, ObjectType.COMPANY, [company_id]).get(company_id, set())
    entries = entry_rows.of_companies(tx, {company_id, *former_ids})
    deals = deal_rows.of_companies(tx, [company_id]).get(company_id, [])
    return {
        "deals": [dict(row) for row in deals],
        "moves": _moves(tx, move_rows.with_company(tx, [company_id])),
        "referrals_made": _referrals(tx, source_rows.referrals_by(tx, company_ids=[company_id])),
        "ledger": [ledger_row(row, home) for row in entries],
        "credit": _credit(entries, home.currency),
        "decisions": _decisions(tx, [(ObjectType.COMPANY, company_id)], now),
        "successors": successor_search.of_record(tx, ObjectType.COMPANY, company_id, now),
    }


def _decisions(tx: Transaction, refs: Sequence[RefPair], now: datetime) -> list[Json]:
    """What people decided about these records, each decision once, newest first."""
    by_id: dict[int, Json] = {}
    for object_type, record_id in refs[:_MOST_RECORDS]:
        for decision in reading.decisions_about(tx, object_type, record_id, now):
            by_id[decision["decision_id"]] = decision
    return [by_id[decision_id] for decision_id in sorted(by_id, reverse=True)]


def _answer_labels(tx: Transaction, object_type: str, record_ids: Sequence[int]) -> list[Json]:
    """What texts on these records say of how somebody heard of us."""
    return [
        row._asdict() | {"confidence": row.confidence / PPM}
        for row in answer_labels.of_records(tx, object_type, record_ids)
    ]


def _source(tx: Transaction, row: Row) -> Json:
    return {
        "kind": row["kind"],
        "contact_id": row["contact_id"],
        "contact": _name_now(tx, ObjectType.CONTACT, row["contact_id"]),
        "company_id": row["company_id"],
        "company": _name_now(tx, ObjectType.COMPANY, row["company_id"]),
        "said_by": _said_by(row),
        "share": row["share"] / SHARE_ONE,
        "confidence": row["confidence"],
        "settings_version": row["settings_version"],
        "at": row["at"],
        "because": stored_shapes.plain(_reasons(row)),
    }


def _said_by(row: Row) -> str:
    """Who recommended us by word of mouth, as far as that is known."""
    is_known = row["kind"] == SourceKind.WORD_OF_MOUTH and not stored_shapes.is_removed(row["body"])
    return said_by(stored_shapes.source_of(row)) if is_known else ""


def _reasons(row: Row) -> tuple[Reason, ...]:
    # Of a source whose person was forgotten only the share is left.
    return () if stored_shapes.is_removed(row["body"]) else stored_shapes.source_of(row).because


def _booked(entries: Sequence[Row]) -> dict[str, str]:
    """The deal's sums, by "first_order EUR" and "second_order EUR"."""
    sums: dict[tuple[str, str], int] = {}
    for row in entries:
        order = "first_order" if row["kind"] == SourceKind.FIRST_ORDER else "second_order"
        line = (order, row["currency"])
        sums[line] = sums.get(line, 0) + row["amount_minor"]
    return {
        f"{order} {currency}": money.major(minor, currency)
        for (order, currency), minor in sums.items()
    }


def _credit(entries: Sequence[Row], home: str) -> Json | None:
    """What rows of a person or company are credited, in the account's currency."""
    if not home or not entries:
        return None
    minor = sum(minor_in(row, home) or 0 for row in entries)
    return {"currency": home, "rates": RATE_BASIS, "second_order": money.major(minor, home)}


def _event(row: Row) -> Json:
    return {
        "at": row["effective_at"],
        "recorded_at": row["recorded_at"],
        "what": row["occasion"],
        "why": reason_text(row["reason"]),
    }


def _moves(tx: Transaction, rows: Sequence[Row]) -> list[Json]:
    """Moves with the names of the person, the former and the new company."""
    company_ids = [row[end] for row in rows for end in ("former_company_id", "new_company_id")]
    names = current_names(tx, [row["new_contact_id"] for row in rows], company_ids)
    return [_move(row, names) for row in rows]


def _move(row: Row, names: Mapping[RefPair, str]) -> Json:
    move = stored_shapes.move_of(row)
    return {
        **move_line(row),
        "contact": names.get((ObjectType.CONTACT, row["new_contact_id"])) or REMOVED,
        "former_company": names.get((ObjectType.COMPANY, row["former_company_id"] or 0), ""),
        "new_company": names.get((ObjectType.COMPANY, row["new_company_id"] or 0), ""),
        "strength": move.strength / PPM,
        "because": stored_shapes.plain(move.reasons),
    }


def _referrals(tx: Transaction, rows: Sequence[Row]) -> list[Json]:
    """Referrals with the name of the record referred."""
    names = record_names.shown(tx, {_target(row["target"]) for row in rows})
    return [
        {
            **stored_shapes.plain(stored_shapes.referral_of(row)),
            "status": row["status"],
            "target_name": names[_target(row["target"])],
        }
        for row in rows
    ]


def _target(target: str) -> RefPair:
    object_type, _, number = str(target).partition(":")
    return object_type, int(number)


def _name_now(tx: Transaction, object_type: str, record_id: int | None) -> str:
    if record_id is None:
        return ""
    return _name(mirror.load(tx, object_type, [record_id]).get(record_id))


def _name(record: mirror.MirroredRecord | None) -> str:
    if record is None or record.gone_why == "forgotten":
        return ""
    if record.object_type == ObjectType.CONTACT:
        return name_of(record)
    return spoken(str(record.properties.get("name") or record.properties.get("dealname") or ""))
