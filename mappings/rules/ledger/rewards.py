"""Rewards: what was promised to people who referred others, when it accrues, and what is paid.

A reward is a cost of the month in which it was approved. One that is withdrawn later is taken back
in the month of the withdrawal, so that no month that was told changes.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from mappings.currencies import digits_of
from mappings.rules.ledger import money

LARGEST: Final = 10**9
"""In whole units of the currency: beyond any reward, so that a slip of the keyboard is refused."""
_AMOUNT: Final = re.compile(r"-?[0-9]{1,12}(?:\.(?P<fraction>[0-9]{1,10}))?")


@dataclass(frozen=True, slots=True)
class Reward:
    """What somebody got or will get for a referral; `minor` in the currency's smallest unit."""

    source: str
    kind: str
    minor: int
    currency: str
    approved_at: datetime
    paid_on: date | None = None
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Accrual:
    """What accrued in a month for one source in one currency; withdrawn later counts below zero."""

    month: date
    source: str
    currency: str
    minor: int


def amount(text: str, currency: str) -> tuple[int, str]:
    """Read a reward's value: minor units and the currency's code. Raises ValueError."""
    code = currency.strip().upper()
    places = digits_of(code)
    if places is None:
        raise ValueError(f"{code[:10]!r} is no currency: write its three letters")
    written = _AMOUNT.fullmatch(text.strip())
    if written is None:
        raise ValueError(f"{text[:40]!r} is no amount: write digits and a point, like 50.00")
    if len((written["fraction"] or "").rstrip("0")) > places:
        raise ValueError(f"{text[:40]} has more digits than {code} has: round it")
    minor = money.minor(text, code) or 0
    if minor <= 0:
        raise ValueError("A reward is more than nothing: one that was promised is withdrawn")
    if minor > LARGEST * 10**places:
        raise ValueError(f"{text[:40]} is more than any reward: look at the digits")
    return minor, code


def accrued(rewards: Iterable[Reward], month_of: Callable[[datetime], date]) -> tuple[Accrual, ...]:
    """What accrued by month, source and currency, the oldest month first; zeros are left out.

    *month_of* says in which month of the account a moment is, by the month's first day.
    """
    sums: dict[tuple[date, str, str], int] = {}
    for reward in rewards:
        for at, minor in ((reward.approved_at, reward.minor), (reward.withdrawn_at, -reward.minor)):
            if at is not None:
                key = month_of(at), reward.source, reward.currency
                sums[key] = sums.get(key, 0) + minor
    return tuple(Accrual(*key, minor) for key, minor in sorted(sums.items()) if minor)


@dataclass(frozen=True, slots=True)
class Totals:
    """Of one currency: what was promised and stands, what of it was paid, what is still owed."""

    currency: str
    accrued: int
    paid: int

    @property
    def owed(self) -> int:
        """What was promised and not paid yet."""
        return self.accrued - self.paid


def totals(rewards: Iterable[Reward]) -> tuple[Totals, ...]:
    """The sums of rewards that were not withdrawn, by currency."""
    sums: dict[str, list[int]] = {}
    for reward in rewards:
        if reward.withdrawn_at is None:
            own = sums.setdefault(reward.currency, [0, 0])
            own[0] += reward.minor
            own[1] += reward.minor if reward.paid_on is not None else 0
    return tuple(Totals(currency, *own) for currency, own in sorted(sums.items()))
