"""Health: what is missing, old or no longer read never makes a customer look better."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings import formats
from mappings.rules.facts import AccountFigures, NpsAnswer, Reading, Ticket
from mappings.rules.policy import DEFAULT
from mappings.rules.success import health_course, health_factors, nps
from mappings.rules.success.health import FACTORS, Factor, Health, aged, health
from mappings.rules.success.health_factors import (
    Feed,
    FigureFeeds,
    adoption,
    commercial,
    relationship,
    sentiment,
    support,
)
from mappings.rules.success.pulse import Pulse
from tests.unit.rules_builders import NOW, day

FIVE = {"adoption": 40, "relationship": 80, "sentiment": 90, "support": 90, "commercial": 60}


def ago(days: float) -> datetime:
    return NOW - timedelta(days)


def factors(**changes: Factor) -> list[Factor]:
    return [changes.get(name, Factor(name, value)) for name, value in FIVE.items()]


def unknown(*names: str) -> dict[str, Factor]:
    return {name: Factor(name, None, "unknown") for name in names}


def test_health_begins_at_50_and_is_explained_by_contributions_that_add_up() -> None:
    found = health(factors(), DEFAULT)

    assert (found.score, found.band, found.coverage) == (68.5, "watch", 100)
    assert {part.name: part.points for part in found.contributions} == {
        "adoption": -3.0,
        "relationship": 6.0,
        "sentiment": 8.0,
        "support": 6.0,
        "commercial": 1.5,
    }
    assert found.because == (
        "50, sentiment +8.0, relationship +6.0, support +6.0, adoption -3.0, commercial +1.5 = 68.5."
        " 100% of what health should rest on is known."
    )


@pytest.mark.parametrize(
    ("told", "score", "coverage", "band"),
    [
        (Factor("adoption", 40, "stale", 60), 68.5, 100, "watch"),
        (Factor("adoption", 80, "stale", 60), 76.0, 100, "healthy"),
        (Factor("adoption", 80), 80.5, 100, "healthy"),
        (Factor("adoption", None, "unknown"), 71.5, 70, "healthy"),
        (Factor("adoption", None, "not_configured"), 80.7, 70, "healthy"),
        (Factor("adoption", None, "not_applicable"), 80.7, 100, "healthy"),
    ],
    ids=["stale low", "stale high", "known", "never known", "not configured", "not applicable"],
)
def test_four_ways_of_missing_data(told: Factor, score: float, coverage: int, band: str) -> None:
    found = health(factors(adoption=told), DEFAULT)

    assert (found.score, found.coverage, found.band) == (score, coverage, band)


def test_little_coverage_is_unknown_and_says_only_what_is_missing() -> None:
    found = health(factors(**unknown("adoption", "relationship", "support")), DEFAULT)

    assert (found.score, found.coverage, found.band) == (59.5, 35, "unknown")
    assert found.because == (
        "Too little is known for a score. 35% of what health should rest on is known."
        " Missing: adoption; relationship; support."
    )
    assert health([], DEFAULT).band == "unknown"
    assert health([], DEFAULT).coverage == 0


def test_what_nobody_configured_is_missing_too() -> None:
    """Two factors of a portal that has nothing else were once called "100% known"."""
    found = health([Factor("relationship", 100), Factor("sentiment", 100)], DEFAULT)

    assert (found.coverage, found.band) == (40, "unknown")


def test_coverage_goes_by_the_default_weights_whatever_an_admin_weighs() -> None:
    heavy = replace(DEFAULT, health_weights={**DEFAULT.health_weights, "support": 80})

    assert health([Factor("support", 100), Factor("sentiment", 90)], heavy).coverage == 35


def test_a_factor_that_an_admin_left_out_is_measured_without_and_said_in_their_words() -> None:
    without = health_factors.not_applicable("adoption", "we have no product usage")
    known = {name: Factor(name, 80) for name in ("relationship", "sentiment")}
    others = unknown("support", "commercial")

    found = health([without, *known.values(), *others.values()], DEFAULT)

    assert (found.coverage, found.band) == (57, "watch")
    assert found.because.endswith('Left out by an admin: adoption ("we have no product usage").')


def test_a_healthy_score_needs_three_factors_that_are_known_today() -> None:
    two = [Factor("adoption", 100), Factor("relationship", 100)]
    stale = Factor("support", 100, "stale", 1)

    found = health(two, DEFAULT)
    assert (found.score, found.band, found.coverage) == (69.9, "watch", 50)
    assert found.contributions[-1].words.startswith("too few factors -30.1 (")
    assert health([*two, stale], DEFAULT).score == 69.9
    assert health([*two, Factor("support", 100)], DEFAULT).score == 100


def test_an_abandoned_account_is_capped_and_says_so() -> None:
    found = health(factors(), DEFAULT, abandoned=True)

    assert (found.score, found.band) == (39.0, "at_risk")
    assert found.contributions[-1].points == -29.5


def on_days(*values: float) -> Callable[[datetime], Health]:
    """A score a day, today's first; before them the last."""

    def health_at(at: datetime) -> Health:
        place = min((NOW - at).days, len(values) - 1)
        return health([Factor(name, values[place]) for name in FIVE], DEFAULT)

    return health_at


