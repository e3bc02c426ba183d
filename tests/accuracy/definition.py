"""Deals by the chosen rule's own definition, worked out from what really happened, for everybody on them.

An admin chooses who is a customer, and for how long after a job change a deal may still owe to it.
A deal is a moved champion's by that choice when somebody is on it who had left another company for
this one, was on record here before the deal opened and no longer ago than the window, and left a
company that was a customer at that time. A return to a former employer brings no new customer. Who
was put on a deal later counts as well: HubSpot tells no date of that. No rule of the app is called here.

When people left is known to the month: who left in the very month in which their company became a
customer may have been there or gone, and counts neither way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from tests.sandbox.town_rows import Record, Town
from tests.sandbox.truth_facts import MOVED_CHAMPION, NOT_SCORED, DealTruth, Move, Source, Truth

WON_DEALS = "won deals"
STAGE_REACHED = "the stage since it was reached"
STAGE_ALWAYS = "the stage always"
MONTH = timedelta(31)

# What speaks against a mover on a deal, from what comes closest to what is furthest.
FITS, UNSETTLED = "", "left in the month it became a customer"
NO_CUSTOMER = "the company left was no customer then"
LONG_AGO = "moved longer ago than the window"
RETURN = "a return to a former employer"
CAME_LATER = "came after the deal opened"
NOBODY = "nobody on it had moved here"
_ORDER = (FITS, UNSETTLED, NO_CUSTOMER, LONG_AGO, RETURN, CAME_LATER)

Since = Mapping[int, date]
"""Since when each company is a customer; those that never were are left out."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What an admin chose: who is a customer, and how many days after a move a deal may open."""

    customers: str
    window: int


def by_definition(town: Town, rule: Rule) -> Truth:
    """The town's truth with every deal judged by the rule; a deal that nobody can judge says so."""
    since = CUSTOMERS[rule.customers](town)
    arrived = _arrivals(town.truth.moves)
    people = _people_on_deals(town)
    opened = {deal.id: deal.created.date() for deal in town.of("deal")}
    judged = []
    for deal in town.truth.deals:
        moves = [move for one in people[deal.deal] for move in arrived[one, deal.company]]
        verdicts = [(_verdict(move, opened[deal.deal], since, rule), move) for move in moves]
        judged.append(_judged(deal, verdicts))
    return replace(town.truth, deals=tuple(judged))


def _arrivals(moves: Iterable[Move]) -> dict[tuple[str, int], list[Move]]:
    """Moves by who came and where to; who changed seats within a company did not come."""
    arrived: dict[tuple[str, int], list[Move]] = defaultdict(list)
    for move in moves:
        if move.former_company != move.new_company:
            arrived[move.person, move.new_company].append(move)
    return arrived


def _people_on_deals(town: Town) -> dict[int, list[str]]:
    """Who is on each deal."""
    people: dict[int, list[str]] = defaultdict(list)
    for link in town.links:
        person = town.truth.people.get(link.to_id)
        if (link.from_kind, link.to_kind) == ("deal", "contact") and person is not None:
            people[link.from_id].append(person)
    return people


def _verdict(move: Move, opened: date, since: Since, rule: Rule) -> str:
    """What speaks against a mover on a deal that opened on a day; nothing where they fit."""
    if move.observed is None or move.observed > opened:
        return CAME_LATER
    if move.kind == "boomerang":
        return RETURN
    if (opened - move.observed).days > rule.window:
        return LONG_AGO
    customer_since, left = since.get(move.former_company), move.left or move.joined
    if customer_since is None or customer_since >= left + MONTH:
        return NO_CUSTOMER
    return FITS if customer_since <= left else UNSETTLED


def _judged(deal: DealTruth, verdicts: Sequence[tuple[str, Move]]) -> DealTruth:
    """The deal as its best movers make it."""
    best = min((verdict for verdict, _ in verdicts), key=_ORDER.index, default=NOBODY)
    if best != FITS:
        return replace(deal, sources=(), note=NOT_SCORED if best == UNSETTLED else best)
    movers = [move for verdict, move in verdicts if verdict == FITS]
    companies = dict.fromkeys(move.former_company for move in movers)
    sources = tuple(Source(MOVED_CHAMPION, None, company) for company in companies)
    return replace(deal, sources=sources, person=movers[0].person, note="")


# Who is a customer, and since when


def _by_won_deals(town: Town) -> Since:
    """From the first won deal with money in it."""
    companies = {deal.deal: deal.company for deal in town.truth.deals}
    paid = {deal.deal for deal in town.truth.deals if deal.won and (deal.amount or 0) > 0}
    since: dict[int, date] = {}
    for deal in town.of("deal"):
        if deal.id in paid:
            day = ended(deal) or deal.created.date()
            since[companies[deal.id]] = min(day, since.get(companies[deal.id], day))
    return since


def _by_stage_reached(town: Town) -> Since:
    days = ((company.id, customer_since(company)) for company in town.of("company"))
    return {company: day for company, day in days if day is not None}


def _by_stage_always(town: Town) -> Since:
    """Whoever is at the stage today was a customer all along."""
    return dict.fromkeys(town.truth.customers, date.min)


CUSTOMERS: Mapping[str, Callable[[Town], Since]] = {
    WON_DEALS: _by_won_deals,
    STAGE_REACHED: _by_stage_reached,
    STAGE_ALWAYS: _by_stage_always,
}


def customer_since(company: Record) -> date | None:
    """The day the company's lifecycle stage became customer."""
    stages = company.history("lifecyclestage")
    return next((stage.at.date() for stage in stages if stage.value == "customer"), None)


def ended(deal: Record) -> date | None:
    """The day a deal was won or lost; None while it is open."""
    now = deal.current()
    if not now.get("dealstage", "").startswith("closed") or not now.get("closedate"):
        return None
    return date.fromisoformat(now["closedate"][:10])
