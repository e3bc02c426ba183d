"""Days of health: every night each customer's days up to yesterday, and those that facts changed.

Days are worked out from dated facts, so an account that is installed today has the days that one
has which was watched. As far back as touches are kept, a corrected fact rewrites the days from its
month on; older days stay as they were told, for five years.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from typing import Final

from integration.conclude.batch import Batch, open_batch
from integration.conclude.fields import company_health, company_page, health_facts
from integration.conclude.fields.company_health import Account
from integration.conclude.fields.health_facts import FactDigests
from integration.portal.context import PortalContext
from integration.storage.findings import recurring_rows
from integration.storage.ledger import period_rows
from integration.storage.mirror import touches
from integration.storage.queue import lanes, page_context
from integration.storage.queue.lanes import Lease
from integration.storage.success import health_day_rows
from integration.storage.success.health_day_rows import KeptMonth, Pass
from mappings.rules.ledger.periods import after, midnight
from mappings.rules.success import customers, health_course, health_days, recurring_value
from mappings.rules.success.health import Health
from mappings.rules.success.health_days import HealthDay, PackedMonth
from mappings.rules.success.recurring_value import ValueSpan

KEPT_YEARS: Final = 5
_DAY = timedelta(days=1)
# So many customers are read at once; where they take long, fewer.
_MOST_AT_ONCE, _FEWEST_AT_ONCE = 200, 10


@dataclass(frozen=True, slots=True)
class _Terms:
    """Up to which day, and from which on, days are worked out, in the account's time zone."""

    through: date
    reach: date  # the first day that facts still tell of
    touch_reach: date  # the first day of whose month all touches are kept
    zone: tzinfo

    @classmethod
    def of(cls, batch: Batch) -> "_Terms":
        """The terms of a night."""
        zone = period_rows.read(batch.tx).calendar.zone
        today = batch.now.astimezone(zone).date()
        kept = today - touches.WINDOW
        silence = timedelta(batch.policy.relationship_zero_days)
        return cls(today - _DAY, after(kept + silence), after(kept), zone)

    def end_of(self, day: date) -> datetime:
        """The moment as of which a day is judged."""
        return midnight(day + _DAY, self.zone)


def wake(portal: PortalContext) -> None:
    """Have a worker bring the days up to yesterday."""
    with portal.transaction() as tx:
        lanes.want(tx, portal.portal_id, "days")
    portal.runtime.queue.wake(portal.portal_id, "days")


def advance(portal: PortalContext, lease: Lease | None, *, seconds: float) -> bool:
    """Bring customers up to yesterday for a while; return whether some are left."""
    end, size = time.monotonic() + seconds, _MOST_AT_ONCE
    while time.monotonic() < end:
        with portal.transaction(lease) as tx:
            batch = open_batch(tx, page_context.read(tx), portal.runtime.now())
            progress = _page(batch, size, is_over=lambda: time.monotonic() >= end)
        if progress is None or progress.pass_.is_done:
            return False
        size = min(_MOST_AT_ONCE, max(_FEWEST_AT_ONCE, 2 * progress.customers))
    return True


@dataclass(frozen=True, slots=True)
class _Progress:
    pass_: Pass
    customers: int


def _page(batch: Batch, size: int, is_over: Callable[[], bool]) -> _Progress | None:
    """Bring some customers up to yesterday; None when there is nothing to do now."""
    terms = _Terms.of(batch)
    current = health_day_rows.current(batch.tx)
    if current is None or current.through < terms.through:
        current = Pass(terms.through, 0, is_done=False)
    if current.is_done or not batch.imported:
        return None
    ids = health_day_rows.customers_after(batch.tx, current.after_company, limit=size)
    if not ids:
        return _Progress(_finished(batch, current), 0)
    page = company_page.load_customers(batch, ids, touched_since=terms.end_of(terms.touch_reach))
    if page.records.feeds.awaited:
        return None  # the end of the first pass over activities wants these days
    done = 0
    kept = health_day_rows.of_companies(batch.tx, ids)
    spans = recurring_rows.of_companies(batch.tx, ids)
    for company_id in ids:
        if company_id in page.companies:
            account = company_health.account_of(
                batch, page.companies[company_id], page.records, page.moves.get(company_id, ())
            )
            _bring_up(batch, account, terms, kept.get(company_id, ()), spans.get(company_id, ()))
        done += 1
        if is_over():
            break
    progress = replace(current, after_company=ids[done - 1])
    health_day_rows.note(batch.tx, progress, batch.now)
    return _Progress(progress, done)