@pytest.mark.parametrize(
    ("values", "band"),
    [
        ((68, 71, 80), "healthy"),
        ((66, 71), "watch"),
        ((68, 68, 80), "watch"),
        ((71, 69, 60), "watch"),
        ((73, 69), "healthy"),
        ((20, 71), "at_risk"),
        ((71, 69, 71, 69, 71, 60), "watch"),
        ((69, 71, 69, 71, 69, 80), "healthy"),
        ((70,), "healthy"),
        ((39.9,), "at_risk"),
        ((100,), "healthy"),
    ],
)
def test_a_band_changes_beyond_a_margin_or_when_two_days_agree(
    values: tuple[float, ...], band: str
) -> None:
    assert health_course.today(on_days(*values), NOW, DEFAULT).band == band


def test_a_clear_score_looks_at_no_other_day() -> None:
    asked: list[datetime] = []

    def health_at(at: datetime) -> Health:
        asked.append(at)
        return on_days(80)(at)

    health_course.today(health_at, NOW, DEFAULT)

    assert asked == [NOW]


def test_the_change_is_explained_by_factor_and_adds_up() -> None:
    now = health(factors(support=Factor("support", 50)), DEFAULT)
    then = health(factors(adoption=Factor("adoption", 60)), DEFAULT)

    found = health_course.change(now, then)

    assert found is not None
    assert found.points == now.score - then.score == -12.0
    assert sum(part.tenths for part in found.parts) == found.tenths
    assert found.because == "Against 30 days ago -12.0: adoption -6.0, support -6.0."


def test_what_was_learnt_since_is_no_change_of_the_customer() -> None:
    now = health(factors(), DEFAULT)

    assert health_course.change(now, health(factors(**unknown("adoption")), DEFAULT)) is None
    assert health_course.change(now, health([], DEFAULT)) is None


STATES = ["known", "stale", "unknown", "not_applicable", "not_configured"]


@given(
    st.lists(st.floats(-20, 120), min_size=5, max_size=5),
    st.lists(st.sampled_from(STATES), min_size=5, max_size=5),
    st.integers(0, 400),
    st.booleans(),
)
def test_the_explanation_always_adds_up(
    values: list[float], states: list[str], age: int, abandoned: bool
) -> None:
    given_factors = [
        Factor(name, value, state, age)
        for name, value, state in zip(FIVE, values, states, strict=True)
    ]

    found = health(given_factors, DEFAULT, abandoned=abandoned)

    assert sum(part.tenths for part in found.contributions) == found.tenths - 500
    assert 0 <= found.tenths <= 1000
    assert 0 <= found.coverage <= 100
    named = {gap.name for gap in (*found.missing, *found.not_applicable)}
    counted = {part.name for part in found.contributions}
    assert set(FACTORS) - counted == named


