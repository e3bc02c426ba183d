from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.rules.facts import NpsAnswer, Ticket
from mappings.rules.policy import DEFAULT
from mappings.rules.success import nps
from mappings.rules.success.health import (
    Factor,
    Health,
    aged,
    health,
    relationship,
    sentiment,
    support,
)
from mappings.rules.success.nps import CompanyNps
from tests.unit.rules_builders import NOW, day


@pytest.mark.parametrize(
    ("score", "group"),
    [
        (0, "detractor"),
        (6, "detractor"),
        (7, "passive"),
        (8, "passive"),
        (9, "promoter"),
        (10, "promoter"),
    ],
)
def test_groups(score: int, group: str) -> None:
    assert nps.group(score) == group


@pytest.mark.parametrize("score", [-1, 11])
def test_other_scales_are_refused(score: int) -> None:
    with pytest.raises(ValueError, match="scale"):
        nps.group(score)


def answer(score: int, days_ago: int, role: str = "", contact: int = 1) -> NpsAnswer:
    return NpsAnswer(contact, score, NOW - timedelta(days_ago), role=role)


def test_a_companys_mean_weighs_roles_and_age() -> None:
    found = nps.company([answer(10, 30, "champion"), answer(4, 200), answer(8, 10)], NOW, DEFAULT)

    assert found is not None
    assert found.mean == pytest.approx(0.411, abs=0.0005)
    assert (found.number, found.words, found.flagged) == (
        None,
        "1 promoter, 1 passive, 1 detractor",
        False,
    )
    assert nps.company([], NOW, DEFAULT) is None


def test_five_answers_make_a_number_and_a_deciding_detractor_a_flag() -> None:
    found = nps.company(
        [*(answer(10, 0, contact=n) for n in range(4)), answer(0, 179, "decision_maker")],
        NOW,
        DEFAULT,
    )

    assert found is not None
    assert (found.number, found.flagged) == (60, True)


def test_only_each_persons_latest_answer_in_the_window_counts() -> None:
    answers = [
        answer(2, 10),
        answer(9, 5),
        answer(9, 366, contact=2),
        answer(1, 4, contact=3),
        answer(3, -1, contact=4),
    ]

    found = nps.latest(answers, NOW, DEFAULT, person_of={1: 7, 3: 7})

    assert [(person, one.score) for person, one in found.items()] == [(7, 1)]


FIVE = {"adoption": 40, "relationship": 80, "sentiment": 90, "support": 90, "commercial": 60}


def factors(**changes: Factor) -> list[Factor]:
    return [changes.get(name, Factor(name, value)) for name, value in FIVE.items()]


def test_health_is_explained_by_contributions_that_add_up() -> None:
    found = health(factors(), DEFAULT)

    assert (found.score, found.band, found.coverage) == (68.5, "watch", 100)
    assert {one.name: one.points for one in found.contributions} == {
        "adoption": -3.0,
        "relationship": 6.0,
        "sentiment": 8.0,
        "support": 6.0,
        "commercial": 1.5,
    }
    assert found.because.startswith("100% known; sentiment +8.0")


@pytest.mark.parametrize(
    ("adoption", "score", "coverage", "band"),
    [
        (Factor("adoption", 40, "stale", 60), 68.5, 100, "watch"),
        (Factor("adoption", 80, "stale", 60), 76.0, 100, "healthy"),
        (Factor("adoption", 80), 80.5, 100, "healthy"),
        (Factor("adoption", None, "unknown"), 71.5, 70, "healthy"),
        (Factor("adoption", None, "not_configured"), 80.7, 100, "healthy"),
        (Factor("adoption", None, "not_applicable"), 80.7, 100, "healthy"),
    ],
    ids=["stale low", "stale high", "known", "never known", "not configured", "not applicable"],
)
def test_four_ways_of_missing_data(
    adoption: Factor, score: float, coverage: int, band: str
) -> None:
    found = health(factors(adoption=adoption), DEFAULT)

    assert (found.score, found.coverage, found.band) == (score, coverage, band)


