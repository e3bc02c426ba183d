"""Home currency: a deal's amount in the account's own money, at the rate of the close."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from math import ceil

from mappings.currencies import digits_of
from mappings.kinds import SourceKind
from mappings.rules.attribution.credit import split
from mappings.rules.facts import DealFacts
from mappings.rules.findings import Entry
from mappings.rules.ledger import money


def total(deal: DealFacts) -> int | None:
    """A deal's home amount as it closes; None when neither an amount nor a rate is known.

    HubSpot's own amount wins over its rate.
    """
    is_known = digits_of(deal.currency) is not None
    if deal.home_currency is None or deal.amount_minor is None or not is_known:
        return None
    if deal.home_amount_minor is not None:
        return deal.home_amount_minor
    if not deal.rate:
        return None
    amount = money.convert(deal.amount_minor, deal.currency or "", deal.rate, deal.home_currency)
    # A rate that makes trillions is a typing mistake.
    return amount if abs(amount) <= money.LARGEST else None


def alike(deal: DealFacts, amount_minor: int) -> int | None:
    """Another amount of the deal's currency in home currency, at the rate of its own amount.

    None when no rate is known.
    """
    if deal.currency is not None and deal.currency == deal.home_currency:
        return amount_minor
    whole = total(deal)
    if whole is not None and deal.amount_minor:
        return round(Fraction(whole * amount_minor, deal.amount_minor))
    other = replace(deal, amount_minor=amount_minor, home_amount_minor=None)
    return total(other)


def shared(deal: DealFacts, shares: Mapping[str, int]) -> dict[str, int]:
    """The home amount by the same shares, to the last minor unit; empty when it is not known."""
    whole = total(deal)
    return {} if whole is None else split(whole, shares)


def credit(rows: Iterable[Entry], home: str) -> dict[str, int]:
    """What a deal's rows add up to for customers, by kind, in the account's currency *home*.

    A row that is known in another currency only is no part of it.
    """
    sums: dict[str, int] = {}
    for row in rows:
        if row.kind != SourceKind.FIRST_ORDER:
            sums[row.kind] = sums.get(row.kind, 0) + (_in(home, row) or 0)
    return {kind: minor for kind, minor in sums.items() if minor}


def _in(home: str, row: Entry) -> int | None:
    if row.home_currency == home and row.home_amount_minor is not None:
        return row.home_amount_minor
    return row.amount_minor if row.currency == home else None


def frozen(
    deal: DealFacts, amount: int, live: Iterable[Entry], shares: Mapping[str, int]
) -> dict[str, int] | None:
    """A changed *amount* in home currency by key, at the rate of the close; None if none is booked.

    HubSpot's own amount wins as long as it is of the frozen rate: the two can differ by a rounded
    unit.
    """
    rows = tuple(live)
    heads = [row for row in rows if _has_home_amount(row)]
    if not heads:
        return None
    booked = _booked(rows)
    target = _hubspots_amount(deal, amount, heads)
    if target is None:
        if amount == _amount(rows):
            return booked
        target = round(_converted(amount, heads))
    # The same total keeps its cents: credits that became one since were rounded apart.
    return booked if target == sum(booked.values()) else split(target, shares)


def _has_home_amount(row: Entry) -> bool:
    return bool(row.share and row.home_amount_minor is not None and row.home_currency)


def _booked(rows: Iterable[Entry]) -> dict[str, int]:
    homes: dict[str, int] = {}
    for row in rows:
        homes[row.key] = homes.get(row.key, 0) + (row.home_amount_minor or 0)
    return homes


def _hubspots_amount(deal: DealFacts, amount: int, heads: Sequence[Entry]) -> int | None:
    """HubSpot's home amount where it is of the booked currencies and rate."""
    said = deal.home_amount_minor
    currencies = heads[0].home_currency, heads[0].currency
    if said is None or not amount or (deal.home_currency, deal.currency) != currencies:
        return None
    return said if _same_rate(deal, heads, said, _converted(amount, heads)) else None


def _converted(amount: int, heads: Sequence[Entry]) -> Fraction:
    head = heads[0]
    if head.rate and head.home_currency:
        return Fraction(money.convert(amount, head.currency, head.rate, head.home_currency))
    # Booked by HubSpot's amount without a rate: the rate is what the two amounts make of it.
    home = sum(row.home_amount_minor or 0 for row in heads)
    return amount * Fraction(home, _amount(heads) or 1)


def _same_rate(deal: DealFacts, heads: Sequence[Entry], said: int, expected: Fraction) -> bool:
    """Whether HubSpot's amount is of the frozen rate: by its rate, or within rounding."""
    if deal.rate and heads[0].rate:
        return Fraction(deal.rate) == Fraction(heads[0].rate)
    room = 1 + ceil(Fraction(abs(deal.amount_minor or 0), 2 * abs(_amount(heads) or 1)))
    return abs(said - expected) <= room


def _amount(rows: Iterable[Entry]) -> int:
    return sum(row.amount_minor for row in rows)