@given(st.floats(0, 100), st.integers(0, 1000), st.integers(0, 1000))
def test_a_broken_feed_never_makes_a_customer_look_healthier(
    last: float, age: int, more: int
) -> None:
    assert aged(last, age + more, DEFAULT) <= aged(last, age, DEFAULT) <= last


def test_support_counts_open_tickets_by_priority_and_age() -> None:
    old_urgent, fresh_low = Ticket(1, day(0), priority="URGENT"), Ticket(2, day(9), priority="LOW")
    closed = Ticket(3, day(0), closed_at=day(5), priority="URGENT")

    assert support([closed, fresh_low], day(10)).value == 87.5
    assert (support([old_urgent], day(10)).value, support([old_urgent], day(7)).value) == (0, 50)
    assert support([fresh_low], day(10)).because == "1 open ticket"
    assert support([closed], day(10)).because == "no open ticket"


def test_who_never_had_a_ticket_may_ask_elsewhere_and_counts_neither_as_well_nor_as_badly() -> None:
    """An account that keeps its tickets elsewhere once had 100 for every customer."""
    ticket = Ticket(1, day(5), closed_at=day(8), priority="LOW")

    assert (support([], day(10)).value, support([], day(10)).state) == (None, "unknown")
    assert support([], day(10)).because == "no ticket ever"
    assert support([ticket], day(4)).because == "no ticket ever", "as of that day there was none"
    assert support([ticket], day(9)).value == 100


def test_a_first_ticket_looks_no_better_than_none_until_it_is_solved() -> None:
    low = Ticket(1, day(5), priority="LOW")

    assert support([low], day(6)).value == 50
    assert support([low, Ticket(2, day(6), priority="URGENT")], day(6)).value == pytest.approx(37.5)
    assert support([replace(low, closed_at=day(7))], day(8)).value == 100


def test_tickets_that_may_not_be_read_are_never_no_open_ticket() -> None:
    found = support([], NOW, Feed("tickets may not be read"))

    assert (found.value, found.state) == (None, "not_configured")
    assert found.because == "tickets may not be read"


def test_tickets_that_are_no_longer_read_go_on_to_weigh_and_age() -> None:
    lost = Feed(lost_at=day(10))

    solved = Ticket(2, day(1), closed_at=day(2))
    found = support([solved, Ticket(1, day(9), priority="LOW")], day(70), lost)

    assert (found.value, found.state, found.age_days) == (75, "stale", 60)
    assert found.because == "1 open ticket when tickets were last read, on 11 January 2024"


READ = Feed()


def related(*days_ago: float, silent: bool = False, feed: Feed = READ) -> Factor:
    touches = [ago(days) for days in days_ago]
    return relationship(touches, NOW, DEFAULT, champion_here=True, is_silent=silent, feed=feed)


def test_relationship_falls_to_nothing_with_the_days_since_the_last_two_way_touch() -> None:
    """Whoever was in touch three years ago, a champion, was once called healthy."""
    values = [related(days).value for days in (0, 14, 60, 97, 179, 180, 1090)]

    assert values == pytest.approx([77.8, 77.8, 68.5, 50, 0.6, 0, 0], abs=0.05)
    assert related(3, 4, 5).value == 100
    assert related(97).because == (
        "last two-way touch 26 September 2025, 0 contacts active in 90 days, a champion"
    )


def test_silence_is_known_only_where_activity_is_read_and_there_was_some() -> None:
    unread = related(silent=True, feed=Feed("no activity is read"))

    assert (unread.state, unread.because) == ("unknown", "no activity is read")
    assert (related(silent=True).state, related(silent=True).value) == ("known", 0)
    assert related().state == "unknown"


def answer(score: int, days_ago: float, role: str = "", contact: int = 1) -> NpsAnswer:
    return NpsAnswer(contact, score, ago(days_ago), role=role)


