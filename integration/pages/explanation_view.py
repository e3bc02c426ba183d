"""What explain knows, arranged for a person to read."""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from integration.pages.wording import amount, day, percent, source
from mappings.records.catalogue import TYPE_ID, own_properties
from mappings.records.properties import OwnProperty

Json = Mapping[str, Any]
_ABOUT_DEAL = re.compile(r"deal (\d{1,18}): (.*)", re.DOTALL)
_NO_KIND = frozenset({"currency", "won", "won_deals", "first_order"})
_DERIVED = ("moved_champion", "referral", "word_of_mouth", "several")
_DEEP = 8


def found(summary: Json) -> dict[str, Any]:
    """The home page's figures: deals by source, revenue by currency, who brought most."""
    home = summary["home_currency"]
    by_source: Json = summary["deals_by_source"]
    known = [name for name in (*_DERIVED, "none") if by_source.get(name)]
    names = [*known, *(name for name in by_source if name not in known and by_source[name])]
    return {
        "deals": sum(by_source.values()),
        "derived_deals": sum(n for name, n in by_source.items() if name != "none"),
        "sources": [
            {"label": source(name), "n": by_source[name], "is_none": name == "none"}
            for name in names
        ],
        "most": max((n for name, n in by_source.items() if name != "none"), default=0),
        "totals": sorted(
            (_total(line) for line in summary["totals"]), key=lambda total: _place(total, home)
        ),
        "people": [_who(one, "contact") for one in summary["people"]],
        "companies": [_who(one, "company") for one in summary["companies"]],
        "home_currency": home,
        "moves": summary["moves_by_status"].get("auto", 0),
        "unbalanced": summary["unbalanced_deals"],
    }


def values(object_type: str, told: Json, currency: str) -> list[tuple[str, str]]:
    """Our properties of a record with their labels, as HubSpot shows them."""
    return [
        (prop.label, _shown(prop, str(told[prop.name]), currency))
        for prop in own_properties(object_type)
        if told.get(prop.name) not in (None, "")
    ]


def sentences(reasons: object, depth: int = 0) -> list[str]:
    """Every sentence in reasons of any shape, in their order, each once."""
    if depth > _DEEP:
        return []
    if isinstance(reasons, str):
        return [reasons]
    if isinstance(reasons, Mapping):
        if isinstance(reasons.get("text"), str):
            return [str(reasons["text"])]
        if isinstance(reasons.get("because"), str):
            name = str(reasons.get("name") or "").replace("_", " ")
            return [f"{name}: {reasons['because']}" if name else str(reasons["because"])]
        inner: Iterable[object] = [one for one in reasons.values() if not isinstance(one, str)]
    elif isinstance(reasons, Sequence):
        inner = reasons
    else:
        return []
    return list(dict.fromkeys(line for one in inner for line in sentences(one, depth + 1)))


def in_hubspot(account: Json, portal_id: int, object_type: str, record_id: int) -> str | None:
    """The record's page in HubSpot; None when nobody told us where that is."""
    host = str(account.get("ui_domain") or "")
    if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", host):
        return None
    return f"https://{host}/contacts/{portal_id}/record/{TYPE_ID[object_type]}/{record_id}"


def _total(line: Json) -> dict[str, Any]:
    derived = sum(
        (Decimal(str(value)) for name, value in line.items() if name not in _NO_KIND), Decimal(0)
    )
    won = Decimal(str(line.get("won") or 0))
    return {
        "currency": line["currency"],
        "second_order": derived,
        "won": won,
        "won_deals": line.get("won_deals") or 0,
        "share": float(derived / won) if won else None,
    }


def _place(total: Json, home: str) -> tuple[bool, int, str]:
    """The account's own currency first, then by deals."""
    return total["currency"] != home, -total["won_deals"], total["currency"]


def _who(one: Json, object_type: str) -> dict[str, Any]:
    return {
        "id": one.get(f"{object_type}_id"),
        "object_type": object_type,
        "name": one.get("name") or f"{object_type} {one.get(f'{object_type}_id')}",
        "revenue": one["revenue"],
        "deals": one["deals"],
        "because": [_about_deal(line) for line in one["because"]],
    }


def _about_deal(line: str) -> tuple[int | None, str]:
    match = _ABOUT_DEAL.fullmatch(line)
    return (int(match[1]), match[2]) if match else (None, line)


def _shown(prop: OwnProperty, value: str, currency: str) -> str:
    label = next((option.label for option in prop.options if option.value == value), None)
    if label is not None:
        return label
    if prop.number_display_hint == "currency":
        return amount(value, currency)
    if prop.number_display_hint == "percentage":
        return percent(value)
    return day(value) if prop.type == "datetime" else value
