"""Histories by the thousand: however a deal was lived through, the ledger adds up and says what a fresh one would."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from mappings.rules.attribution.credit import FIRST_ORDER, allocate
from mappings.rules.facts import DealFacts
from mappings.rules.findings import Allocation, Entry, Reason, Source
from mappings.rules.ledger import as_of_win, changes, money, periods
from mappings.rules.ledger.entries import Occasion, booked, plan_entries
from mappings.rules.policy import DEFAULT
from tests.booked_deals import booked_deals
from tests.unit.rules_builders import a_deal, a_source, day

RATES = {"USD": "1", "EUR": "1.08", "JPY": "0.0067", "KWD": "3.251234"}
AMOUNTS = (None, 0, 1, 7, 1001, 4_000_000, 3_000_000, -1_000_000, 10**15)
POOL = 4  # the source whose credit is nobody's


@dataclass(frozen=True)
class Event:
    """One thing that happened in the CRM, on a day."""

    on: int
    what: str
    value: Any = None


@dataclass(frozen=True)
class Crm:
    """A deal's dated history, as the CRM keeps it."""

    events: tuple[Event, ...] = ()
    home: str = "USD"

    def seen(self, today: int) -> list[Event]:
        return [one for one in self.events if one.on <= today]

    def deal(self, today: int) -> DealFacts:
        values: dict[str, Any] = {"amount_minor": 4_000_000, "currency": "USD"}
        for one in self.seen(today):
            values |= _CHANGES[one.what](one) if one.what in _CHANGES else {}
        deal = replace(a_deal(created=10), **values)
        if deal.amount_minor is None or not deal.currency:  # as the reader says it: not known
            return replace(deal, home_currency=self.home, amount_minor=None)
        rate = RATES[deal.currency]
        told = (
            money.convert(deal.amount_minor, deal.currency, rate, self.home)
            + deal.amount_minor % 3 % 2
        )
        return replace(deal, home_currency=self.home, rate=rate, home_amount_minor=told)

    def first_won(self, today: int) -> datetime | None:
        return next((day(one.on) for one in self.seen(today) if one.what == "won"), None)

    def alias(self, today: int) -> Mapping[int, int]:
        """Who a person is by now: merges, followed to the end, whatever their order."""
        became: dict[int, int] = {}
        for one in self.seen(today):
            if one.what == "merge":
                old, new = (_end(became, each) for each in one.value)
                if old != new:
                    became[old] = new
        return {each: _end(became, each) for each in range(POOL)}

    def sources(self, today: int) -> tuple[Source, ...]:
        """What is known by the end of the time for evidence, or until a person's last order, or today."""
        deal, first = self.deal(today), self.first_won(today)
        orders = [day(one.on) for one in self.seen(today) if one.what == "order"]
        judged = deal if first is None else replace(deal, closed_at=first)
        ends = as_of_win.evidence_ends(judged, DEFAULT, ordered_at=max(orders, default=None))
        until = day(today) if ends is None else min(ends, day(today))
        there: dict[int, int] = {}
        for one in self.events:
            if one.what in {"in", "out"} and day(one.on) <= until:
                if one.what == "in":
                    there[one.value[0]] = one.value[1]
                else:
                    there.pop(one.value[0], None)
        return tuple(_source(who, p, self.alias(today)) for who, p in sorted(there.items()))


def _end(became: Mapping[int, int], one: int) -> int:
    while one in became:
        one = became[one]
    return one


def _source(who: int, p: int, alias: Mapping[int, int]) -> Source:
    because = (Reason("told", f"reason of {p}", None, (f"deal:{p}",)),)
    if who == POOL:
        return a_source(
            "word_of_mouth",
            350_000,
            p,
            person_id=None,
            contact_id=None,
            company_id=None,
            because=because,
        )
    person = alias[who]
    return a_source(
        p=p, person_id=person, contact_id=person, company_id=10 + person % 2, because=because
    )


_CHANGES: dict[str, Callable[[Event], dict[str, Any]]] = {
    "won": lambda one: {"is_won": True, "is_closed": True, "closed_at": day(one.on)},
    "reopen": lambda _: {"is_won": False, "is_closed": False, "closed_at": None},
    "lost": lambda one: {"is_won": False, "is_closed": True, "closed_at": day(one.on)},
    "delete": lambda _: {"archived": True},
    "restore": lambda _: {"archived": False},
    "amount": lambda one: {"amount_minor": one.value},
    "currency": lambda one: {"currency": one.value},
    "close date": lambda one: {"closed_at": day(one.value)},
}


