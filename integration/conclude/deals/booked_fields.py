"""Booked fields: what a deal's record says of its ledger rows, so that records add up to them."""

from collections.abc import Mapping
from types import MappingProxyType

from mappings.kinds import SourceKind
from mappings.rules.facts import DealFacts
from mappings.rules.findings import Entry
from mappings.rules.ledger import home_currency, money
from mappings.rules.ledger.entries import booked

Entries = tuple[Entry, ...]
"""All ledger rows of one deal, oldest first."""

_PARTS: Mapping[str, str] = MappingProxyType(
    {
        SourceKind.MOVED_CHAMPION: "second_order_amount_moved",
        SourceKind.REFERRAL: "second_order_amount_referral",
        SourceKind.WORD_OF_MOUTH: "second_order_amount_word_of_mouth",
    }
)


def of_deal(deal: DealFacts, entries: Entries, home: str) -> dict[str, str]:
    """The fields of what is booked; none while nothing is, for an open deal has no rate yet."""
    live = booked(entries).live
    if not live:
        return {}
    return {**_amount(deal, live), **_home_amounts(entries, home)}


def _amount(deal: DealFacts, live: Entries) -> dict[str, str]:
    """The credit in the deal's currency: credits that became one since were rounded apart."""
    rows = [row for row in live if row.kind != SourceKind.FIRST_ORDER]
    minor = sum(row.amount_minor for row in rows)
    if not minor or any(row.currency != deal.currency for row in rows):
        return {}
    return {"second_order_amount": money.major(minor, deal.currency or "")}


def _home_amounts(entries: Entries, home: str) -> dict[str, str]:
    parts = home_currency.credit(entries, home) if home else {}
    if not parts:
        return {}
    total = money.major(sum(parts.values()), home)
    amounts = {_PARTS[kind]: money.major(minor, home) for kind, minor in parts.items()}
    return {"second_order_amount_home": total, **amounts}
