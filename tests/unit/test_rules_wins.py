"""Wins: what they weigh, how they fade, and which facts make one."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.kinds import WinKind
from mappings.rules.facts import NpsAnswer, Reading, SuccessEvent
from mappings.rules.policy import DEFAULT
from mappings.rules.success import win_sources, wins
from mappings.rules.success.wins import Win
from tests.unit.rules_builders import ACME, a_deal, day

HOUR = timedelta(hours=1)


def a_win(
    kind: WinKind = WinKind.GOAL, at: datetime | None = None, contact: int | None = None
) -> Win:
    weight = wins.weight(kind, DEFAULT)
    return Win(kind, ACME, contact, at or day(100), f"success:{kind}", kind.label, weight)


def test_a_goal_of_three_days_ago_is_worth_as_much_as_the_rule_book_says() -> None:
    strength = wins.strength(a_win(), day(103), DEFAULT)

    assert round(strength, 3) == 0.743
    assert round(40 * strength, 1) == 29.7


@pytest.mark.parametrize(
    ("kind", "weight"),
    [
        (WinKind.GOAL, 1_000_000),
        (WinKind.MILESTONE, 1_000_000),
        (WinKind.ONBOARDING, 800_000),
        (WinKind.RENEWAL, 800_000),
        (WinKind.EXPANSION, 800_000),
        (WinKind.PROMOTER, 800_000),
        (WinKind.REVIEW, 700_000),
        (WinKind.CASE_STUDY, 700_000),
        (WinKind.QUOTE, 700_000),
        (WinKind.TICKET, 600_000),
        (WinKind.USAGE_RECORD, 600_000),
        (WinKind.PRAISE, 600_000),
    ],
)
def test_each_kind_of_win_has_its_weight(kind: WinKind, weight: int) -> None:
    assert wins.weight(kind, DEFAULT) == weight


def test_every_kind_of_win_has_a_weight_in_the_policy_and_nothing_else_has() -> None:
    assert set(DEFAULT.win_weights) == {kind.value for kind in WinKind}


@pytest.mark.parametrize(
    ("hours", "freshness"),
    [(-1, 0.0), (0, 1.0), (84, 0.7071), (7 * 24, 0.5), (14 * 24, 0.25), (21 * 24, 0.125)],
)
def test_a_win_halves_every_week(hours: int, freshness: float) -> None:
    assert round(wins.freshness(a_win(), day(100) + hours * HOUR, DEFAULT), 4) == freshness


def test_a_win_is_dead_after_21_days() -> None:
    assert wins.freshness(a_win(), day(121) + HOUR, DEFAULT) == 0
    assert wins.best([a_win()], day(122), DEFAULT) is None


def test_half_life_and_death_are_the_accounts_choice() -> None:
    policy = replace(DEFAULT, win_half_life_days=10, win_dead_days=30)

    assert round(wins.freshness(a_win(), day(120), policy), 3) == 0.25
    assert round(wins.freshness(a_win(), day(130), policy), 3) == 0.125
    assert wins.freshness(a_win(), day(131), policy) == 0


@pytest.mark.parametrize(
    ("hours", "is_time"), [(0, False), (3, False), (4, True), (48, True), (49, False)]
)
def test_a_promoter_is_spoken_to_after_four_hours_and_within_two_days(
    hours: int, is_time: bool
) -> None:
    window = wins.act_window(a_win(WinKind.PROMOTER), DEFAULT)

    assert window.holds(day(100) + hours * HOUR) is is_time


@pytest.mark.parametrize(("days", "is_time"), [(-1, False), (0, True), (14, True), (15, False)])
def test_other_wins_are_acted_on_within_two_weeks(days: int, is_time: bool) -> None:
    assert wins.act_window(a_win(), DEFAULT).holds(day(100 + days)) is is_time


def test_a_strong_win_of_last_week_gives_way_to_a_fresh_weaker_one() -> None:
    goal, praise = a_win(at=day(100)), a_win(WinKind.PRAISE, at=day(107))

    assert wins.best([goal, praise], day(107), DEFAULT) == praise
    assert wins.best([goal, praise], day(100), DEFAULT) == goal


def test_of_equal_wins_the_first_by_source_is_best_in_any_order() -> None:
    one, two = replace(a_win(), source="success:a"), replace(a_win(), source="success:b")

    assert wins.best([two, one], day(101), DEFAULT) == one
    assert wins.best([one, two], day(101), DEFAULT) == one


def test_a_person_is_spoken_to_of_their_own_wins_and_their_companys() -> None:
    own, of_all = a_win(WinKind.PROMOTER, contact=1), a_win()
    of_another = a_win(WinKind.PROMOTER, contact=2)

    assert wins.of_person([own, of_all, of_another], [1]) == [own, of_all]


@given(
    kinds=st.lists(st.sampled_from(WinKind), max_size=8),
    ages=st.lists(st.integers(-400, 800), min_size=8, max_size=8),
)
def test_the_best_win_is_alive_and_none_is_stronger(kinds: list[WinKind], ages: list[int]) -> None:
    all_wins = [
        a_win(kind, at=day(100) - age * HOUR) for kind, age in zip(kinds, ages, strict=False)
    ]
    strengths = [wins.strength(win, day(100), DEFAULT) for win in all_wins]
    best = wins.best(all_wins, day(100), DEFAULT)

    assert all(0 <= strength <= 1 for strength in strengths)
    assert (best is None) == (max(strengths, default=0.0) == 0)
    if best is not None:
        assert wins.strength(best, day(100), DEFAULT) == max(strengths)


@given(first=st.integers(0, 20 * 24), later=st.integers(1, 200))
def test_a_win_only_ever_fades(first: int, later: int) -> None:
    now = day(100) + first * HOUR

    assert wins.strength(a_win(), now, DEFAULT) > wins.strength(
        a_win(), now + later * HOUR, DEFAULT
    )


def test_the_first_purchase_is_no_win_and_later_ones_are_expansions() -> None:
    deals = [a_deal(n, created=n, closed=n, company_id=ACME) for n in (1, 50)]

    won = win_sources.of_deals(ACME, deals, DEFAULT, None)

    assert [(win.kind, win.source, win.at) for win in won] == [
        (WinKind.EXPANSION, "deal:50", day(50))
    ]


def test_a_renewal_is_one_by_its_type_even_if_nothing_is_known_of_what_it_renews() -> None:
    deal = a_deal(9, created=1, closed=1, company_id=ACME, is_renewal=True, amount_minor=None)

    assert [win.kind for win in win_sources.of_deals(ACME, [deal], DEFAULT, None)] == [
        WinKind.RENEWAL
    ]


def test_a_customer_by_stage_expands_with_its_first_deal() -> None:
    deal = a_deal(9, created=40, closed=50, company_id=ACME)

    assert win_sources.of_deals(ACME, [deal], DEFAULT, day(10))[0].kind == WinKind.EXPANSION
    assert win_sources.of_deals(ACME, [deal], DEFAULT, day(60)) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"is_won": False},
        {"amount_minor": 0},
        {"amount_minor": -500},
        {"amount_minor": None},
        {"archived": True},
        {"pipeline_included": False},
    ],
    ids=str,
)
def test_what_is_no_purchase_is_no_expansion(changed: dict[str, object]) -> None:
    first = a_deal(1, created=1, closed=1, company_id=ACME)
    second = replace(a_deal(2, created=9, closed=9, company_id=ACME), **changed)  # type: ignore[arg-type]

    assert win_sources.of_deals(ACME, [first, second], DEFAULT, None) == []


def test_only_promoters_answers_are_wins_and_they_are_the_persons() -> None:
    answers = [NpsAnswer(n, n, day(n), id=f"a{n}") for n in range(11)]

    won = win_sources.of_answers(ACME, answers, DEFAULT)

    assert [(win.contact_id, win.source, win.words) for win in won] == [
        (9, "answer:a9", "Answered 9 of 10"),
        (10, "answer:a10", "Answered 10 of 10"),
    ]


def reached_days(*readings: tuple[int | None, int | None]) -> list[datetime]:
    """Days that are reached by readings (what it says, since when)."""
    return list(
        win_sources.reached(
            Reading(
                None if value is None else day(value),
                None if since is None else day(since),
            )
            for value, since in readings
        )
    )


def test_a_milestone_that_was_emptied_vanishes() -> None:
    assert reached_days((5, 6), (None, 9)) == []


def test_a_later_day_is_the_next_milestone_and_an_earlier_one_a_correction() -> None:
    assert reached_days((5, 6), (40, 41)) == [day(5), day(40)]
    assert reached_days((5, 6), (3, 7)) == [day(3)]


def test_a_day_to_come_is_a_plan_until_it_is_written_again() -> None:
    assert reached_days((50, 6)) == []
    assert reached_days((50, 6), (50, 50)) == [day(50)]


def test_a_day_that_nobody_knows_the_writing_of_is_taken_as_it_stands() -> None:
    assert reached_days((50, None)) == [day(50)]


def an_event(kind: str = "milestone", on: float = 100, name: str = "Live", **more: object) -> Win:
    event = SuccessEvent(f"usage:{kind}-{on}-{name}", kind, day(0) + timedelta(on), name=name)
    changed = replace(event, **more)  # type: ignore[arg-type]
    (win,) = win_sources.of_events(ACME, [changed], DEFAULT)
    return win


@pytest.mark.parametrize(
    ("kind", "win"),
    [
        ("goal", WinKind.GOAL),
        ("milestone", WinKind.MILESTONE),
        ("onboarding_completed", WinKind.ONBOARDING),
        ("review", WinKind.REVIEW),
        ("case_study", WinKind.CASE_STUDY),
        ("quote", WinKind.QUOTE),
        ("praise", WinKind.PRAISE),
    ],
)
def test_what_is_told_is_a_win_of_its_kind(kind: str, win: WinKind) -> None:
    assert an_event(kind).kind == win


@pytest.mark.parametrize("kind", ["onboarding_step", "withdrawn", "figure", "unheard of"])
def test_a_step_and_what_nobody_knows_is_no_win(kind: str) -> None:
    assert win_sources.of_events(ACME, [SuccessEvent("x", kind, day(1))], DEFAULT) == []


def once(*told: Win) -> list[str]:
    return [f"{win.kind}:{(win.at - day(0)).days}" for win in win_sources.told_once(told)]


def test_a_milestone_counts_once_by_its_name_however_it_is_written_and_told() -> None:
    told = [an_event(on=110, name=" live "), an_event(on=100, name="LIVE"), an_event(name="Paid")]

    assert once(*told) == ["milestone:100", "milestone:100"]


def test_a_goal_can_be_reached_again_but_not_twice_a_day() -> None:
    told = [an_event("goal", on=on) for on in (100, 100.2, 130)]

    assert once(*told) == ["goal:100", "goal:130"]


def test_praise_of_two_people_on_one_day_is_two_wins() -> None:
    told = [an_event("praise", contact_id=contact, id=f"{contact}") for contact in (1, 2)]

    assert once(*told) == ["praise:100", "praise:100"]


def test_a_property_and_a_tool_that_tell_of_one_day_tell_of_one_milestone() -> None:
    readings = [Reading(day(100), day(101))]
    (by_property,) = win_sources.of_dates(ACME, WinKind.MILESTONE, readings, DEFAULT)

    assert win_sources.told_once([by_property, an_event()]) == [an_event()]
    assert once(by_property, an_event("goal")) == ["milestone:100", "goal:100"]


@given(order=st.permutations(list(range(6))))
def test_what_counts_once_does_not_depend_on_the_order_of_telling(order: list[int]) -> None:
    told = [
        an_event(on=100),
        an_event(on=101),
        an_event(on=100, name=""),
        an_event("goal"),
        an_event("goal", on=100.5),
        an_event("praise", on=99),
    ]

    assert win_sources.told_once([told[place] for place in order]) == win_sources.told_once(told)


def weeks_of(*values: float) -> list[tuple[datetime, float]]:
    return [(day(7 * week), value) for week, value in enumerate(values)]


def records(*values: float) -> list[tuple[int, float, float]]:
    """Records as (week, value, mark that was passed)."""
    found = win_sources.usage_records(weeks_of(*values))
    return [((record.at - day(0)).days // 7, record.value, record.before) for record in found]


USUAL = (100, 104, 98, 101, 99, 103, 100, 102)


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        ((130, 131), [(9, 130, 104)]),
        ((130,), []),
        ((130, 103, 130, 103), []),
        ((112, 113), []),
        ((113, 114, 113), []),
        ((118, 119), [(9, 118, 104)]),
        ((130, 131, 150, 151, 149, 148, 151, 152), [(9, 130, 104)]),
        ((130, 131, 131, 131, 131, 160, 161), [(9, 130, 104), (14, 160, 130)]),
    ],
    ids=str,
)
def test_a_record_rises_by_a_tenth_and_above_the_noise_and_stays(
    later: tuple[float, ...], expected: list[tuple[int, float, float]]
) -> None:
    assert records(*USUAL, *later) == expected


def test_where_little_is_known_or_nothing_was_used_there_is_no_record() -> None:
    assert records(*[100] * 7, 200, 200) == []
    assert records(*[0] * 12, 5, 6) == []


def test_steady_growth_is_a_record_now_and_then() -> None:
    growth = [100 * 1.02**week for week in range(52)]

    assert [week for week, _, _ in records(*growth)] == [13, 18, 23, 28, 33, 38, 43, 48]


@pytest.mark.parametrize(
    "draw",
    [
        lambda dice: dice.gauss(100, 5),
        lambda dice: max(0.0, dice.gauss(100, 50)),
        lambda dice: float(sum(dice.random() < 0.03 for _ in range(100))),
        lambda dice: dice.lognormvariate(3, 0.5),
        lambda dice: dice.expovariate(1),
    ],
    ids=["quiet", "loud", "counts", "skewed", "exponential"],
)
def test_noise_alone_makes_hardly_a_record_in_a_year(
    draw: Callable[[random.Random], float],
) -> None:
    """Of 200 accounts whose use has no trend, one figure a week."""
    years = [random.Random(seed) for seed in range(200)]
    found = [records(*(draw(dice) for _ in range(52))) for dice in years]

    assert sum(map(bool, found)) <= 4


def test_a_record_is_told_in_words_with_the_mark_it_passed() -> None:
    (win,) = win_sources.of_usage(ACME, {"weekly_users": weeks_of(*USUAL, 1300, 1310)}, DEFAULT)

    assert win.words == "weekly users at 1,300, 104 before"
    assert (win.kind, win.at, win.source) == (
        WinKind.USAGE_RECORD,
        day(63),
        f"usage:weekly_users:{day(63):%G-W%V}",
    )