@dataclass
class Books:
    """A ledger in memory, with its log of closed months."""

    rows: list[Entry] = field(default_factory=list)
    log: list[periods.Closing] = field(default_factory=list)
    reported: dict[periods.Month, int] = field(default_factory=dict)
    time_zone: str = "UTC"
    since: datetime | None = None

    @property
    def calendar(self) -> periods.Calendar:
        """The account's months."""
        return periods.Calendar.of(self.log, self.time_zone, self.since)

    def look(self, crm: Crm, today: int) -> tuple[Entry, ...]:
        """Read the CRM and bring the ledger up to date, as every step of concluding does."""
        now, deal, alias = day(today), crm.deal(today), crm.alias(today)
        self.close_what_is_due(now)
        locked = periods.locked_before(self.log, self.calendar)
        posted = [_today(row, alias) for row in self.rows]
        made = plan_entries(
            deal,
            posted,
            _desired(deal, crm.sources(today)),
            Occasion(now, locked, reevaluate=True, calendar=self.calendar),
            DEFAULT,
        )
        assert all(locked is None or row.effective_at >= locked for row in made)
        for row in made:
            self.rows.append(replace(row, id=len(self.rows) + 1, recorded_at=now))
        return made

    def close_what_is_due(self, now: datetime) -> None:
        """Let the calendar close the months whose day has come."""
        due = periods.due(self.log, DEFAULT.books_close_day, day(0), now, self.calendar)
        if due is not None:
            self.close(due)

    def close(self, one: periods.Closing) -> None:
        """Close a month and remember what all closed months reported."""
        self.log.append(one)
        month = periods.before(self.calendar.month_of(day(0)))
        while month <= one.month:
            self.reported.setdefault(month, _sum(self.as_reported(month)))
            month = periods.after(month)

    def as_reported(self, month: periods.Month) -> tuple[Entry, ...]:
        """What a month says it reported, by the months of now."""
        closed = periods.closed_at(self.log, month)
        return periods.as_reported(self.rows, month, closed, self.calendar)

    def move_to(self, time_zone: str, now: datetime) -> None:
        """Follow the account into another time zone, as the nightly look does."""
        self.close_what_is_due(now)
        self.time_zone, self.since = time_zone, now


def _today(row: Entry, alias: Mapping[int, int]) -> Entry:
    """A stored row under the person that its subject is today."""
    if row.person_id is None:
        return row
    person = alias[row.person_id]
    found = a_source(person_id=person, contact_id=person, company_id=10 + person % 2)
    return replace(
        row, person_id=person, contact_id=person, company_id=found.company_id, key=found.key
    )


def _desired(deal: DealFacts, sources: tuple[Source, ...]) -> Allocation | None:
    if not deal.amount_minor or not deal.currency:
        return None
    return allocate(deal.id, deal.amount_minor, deal.currency, sources, DEFAULT)


def _sum(rows: Sequence[Entry]) -> int:
    return sum(row.amount_minor for row in rows)


def check(crm: Crm, books: Books, today: int) -> None:
    """Everything that must be true of a ledger that has just been brought up to date."""
    deal, rows = crm.deal(today), books.rows
    now_booked = booked(rows)
    assert (
        _sum(rows) == now_booked.amount == ((deal.amount_minor or 0) if deal.counts_as_won else 0)
    )
    if now_booked.live:
        assert sum(now_booked.shares.values()) == 10**12
    if (
        deal.counts_as_won
        and deal.amount_minor
        and now_booked.live[0].home_currency == deal.home_currency
    ):
        assert sum(now_booked.homes.values()) == deal.home_amount_minor
    by_id = {row.id: row for row in rows}
    backs = [row for row in rows if row.reverses is not None]
    assert len({row.reverses for row in backs}) == len(backs)
    for back in backs:
        taken = by_id[back.reverses]
        assert (back.share, back.amount_minor, back.currency) == (
            -taken.share,
            -taken.amount_minor,
            taken.currency,
        )
        assert back.home_amount_minor == (
            None if taken.home_amount_minor is None else -taken.home_amount_minor
        )
    assert books.look(crm, today) == ()
    for month, said in books.reported.items():
        assert _sum(books.as_reported(month)) == said
    told = changes.changes_of(rows)
    sums: dict[str, int] = {}
    for row in rows:
        sums[row.currency] = sums.get(row.currency, 0) + row.amount_minor
    assert {c: sum(one.differences.get(c, 0) for one in told) for c in sums} == sums


def from_scratch(crm: Crm, today: int) -> bytes:
    """What a ledger says that was made from nothing by today's look alone."""
    fresh = Books()
    fresh.look(crm, today)
    return said(crm, fresh, today)


def said(crm: Crm, books: Books, today: int) -> bytes:
    """What is booked now, byte by byte."""
    alias = crm.alias(today)
    return repr(booked_deals(_today(row, alias) for row in books.rows)).encode()


