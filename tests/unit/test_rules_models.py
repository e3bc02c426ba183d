"""The classic models: RULES' table case by case, other numbers by hand, and what all of them promise."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path as FilePath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.rules.attribution.classic_models import (
    MODELS,
    ModelShares,
    compare,
    first,
    full_path,
    last,
    linear,
    time_decay,
    u_shape,
    w_shape,
)
from mappings.rules.attribution.journeys import DEAL, LEAD, POOL, ModelTouch, journey
from mappings.rules.facts import DealContact, Touch
from mappings.rules.findings import SHARE_ONE
from mappings.rules.policy import DEFAULT, Policy
from tests.unit.rules_builders import ZENIT, a_contact, a_deal, a_source, day

WIN = day(100)
DATA = FilePath(__file__).parents[3] / "shared" / "data"


def t(source: str, on: float, *moments: str, number: int = 0) -> ModelTouch:
    """A touch of *source* on a day."""
    return ModelTouch(
        source, day(0) + timedelta(days=on), "touch", f"{source}{number}", frozenset(moments)
    )


def parts(found: ModelShares) -> dict[str, float]:
    """Shares as percent with two digits."""
    return {who: round(share * 100 / SHARE_ONE, 2) for who, share in found.shares.items()}


# First and last


def test_first_and_last_take_the_ends_whatever_order_the_touches_come_in() -> None:
    touches = [t("b", 20), t("c", 99), t("a", 1)]

    assert parts(first(touches, WIN, DEFAULT)) == {"a": 100}
    assert parts(last(touches, WIN, DEFAULT)) == {"c": 100}
    assert first(touches, WIN, DEFAULT).reason == "the first touch was on 2 January 2024 (touch)"


@pytest.mark.parametrize("rule", [first, last], ids=["first", "last"])
def test_equal_times_go_to_the_lower_id_and_the_reason_says_so(rule: Any) -> None:  # noqa: ANN401 - one of the models
    found = rule([t("b", 5), t("a", 5)], WIN, DEFAULT)

    assert parts(found) == {"a": 100}
    assert found.reason.endswith("2 sources had a touch at that moment, the lowest id was taken")
    assert (
        "id"
        not in rule([t("a", 5, number=1), t("a", 5, number=2)], WIN, DEFAULT).reason.split(
            "(touch)"
        )[1]
    )


@pytest.mark.parametrize("name", MODELS)
def test_touches_at_or_after_the_win_are_dropped(name: str) -> None:
    rule = MODELS[name]

    assert parts(rule([t("a", 50), t("late", 101), t("now", 100)], WIN, DEFAULT)) == {"a": 100}
    assert rule([t("late", 101)], WIN, DEFAULT) == ModelShares(
        name, {}, "no dated touch before the win"
    )
    assert rule([], WIN, DEFAULT).shares == {}


# Linear


def test_linear_counts_a_source_once_not_each_click() -> None:
    touches = [t("a", 1, number=n) for n in range(9)] + [t("b", 2), t("c", 3)]

    found = linear(touches, WIN, DEFAULT)

    assert parts(found) == {"a": 33.33, "b": 33.33, "c": 33.33}
    assert sum(found.shares.values()) == SHARE_ONE
    assert found.reason == "3 sources, each counted once"


# U, W and full path


@pytest.mark.parametrize(
    ("touches", "expected"),
    [
        pytest.param(
            [t("a", 1), t("b", 2, LEAD), t("c", 3)], {"a": 40, "b": 40, "c": 20}, id="three touches"
        ),
        pytest.param(
            [t("a", 1), t("b", 2, LEAD), t("c", 3), t("d", 4)],
            {"a": 40, "b": 40, "c": 10, "d": 10},
            id="two others",
        ),
        pytest.param(
            [t("a", 1), t("b", 2, LEAD), t("c", 3), t("c", 4), t("d", 5)],
            {"a": 40, "b": 40, "c": 10, "d": 10},
            id="a source of the rest counts once",
        ),
        pytest.param([t("a", 1), t("b", 2, LEAD)], {"a": 50, "b": 50}, id="no middle"),
        pytest.param([t("a", 1, LEAD)], {"a": 100}, id="both moments the same touch, alone"),
        pytest.param(
            [t("a", 1, LEAD), t("b", 2)], {"a": 80, "b": 20}, id="both moments the same touch"
        ),
        pytest.param(
            [t("a", 1), t("a", 2, LEAD), t("b", 3)],
            {"a": 80, "b": 20},
            id="one source holds both moments",
        ),
        pytest.param(
            [t("a", 1), t("b", 2)], {"a": 66.67, "b": 33.33}, id="no lead: its part goes pro rata"
        ),
        pytest.param([t("a", 1)], {"a": 100}, id="only a first touch"),
        pytest.param(
            [t("a", 1), t("a", 3), t("b", 2, LEAD)],
            {"a": 60, "b": 40},
            id="the first source is also in the rest",
        ),
    ],
)
def test_u(touches: Sequence[ModelTouch], expected: Mapping[str, float]) -> None:
    assert parts(u_shape(touches, WIN, DEFAULT)) == expected


@pytest.mark.parametrize(
    ("touches", "expected"),
    [
        pytest.param(
            [t("a", 1), t("b", 2, LEAD), t("c", 3, DEAL), t("d", 4)],
            {"a": 30, "b": 30, "c": 30, "d": 10},
            id="all moments",
        ),
        pytest.param(
            [t("a", 1), t("b", 2, LEAD), t("c", 3, DEAL)],
            {"a": 33.33, "b": 33.33, "c": 33.33},
            id="nothing else: renormalised",
        ),
        pytest.param(
            [t("a", 1, LEAD), t("c", 3, DEAL), t("d", 4)],
            {"a": 60, "c": 30, "d": 10},
            id="two in one",
        ),
        pytest.param([t("a", 1, LEAD, DEAL)], {"a": 100}, id="three in one, alone"),
        pytest.param([t("a", 1, LEAD, DEAL), t("b", 2)], {"a": 90, "b": 10}, id="three in one"),
        pytest.param(
            [t("a", 1), t("c", 3, DEAL), t("d", 4)],
            {"a": 42.86, "c": 42.86, "d": 14.29},
            id="no lead: its part goes to the others in proportion",
        ),
        pytest.param([t("a", 1), t("d", 4)], {"a": 75, "d": 25}, id="neither lead nor deal"),
    ],
)
def test_w(touches: Sequence[ModelTouch], expected: Mapping[str, float]) -> None:
    assert parts(w_shape(touches, WIN, DEFAULT)) == expected


@pytest.mark.parametrize(
    ("touches", "expected"),
    [
        pytest.param(
            [t("a", 1), t("b", 2, LEAD), t("c", 3, DEAL), t("x", 4), t("d", 5)],
            {"a": 22.5, "b": 22.5, "c": 22.5, "x": 10, "d": 22.5},
            id="all moments",
        ),
        pytest.param(
            [t("a", 1), t("b", 2, LEAD), t("c", 3, DEAL), t("d", 5)],
            {"a": 25, "b": 25, "c": 25, "d": 25},
            id="nothing else",
        ),
        pytest.param(
            [t("a", 1), t("d", 5)], {"a": 50, "d": 50}, id="neither lead nor deal nor others"
        ),
        pytest.param(
            [t("a", 1), t("x", 4), t("d", 5)],
            {"a": 40.91, "x": 18.18, "d": 40.91},
            id="22.5, 10, 22.5 of 55",
        ),
        pytest.param([t("a", 1, LEAD, DEAL)], {"a": 100}, id="one touch is everything"),
        pytest.param(
            [t("a", 1), t("b", 2, LEAD, DEAL)],
            {"a": 25, "b": 75},
            id="the last is also lead and deal",
        ),
    ],
)
def test_full_path(touches: Sequence[ModelTouch], expected: Mapping[str, float]) -> None:
    assert parts(full_path(touches, WIN, DEFAULT)) == expected


def test_a_missing_moment_is_said() -> None:
    assert w_shape([t("a", 1), t("b", 2, DEAL)], WIN, DEFAULT).reason == (
        "the first touch on 2 January 2024, the deal's creation on 3 January 2024; "
        "there is not the lead's creation, nor any other touch, so the others have its part"
    )


# Time decay


def test_time_decay_with_a_half_life_of_a_week() -> None:
    touches = [t("a", 99.9999999), t("b", 93), t("c", 86), t("d", 72)]

    found = time_decay(touches, WIN, Policy(model_half_life_days=7))

    assert {who: round(share * 100 / SHARE_ONE, 1) for who, share in found.shares.items()} == {
        "a": 55.2,
        "b": 27.6,
        "c": 13.8,
        "d": 3.4,
    }


@pytest.mark.parametrize(
    ("days", "half_life", "expected"),
    [
        ((30, 60), 30, (Fraction(2, 3), Fraction(1, 3))),
        ((30, 60, 90), 30, (Fraction(4, 7), Fraction(2, 7), Fraction(1, 7))),
        ((10, 10), 30, (Fraction(1, 2), Fraction(1, 2))),
        ((7, 21), 14, (Fraction(2, 3), Fraction(1, 3))),
        ((1, 61), 20, (Fraction(8, 9), Fraction(1, 9))),
    ],
)
def test_time_decay_by_hand(
    days: Sequence[int], half_life: int, expected: Sequence[Fraction]
) -> None:
    touches = [t(f"s{n}", 100 - one) for n, one in enumerate(days)]

    found = time_decay(touches, WIN, Policy(model_half_life_days=half_life))

    assert [
        abs(found.shares[f"s{n}"] - part * SHARE_ONE) <= 1 for n, part in enumerate(expected)
    ] == [True] * len(days)
    assert sum(found.shares.values()) == SHARE_ONE


def test_time_decay_looks_back_a_year_and_halves_in_thirty_days_by_default() -> None:
    win = day(400)
    touches = [t("old", 34), t("edge", 35), t("new", 370)]

    found = time_decay(touches, win, DEFAULT)

    assert "old" not in found.shares
    assert set(found.shares) == {"edge", "new"}
    assert found.shares["edge"] / found.shares["new"] == pytest.approx(2 ** (-335 / 30), rel=1e-6)
    assert time_decay([t("old", 34)], win, DEFAULT).shares == {}


# Invariants of all


touches = st.lists(
    st.builds(
        t,
        st.sampled_from("abcd"),
        st.integers(-400, 120),
        st.sampled_from([LEAD, DEAL, ""]),
        number=st.integers(0, 3),
    ),
    max_size=12,
)


@given(touches)
def test_every_model_gives_one_whole_or_nothing_and_heeds_no_order_of_input(
    found: list[ModelTouch],
) -> None:
    for one, other in zip(
        compare(found, WIN, DEFAULT), compare(found[::-1], WIN, DEFAULT), strict=True
    ):
        assert one.shares == other.shares
        assert sum(one.shares.values()) in ({SHARE_ONE} if one.shares else {0})
        assert all(share >= 0 for share in one.shares.values())


# The touches of a deal


def test_a_journey_has_every_dated_touch_and_its_key_moments() -> None:
    deal = a_deal(
        created=100, closed=160, contacts=(DealContact(1, day(100)), DealContact(3, day(130)))
    )
    told = [
        a_source("moved_champion", person_id=1, contact_id=1, at=day(60)),
        a_source("referral", contact_id=2, at=day(90)),
        a_source("referral", contact_id=None, person_id=None, company_id=ZENIT, at=day(95)),
        a_source("word_of_mouth", person_id=None, contact_id=3, company_id=None, at=day(50)),
        a_source("referral", contact_id=9, at=None),
    ]
    happened = [Touch(3, day(140), "meeting"), Touch(3, day(170), "call")]
    records = {1: a_contact(1, on=70), 3: a_contact(3, on=120)}

    found = journey(deal, told, happened, contacts=records)

    assert [(one.source, (one.at - day(0)).days, one.kind, set(one.moments)) for one in found] == [
        (POOL, 50, "heard of us", set()),
        ("contact:1", 60, "moved", set()),
        ("contact:1", 70, "lead created", {LEAD}),
        ("contact:2", 90, "recommended us", set()),
        ("company:20", 95, "recommended us", set()),
        ("contact:1", 100, "put on the deal", {DEAL}),
        ("contact:3", 130, "put on the deal", set()),
        ("contact:3", 140, "meeting", set()),
    ]


def test_somebody_who_moved_is_a_lead_from_the_day_of_arrival() -> None:
    deal = a_deal(created=100, contacts=(DealContact(1, day(100)), DealContact(3, day(100))))
    came = a_source("moved_champion", person_id=1, contact_id=1, at=day(60))
    records = {1: a_contact(1, on=-900), 3: a_contact(3, on=80)}

    leads = [one for one in journey(deal, [came], contacts=records) if LEAD in one.moments]

    assert [(one.source, one.at) for one in leads] == [("contact:1", day(60))]


def test_all_records_of_a_human_are_one_source() -> None:
    deal = a_deal(contacts=(DealContact(1, day(1)), DealContact(2, day(2))))

    assert {one.source for one in journey(deal, alike={2: 1})} == {"contact:1"}


def test_a_deal_of_nobody_has_an_empty_journey_and_models_of_nothing() -> None:
    deal = a_deal(contacts=(), closed=90, created=100)

    assert journey(deal) == ()
    assert [one.shares for one in compare(journey(deal), day(90), DEFAULT)] == [{}] * len(MODELS)


def test_thousands_of_contacts_on_one_deal_still_share_one_whole() -> None:
    deal = a_deal(
        contacts=tuple(DealContact(n, day(100 + n % 7)) for n in range(1, 5001)), closed=200
    )

    for one in compare(journey(deal), day(200), DEFAULT):
        assert sum(one.shares.values()) == SHARE_ONE


def test_a_moment_is_a_moment_in_any_zone() -> None:
    at = datetime.fromisoformat("2024-04-10T01:00:00+02:00")

    assert first([ModelTouch("a", at, "call", "a")], WIN, DEFAULT).shares == {"a": SHARE_ONE}
