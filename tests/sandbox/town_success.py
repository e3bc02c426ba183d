"""How customers of a town fare: what they pay a year, how many use the product, when they went live; and some leave.

It is dealt by dice of its own, so that a town's people, deals and truth are the same with and
without it. Who loses somebody that was there at the first win leaves more often in the year after:
nobody tells the app so.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.sandbox import town_names as names
from tests.sandbox import town_rates as rates
from tests.sandbox.town_activities import log
from tests.sandbox.town_firms import LIVE, RECURRING, USERS
from tests.sandbox.town_state import District, Firm

_YEAR, _QUARTER = 365.0, 91.0
_SOURCE = "INTEGRATION"


def let_customers_fare(district: District, dice: random.Random) -> None:
    """Give every customer its course, as far as the account keeps it."""
    for firm in district.firms:
        if firm.wins:
            _live(district, firm, dice)


def _live(district: District, firm: Firm, dice: random.Random) -> None:
    """One customer's course, from its first win until it leaves or the town ends."""
    first = min(firm.wins)
    years = list(_years(firm, first, dice))
    if dice.random() < rates.RECURRING_KNOWN:
        for year in years:
            firm.draft.put(RECURRING, f"{year.value:.2f}", year.day, _SOURCE)
    gone = next((year.day for year in years if not year.value), float(rates.DAYS))
    if dice.random() < rates.USE_KNOWN:
        _use(firm, first, gone, dice)
    if gone >= rates.DAYS and dice.random() < rates.MET_OF_LATE:
        _check_in(district, firm, dice)
    ready = first + 3 + dice.expovariate(1 / rates.DAYS_TO_LIVE)
    if dice.random() < rates.LIVE_KNOWN and ready < min(gone, rates.DAYS - 1):
        firm.draft.put(LIVE, district.on(ready).isoformat(), ready, _SOURCE)


@dataclass(frozen=True, slots=True)
class _Year:
    """What a customer pays a year from a day on; 0 when it left."""

    day: float
    value: float


def _years(firm: Firm, first: float, dice: random.Random) -> list[_Year]:
    """What was agreed at the first win, at later ones, and at each anniversary."""
    value = round(names.by_deciles(dice, rates.AMOUNT_DECILES), -1)
    course = [_Year(first, value)]
    day = first + _YEAR
    while day < rates.DAYS:
        won_between = sum(day - _YEAR < win <= day for win in firm.wins)
        if dice.random() < _chance_to_leave(firm, first, day):
            course.append(_Year(day, 0.0))
            break
        value = round(value * _change(dice, won_between), -1)
        course.append(_Year(day, value))
        day += _YEAR
    return course


def _chance_to_leave(firm: Firm, first: float, day: float) -> float:
    """The chance to leave at an anniversary: odds grow with each cause, as in real churn."""
    odds = rates.LEAVES_A_YEAR / (1 - rates.LEAVES_A_YEAR)
    knew_us = [seat for seat in firm.seats if seat.since <= first + 30]
    if any(day - _YEAR < seat.until <= day for seat in knew_us):
        odds *= rates.LEAVES_WITHOUT_FRIEND
    if any(day - _YEAR < win <= day for win in firm.wins):
        odds *= rates.LEAVES_AFTER_WIN
    return odds / (1 + odds)


def _change(dice: random.Random, won_between: int) -> float:
    if won_between:
        return 1.1 + dice.random() * 0.4
    return dice.choice((1.0, 1.0, 1.0, 1.0, 1.05, 1.05, 1.1, 0.8))


def _check_in(district: District, firm: Firm, dice: random.Random) -> None:
    """A meeting of the last weeks, with one or two of those who are there."""
    day = rates.DAYS - 1 - dice.random() * rates.WITHIN_DAYS
    there = [seat for seat in firm.seats if seat.there(day) and not seat.hidden]
    met = dice.sample(there, min(len(there), dice.choice((1, 1, 2))))
    if met:
        values = {"hs_meeting_title": "Quarterly review", "hs_meeting_outcome": "COMPLETED"}
        log(district, "meeting", day, met, values)


def _use(firm: Firm, first: float, gone: float, dice: random.Random) -> None:
    """Active users by quarter: they grow, sway, and become fewer before a customer leaves."""
    users = 3 + dice.random() ** 2 * 120
    day = first + 30
    while day < min(gone, rates.DAYS - 1):
        leaves_soon = gone < rates.DAYS and gone - day < 2 * _QUARTER
        users *= (0.6 if leaves_soon else 0.97) + dice.random() * 0.15
        firm.draft.put(USERS, str(max(1, round(users))), day, _SOURCE)
        day += _QUARTER
