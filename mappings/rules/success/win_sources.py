"""What makes a win: purchases of customers, promoters' answers, milestones, records of usage.

Each function answers with all wins of all times, also those still to come, so that the same facts
give the same wins on every day.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from mappings import formats
from mappings.kinds import WinKind
from mappings.rules.facts import DealFacts, NpsAnswer, Reading, SuccessEvent, Ticket
from mappings.rules.policy import Policy
from mappings.rules.success import nps, wins
from mappings.rules.success.customers import is_purchase
from mappings.rules.success.wins import Win


def of_deals(
    company_id: int, deals: Iterable[DealFacts], policy: Policy, customer_since: datetime | None
) -> list[Win]:
    """Renewals and expansions: what somebody bought who was a customer before.

    *customer_since* is by the stage that the portal's owner chose; None where purchases decide. A
    renewal says by itself that there was something to renew, and needs no amount yet.
    """
    purchases = sorted(map(_closed_at, filter(is_purchase, deals := list(deals))))
    since = min(filter(None, [customer_since, *purchases[:1]]), default=None)
    return [
        _of_deal(company_id, deal, kind, policy)
        for deal in deals
        if deal.counts_as_won and (kind := _purchase_kind(deal, since)) is not None
    ]


def _purchase_kind(deal: DealFacts, since: datetime | None) -> WinKind | None:
    if deal.is_renewal:
        return WinKind.RENEWAL if deal.amount_minor is None or deal.amount_minor > 0 else None
    is_later = since is not None and since < _closed_at(deal)
    return WinKind.EXPANSION if is_later and is_purchase(deal) else None


def _of_deal(company_id: int, deal: DealFacts, kind: WinKind, policy: Policy) -> Win:
    words = f'Deal "{deal.name}" won' if deal.name else "Deal won"
    weight = wins.weight(kind, policy)
    return Win(kind, company_id, None, _closed_at(deal), f"deal:{deal.id}", words, weight)


def _closed_at(deal: DealFacts) -> datetime:
    return deal.closed_at or deal.created_at


def of_answers(company_id: int, answers: Iterable[NpsAnswer], policy: Policy) -> list[Win]:
    """Answers of promoters, each of the person who gave it."""
    weight = wins.weight(WinKind.PROMOTER, policy)
    return [
        Win(
            kind=WinKind.PROMOTER,
            company_id=company_id,
            contact_id=answer.contact_id,
            at=answer.at,
            source=f"answer:{answer.id}",
            words=f"Answered {answer.score} of 10",
            weight=weight,
        )
        for answer in answers
        if nps.group(answer.score) == "promoter"
    ]


# Any other ticket is everyday work.
_HARD: Final = frozenset({"HIGH", "URGENT"})


def of_tickets(company_id: int, tickets: Iterable[Ticket], policy: Policy) -> list[Win]:
    """Hard tickets that were solved and rated well: the win of who reported it, if it was one."""
    return [
        _of_ticket(company_id, ticket, ticket.closed_at, policy)
        for ticket in tickets
        if ticket.closed_at is not None and ticket.rated_well and ticket.priority in _HARD
    ]


def _of_ticket(company_id: int, ticket: Ticket, solved_at: datetime, policy: Policy) -> Win:
    return Win(
        kind=WinKind.TICKET,
        company_id=company_id,
        contact_id=ticket.contact_ids[0] if len(ticket.contact_ids) == 1 else None,
        at=solved_at,
        source=f"ticket:{ticket.id}",
        words=f'Ticket {ticket.id} solved, rated "{ticket.rating}"',
        weight=wins.weight(WinKind.TICKET, policy),
    )


def of_dates(
    company_id: int, kind: WinKind, readings: Sequence[Reading[datetime]], policy: Policy
) -> list[Win]:
    """The days that a mapped property says something was reached on."""
    weight = wins.weight(kind, policy)
    return [
        Win(kind, company_id, None, at, f"property:{kind}:{at.date()}", kind.label, weight)
        for at in reached(readings)
    ]


def reached(readings: Iterable[Reading[datetime]]) -> Iterator[datetime]:
    """The days that a property's values name, the first first.

    A later day is the next time, an earlier one corrects what stood there, and an emptied property
    takes all back. A day that was still to come when somebody wrote it down is a plan, until it is
    written again.
    """
    days: list[datetime] = []
    for reading in readings:
        if reading.value is None:
            days.clear()
            continue
        while days and days[-1] >= reading.value:
            days.pop()
        if reading.at is None or reading.value <= reading.at:
            days.append(reading.value)
    yield from days


# A step of an onboarding is no win yet.
_OF_EVENTS: Final[Mapping[str, WinKind]] = {
    "goal": WinKind.GOAL,
    "milestone": WinKind.MILESTONE,
    "onboarding_completed": WinKind.ONBOARDING,
    "review": WinKind.REVIEW,
    "case_study": WinKind.CASE_STUDY,
    "quote": WinKind.QUOTE,
    "praise": WinKind.PRAISE,
}
# Reached once for all, however often it is told; a goal can be set and reached again.
_ONCE_FOR_ALL: Final = frozenset({WinKind.MILESTONE, WinKind.ONBOARDING})


def of_events(company_id: int, events: Iterable[SuccessEvent], policy: Policy) -> list[Win]:
    """What products and people told of: goals, milestones, praise."""
    return [
        _of_event(company_id, event, kind, policy)
        for event in events
        if (kind := _OF_EVENTS.get(event.kind)) is not None
    ]


def _of_event(company_id: int, event: SuccessEvent, kind: WinKind, policy: Policy) -> Win:
    words = f"{kind.label}: {event.name}" if event.name else kind.label
    source, weight = f"success:{event.id}", wins.weight(kind, policy)
    return Win(kind, company_id, event.contact_id, event.at, source, words, weight)


def told_once(told: Iterable[Win]) -> list[Win]:
    """The wins that were told of, each once: by two tools, or by a tool and a property.

    A milestone and the end of an onboarding count once by their name, the earliest time; anything
    else once a day and person. One without a name is any of its kind on that day.
    """
    kept: dict[tuple[object, ...], Win] = {}
    ordered = sorted(told, key=lambda win: (win.at, win.source))
    for win in ordered:
        kept.setdefault(_same(win), win)
    named = {(win.kind, win.at.date()) for win in kept.values() if _is_named(win)}
    return [
        win for win in kept.values() if _is_named(win) or (win.kind, win.at.date()) not in named
    ]


def _same(win: Win) -> tuple[object, ...]:
    """What two tellings of one win share."""
    name = " ".join(win.words.casefold().split())
    if win.kind in _ONCE_FOR_ALL and _is_named(win):
        return win.kind, name
    return win.kind, name, win.contact_id, win.at.date()


def _is_named(win: Win) -> bool:
    return win.words != win.kind.label


# Below so many weeks nobody knows what is usual. Tried with 400 seeds of six kinds of noise, a year
# each: with one week instead of two up to 35 of 100 had a record, with two at most 2 have.
_WEEKS_BEFORE: Final = 8
_RISE: Final = 0.1
_NOISES: Final = 3
# The mean distance of two draws of noise, in its standard deviations.
_DISTANCE: Final = 1.1284
_BETWEEN_RECORDS: Final = timedelta(days=28)


def of_usage(
    company_id: int, highs: Mapping[str, Sequence[tuple[datetime, float]]], policy: Policy
) -> list[Win]:
    """Records of usage, by the highest figure of each week of each metric."""
    return [
        _of_record(company_id, metric, record, policy)
        for metric, weeks in sorted(highs.items())
        for record in usage_records(weeks)
    ]


def _of_record(company_id: int, metric: str, record: "UsageRecord", policy: Policy) -> Win:
    named, value, before = metric.replace("_", " "), _plain(record.value), _plain(record.before)
    return Win(
        kind=WinKind.USAGE_RECORD,
        company_id=company_id,
        contact_id=None,
        at=record.at,
        # By the week: a higher figure later in it is the same record.
        source=f"usage:{metric}:{_week(record.at)}",
        words=f"{named} at {value}, {before} before",
        weight=wins.weight(WinKind.USAGE_RECORD, policy),
    )


def _plain(value: float) -> str:
    return formats.count(int(value)) if value == int(value) else f"{value:,.2f}"


def _week(at: datetime) -> str:
    year, week, _ = at.isocalendar()
    return f"{year}-W{week:02}"


@dataclass(frozen=True, slots=True)
class UsageRecord:
    """A new high of a metric, and the mark that it passed."""

    at: datetime
    value: float
    before: float


def usage_records(weeks: Iterable[tuple[datetime, float]]) -> Iterator[UsageRecord]:
    """New highs among the highest figures of weeks, in order.

    The mark to pass is the highest of the first eight weeks, then what was held last: two weeks in
    a row by a tenth of it, and by three times the noise from week to week. One high week may be
    chance. Two records lie four weeks apart.
    """
    known = list(weeks)
    values = [value for _, value in known]
    mark = max(values[:_WEEKS_BEFORE], default=0.0)
    walked = sum(map(_distance, pairwise(values[:_WEEKS_BEFORE])))
    last: datetime | None = None
    for number, (at, value) in enumerate(known[_WEEKS_BEFORE:], start=_WEEKS_BEFORE):
        floor = mark + max(mark * _RISE, walked / (number - 1) / _DISTANCE * _NOISES)
        held = min(value, values[number - 1])
        if mark <= 0:
            mark = value  # nothing was used yet: there is no past to pass
        elif held > floor:
            if last is None or at - last >= _BETWEEN_RECORDS:
                yield UsageRecord(at, held, mark)
                last = at
            mark = held
        walked += abs(value - values[number - 1])


def _distance(pair: tuple[float, float]) -> float:
    return abs(pair[1] - pair[0])