def test_little_coverage_is_unknown_not_average() -> None:
    names = ("adoption", "relationship", "support")

    found = health(factors(**{name: Factor(name, None, "unknown") for name in names}), DEFAULT)

    assert (found.score, found.coverage, found.band) == (59.5, 35, "unknown")
    assert health([], DEFAULT).band == "unknown"
    assert health([], DEFAULT).because == "nothing is known"


def test_an_abandoned_account_is_capped_and_says_so() -> None:
    found = health(factors(), DEFAULT, abandoned=True)

    assert (found.score, found.band) == (39.0, "at_risk")
    assert found.contributions[-1].points == -29.5


def scored(tenths: int, band: str, raw_band: str = "") -> Health:
    return Health(tenths, band, raw_band or band, 100, ())


@pytest.mark.parametrize(
    ("value", "before", "band"),
    [
        (68, scored(710, "healthy"), "healthy"),
        (66, scored(710, "healthy"), "watch"),
        (68, scored(680, "healthy", "watch"), "watch"),
        (71, scored(690, "watch"), "watch"),
        (73, scored(690, "watch"), "healthy"),
        (20, scored(710, "healthy"), "at_risk"),
        (70, None, "healthy"),
        (39.9, None, "at_risk"),
        (100, None, "healthy"),
    ],
)
def test_bands_do_not_flicker(value: float, before: Health | None, band: str) -> None:
    found = health([Factor(name, value) for name in FIVE], DEFAULT, before=before)

    assert found.band == band


@given(
    st.lists(st.floats(-20, 120), min_size=5, max_size=5),
    st.lists(
        st.sampled_from(["known", "stale", "unknown", "not_applicable", "not_configured"]),
        min_size=5,
        max_size=5,
    ),
    st.integers(0, 400),
)
def test_the_explanation_always_adds_up(values: list[float], states: list[str], age: int) -> None:
    given_factors = [
        Factor(name, v, s, age) for name, v, s in zip(FIVE, values, states, strict=True)
    ]

    found = health(given_factors, DEFAULT)

    assert sum(one.tenths for one in found.contributions) == found.tenths - 500
    assert 0 <= found.tenths <= 1000


@given(st.floats(0, 100), st.integers(0, 1000), st.integers(0, 1000))
def test_a_broken_feed_never_makes_a_customer_look_healthier(
    last: float, age: int, more: int
) -> None:
    assert aged(last, age + more, DEFAULT) <= aged(last, age, DEFAULT) <= last


def test_support_counts_open_tickets_by_priority_and_age() -> None:
    old_urgent, fresh_low = Ticket(1, day(0), priority="URGENT"), Ticket(2, day(9), priority="LOW")
    closed = Ticket(3, day(0), closed_at=day(5), priority="URGENT")

    assert support([], day(10)).value == 100
    assert support([closed, fresh_low], day(10)).value == 87.5
    assert (support([old_urgent], day(10)).value, support([old_urgent], day(7)).value) == (0, 50)
    assert support([fresh_low], day(10)).because == "1 open ticket"
    assert support([], day(1), has_support=False).state == "not_configured"


def test_relationship_and_sentiment_use_what_is_known() -> None:
    assert relationship(active_contacts=3, champion_here=True, last_touch_days=14).value == 100
    assert relationship(active_contacts=None, champion_here=False, last_touch_days=None).value == 0
    assert (
        relationship(active_contacts=None, champion_here=None, last_touch_days=None).state
        == "unknown"
    )
    assert sentiment(
        CompanyNps(0.4, 3, None, "2 promoters, 1 passive", flagged=False)
    ).value == pytest.approx(70)
    assert sentiment(CompanyNps(0.4, 3, None, "", flagged=True)).value == 50
    assert (sentiment(None).state, sentiment(None, surveyed=False).state) == (
        "unknown",
        "not_configured",
    )