def test_sentiment_is_the_mean_of_the_latest_answers() -> None:
    found = sentiment([answer(10, 30, "champion"), answer(4, 200), answer(8, 10)], NOW, DEFAULT)

    assert found.value == pytest.approx(70.6, abs=0.1)
    assert found.because == "1 promoter, 1 passive, 1 detractor, the last 22 December 2025"
    assert sentiment([], NOW, DEFAULT).state == "unknown"


def test_old_praise_fades_and_old_blame_stays() -> None:
    praise, blame = [answer(10, 365 + 60)], [answer(2, 2000)]

    assert (sentiment(praise, NOW, DEFAULT).value, sentiment(praise, NOW, DEFAULT).state) == (
        75,
        "stale",
    )
    assert sentiment(blame, NOW, DEFAULT).value == 0


def test_a_decision_maker_who_blames_keeps_sentiment_at_neutral_until_it_is_taken_back() -> None:
    crowd = [answer(10, 5, contact=contact) for contact in range(2, 9)]

    assert sentiment([answer(3, 700, "decision_maker"), *crowd], NOW, DEFAULT).value == 50
    assert sentiment([answer(3, 700), *crowd], NOW, DEFAULT).value == pytest.approx(98, abs=2)


def said(value: int, days_ago: float = 10) -> Pulse:
    return Pulse(1, ago(days_ago).date().replace(day=1), value, ago(days_ago))


@pytest.mark.parametrize(
    ("answers", "pulse", "value", "state"),
    [
        ([], said(5), 75, "known"),
        ([], said(1), 25, "known"),
        ([], said(5, 92 + 60), 62.5, "stale"),
        ([], said(1, 500), 25, "stale"),
        ([answer(10, 5)], said(1), 50, "known"),
        ([answer(10, 5)], said(5), 100, "known"),
        ([answer(2, 5)], said(5), 0, "known"),
        ([answer(10, 365 + 60)], said(4), 75, "known"),
        ([answer(10, 365 + 60)], said(4, 400), pytest.approx(62.9, abs=0.1), "stale"),
    ],
    ids=[
        "hope alone", "worry alone", "old hope", "old worry", "worry against praise",
        "hope beside praise", "hope against blame", "old praise", "all old",
    ],
)  # fmt: skip
def test_the_owners_worry_counts_and_the_owners_hope_outweighs_nobodys_words(
    answers: list[NpsAnswer], pulse: Pulse, value: float, state: str
) -> None:
    customer = sentiment(answers, NOW, DEFAULT)

    found = health_factors.with_pulse(customer, pulse, NOW, DEFAULT)

    assert (found.value, found.state) == (value, state)
    assert found.because.endswith(f"pulse {pulse.value} of 5 on {formats.day(pulse.at)}")
    assert health_factors.with_pulse(customer, None, NOW, DEFAULT) == customer


NONE = Feed("none is mapped")


def used(*values: float | None, lost_at: datetime | None = None) -> Factor:
    readings = [Reading(value, ago(90 - 10 * place)) for place, value in enumerate(values)]
    feeds = FigureFeeds(usage=Feed(lost_at=lost_at), milestone=NONE)
    return adoption(AccountFigures(usage=tuple(readings)), NOW, DEFAULT, feeds)


def test_adoption_is_the_mapped_usage_and_none_is_nothing() -> None:
    assert (used(0).value, used(80, 40).value, used(300).value) == (0, 40, 100)
    assert used(80, 40).because == "usage 40 of 100"
    assert used().state == "unknown"
    assert adoption(AccountFigures(), NOW, DEFAULT, FigureFeeds(NONE, NONE)).state == (
        "not_configured"
    )


def test_usage_that_was_emptied_or_whose_feed_broke_ages() -> None:
    assert used(80, lost_at=ago(60)).value == 65
    assert used(80, lost_at=ago(60)).state == "stale"
    assert used(40, lost_at=ago(60)).value == 40
    assert used(90, None).value == 50 + 40 * 2 ** (-80 / 60)
    assert used(90, 90, 90, lost_at=ago(85)).state == "known", "it was read since"


