"""Booked fields: what a deal's record says of its ledger rows, so that records add up to them."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from mappings.kinds import SourceKind
from mappings.rules.facts import DealFacts
from mappings.rules.findings import Entry
from mappings.rules.ledger import home_currency, money, periods
from mappings.rules.ledger.entries import booked
from mappings.rules.ledger.periods import Calendar

Entries = tuple[Entry, ...]
Fields = dict[str, str]

_PARTS: Mapping[str, str] = MappingProxyType(
    {
        SourceKind.MOVED_CHAMPION: "second_order_amount_moved",
        SourceKind.REFERRAL: "second_order_amount_referral",
        SourceKind.WORD_OF_MOUTH: "second_order_amount_word_of_mouth",
    }
)


def of_deal(deal: DealFacts, entries: Entries, home: str, calendar: Calendar) -> Fields:
    """What a deal says of its ledger rows; nothing while none stands: an open deal has no rate."""
    live = booked(entries).live
    if not live:
        return {}
    booked_on = calendar.day_of(_won_at(deal, live, calendar))
    return {
        "second_order_booked_on": f"{booked_on:%Y-%m-%d}",
        **_amount(deal, live),
        **_home_amounts(entries, home),
    }


def _won_at(deal: DealFacts, live: Entries, calendar: Calendar) -> datetime:
    """The close, in whose month the books have the win; else since when they have it."""
    booked_at = max(periods.belongs_at(row) for row in live)
    if deal.closed_at is None:
        return booked_at
    is_same_month = calendar.month_of(deal.closed_at) == calendar.month_of(booked_at)
    return deal.closed_at if is_same_month else booked_at


def _amount(deal: DealFacts, live: Entries) -> Fields:
    """The credit in the deal's currency: credits that became one since were rounded apart."""
    rows = [row for row in live if row.kind != SourceKind.FIRST_ORDER]
    minor = sum(row.amount_minor for row in rows)
    if not minor or any(row.currency != deal.currency for row in rows):
        return {}
    return {"second_order_amount": money.major(minor, deal.currency or "")}


def _home_amounts(entries: Entries, home: str) -> Fields:
    parts = home_currency.credit(entries, home) if home else {}
    if not parts:
        return {}
    total = money.major(sum(parts.values()), home)
    amounts = {_PARTS[kind]: money.major(minor, home) for kind, minor in parts.items()}
    return {"second_order_amount_home": total, **amounts}