# No two people are equally strong: a tie goes to the lower id, and a merge afterwards changes who
# that is. Then one trillionth of a share may stand with the other; docs/rules.md says so.
evidence = st.tuples(st.integers(0, POOL), st.sampled_from([300_000, 600_000, 950_000])).map(
    lambda one: (one[0], one[1] + one[0])
)
happenings = st.one_of(
    st.tuples(st.just("won"), st.none()),
    st.tuples(st.sampled_from(["won", "reopen", "lost", "delete", "restore", "order"]), st.none()),
    st.tuples(st.just("amount"), st.sampled_from(AMOUNTS)),
    st.tuples(st.just("currency"), st.sampled_from([*RATES, None])),
    st.tuples(st.just("in"), evidence),
    st.tuples(st.just("in"), evidence),
    st.tuples(st.just("out"), st.tuples(st.integers(0, POOL))),
    st.tuples(st.just("close date"), st.integers(5, 500)),
    st.tuples(st.just("merge"), st.tuples(st.integers(0, POOL - 1), st.integers(0, POOL - 1))),
)


@st.composite
def lives(draw: st.DrawFn) -> tuple[Crm, list[int], int]:
    """A history, the days on which we looked, and the last day, on which everybody looks."""
    told = draw(st.lists(st.tuples(st.integers(11, 400), happenings), max_size=14))
    events = tuple(
        Event(on, what, value) for on, (what, value) in sorted(told, key=lambda one: one[0])
    )
    looks = sorted(draw(st.sets(st.integers(11, 420), max_size=8)))
    return Crm(events, draw(st.sampled_from(["USD", "JPY", "KWD"]))), looks, 421


@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lives())
def test_lived_through_in_any_grouping_is_booked_as_made_from_nothing(
    life: tuple[Crm, list[int], int],
) -> None:
    crm, looks, end = life
    books = Books()
    for today in [*looks, end]:
        before = tuple(books.rows)
        books.look(crm, today)
        assert tuple(books.rows[: len(before)]) == before
        check(crm, books, today)
    assert said(crm, books, end) == from_scratch(crm, end)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lives(), st.randoms(use_true_random=False))
def test_deals_do_not_mind_in_which_order_they_are_looked_at(
    life: tuple[Crm, list[int], int],
    dice: Any,  # noqa: ANN401
) -> None:
    """Looking again at random, any number of times a day, books the same rows as looking once."""
    crm, looks, end = life
    tidy, untidy = Books(), Books()
    for today in [*looks, end]:
        tidy.look(crm, today)
        for _ in range(dice.randint(1, 3)):
            untidy.look(crm, today)
    assert untidy.rows == tidy.rows


class Ledger(RuleBasedStateMachine):
    """A deal is lived through a day at a time, with months closed and opened by hand in between."""

    def __init__(self) -> None:
        super().__init__()
        self.today = 11
        self.crm = Crm()
        self.books = Books()

    @initialize(home=st.sampled_from(["USD", "KWD", "JPY"]))
    def begin(self, home: str) -> None:
        self.crm = Crm(home=home)

    @rule(what=happenings)
    def happens(self, what: tuple[str, Any]) -> None:
        self.crm = replace(self.crm, events=(*self.crm.events, Event(self.today, *what)))

    @rule(days=st.integers(1, 45))
    def time_passes(self, days: int) -> None:
        self.today += days

    @rule(months_ago=st.integers(1, 4))
    def a_person_closes_a_month(self, months_ago: int) -> None:
        calendar, now = self.books.calendar, day(self.today)
        month = calendar.month_of(now - timedelta(28 * months_ago))
        if calendar.start(periods.after(month)) <= now:
            zone = calendar.time_zone
            self.books.close(periods.Closing(month, now, "close", "ana", "audit", zone))

    @rule(months_ago=st.integers(1, 4))
    def a_person_opens_a_month(self, months_ago: int) -> None:
        month = self.books.calendar.month_of(day(self.today) - timedelta(28 * months_ago))
        self.books.log.append(
            periods.Closing(month, day(self.today), "reopen", "ana", "a forgotten invoice")
        )

    @rule(zone=st.sampled_from(["America/Los_Angeles", "Pacific/Kiritimati", "Europe/Berlin"]))
    def the_account_moves_to_another_time_zone(self, zone: str) -> None:
        self.books.move_to(zone, day(self.today))

    @rule()
    def we_look(self) -> None:
        before = tuple(self.books.rows)
        self.books.look(self.crm, self.today)
        assert tuple(self.books.rows[: len(before)]) == before
        check(self.crm, self.books, self.today)
        assert said(self.crm, self.books, self.today) == from_scratch(self.crm, self.today)

    @invariant()
    def every_row_belongs_to_one_month(self) -> None:
        rows, calendar = self.books.rows, self.books.calendar
        belong = {calendar.month_of(periods.belongs_at(row)) for row in rows}
        known = (periods.as_known(rows, month, calendar) for month in belong)
        assert sum(map(_sum, known)) == _sum(rows)


Ledger.TestCase.settings = settings(
    max_examples=300,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestLedger = Ledger.TestCase


def test_the_remainder_is_a_credit_like_any_other() -> None:
    crm = Crm((Event(20, "won"),))
    books = Books()
    books.look(crm, 20)
    assert [(row.key, row.amount_minor) for row in books.rows] == [(FIRST_ORDER, 4_000_000)]