def reached(on: datetime, told: datetime, usage: float | None = None) -> Factor:
    readings = () if usage is None else (Reading(usage, ago(5)),)
    figures = AccountFigures(usage=readings, milestone=(Reading(on, told),))
    return adoption(figures, NOW, DEFAULT, FigureFeeds())


def test_a_milestone_counts_once_it_is_reached_and_never_outweighs_low_usage() -> None:
    assert reached(ago(50), ago(49)).value == 100
    assert reached(ago(1), ago(30)).state == "unknown", "it was a plan when it was written down"
    assert reached(ago(365 + 60), ago(400)).value == 75
    assert reached(ago(50), ago(49), usage=10).value == 10
    assert reached(ago(50), ago(49), usage=90).value == 90


def contract(renewal: float | None, *recurring: int) -> Factor:
    dates = () if renewal is None else (Reading(NOW + timedelta(renewal), ago(300)),)
    amounts = [Reading(amount, ago(200 - place)) for place, amount in enumerate(recurring)]
    figures = AccountFigures(renewal=dates, recurring=tuple(amounts))
    return commercial(figures, NOW, DEFAULT, FigureFeeds())


def test_commercial_is_the_worse_of_renewal_and_recurring_value() -> None:
    assert contract(20, 100).value == pytest.approx(22.2, abs=0.1)
    assert (contract(200).value, contract(0).value, contract(-3).value) == (100, 0, 0)
    assert contract(-3).because == "renewal overdue since 29 December 2025"
    assert (contract(None, 100).value, contract(None, 100, 75).value) == (100, 50)
    assert (contract(200, 100, 0).value, contract(None, 0).value) == (0, 0)
    assert contract(200, 80, 100, 95).because == (
        "renewal on 20 July 2026, recurring value at 95% of its highest"
    )
    assert contract(None).state == "unknown"


# What always holds, of whole accounts as of any day.


def given_by(contact: int, score: int, days_ago: int) -> NpsAnswer:
    """An answer; the first of the people is a champion."""
    return answer(score, days_ago, "champion" if contact == 1 else "", contact)


@dataclass(frozen=True)
class Account:
    """The dated facts of an account, none of them to come; pairs are (days ago, what)."""

    touches: list[tuple[int, int]]
    answers: list[NpsAnswer]
    tickets: list[Ticket]
    usage: list[tuple[int, int]]
    recurring: list[tuple[int, int]]
    renewal_in: int
    customer_for: int


DAYS = st.integers(0, 900)
PEOPLE = st.integers(1, 4)
READINGS = st.lists(st.tuples(DAYS, st.integers(0, 120)), max_size=3).map(
    lambda told: sorted(told, reverse=True)
)
ACCOUNTS = st.builds(
    Account,
    touches=st.lists(st.tuples(DAYS, PEOPLE), max_size=5),
    answers=st.lists(st.builds(given_by, PEOPLE, st.integers(0, 10), DAYS)),
    tickets=st.lists(
        st.builds(
            Ticket,
            PEOPLE,
            DAYS.map(ago),
            closed_at=st.none() | DAYS.map(ago),
            priority=st.sampled_from(["LOW", "HIGH", "URGENT"]),
        ),
        max_size=4,
    ),
    usage=READINGS,
    recurring=READINGS,
    renewal_in=st.integers(-400, 400),
    customer_for=DAYS,
)


