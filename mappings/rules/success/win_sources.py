"""What makes a win: purchases of customers, promoters' answers, milestones (all at their own time).

Each function answers with all wins of all times, also those still to come, so that the same facts
give the same wins on every day.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from mappings.kinds import WinKind
from mappings.rules.facts import DealFacts, NpsAnswer, Reading
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


def of_dates(
    company_id: int, kind: WinKind, readings: Sequence[Reading[datetime]], policy: Policy
) -> list[Win]:
    """The days that a mapped property says something was reached on."""
    weight = wins.weight(kind, policy)
    return [
        Win(kind, company_id, None, at, f"property:{kind}:{at:%Y-%m-%d}", kind.label, weight)
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