def _finished(batch: Batch, current: Pass) -> Pass:
    done = replace(current, is_done=True)
    # By whole years: what facts of before the oldest month say counts for all others.
    oldest = date(current.through.year - KEPT_YEARS, 1, 1)
    health_day_rows.tidy(batch.tx, before=oldest)
    health_day_rows.note(batch.tx, done, batch.now)
    return done


def _bring_up(
    batch: Batch,
    account: Account,
    terms: _Terms,
    kept: Sequence[KeptMonth],
    spans: Sequence[ValueSpan],
) -> None:
    """Work out the days of one customer that are missing, or rest on other facts than before."""
    first = _first_day(account, terms)
    if first is None or first > terms.through:
        return
    if kept and first > terms.reach and kept[0].packed.month < first.replace(day=1):
        health_day_rows.drop_before(batch.tx, account.company.id, first.replace(day=1))
        kept = [row for row in kept if row.packed.month >= first.replace(day=1)]
    by_month = {row.packed.month: row for row in kept}
    digests = health_facts.of(account, terms.zone, min([first.replace(day=1), *by_month]))
    begin = _begin(by_month, digests, first, terms)
    if begin is None:
        return
    days = _days(account, begin, terms)
    rows = [_told(row, digests) for row in kept if row.packed.month < first.replace(day=1)]
    rows += [
        _kept_month(account, packed, digests, terms, spans)
        for packed in _packed(days, {} if begin == first else by_month)
    ]
    health_day_rows.write(batch.tx, rows)


def _first_day(account: Account, terms: _Terms) -> date | None:
    """The day on which the company became a customer, or the first that facts tell of."""
    since = customers.since_first_purchase(account.deals)
    if since is None:
        return None
    return max(since.astimezone(terms.zone).date(), terms.reach)


def _begin(
    kept: Mapping[date, KeptMonth], digests: FactDigests, first: date, terms: _Terms
) -> date | None:
    """The first day to work out; None where all are there and rest on the facts of today."""
    month = min([first.replace(day=1), *kept])
    while month <= terms.through:
        row = kept.get(month)
        if row is None and month < first.replace(day=1):
            month = after(month)
            continue
        if row is None or _differs(row, digests, terms):
            return max(month, first)
        if month == terms.through.replace(day=1) and row.packed.days < terms.through.day:
            return month + timedelta(row.packed.days)
        if month < terms.through.replace(day=1) and not row.packed.is_whole:
            return max(month + timedelta(row.packed.days), first)
        month = after(month)
    return None


def _differs(row: KeptMonth, digests: FactDigests, terms: _Terms) -> bool:
    """Whether a month's days rest on other facts; touches count as long as they are kept."""
    month = row.packed.month
    if row.facts != digests.facts_of(month):
        return True
    return month >= terms.touch_reach and row.touches != digests.touches_of(month)


def _days(account: Account, begin: date, terms: _Terms) -> list[HealthDay]:
    """The days from *begin* to the last, each with the band that the days before it decide."""
    known: dict[date, Health] = {}

    def health_on(day: date) -> Health:
        if day not in known:
            known[day] = account.health_at(terms.end_of(day))
        return known[day]

    def of_day(day: date) -> HealthDay:
        found = health_course.of_day(lambda before: health_on(day - before * _DAY), account.policy)
        return health_days.day_of(day, found)

    count = (terms.through - begin).days + 1
    return [of_day(begin + number * _DAY) for number in range(count)]


def _packed(days: Iterable[HealthDay], kept: Mapping[date, KeptMonth]) -> list[PackedMonth]:
    """The days by month; the first of them go behind what is kept of their month before them."""
    by_month: dict[date, list[HealthDay]] = {}
    for day in days:
        by_month.setdefault(day.on.replace(day=1), []).append(day)
    packed: list[PackedMonth] = []
    for month, own in by_month.items():
        row = kept.get(month)
        before = health_days.cut(row.packed, own[0].on.day - 1) if row else None
        packed.append(health_days.pack(month, before, own))
    return packed


def _told(row: KeptMonth, digests: FactDigests) -> KeptMonth:
    """A month of which facts no longer tell: its days stay, and what changed since is noted."""
    return replace(row, facts=digests.facts_of(row.packed.month))


def _kept_month(
    account: Account,
    packed: PackedMonth,
    digests: FactDigests,
    terms: _Terms,
    spans: Sequence[ValueSpan],
) -> KeptMonth:
    at = terms.end_of(packed.month + timedelta(packed.days - 1))
    recurring = recurring_value.value_at(spans, at)
    return KeptMonth(
        account.company.id,
        packed,
        digests.facts_of(packed.month),
        digests.touches_of(packed.month),
        account.last_touch_at(at),
        customers.is_active(account.deals, recurring, at, account.policy),
    )
