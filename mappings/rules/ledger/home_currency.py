"""Home currency: a deal's amount in the account's own money, at the rate of the close, split like the deal itself."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import ceil

from mappings.rules.attribution.credit import split
from mappings.rules.facts import DealFacts
from mappings.rules.findings import Entry
from mappings.rules.ledger import money


def total(deal: DealFacts) -> int | None:
    """A deal's home amount as it closes: HubSpot's own figure wins over its rate; None when nothing tells."""
    if (
        deal.home_currency is None
        or deal.amount_minor is None
        or (deal.currency or "").upper() not in money.DIGITS
    ):
        return None
    if deal.home_amount_minor is not None:
        return deal.home_amount_minor
    if not deal.rate:
        return None
    found = money.convert(deal.amount_minor, deal.currency or "", deal.rate, deal.home_currency)
    return (
        found if abs(found) <= money.LARGEST else None
    )  # a rate that makes trillions is a typing mistake


def shared(deal: DealFacts, shares: Mapping[str, int]) -> dict[str, int]:
    """The home amount by the same shares, to the last minor unit; empty when it is not known."""
    whole = total(deal)
    return {} if whole is None else split(whole, shares)


def frozen(
    deal: DealFacts, amount: int, live: Iterable[Entry], shares: Mapping[str, int]
) -> dict[str, int] | None:
    """A changed *amount* in home currency at the rate of the close, whatever today's is; None when none was booked.

    HubSpot's own figure wins as long as it is of the frozen rate: the two can differ by a rounded
    unit.
    """
    rows = tuple(live)
    fresh = [
        row for row in rows if row.share and row.home_amount_minor is not None and row.home_currency
    ]
    if not fresh:
        return None
    expected = _converted(amount, fresh)
    told = deal.home_amount_minor
    same_money = (deal.home_currency, deal.currency) == (fresh[0].home_currency, fresh[0].currency)
    booked = _booked(rows)
    if told is not None and same_money and amount and _same_rate(deal, fresh, told, expected):
        whole = told
    elif amount == sum(row.amount_minor for row in rows):
        return booked
    else:
        whole = round(expected)
    return booked if whole == sum(booked.values()) else split(whole, shares)


def _booked(rows: Iterable[Entry]) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows:
        found[row.key] = found.get(row.key, 0) + (row.home_amount_minor or 0)
    return found


def _converted(amount: int, fresh: list[Entry]) -> Fraction:
    head = fresh[0]
    if head.rate and head.home_currency:
        return Fraction(money.convert(amount, head.currency, head.rate, head.home_currency))
    return amount * Fraction(sum(row.home_amount_minor or 0 for row in fresh), _sum(fresh))


def _same_rate(deal: DealFacts, fresh: list[Entry], told: int, expected: Fraction) -> bool:
    """Whether HubSpot's figure is of the frozen rate: it says so, or it is as near as rounding allows."""
    if deal.rate and fresh[0].rate:
        return Fraction(deal.rate) == Fraction(fresh[0].rate)
    room = 1 + ceil(Fraction(abs(deal.amount_minor or 0), 2 * abs(_sum(fresh))))
    return abs(told - expected) <= room


def _sum(fresh: list[Entry]) -> int:
    return sum(row.amount_minor for row in fresh) or 1
