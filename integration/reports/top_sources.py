"""Leaders: the people and companies that brought most, and what a portal booked, by currency."""

from collections.abc import Mapping, Sequence
from typing import Any

from integration.portal.record_names import name_in
from integration.storage.database import Row, Transaction
from integration.storage.findings import conclusion_rows, source_rows
from integration.storage.ledger import entry_rows
from integration.storage.mirror import deal_rows, lookups
from mappings.rules.ledger import money

Json = dict[str, Any]
Ref = tuple[str, int]
_TOP = 5


def most(tx: Transaction, home: str) -> Json:
    """The people and companies that brought most, with what the deals that rest on them say."""
    top_people, top_firms = (
        entry_rows.top(tx, one, home, limit=_TOP) for one in ("subject_id", "company_id")
    )
    whom = source_rows.contacts_of(tx, [row["id"] for row in top_people])
    contacts = {one for one in whom.values() if one is not None}
    firms = {row["id"] for row in top_firms}
    names = {
        (one.object_type, one.record_id): name_in(one) for one in lookups.names(tx, contacts, firms)
    }
    said = conclusion_rows.load(tx, "contact", contacts)
    deals = {
        column: source_rows.deals_resting(tx, column, ids, limit=_TOP)
        for column, ids in (("contact_id", contacts), ("company_id", firms))
    }
    judged = conclusion_rows.load(
        tx, "deal", {one for by_id in deals.values() for ids in by_id.values() for one in ids}
    )
    because = {
        (column.removesuffix("_id"), record): _because(found, judged)
        for column, by_id in deals.items()
        for record, found in by_id.items()
    }
    return {
        "people": [
            _person_line(row, whom.get(row["id"]), home, names, said, because) for row in top_people
        ],
        "companies": [_company_line(row, home, names, because) for row in top_firms],
    }


def _person_line(
    row: Row,
    contact: int | None,
    home: str,
    names: Mapping[Ref, str],
    said: Mapping[int, Row],
    because: Mapping[Ref, list[str]],
) -> Json:
    ref = ("contact", contact or 0)
    return {
        "contact_id": contact,
        "name": names.get(ref) or "a removed person",
        "revenue": money.major(int(row["minor"]), home),
        "deals": row["deals"],
        "values": dict(said[ref[1]]["desired"]) if ref[1] in said else {},
        "because": because.get(ref, []),
    }


def _company_line(
    row: Row, home: str, names: Mapping[Ref, str], because: Mapping[Ref, list[str]]
) -> Json:
    ref = ("company", row["id"])
    return {
        "company_id": row["id"],
        "name": names.get(ref, ""),
        "revenue": money.major(int(row["minor"]), home),
        "deals": row["deals"],
        "because": because.get(ref, []),
    }


def _because(found: Sequence[int], judged: Mapping[int, Row]) -> list[str]:
    """What the deals that rest on a person or company say of it, the largest share first."""
    return [
        f"deal {one}: {judged[one]['desired'].get('second_order_because', '')}"
        for one in found
        if one in judged
    ]


def totals(tx: Transaction) -> list[Json]:
    """What is booked and won, by currency."""
    by_currency: dict[str, Json] = {}
    for row in entry_rows.totals(tx):
        line = by_currency.setdefault(row["currency"], {"currency": row["currency"]})
        line[row["kind"]] = money.major(int(row["amount_minor"]), row["currency"])
    for row in deal_rows.won_totals(tx):
        line = by_currency.setdefault(row["currency"], {"currency": row["currency"]})
        line |= {
            "won": money.major(int(row["amount_minor"]), row["currency"]),
            "won_deals": row["deals"],
        }
    return [by_currency[one] for one in sorted(by_currency)]