def scored(account: Account, *, later: int = 0, lost_at: datetime | None = None) -> Health:
    """The health of an account so many days from now."""
    at, lost = NOW + timedelta(later), Feed(lost_at=lost_at)
    figures = AccountFigures(
        usage=tuple(Reading(float(value), ago(days)) for days, value in account.usage),
        recurring=tuple(Reading(value, ago(days)) for days, value in account.recurring),
        renewal=(Reading(NOW + timedelta(account.renewal_in), ago(900)),),
    )
    feeds = FigureFeeds(usage=lost, recurring=lost, renewal=lost)
    last: dict[int, datetime] = {}
    for days, contact in sorted(account.touches, reverse=True):
        last[contact] = ago(days)
    latest = nps.newest(account.answers, at)
    judged = [
        adoption(figures, at, DEFAULT, feeds),
        relationship(
            list(last.values()),
            at,
            DEFAULT,
            champion_here=True,
            is_silent=account.customer_for + later >= DEFAULT.relationship_zero_days,
            feed=READ,
        ),
        sentiment(list(latest.values()), at, DEFAULT, lost),
        support(account.tickets, at, lost),
        commercial(figures, at, DEFAULT, feeds),
    ]
    return health(judged, DEFAULT)


@given(ACCOUNTS, st.integers(0, 800), st.integers(0, 800))
def test_time_that_passes_without_news_never_raises_a_score(
    account: Account, days: int, more: int
) -> None:
    sooner, later = scored(account, later=days), scored(account, later=days + more)

    assert later.tenths <= sooner.tenths


@given(ACCOUNTS, st.integers(0, 400), st.integers(0, 400))
def test_losing_a_permission_or_a_feed_never_raises_a_score(
    account: Account, days: int, more: int
) -> None:
    lost_at = NOW + timedelta(days)

    before = scored(account, later=days)
    at_once = scored(account, later=days, lost_at=lost_at)
    later = scored(account, later=days + more, lost_at=lost_at)

    assert later.tenths <= at_once.tenths <= before.tenths
    assert at_once.coverage == before.coverage
    assert later.tenths <= scored(account, later=days + more).tenths


News = Callable[[Account], Account]


def told(**more: object) -> News:
    """News that adds one thing to a list of facts."""

    def after(account: Account) -> Account:
        added = {name: [*getattr(account, name), thing] for name, thing in more.items()}
        return Account(**{**vars(account), **added})

    return after


def times(name: str, factor: float) -> News:
    """News that a figure is so many times what it was; one that is not known yet stays so."""

    def after(account: Account) -> Account:
        readings: list[tuple[int, int]] = getattr(account, name)
        changed = [(0, int(value * factor)) for _, value in readings[-1:]]
        return Account(**{**vars(account), name: [*readings, *changed]})

    return after


def renews(in_days: int) -> News:
    """News that the contract ends so many days later, or sooner."""
    return lambda account: replace(account, renewal_in=account.renewal_in + in_days)


def solved(account: Account) -> Account:
    closed = [replace(ticket, closed_at=NOW) for ticket in account.tickets]
    return replace(account, tickets=closed)


BAD_NEWS: dict[str, News] = {
    "a detractor": told(answers=given_by(3, 1, 0)),
    "a decision maker's blame": told(answers=given_by(1, 1, 0)),
    "an urgent ticket": told(tickets=Ticket(9, ago(1), priority="URGENT")),
    "usage falls": times("usage", 0.5),
    "a contraction": times("recurring", 0.5),
    "a nearer renewal": renews(-50),
}
GOOD_NEWS: dict[str, News] = {
    "a promoter": told(answers=given_by(3, 10, 0)),
    "a meeting": told(touches=(0, 2)),
    "tickets are solved": solved,
    "usage rises": times("usage", 2),
    "an expansion": times("recurring", 2),
    "a renewal": renews(365),
}


@pytest.mark.parametrize("news", BAD_NEWS)
@given(account=ACCOUNTS)
def test_bad_news_never_raises_a_score(news: str, account: Account) -> None:
    assert scored(BAD_NEWS[news](account)).tenths <= scored(account).tenths


@pytest.mark.parametrize("news", GOOD_NEWS)
@given(account=ACCOUNTS)
def test_good_news_never_lowers_a_score(news: str, account: Account) -> None:
    assert scored(GOOD_NEWS[news](account)).tenths >= scored(account).tenths


@given(ACCOUNTS)
def test_the_same_facts_settings_and_day_give_the_same_health(account: Account) -> None:
    assert scored(account).because == scored(account).because
